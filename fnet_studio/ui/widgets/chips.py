"""A sentence as chips: one a word, clicked to mask it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractButton, QLabel, QSizePolicy, QWidget

from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.flow import FlowLayout
from fnet_studio.ui.widgets.roving import RovingFocus

PAD_X, PAD_Y, RING, PIECE_GAP = 8.0, 5.0, 3.0, 7.0
STRIP = 20.0
"""Height of the surprise strip under the chips, in pixels."""
MOST_BITS = 16.0
"""Surprise of a full column: one in 65,536, more than the vocabularies have pieces."""
_DEGREES = ((1.0, "expected"), (4.0, "a little surprising"), (8.0, "surprising"), (math.inf, "very surprising"))


def degree(bits: float) -> str:
    """Words for a surprise."""
    return next(words for most, words in _DEGREES if bits <= most)


@dataclass(frozen=True)
class Word:
    """What one chip shows."""

    text: str
    """As written in the sentence; for a masked word what stood there, or '' for a typed mask."""
    pieces: tuple[str, ...]
    """The text of each token, '' never among them."""
    positions: tuple[int, ...]
    """The tokens' positions in the model's input."""
    masked: bool = False
    special: bool = False
    unknown: tuple[str, str] | None = None
    """What of it has no piece in the vocabulary, and the piece that the model reads instead."""
    surprise: tuple[float, ...] | None = None
    """For each token its surprise in bits, NaN where it is not known yet; None to leave no room for the strip."""


class Chip(QAbstractButton):
    """One word. Special tokens are shown and cannot be pressed."""

    hovered = Signal(int)
    """The position of the token under the pointer, or -1."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self.word = Word("", (), ())
        self.linked = False
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_word(self, word: Word) -> None:
        if word == self.word:
            return
        self.word = word
        self.setEnabled(not word.special)
        self.setCursor(Qt.CursorShape.ArrowCursor if word.special else Qt.CursorShape.PointingHandCursor)
        if word.special:
            self.setAccessibleName(f"special token {word.text}")
            self.setToolTip(f"{word.text}: a special token, position {word.positions[0]}")
        elif word.masked:
            was = f", was {word.text}" if word.text else ""
            self.setAccessibleName(f"masked word{was}")
            self.setToolTip(f"Hidden from the model{was}. Click to show it again.")
        else:
            parts = f" ({' + '.join(word.pieces)})" if len(word.pieces) > 1 else ""
            self.setAccessibleName(f"word {word.text}" + (f", {word.unknown[0]} unknown" if word.unknown else ""))
            where = ", ".join(str(position) for position in word.positions)
            unread = "\nThere is no piece for “{}”: the model reads {}.".format(*word.unknown) if word.unknown else ""
            self.setToolTip(f"{word.text}{parts}, position {where}. Click to mask it.{unread}")
        self._say_surprise()
        self.updateGeometry()
        self.update()

    def _say_surprise(self) -> None:
        known = [bits for bits in self.word.surprise or () if bits == bits]
        if known:
            each = " + ".join(f"{bits:.1f}" for bits in known)
            words = f"{each} bits, {degree(max(known))}"
            self.setAccessibleName(f"{self.accessibleName()}, surprise {words}")
            self.setToolTip(f"{self.toolTip()}\nSurprise: {words}.")

    def _runs(self) -> tuple[str, ...]:
        if self.word.masked:
            return ("[MASK]", self.word.text) if self.word.text else ("[MASK]",)
        return self.word.pieces or (self.word.text,)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self.font())
        runs = self._runs()
        width = sum(metrics.horizontalAdvance(run) for run in runs) + PIECE_GAP * (len(runs) - 1)
        pad = 3.0 if self.word.special else PAD_X
        height = self._box_height() + 2 * RING + self._strip()
        return QSize(round(width + 2 * pad + 2 * RING + 0.5), round(height + 0.5))

    def _box_height(self) -> float:
        return QFontMetricsF(self.font()).height() + 2 * PAD_Y

    def _strip(self) -> float:
        return 0.0 if self.word.surprise is None else STRIP

    def mouseMoveEvent(self, event: Any) -> None:
        self.hovered.emit(self._position_at(event.position().x()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: Any) -> None:
        self.hovered.emit(-1)
        super().leaveEvent(event)

    def focusInEvent(self, event: Any) -> None:
        if event.reason() != Qt.FocusReason.MouseFocusReason:
            self.hovered.emit(next(iter(self.word.positions), -1))
        super().focusInEvent(event)

    def focusOutEvent(self, event: Any) -> None:
        if not self.underMouse():
            self.hovered.emit(-1)
        super().focusOutEvent(event)

    def _position_at(self, x: float) -> int:
        positions = self.word.positions
        if len(positions) <= 1 or self.word.masked:
            return positions[0] if positions else -1
        metrics = QFontMetricsF(self.font())
        right = RING + PAD_X
        for piece, position in zip(self.word.pieces, positions):
            right += metrics.horizontalAdvance(piece) + PIECE_GAP
            if x < right - PIECE_GAP / 2:
                return position
        return positions[-1]

    def paintEvent(self, event: Any) -> None:
        theme = self._colours.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(RING, RING, -RING, -RING - self._strip())
        word = self.word
        fill, line, text = QColor(theme.window), QColor(theme.line), QColor(theme.text)
        if word.special:
            fill = line = QColor(Qt.GlobalColor.transparent)
            text = QColor(theme.muted)
        elif word.masked:
            fill = line = QColor(theme.accent)
            text = QColor(theme.on_accent)
            painter.setPen(QPen(ink.faded(theme.accent, 0.30), 2 * RING))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 6, 6)
        elif self.isDown():
            fill = ink.mix(theme.card, theme.accent, 0.25)
        elif word.unknown:
            fill, line = ink.mix(theme.card, theme.warning, 0.25), QColor(theme.warning)
        if not word.special and (self.underMouse() or self.linked):
            line = QColor(theme.accent)
            if not word.masked:
                fill = ink.mix(theme.card, theme.accent, 0.12)
        painter.setPen(QPen(line, 1))
        painter.setBrush(fill)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        self._paint_text(painter, box, text)
        self._paint_surprise(painter, box)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.text if word.masked else theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), 8, 8)

    def _paint_surprise(self, painter: QPainter, box: QRectF) -> None:
        """A column under each piece, from a line that is zero: the taller, the less the model expected it."""
        if self.word.surprise is None or self.word.special:
            return
        theme = self._colours.current
        metrics = QFontMetricsF(self.font())
        pieces = self.word.pieces if not self.word.masked else ()
        widths = [box.width() - 2 * PAD_X]
        if len(pieces) > 1:
            widths = [metrics.horizontalAdvance(piece) for piece in pieces]
        floor = self.rect().bottom() - 1.0
        x = box.x() + PAD_X
        shown = self.word.surprise if len(pieces) > 1 else self.word.surprise[:1]
        for width, bits in zip(widths, shown):
            painter.fillRect(QRectF(x, floor, width, 1), QColor(theme.line))
            if bits == bits:
                height = (STRIP - 3) * min(max(bits, 0.2) / MOST_BITS, 1.0)
                painter.fillRect(QRectF(x, floor - height, width, height), QColor(theme.warning))
            x += width + PIECE_GAP

    def _paint_text(self, painter: QPainter, box: QRectF, colour: QColor) -> None:
        metrics = QFontMetricsF(self.font())
        x = box.x() + (3.0 if self.word.special else PAD_X)
        y = box.y() + (box.height() - metrics.height()) / 2 + metrics.ascent()
        for index, run in enumerate(self._runs()):
            font = self.font()
            if index and not self.word.masked:
                middle = x - PIECE_GAP / 2
                painter.setPen(QPen(ink.faded(self._colours.current.muted, 0.8), 1, Qt.PenStyle.DotLine))
                painter.drawLine(int(middle), int(box.y() + 6), int(middle), int(box.bottom() - 6))
            if self.word.masked:
                font.setStrikeOut(index == 1)
            painter.setFont(font)
            painter.setPen(colour)
            painter.drawText(round(x), round(y), run)
            x += metrics.horizontalAdvance(run) + PIECE_GAP


class ChipRow(QWidget):
    """The whole sentence. Arrow keys walk along the words; Space or Enter masks the one in focus."""

    toggled = Signal(int)
    """Index of the word (in the list last shown) that was clicked."""
    hovered = Signal(int)
    """Position of the token under the pointer, or -1."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._chips: list[Chip] = []
        self._words: tuple[Word, ...] = ()
        self._flow = FlowLayout(self, gap_x=1, gap_y=2)
        self._tail = QLabel(self)
        self._tail.setProperty("role", "caption")
        self._flow.addWidget(self._tail)
        self._focus = RovingFocus(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("The sentence, word by word")
        colours.changed.connect(self._repaint)

    @property
    def words(self) -> tuple[Word, ...]:
        return self._words

    @property
    def has_strip(self) -> bool:
        """Whether there is room for surprise under the words."""
        return any(word.surprise is not None for word in self._words)

    def chips(self) -> list[Chip]:
        """The chips in use, in reading order."""
        return self._chips[: len(self._words)]

    def show_words(self, words: Sequence[Word], *, padding: int = 0, cut_tokens: int = 0) -> None:
        """padding: pad tokens that follow; cut_tokens: tokens that did not fit. Both are said behind the chips."""
        self._words = tuple(words)
        self._flow.setEnabled(False)  # or every chip that is shown lays all of them out again
        self._flow.removeWidget(self._tail)
        while len(self._chips) < len(words):
            chip = Chip(self._colours, self)
            index = len(self._chips)
            chip.clicked.connect(lambda _=False, index=index: self.toggled.emit(index))
            chip.hovered.connect(self.hovered)
            self._chips.append(chip)
            self._flow.addWidget(chip)
        self._flow.addWidget(self._tail)
        for index, chip in enumerate(self._chips):
            chip.setVisible(index < len(words))
            if index < len(words):
                chip.show_word(words[index])
        said = []
        if cut_tokens:
            said.append(f"… {cut_tokens} token{'s' * (cut_tokens > 1)} cut")
        if padding:
            said.append(f"+ {padding} padding")
        if self.has_strip:
            said.append(f"full column {MOST_BITS:.0f} bits")
        self._tail.setContentsMargins(0, 0, 0, round(STRIP) if self.has_strip else 0)
        self._tail.setText("  ·  ".join(said))
        self._tail.setVisible(bool(said))
        self._focus.set_buttons([chip for chip in self.chips() if not chip.word.special])
        self._flow.setEnabled(True)
        self._flow.invalidate()
        self.updateGeometry()

    def link(self, position: int) -> None:
        """Mark the chip that holds this token (hovered in another picture); -1 for none."""
        for chip in self._chips:
            linked = position >= 0 and position in chip.word.positions
            if linked != chip.linked:
                chip.linked = linked
                chip.update()

    def _repaint(self) -> None:
        for chip in self._chips:
            chip.update()
