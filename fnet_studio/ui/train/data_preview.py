"""What the first rows of the user's own data look like, and how the program reads them."""

from PySide6.QtCore import QRegularExpression, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import DataRecipe
from fnet_studio.ui.parts import label
from fnet_studio.ui.widgets.field_row import TITLE_PX
from fnet_studio.ui.widgets.figures import count, counted
from fnet_studio.ui.widgets.text_boxes import TextLine

MOST_NAMED = 8
"""Labels that get a field each; more of them are mapped in one line of text."""
TEXT_CHARS = 90
SHOWN = 3


class DataPreviewView(QWidget):
    """One line of facts, and the first rows as text and label."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = label("", "caption", wrap=True)
        self.rows = label("", "small", wrap=True)
        self.error = label("", "error", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for item in (self.facts, self.rows, self.error):
            column.addWidget(item)
        self.clear()

    def clear(self, words: str = "") -> None:
        self._say(words, "", "")

    def fail(self, words: str) -> None:
        self._say("", "", words)

    def show_preview(self, preview: protocol.DataPreview, text: str, pair: str, label_column: str, task: str) -> None:
        """text, pair, label_column: names of the columns in use, '' for none."""
        names = [column.name for column in preview.columns]
        lines = []
        for cells in preview.samples[:SHOWN]:
            if preview.kind == "text":
                lines.append(_quoted(cells[0]))
                continue
            words = dict(zip(names, cells))
            if preview.kind == "classes":
                text, label_column = names[0], names[1]
            shown = " / ".join(_quoted(words[name]) for name in (text, pair) if name in words)
            if task not in recipes.LANGUAGE_TASKS and label_column in words:
                shown += f" → {words[label_column] or 'no label'}"
            lines.append(shown)
        self._say(facts_of(preview), "\n".join(lines), "")

    def _say(self, facts: str, rows: str, error: str) -> None:
        for item, words in ((self.facts, facts), (self.rows, rows), (self.error, error)):
            item.setText(words)
            item.setVisible(bool(words))
        self.setVisible(bool(facts or rows or error))


def facts_of(preview: protocol.DataPreview) -> str:
    parts = [preview.format]
    if preview.kind == "table":
        first = f"the first {count(preview.rows)} rows were looked at"
        parts.append(counted(preview.rows, "row") if preview.whole else first)
    elif preview.kind == "classes":
        parts.append(counted(preview.rows, "text"))
    if len(preview.parts) > 1:
        parts.append(f"found: {', '.join(preview.parts)}")
    return ". ".join([", ".join(parts), *(note.rstrip(".") for note in preview.notes)]) + "."


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= TEXT_CHARS else text[: TEXT_CHARS - 1] + '…'}”"


class LabelNames(QWidget):
    """A name for each label of the data, edited in place of the text that the recipe keeps."""

    changed = Signal(str)
    """As in `data.labels`, such as `0=negative, 1=positive`; `auto` when no label is renamed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 32, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnMinimumWidth(0, TITLE_PX)
        self._grid.setColumnStretch(1, 1)
        self._labels: tuple[tuple[str, int], ...] = ()
        self.edits: dict[str, TextLine] = {}
        self.hide()

    def show_labels(self, labels: tuple[tuple[str, int], ...], text: str) -> bool:
        """labels: with how often each occurs; text: as in `data.labels`. Whether they can be named one by one: not
        when there are many, or one that the recipe's text could not hold."""
        names = _names(text)
        fits = 0 < len(labels) <= MOST_NAMED and not any(set(name) & set(",=") for name, _ in labels)
        if not fits or names is None or not set(names) <= {name for name, _ in labels}:
            self._clear()
            return False
        if labels != self._labels:
            self._clear()
            self._labels = labels
            self._grid.addWidget(_caption("Label"), 0, 0)
            self._grid.addWidget(_caption("Means"), 0, 1)
            for line, (name, rows) in enumerate(labels, 1):
                self._grid.addWidget(label(f"{name}  ({count(rows)})", "muted"), line, 0)
                edit = TextLine()
                edit.setPlaceholderText(name)
                edit.setAccessibleName(f"Name of label {name}")
                edit.setValidator(QRegularExpressionValidator(QRegularExpression("[^,]*"), edit))
                edit.textEdited.connect(self._edited)
                self.edits[name] = edit
                self._grid.addWidget(edit, line, 1)
        for name, edit in self.edits.items():
            if edit.text().strip() != names.get(name, ""):
                edit.setText(names.get(name, ""))
        return True

    def _clear(self) -> None:
        self._labels = ()
        self.edits = {}
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _edited(self, _: str) -> None:
        named = {name: edit.text().strip() for name, edit in self.edits.items()}
        written = ", ".join(f"{name}={words}" for name, words in named.items() if words)
        self.changed.emit(written or "auto")


def labels_of(preview: protocol.DataPreview, chosen: str) -> tuple[tuple[str, int], ...]:
    """The labels of the column that holds them, with how often each occurs. chosen: as in `data.label_column`."""
    if preview.kind == "classes":
        return preview.columns[-1].labels
    wanted = preview.label if chosen == "auto" else chosen
    return next((column.labels for column in preview.columns if column.name == wanted), ())


def _names(text: str) -> dict[str, str] | None:
    try:
        return recipes.class_names(DataRecipe(labels=text))
    except UserError:
        return None


def _caption(text: str) -> QLabel:
    return label(text, "caption")
