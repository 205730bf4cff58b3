"""The recipe as a form: a quick choice on top, the settings in groups, the rare ones folded away."""

import tomllib
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.ui.widgets.field_row import FieldRow
from fnet_studio.ui.widgets.path_field import PathField, dropped_path

QUICK = (
    ("sample-quick", "Quick sample (seconds)"),
    ("imdb-fnet", "IMDb FNet (the example)"),
    ("imdb-transformer", "IMDb Transformer (the comparison)"),
)
CHOICES = {
    "data.source": (("sample", "Bundled sample"), ("imdb", "IMDb reviews")),
    "model.mixer": (("fourier", "FNet (Fourier)"), ("attention", "Transformer")),
}
GROUPS = (
    ("Data", ("data.source", "data.path", "data.sequence_length")),
    ("Model", ("model.mixer", "model.num_layers", "model.hidden_dim", "model.num_heads")),
    ("Training", ("training.epochs", "training.batch_size", "training.learning_rate")),
    ("Watched while it trains", ("observe.probe",)),
)
"""What everybody looks at; the fields that are not named here are the advanced ones."""
PATH = "data.path"


def written(value: Any) -> str:
    """A default as a person would type it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def short_bounds(field: recipes.Field) -> str:
    """The range, short enough to stand beside the editor."""
    if field.type is str or field.high is None:
        return ""
    high = f"{field.high:.3g}" if field.high > 1e6 else f"{field.high:g}"
    return f"above {field.above:g} to {high}" if field.above is not None else f"{field.low:g} to {high}"


def path_problem(text: str) -> str:
    path = Path(text).expanduser()
    if not text:
        return "Name aclImdb.tar.gz, or the folder made from it."
    if not path.exists():
        return f"There is no {path.name} at this place."
    if path.is_file() and not path.name.endswith((".tar.gz", ".tgz")):
        return f"{path.name} is not a .tar.gz archive."
    return ""


class RecipeForm(QWidget):
    """Owns the recipe that is being written. Invalid texts stay in their fields, with words under them."""

    changed = Signal()

    def __init__(self, imdb_path: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._known = recipes.fields()
        self._base: dict[str, Any] = {}
        self.rows: dict[str, FieldRow] = {}
        self.quick = QComboBox()
        self.quick.setAccessibleName("Recipe")
        self.quick.setToolTip("A recipe to start from; every field can then be changed")
        self.quick.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.quick.setMinimumContentsLength(12)
        for name, words in QUICK:
            self.quick.addItem(words, name)
        self.summary = QLabel()
        self.summary.setProperty("role", "caption")
        self.summary.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(12)
        start = _card("Recipe")
        start.layout().addWidget(self.quick)
        start.layout().addWidget(self.summary)
        layout.addWidget(start)
        self.path = PathField(
            "Archive or folder",
            self._known[PATH].description,
            "Archives (*.tar.gz *.tgz);;All files (*)",
            path_problem,
        )
        self.path.changed.connect(self._edited)
        for title, keys in GROUPS:
            layout.addWidget(self._group(title, keys))
        named = {key for _, keys in GROUPS for key in keys}
        self.fold = QPushButton("Advanced settings")
        self.fold.setCheckable(True)
        self.fold.setProperty("kind", "quiet")
        self._advanced = self._group("Advanced", [key for key in self._known if key not in named])
        self._advanced.setVisible(False)
        layout.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._advanced)
        layout.addStretch(1)
        self.fold.toggled.connect(self._unfold)
        self.quick.activated.connect(lambda _: self.choose(str(self.quick.currentData())))
        self.path.set_text(imdb_path)
        self.choose(QUICK[0][0])

    def _group(self, title: str, keys: Any) -> QFrame:
        card = _card(title)
        for key in keys:
            if key == PATH:
                card.layout().addWidget(self.path)
                continue
            field = self._known[key]
            row = FieldRow(
                key,
                field.title,
                field.description,
                short_bounds(field),
                written(field.default),
                lambda text, key=key: self._problem(key, text),
                CHOICES.get(key, tuple((choice, choice) for choice in field.choices)),
                wide=field.type is str and not field.choices,
            )
            row.changed.connect(self._edited)
            self.rows[key] = row
            card.layout().addWidget(row)
        return card

    def _problem(self, key: str, text: str) -> str:
        try:
            recipes.parse(self._known[key], text)
        except UserError as error:
            return f"{error.message} {error.advice}"
        return "" if text.strip() else "Write something here."

    def choose(self, name: str) -> None:
        """Fill the form from a bundled recipe; its values are the defaults that changes are marked against."""
        at = self.quick.findData(name)
        if at < 0:
            raise KeyError(name)
        self.quick.setCurrentIndex(at)
        base = self._base = _bundled(name)
        for key, row in self.rows.items():
            text = written(base.get(key, self._known[key].default))
            row.set_default(text)
            row.set_text(text)
        self._edited()

    @property
    def name(self) -> str:
        return str(self.quick.currentData())

    @property
    def text_of(self) -> dict[str, str]:
        texts = {key: row.text for key, row in self.rows.items()}
        return texts | {PATH: self.path.text if texts["data.source"] == "imdb" else ""}

    @property
    def problems(self) -> list[str]:
        """What has to be mended before this recipe can run, in words."""
        found = [row.error for row in self.rows.values() if row.error]
        if not found:
            try:
                self.recipe()
            except UserError as error:
                found = [f"{error.message} {error.advice}"]
        if self.rows["data.source"].text == "imdb" and self.path.text and self.path.error:
            found.append(self.path.error)
        return found

    def recipe(self) -> recipes.Recipe:
        """UserError when a field is wrong."""
        values: dict[str, Any] = {"name": self.name}
        for key, text in self.text_of.items():
            recipes.put(values, key, text)
        return recipes.from_mapping(values)

    def focus_problem(self) -> None:
        """Put the cursor where something has to be mended."""
        wrong = next((row for row in self.rows.values() if row.error), None)
        if wrong is None:
            self.path.edit.setFocus()
            return
        if not wrong.isVisibleTo(self):
            self.fold.setChecked(True)
        wrong.editor.setFocus()

    def set_editable(self, on: bool) -> None:
        self.quick.setEnabled(on)
        self.path.setEnabled(on)
        for row in self.rows.values():
            row.setEnabled(on)

    def _edited(self, *_: Any) -> None:
        self.path.setVisible(self.rows["data.source"].text == "imdb")
        self.rows["model.num_heads"].setVisible(self.rows["model.mixer"].text == "attention")
        changed = sum(row.is_changed for row in self.rows.values())
        self.summary.setText(
            "As it comes: nothing is changed."
            if not changed
            else f"{changed} setting{'s' * (changed > 1)} changed, each marked with a dot."
        )
        self.changed.emit()

    def _unfold(self, on: bool) -> None:
        self._advanced.setVisible(on)
        self.fold.setText("Hide advanced settings" if on else "Advanced settings")

    def dragEnterEvent(self, event: Any) -> None:
        if dropped_path(event) and self.path.isEnabled():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        path = dropped_path(event)
        if path:
            if self.rows["data.source"].text != "imdb":
                self.rows["data.source"].set_text("imdb")
            self.path.set_text(path)
            self._edited()
            event.acceptProposedAction()


def _card(title: str) -> QFrame:
    card = QFrame()
    card.setProperty("card", True)
    layout = QVBoxLayout(card)
    layout.setContentsMargins(12, 10, 8, 12)
    layout.setSpacing(8)
    head = QLabel(title)
    head.setProperty("role", "strong")
    layout.addWidget(head)
    return card


def _bundled(name: str) -> dict[str, Any]:
    """Dotted keys and values of a bundled recipe, as its file has them: its data path may still be empty."""
    values = tomllib.loads(recipes.bundled(name).read_text("utf-8"))
    return {
        f"{section}.{key}": value
        for section, part in values.items()
        if isinstance(part, dict)
        for key, value in part.items()
    }
