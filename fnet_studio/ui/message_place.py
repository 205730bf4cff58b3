"""The place for one message at a time, above what a page or a card shows."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.ui.parts import Card


class MessagePlace(QWidget):
    shown = Signal()
    """A message came: it should be in sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.card: Card | None = None
        self.hide()

    def say(self, card: Card | None) -> None:
        """Show a card in place of the last one; None: nothing."""
        if self.card is not None:
            self.card.hide()
            self.card.deleteLater()
        self.card = card
        self.setVisible(card is not None)
        if card is not None:
            card.closed.connect(lambda: self._closed(card))
            self._column.addWidget(card)
            self.shown.emit()

    def _closed(self, card: Card) -> None:
        """It sent itself away."""
        if card is self.card:
            self.card = None
            self.hide()
