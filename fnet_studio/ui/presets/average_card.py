"""The mean of a preset's weights with those of others of its shape: which of them, chosen by their boxes."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from fnet_studio.core.catalogue import Entry
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.breaking_label import BreakingLabel

EXPLAINED = (
    "The mean of the weights of models that were trained on from the same one is often better than each of them, and "
    "as fast as one. Of models that share no beginning it is useless: measure it before you use it."
)
NAME_PX = 300


class AverageCard(Card):
    wanted = Signal(object)
    """A list of `Entry`: those to be averaged with the one that is shown."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.boxes: dict[str, QCheckBox] = {}
        """By the preset's key."""
        self._fitting: list[Entry] = []
        self._lines = QWidget()
        self.title = BreakingLabel("", "section")
        self.go = button("Average", themes, "layers", "primary", self._go)
        for widget in (self.title, label(EXPLAINED, "muted", wrap=True), self._lines):
            self.column.addWidget(widget)
        cancel = button("Cancel", themes, "x", "", self._leave)
        self.column.addLayout(row(self.go, cancel, None))
        self.hide()

    def ask(self, entry: Entry, fitting: list[Entry]) -> None:
        self._fitting, self.boxes = fitting, {}
        self.title.show_text(f"Average {entry.title} with")
        old, self._lines = self._lines, QWidget()
        self.column.replaceWidget(old, self._lines)
        old.hide()
        old.deleteLater()
        lines = QVBoxLayout(self._lines)
        lines.setContentsMargins(0, 0, 0, 0)
        for one in fitting:
            words = one.title if one.key == one.title else f"{one.title} ({one.key})"
            box = QCheckBox()
            shown = box.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, NAME_PX)
            box.setText(shown.replace("&", "&&"))
            box.setToolTip(words)
            box.setAccessibleName(words)
            box.toggled.connect(self._chosen)
            self.boxes[one.key] = box
            lines.addWidget(box)
        self._chosen()
        self.show()
        self.boxes[fitting[0].key].setFocus()

    def _chosen(self) -> None:
        self.go.setEnabled(any(box.isChecked() for box in self.boxes.values()))

    def _leave(self) -> None:
        self.hide()
        self.closed.emit()

    def _go(self) -> None:
        self._leave()
        self.wanted.emit([one for one in self._fitting if self.boxes[one.key].isChecked()])


def fitting(entry: Entry, entries: list[Entry]) -> list[Entry]:
    """Those whose weights have the same shapes, by what their cards say."""

    def shape(one: Entry) -> tuple:
        card = one.card
        sizes = (card.num_layers, card.hidden_dim, card.intermediate_dim, card.vocabulary_size)
        return (*sizes, card.positions, card.sequence_length, card.parameters, card.head)

    return [one for one in entries if one.usable and one.key != entry.key and shape(one) == shape(entry)]
