"""One text as the model sees it: its tokens, the special ones, the pads, and what the length cuts off."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.special_pieces import UNKNOWN
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.data.cutting import Cutting, CuttingRow, settled
from fnet_studio.ui.data.token_flow import Cell, Kind, TokenFlow
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import Card, button, label, row, scrolling
from fnet_studio.ui.row_text import RowText
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, counted
from fnet_studio.ui.widgets.text_boxes import TextLines
from fnet_studio.ui.widgets.working import Working

BOX_PX = 92
MOST_PADS = 24
"""That are drawn; the rest is summed up."""


class SeenTab(QWidget):
    explore_wanted = Signal(str)

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, cutting: Cutting, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._themes, self.cutting = themes, cutting
        self._data: dict[str, Any] = {}
        self._asking = NewestOnly(supervisor, stop_older=True)
        self.packed: protocol.TextPacked | None = None
        self.box, self.pair = TextLines(), TextLines()
        for box, name in ((self.box, "Text"), (self.pair, "Second text")):
            box.setTabChangesFocus(True)
            box.setAccessibleName(name)
            box.setFixedHeight(BOX_PX)
        self.box.setPlaceholderText("Write a text, or choose one among the texts and press As the model sees it.")
        self.pair.setPlaceholderText("The second text of a pair")
        self.row = CuttingRow(cutting)
        self.counted = label("", "", wrap=True)
        self.chosen = label("", "muted", wrap=True)
        self.messages = MessagePlace()
        self.working = Working(supervisor, themes)
        self.working.stop_wanted.connect(self._stopped)
        self.flow = TokenFlow(themes)
        self.flow.chosen.connect(self._chosen)
        self.explore = button("Open in Explore", themes, "compass", "", self._explore)
        texts = row(self.box, self.pair, spacing=12)
        card = Card()
        card.column.addWidget(self.row)
        card.column.addLayout(texts)
        card.column.addLayout(row(self.counted, self.explore, spacing=12))
        card.column.itemAt(card.column.count() - 1).layout().setStretch(0, 1)
        card.column.addWidget(self.working)
        card.column.addWidget(self.messages)
        inner = QWidget()
        padded = QVBoxLayout(inner)
        padded.setContentsMargins(0, 0, 4, 0)
        padded.addWidget(self.flow)
        padded.addStretch(1)
        self.area: QScrollArea = scrolling(inner)
        tokens = Card()
        tokens.column.addWidget(label("Tokens, in the order in which the model gets them", "caption"))
        tokens.column.addWidget(self.area, 1)
        tokens.column.addWidget(self.chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 4, 0)
        column.setSpacing(12)
        column.addWidget(card)
        column.addWidget(tokens, 1)
        self._soon = settled(self, self._ask)
        for box in (self.box, self.pair):
            box.textChanged.connect(self._soon.start)
        cutting.preset_changed.connect(self._changed)
        cutting.length_changed.connect(self._changed)
        cutting.cut_changed.connect(self._changed)

    def show_data(self, data: dict[str, Any], opened: protocol.DataOpened) -> None:
        """Begins with the data set's first text, which `show_text` brings."""
        self._data = data
        self.pair.setVisible(opened.paired)
        if not opened.paired:
            self.pair.clear()

    def show_text(self, text: str, pair: str | None) -> None:
        self.pair.setVisible(pair is not None or self.pair.isVisibleTo(self))
        self.box.setPlainText(text)
        self.pair.setPlainText(pair or "")

    def refresh(self) -> None:
        self.row.refresh()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._soon.start()

    def _changed(self) -> None:
        if self.isVisible():
            self._soon.start()

    def _ask(self) -> None:
        if not self._data or not self.isVisible():
            return
        text, pair = self.box.toPlainText(), self.pair.toPlainText()
        if not text.strip() and not pair.strip():
            self.packed = None
            self.flow.show_cells((), "No tokens")
            self.counted.setText("Write a text, or choose one among the texts.")
            return
        both = pair if self.pair.isVisibleTo(self) else None
        data = {**self._data, "cut": self.cutting.cut}
        asked = protocol.PackText(data, text, both, self.cutting.preset, self.cutting.length)

        def done(packed: protocol.TextPacked, _blob: bytes) -> None:
            self.working.over()
            self.messages.say(None)
            self._show(packed, (text, pair))

        self._asking.ask(asked, done, self._failed)
        self.working.follow(lambda: self._asking.id, "Cutting the text into tokens")

    def _failed(self, failed: protocol.Failed) -> None:
        self.working.over()
        self.flow.show_cells((), "No tokens")
        self.counted.clear()
        self.messages.say(ErrorCard(self._themes, failed, "Try again", self._ask))

    def _stopped(self) -> None:
        self._asking.forget()
        self.working.over()
        self.counted.setText("Stopped.")

    def _show(self, packed: protocol.TextPacked, texts: tuple[str, str]) -> None:
        self.packed = packed
        if not self.cutting.length:
            self.cutting.learn(packed.length, self.cutting.most)
        cells = []
        for place, (token, segment) in enumerate(zip(packed.tokens, packed.segments)):
            kind: Kind = "special" if token.special else "unknown" if token.piece in UNKNOWN else "word"
            where = "" if token.begin < 0 else f", “{texts[segment][token.begin : token.end]}”"
            part = f", text {segment + 1}" if len(set(packed.segments)) > 1 else ""
            cells.append(
                Cell(token.piece, kind, segment, f"Position {place}: {token.piece}, id {token.id}{where}{part}")
            )
        for place in range(min(packed.padding, MOST_PADS)):
            cells.append(
                Cell("pad", "pad", 0, f"Position {len(packed.tokens) + place}: padding, which Fourier mixes in too")
            )
        if packed.padding > MOST_PADS:
            more = packed.padding - MOST_PADS
            words = counted(more, "more pad")
            cells.append(Cell(f"and {words}", "pad", 0, words))
        for token, segment in zip(packed.cut, packed.cut_segments):
            cells.append(Cell(token.piece, "cut", segment, f"Cut off: {token.piece}, id {token.id}"))
        if packed.cut_tokens > len(packed.cut):
            more = packed.cut_tokens - len(packed.cut)
            cells.append(Cell(f"and {count(more)} more cut off", "cut", 0, f"Cut off: {counted(more, 'more token')}"))
        special = sum(token.special for token in packed.tokens)
        said = [f"{count(len(packed.tokens))} tokens ({special} special)"]
        said.append(counted(packed.padding, "pad"))
        said.append(f"{count(packed.cut_tokens)} cut off" if packed.cut_tokens else "nothing cut off")
        if packed.unknown:
            said.append(f"{count(packed.unknown)} unknown to the vocabulary")
        words = f"{', '.join(said)}; a length of {count(packed.length)}."
        self.counted.setText(words)
        self.flow.show_cells(cells, words)
        self.chosen.setText("Click a token, or go through them with the arrow keys.")

    def _chosen(self, place: int) -> None:
        self.chosen.setText(self.flow.cells[place].words)
        box = self.flow.box(place).center().toPoint()
        self.area.ensureVisible(box.x(), self.flow.y() + box.y(), 8, 24)

    def _explore(self) -> None:
        pair = self.pair.toPlainText().strip() if self.pair.isVisibleTo(self) else ""
        prompt = RowText(self.box.toPlainText().strip(), pair).prompt
        if prompt:
            self.explore_wanted.emit(prompt)
