"""What came of a run: its test accuracy and loss, beside what was published."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import LANGUAGE_TASKS
from fnet_studio.core.run_state import RunState
from fnet_studio.ui.parts import Card, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.reproduction import PUBLISHED, reproduces
from fnet_studio.ui.train.run_figures import best_epoch, monitored
from fnet_studio.ui.widgets.figures import count, duration, measure, percent


class ResultsCard(Card):
    def __init__(self, themes: ThemeSource, state: RunState, trouble: UserError | None = None) -> None:
        """trouble: that the model has learned nothing (`core.outcome`)."""
        super().__init__()
        self.setObjectName("results-card")
        recipe = state.started.recipe if state.started else {}
        tests = state.of_split("test")
        test = tests[-1] if tests else None
        best = best_epoch(state, recipe)
        train, words = state.of_split("train"), "Training, last epoch"
        options = recipe.get("optimisation", {})
        if best is not None and (options.get("keep") == "best" or options.get("patience")):
            train, words = [item for item in train if item.epoch == best.epoch], "Training, best epoch"
        self.column.setSpacing(12)
        self.column.addWidget(label(self._title(state, test), "section", wrap=True))
        warning = "" if trouble is None else f"{trouble.message} {trouble.advice}"
        if warning:
            mark = label("")
            follow_icon(mark, themes, "triangle-alert", "warning")
            warned = row(mark, spacing=8)
            warned.addWidget(label(warning, wrap=True, selectable=True), 1)
            self.column.addLayout(warned)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        rows: list[tuple[str, ...]] = []
        if test is not None:
            rows.append(("Test", percent(test.accuracy, 2), measure(test.loss), _f1(test)))
        if best is not None:
            rows.append(("Best validation", percent(best.accuracy, 2), measure(best.loss), _f1(best)))
        if train:
            rows.append((words, percent(train[-1].accuracy, 2), measure(train[-1].loss), _f1(train[-1])))
        rows += [
            (f"Published {figures.kind}, test", percent(figures.test, 2), "not given", "not given")
            for name, figures in PUBLISHED.items()
            if reproduces(name, recipe)
        ]
        heads = ("", "Accuracy", "Loss", "Macro F1")
        shown = 4 if monitored(recipe) == "macro_f1" else 3
        rows = [texts[:shown] for texts in rows]
        for column, words in enumerate(heads[:shown]):
            grid.addWidget(label(words, "caption"), 0, column, _side(column))
        for line, texts in enumerate(rows, start=1):
            for column, text in enumerate(texts):
                role = "figure" if line == 1 and column else ""
                grid.addWidget(label(text, role), line, column, _side(column))
        grid.setColumnStretch(shown, 1)
        if rows:
            self.column.addLayout(grid)
        self.column.addWidget(self._facts(state))
        parts = [self._title(state, test), warning.rstrip("."), *(" ".join(texts) for texts in rows)]
        self.setAccessibleName(". ".join(filter(None, parts)))

    @staticmethod
    def _title(state: RunState, test: protocol.Evaluated | None) -> str:
        if state.status == "paused":
            return "Paused; it goes on from here when it is resumed"
        if state.status == "stopped":
            return "Stopped; the model so far is kept" if state.kept else "Stopped; nothing was kept"
        if test is not None:
            if state.started is not None and state.started.recipe.get("task") in LANGUAGE_TASKS:
                return f"{percent(test.accuracy)} of the masked words of the test texts are found"
            return f"{percent(test.accuracy)} of the test texts are classified right"
        return "Finished"

    @staticmethod
    def _facts(state: RunState) -> QLabel:
        parts = [f"{duration(state.elapsed_s(state.ended))} in all"]
        for phase, words in (("training", "training"), ("compiling", "compiling")):
            if phase in state.phase_times:
                parts.append(f"{duration(state.phase_times[phase])} {words}")
        if state.started is not None:
            parts.append(f"{count(state.started.parameters)} parameters")
            if not (state.status == "stopped" and not state.kept):
                parts.append(f"kept as {state.started.run}")
        return label(" · ".join(parts), "caption", wrap=True, selectable=True)


def _f1(found: protocol.Evaluated) -> str:
    return "–" if found.macro_f1 is None else measure(found.macro_f1)


def _side(column: int) -> Qt.AlignmentFlag:
    return Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
