"""The sentence: typed above, as chips below."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import presets, protocol
from fnet_studio.ui.explore.examples import EXAMPLES
from fnet_studio.ui.explore.masked_text import MaskedText
from fnet_studio.ui.explore.words import words_of
from fnet_studio.ui.widgets.chips import ChipRow

LINES = 3


class TextBox(QPlainTextEdit):
    """One to three lines, as high as its text; Tab leaves it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setPlaceholderText("Type a sentence. Write [MASK] where a word is wanted, or click a word below.")
        self.setAccessibleName("Sentence")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().documentLayout().documentSizeChanged.connect(self._refit)

    def _refit(self, size: Any) -> None:
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(off if round(size.height()) <= LINES else needed)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        lines = min(max(round(self.document().size().height()), 1), LINES)
        line = self.fontMetrics().lineSpacing()
        return QSize(400, round(lines * line + 2 * self.document().documentMargin() + 13))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def strike_from(self, character: int) -> None:
        """Strike through what the model does not read, from a character of the text on; -1 for nothing."""
        marks = []
        if character >= 0:
            mark = QTextEdit.ExtraSelection()
            mark.format.setFontStrikeOut(True)
            mark.format.setForeground(self.palette().placeholderText())
            # Qt counts in UTF-16
            at = len(self.toPlainText()[:character].encode("utf-16-le")) // 2
            mark.cursor = QTextCursor(self.document())
            mark.cursor.setPosition(at)
            mark.cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            marks.append(mark)
        self.setExtraSelections(marks)

    def replace_text(self, text: str) -> None:
        """Put another text in as one step that can be undone."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)


class ChipArea(QScrollArea):
    """The chips, at most three rows of them in view."""

    def __init__(self, row: ChipRow) -> None:
        super().__init__()
        self._row = row
        self.most_rows = 3
        self.setWidget(row)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row.setProperty("page", True)

    def refit(self) -> None:
        one = self._row.fontMetrics().height() + 18
        room = self.most_rows * one
        width = self.width()
        if self._row.heightForWidth(width) > room:
            width -= self.verticalScrollBar().sizeHint().width()
        height = max(self._row.heightForWidth(width), one)
        self._row.resize(width, height)
        self.setFixedHeight(min(height, room))

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self.refit()


class SentenceCard(QFrame):
    """Owns the text and its masks."""

    edited = Signal()
    """The text changed: it has to be tokenised again."""
    masks_changed = Signal()
    """Other words of the same text are masked."""
    preset_chosen = Signal(str)
    hovered = Signal(int)

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.masked = MaskedText()
        self._tokenized: protocol.Tokenized | None = None
        self._shown_text = ""
        self._spans: tuple = ()
        self.box = TextBox()
        self.chips = ChipRow(colours)
        self._area = ChipArea(self.chips)
        self.examples = QPushButton("Examples")
        self.examples.setToolTip("Sentences worth a try")
        menu = QMenu(self.examples)
        for example in EXAMPLES:
            action = menu.addAction(example.text)
            action.setToolTip(example.why)
            action.triggered.connect(lambda _=False, text=example.text: self.set_text(text))
        menu.setToolTipsVisible(True)
        self.examples.setMenu(menu)
        self.preset = QComboBox()
        self.preset.setAccessibleName("Preset")
        self.preset.setToolTip("The model that answers")
        self.preset.setMinimumContentsLength(12)
        self.preset.activated.connect(lambda _: self.preset_chosen.emit(str(self.preset.currentData())))
        self.note = QLabel()
        self.note.setProperty("role", "caption")
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 10)
        layout.setSpacing(8)
        layout.addWidget(self.box)
        layout.addWidget(self._area)
        layout.addWidget(self.note)
        self.box.textChanged.connect(self._typed)
        self.chips.toggled.connect(self._toggle)
        self.chips.hovered.connect(self.hovered)

    def resize_for(self, page_height: int) -> None:
        """On a low page the maps need the room more than a long sentence does."""
        self._area.most_rows = 3 if page_height >= 720 else 2
        self._area.refit()

    def list_presets(self, chosen: str) -> None:
        """Fill the chooser from disk. chosen: a name or folder; the first usable one when it is not there."""
        self.preset.clear()
        for card in presets.list_presets():
            if not card.problem:
                words = card.name if card.head == "pretrained" else f"{card.name} (no predictions)"
                self.preset.addItem(words, card.name)
        if chosen and self.preset.findData(chosen) < 0 and Path(chosen).expanduser().is_dir():
            self.preset.addItem(chosen, chosen)
        self.preset.setCurrentIndex(max(0, self.preset.findData(chosen)))

    def set_text(self, text: str) -> None:
        self.box.replace_text(text)

    @property
    def text(self) -> str:
        return self.masked.text

    @property
    def tokenized(self) -> protocol.Tokenized | None:
        """The tokens last shown."""
        return self._tokenized

    @property
    def positions(self) -> tuple[int, ...]:
        """Masked positions of the tokens last shown."""
        return self.masked.positions(self._tokenized.tokens) if self._tokenized else ()

    @property
    def has_typed_mask(self) -> bool:
        return "[MASK]" in self.masked.text

    def show_tokens(self, tokenized: protocol.Tokenized) -> None:
        """The tokens of the present text, nothing masked in them but typed masks."""
        self._tokenized = tokenized
        self._shown_text = self.masked.text
        self._show()

    def put(self, span: tuple[int, int], words: str, *, joined: bool) -> None:
        """Write a candidate into the sentence, in the place of a masked stretch."""
        self._rewrite(self.masked.put(span, words, joined=joined))

    def _rewrite(self, masked: MaskedText) -> None:
        self.masked = masked
        self.box.blockSignals(True)
        self.box.replace_text(masked.text)
        self.box.blockSignals(False)
        self.box.updateGeometry()
        self.edited.emit()

    def _typed(self) -> None:
        text = self.box.toPlainText()
        if text != self.masked.text:
            self.masked = self.masked.edited(text)
            self.edited.emit()

    def _toggle(self, index: int) -> None:
        if self._shown_text != self.masked.text:
            return  # typed on since: the chips are about to be replaced
        after = self.masked.toggled(self._spans[index])
        if after.text != self.masked.text:
            self._rewrite(after)
            return
        self.masked = after
        self._show()
        self.masks_changed.emit()

    def _show(self) -> None:
        tokenized = self._tokenized
        if tokenized is None:
            return
        words, self._spans = words_of(self.masked.text, tokenized, self.positions)
        self.chips.show_words(words, padding=tokenized.padding, cut_tokens=tokenized.cut_tokens)
        self._area.refit()
        used = len(tokenized.tokens)
        if tokenized.cut_tokens:
            lost = self.masked.text[tokenized.cut_at :].strip()
            start = lost if len(lost) <= 40 else lost[:40].rpartition(" ")[0] + " …"
            self.note.setText(
                f"Too long for this model: it reads {tokenized.sequence_length} tokens, and the last "
                f"{tokenized.cut_tokens} were cut, from “{start}” on."
            )
        else:
            self.note.setText(
                f"{used} of {tokenized.sequence_length} tokens. Click a word to hide it from the model, click "
                "again to show it."
            )
        self.box.strike_from(tokenized.cut_at)
        role = "error" if tokenized.cut_tokens else "caption"
        if self.note.property("role") != role:
            self.note.setProperty("role", role)
            self.note.style().unpolish(self.note)
            self.note.style().polish(self.note)
