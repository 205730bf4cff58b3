"""Small cards above the data set: a new name, a new place, and taking a removal back."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from fnet_studio.core.data_sets import DataSet
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.form_rows import file_problem
from fnet_studio.ui.widgets.path_field import TABLES, PathField
from fnet_studio.ui.widgets.text_boxes import TextLine


class SmallCard(Card):
    """Esc sends it away."""

    def dismiss(self) -> None:
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)


class UndoCard(SmallCard):
    undo_wanted = Signal()

    def __init__(self, themes: ThemeSource, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setAccessibleName(words)
        self.undo = button("Undo", themes, "undo-2", "", self._undo)
        close = button("", themes, "x", "quiet", self.dismiss)
        close.setAccessibleName("Close this message")
        said = label(words, "", wrap=True)
        line = row(said, self.undo, close)
        line.setStretch(0, 1)
        self.column.addLayout(line)

    def _undo(self) -> None:
        self.undo_wanted.emit()
        self.dismiss()


class RenameCard(SmallCard):
    named = Signal(str)

    def __init__(self, themes: ThemeSource, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.edit = TextLine(name)
        self.edit.setMaxLength(80)
        self.edit.setAccessibleName("Name of the data set")
        self.rename = button("Rename", themes, "", "primary", self._named)
        self.edit.returnPressed.connect(self._named)
        self.edit.textChanged.connect(lambda text: self.rename.setEnabled(bool(text.strip())))
        line = row(label("Name"), self.edit, self.rename, button("Cancel", themes, "", "", self.dismiss))
        line.setStretch(1, 1)
        self.column.addLayout(line)

    def _named(self) -> None:
        if self.edit.text().strip():
            self.named.emit(self.edit.text().strip())
            self.dismiss()


class RelocateCard(SmallCard):
    placed = Signal(str)

    def __init__(self, themes: ThemeSource, one: DataSet, parent: QWidget | None = None) -> None:
        super().__init__("warning", parent)
        self.field = PathField(f"Where {one.name} is now", f"It was {one.data.path}", TABLES, file_problem)
        self.use = button("Use this place", themes, "", "primary", self._placed)
        self.use.setEnabled(False)
        self.field.changed.connect(lambda _: self.use.setEnabled(not self.field.error))
        self.field.edit.returnPressed.connect(self._placed)
        self.column.addWidget(self.field)
        self.column.addLayout(row(self.use, button("Cancel", themes, "", "", self.dismiss), None))

    def _placed(self) -> None:
        if not self.field.error:
            self.placed.emit(self.field.text)
            self.dismiss()
