"""The published example beside what this machine makes of it: FNet and Transformer on IMDb, one after another."""

import math
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QToolButton, QWidget

from fnet_studio.core import recipe as recipes
from fnet_studio.core.run_state import RunState
from fnet_studio.core.run_store import RunRecord
from fnet_studio.ui.parts import Card, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration, percent

RECIPES = ("imdb-fnet", "imdb-transformer")
LINES = ("", "", "Training", "A step", "Train", "Validation", "Test", "Parameters")
"""Of the table; the first two are the names of its columns."""
SOURCE = "Published: Keras' code example “Text classification with FNet”; times of its log, on a T4."


@dataclass(frozen=True)
class Figures:
    """One line of the table; NaN and 0 for what is not known yet."""

    name: str
    time: str = ""
    step: str = ""
    train: float = math.nan
    validation: float = math.nan
    test: float = math.nan
    parameters: int = 0
    state: str = ""
    """What the line waits for, in words."""

    @property
    def kind(self) -> str:
        """FNet or Transformer."""
        return self.name.partition(", ")[0]

    @property
    def cells(self) -> tuple[str, ...]:
        shares = tuple(percent(share, 2) for share in (self.train, self.validation, self.test))
        whose = self.name.partition(", ")[2]
        time = self.time or self.state or "–"
        return (self.kind, whose, time, self.step or "–", *shares, count(self.parameters) if self.parameters else "–")


PUBLISHED = {
    "imdb-fnet": Figures("FNet, published", step="12 ms", test=0.8428, parameters=2_382_337),
    "imdb-transformer": Figures("Transformer, published", step="29 ms", test=0.8423, parameters=2_580_481),
}
"""What the published log tells."""
OURS = {"imdb-fnet": "FNet, here", "imdb-transformer": "Transformer, here"}


def reproduces(name: str, recipe: dict[str, Any]) -> bool:
    """Whether a run's recipe is the bundled one but for where its data lies, its name and its seed."""
    bundled = recipes.to_mapping(recipes.load(recipes.bundled(name), template=True))
    return _essence(bundled) == _essence(recipe)


def _essence(recipe: dict[str, Any]) -> dict[str, Any]:
    data, training = ({**recipe.get(part, {})} for part in ("data", "training"))
    for part, key in ((data, "path"), (training, "seed"), (training, "accumulation"), (training, "auto_batch")):
        part.pop(key, None)
    kept = ("task", "model", "optimisation")
    return {"data": data, "training": training} | {key: recipe.get(key) for key in kept}


def of_record(name: str, record: RunRecord) -> Figures:
    """Of a run on disk, finished or not."""

    def known(value: float | None) -> float:
        return math.nan if value is None else value

    return Figures(
        OURS[name],
        duration(record.training_s) if record.training_s else "",
        _step(record.training_s, record.steps) if record.training_s else "",
        known(record.train_accuracy),
        known(record.validation_accuracy),
        known(record.test_accuracy),
        record.parameters,
        {"failed": "failed", "stopped": "stopped", "paused": "paused", "interrupted": "cut off"}.get(record.status, ""),
    )


def of_state(name: str, state: RunState) -> Figures:
    """Of the run under way."""

    def last(split: str) -> float:
        found = [item for item in state.of_split(split) if not getattr(item, "asked", False)]
        return found[-1].accuracy if found else math.nan

    steps = len(state.step)
    spent = state.time_s[-1] if steps else 0.0
    return Figures(
        OURS[name],
        duration(spent) if steps else "",
        _step(spent, steps) if steps else "",
        last("train"),
        last("validation"),
        last("test"),
        state.started.parameters if state.started else 0,
        "begun",
    )


def newest(name: str, records: list[RunRecord]) -> RunRecord | None:
    """The newest finished run of a recipe; else the newest one. records: newest first."""
    found = [record for record in records if reproduces(name, record.recipe)]
    return next((record for record in found if record.status == "finished"), found[0] if found else None)


def _step(seconds: float, steps: int) -> str:
    return f"{1000 * seconds / max(steps, 1):.0f} ms"


class ReproductionCard(Card):
    """The table. Who owns it says what our lines are."""

    def __init__(self, themes: ThemeSource, on_start: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("reproduction-card")
        self.column.setContentsMargins(16, 12, 16, 12)
        self.start = button(
            "Train both", themes, "play", "", on_start, "FNet, then the Transformer, each with its own recipe"
        )
        close = QToolButton()
        close.setAccessibleName("Close the table")
        close.setToolTip("Close the table; runs go on")
        follow_icon(close, themes, "x", "muted")
        close.clicked.connect(self._close)
        self.column.addLayout(row(label("The published example", "strong"), None, self.start, close))
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for at, words in enumerate(LINES):
            grid.addWidget(label(words, "caption"), at, 0)
        self._cells: dict[str, list[Any]] = {}
        column = 1
        for name in RECIPES:
            for key, figures, role in ((f"{name}:", PUBLISHED[name], "muted"), (name, Figures(OURS[name]), "")):
                cells = [label(text, "caption" if at < 2 else role) for at, text in enumerate(figures.cells)]
                self._cells[key] = cells
                for at, cell in enumerate(cells):
                    grid.addWidget(cell, at, column, Qt.AlignmentFlag.AlignRight)
                column += 1
        grid.setColumnStretch(column, 1)
        self.column.addLayout(grid)
        self.column.addWidget(label(SOURCE, "caption", wrap=True))
        self.hide()

    def show_ours(self, name: str, figures: Figures) -> None:
        for cell, text in zip(self._cells[name], figures.cells):
            cell.setText(text)
        lines = [" ".join(cell.text() for cell in cells) for cells in self._cells.values()]
        self.setAccessibleName(f"The published example beside ours. {'. '.join(lines)}")

    def cells(self, name: str) -> tuple[str, ...]:
        return tuple(cell.text() for cell in self._cells[name])

    def _close(self) -> None:
        self.hide()
        self.closed.emit()
