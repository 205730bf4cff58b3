"""The keys in the settings: press another one, or go back to the usual ones."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QKeySequenceEdit, QWidget

from fnet_studio.core.errors import UserError
from fnet_studio.ui.keys import KEYS, Keys
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.theme import ThemeSource

FIELD_PX = 156


class KeysCard(Card):
    def __init__(self, keys: Keys, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._keys = keys
        self.usual = button("Usual keys", themes, "undo-2", "quiet", self._reset, "All keys as they are at first")
        self.trouble = label("", "error", wrap=True)
        self.trouble.hide()
        self.fields: dict[str, QKeySequenceEdit] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        half = -(-len(KEYS) // 2)
        for place, (name, key) in enumerate(KEYS.items()):
            field = QKeySequenceEdit()
            field.setMaximumSequenceLength(1)
            field.setClearButtonEnabled(True)
            field.setFixedWidth(FIELD_PX)
            field.setAccessibleName(f"Key: {key.words}")
            # it empties itself before it takes what is pressed: only what it holds afterwards counts
            field.keySequenceChanged.connect(lambda _, name=name: self._soon(name))
            self.fields[name] = field
            column = 2 * (place // half)
            grid.setColumnStretch(column, 1)
            grid.addWidget(label(key.words, wrap=True), place % half, column)
            grid.addWidget(field, place % half, column + 1)
        self.column.addLayout(row(label("Keys", "section"), None, self.usual))
        self.column.addWidget(label("Click a field and press the key that it shall be.", "muted", wrap=True))
        self.column.addWidget(self.trouble)
        self.column.addLayout(grid)
        keys.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        for name, field in self.fields.items():
            field.blockSignals(True)
            field.setKeySequence(self._keys.of(name))
            field.blockSignals(False)
        self.usual.setEnabled(any(self._keys.of(name) != QKeySequence(key.usual) for name, key in KEYS.items()))

    def _soon(self, name: str) -> None:
        QTimer.singleShot(0, self, lambda: self._choose(name))

    def _choose(self, name: str) -> None:
        try:
            self._keys.choose(name, self.fields[name].keySequence())
        except UserError as error:
            self.trouble.setText(f"{error.message} {error.advice}")
            self.trouble.show()
            self._show()
        else:
            self.trouble.hide()

    def _reset(self) -> None:
        self._keys.reset()
        self.trouble.hide()
