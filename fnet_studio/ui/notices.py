"""The place above a page where cards appear: a crash, a question, a warning. Newest on top, each of its kind once."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.ui.parts import Card

SHOWN = 3


class Notices(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(24, 16, 24, 0)
        self._column.setSpacing(8)
        self._cards: dict[str, Card] = {}
        self.hide()

    def set_margins(self, left: int, top: int, right: int, bottom: int) -> None:
        self._column.setContentsMargins(left, top, right, bottom)

    def put(self, kind: str, card: Card) -> None:
        """Show a card in place of an earlier one of its kind. The card is removed when it deletes itself."""
        self.take(kind)
        while len(self._cards) >= SHOWN:
            self.take(next(iter(self._cards)))
        self._cards[kind] = card
        self._column.insertWidget(0, card)
        card.closed.connect(lambda: self._closed(kind, card))
        self.show()

    def take(self, kind: str) -> None:
        card = self._cards.pop(kind, None)
        if card is not None:
            card.hide()
            card.deleteLater()
        self.setVisible(bool(self._cards))

    def find(self, kind: str) -> Card | None:
        return self._cards.get(kind)

    def _closed(self, kind: str, card: Card) -> None:
        if self._cards.get(kind) is card:
            self.take(kind)
