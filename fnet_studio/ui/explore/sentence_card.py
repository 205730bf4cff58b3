"""The sentence: typed above, as chips below."""

import os
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from fnet_studio.core import presets, protocol, run_models
from fnet_studio.core.alternatives import has_alternatives
from fnet_studio.core.mask import MASK, meant_as_mask
from fnet_studio.core.recipe_sections import DEFAULT_PRESET
from fnet_studio.core.run_models import name_of
from fnet_studio.core.special_pieces import UNKNOWN
from fnet_studio.ui.explore.masked_text import MaskedText, Span
from fnet_studio.ui.explore.text_box import ChipArea, TextBox
from fnet_studio.ui.explore.words import words_of
from fnet_studio.ui.widgets.chips import ChipRow
from fnet_studio.ui.widgets.choice import Choice

PRESET_LETTERS = (12, 22)
"""Fewest and most that the box has room for: names of runs are long."""
HOW = "Click a word to hide it from the model, click again to show it."


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
        self._spans: tuple[Span, ...] = ()
        self._bits: dict[int, float] | None = None
        self._about_surprise = ""
        self.box = TextBox()
        self.chips = ChipRow(colours)
        self._area = ChipArea(self.chips)
        self.preset = Choice()
        self.preset.setAccessibleName("Preset")
        self.preset.currentTextChanged.connect(self._name_preset)
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
        self.whole = QCheckBox("&Whole words")
        self.whole.setChecked(True)
        self.whole.setToolTip("A click hides all pieces of a word. Switched off, each piece is hidden by itself.")
        self.surprise = QCheckBox("S&urprise")
        self.surprise.setToolTip(
            "Hide each token in turn, and show under it how little the model expected it: a full column is 16 bits, "
            "a chance of 1 in 65\u202f536."
        )
        foot = QHBoxLayout()
        foot.setSpacing(16)
        foot.addWidget(self.note, 1)
        foot.addWidget(self.whole, 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(self.surprise, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(foot)
        self.whole.toggled.connect(lambda _: self._show())
        self.box.textChanged.connect(self._typed)
        self.chips.toggled.connect(self._toggle)
        self.chips.hovered.connect(self.hovered)

    def _name_preset(self, name: str) -> None:
        fewest, most = PRESET_LETTERS
        self.preset.setMinimumContentsLength(min(max(len(name), fewest), most))
        self.preset.setToolTip(f"The model that answers: {name}")

    def resize_for(self, page_height: int) -> None:
        """On a low page the maps need the room more than a long sentence does."""
        self._area.most_rows = 3 if page_height >= 720 else 2
        self._area.refit()

    def list_presets(self, chosen: str, keep: bool = False) -> None:
        """Fill the chooser from disk. chosen: a name or folder; the usual one when it is not there, unless it is to be
        kept: what has gone while it is shown is for its answer to tell."""
        self.preset.clear()
        for card in presets.list_presets():
            if not card.problem:
                words = card.name if card.head == "pretrained" else f"{card.name} (no predictions)"
                self.preset.addItem(words, card.name)
        elsewhere = chosen and self.preset.findData(chosen) < 0
        if elsewhere and (keep or run_models.is_run(chosen) or os.path.isdir(os.path.expanduser(chosen))):
            self.preset.addItem(chosen, chosen)
        at = self.preset.findData(chosen)
        self.preset.setCurrentIndex(max(0, at if at >= 0 else self.preset.findData(DEFAULT_PRESET)))

    def list_runs(self, runs: Sequence[tuple[str, str]]) -> None:
        """Behind the presets: (id, name) of those that kept a model, newest first."""
        if runs and self.preset.count():
            self.preset.insertSeparator(self.preset.count())
        for run, its_name in runs:
            name, words = name_of(run), f"{its_name} (run)"
            at = self.preset.findData(name)
            if at >= 0:
                self.preset.setItemText(at, words)
            else:
                self.preset.addItem(words, name)

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
        return MASK in self.masked.text

    @property
    def has_alternatives(self) -> bool:
        return has_alternatives(self.masked.text)

    def show_tokens(self, tokenized: protocol.Tokenized) -> None:
        """The tokens of the present text, nothing masked in them but typed masks."""
        self._tokenized = tokenized
        self._shown_text = self.masked.text
        self._show()

    def forget_tokens(self) -> None:
        """The present text has none."""
        self._tokenized, self._spans = None, ()
        self.chips.show_words(())
        self._area.refit()
        self.note.setText("")
        self.box.strike_from(-1)

    def put(self, span: Span, words: str, *, joined: bool) -> None:
        """Write a candidate into the sentence, in the place of a masked stretch."""
        self.put_all([(span, words, joined)])

    def put_all(self, fillings: list[tuple[Span, str, bool]]) -> None:
        """Several at once; from the last one, since each moves what stands behind it."""
        masked = self.masked
        for span, words, joined in sorted(fillings, reverse=True):
            masked = masked.put(span, words, joined=joined)
        self._rewrite(masked)

    def set_prompt(self, masked: MaskedText) -> None:
        """A text with its hidden words, from the history."""
        self._rewrite(masked)

    def show_surprise(self, bits: dict[int, float] | None, words: str = "") -> None:
        """By position; None takes the strip away. words: what it adds up to, or what it waits for."""
        self._bits, self._about_surprise = bits, words
        self._show()

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
        words, self._spans = words_of(
            self.masked.text, tokenized, self.positions, whole=self.whole.isChecked(), surprise=self._bits
        )
        self.chips.show_words(words, padding=tokenized.padding, cut_tokens=tokenized.cut_tokens)
        self._area.refit()
        used = len(tokenized.tokens)
        if tokenized.cut_tokens:
            lost = self.masked.text[tokenized.cut_at :].strip()
            start = lost if len(lost) <= 40 else (lost[:40].rpartition(" ")[0] or lost[:40]) + " …"
            self.note.setText(
                f"Too long for this model: it reads {tokenized.sequence_length} tokens, and the last "
                f"{tokenized.cut_tokens} were cut, from “{start}” on."
            )
        else:
            meant = "" if self.positions else meant_as_mask(self.masked.text)
            how = f"Write {meant} as {MASK} to have it guessed." if meant else HOW
            hint = self._about_surprise or how
            unknown = sum(token.piece in UNKNOWN for token in tokenized.tokens)
            read = f", {unknown} unknown to the vocabulary" if unknown else ""
            self.note.setText(f"{used} of {tokenized.sequence_length} tokens{read}. {hint}")
        self.box.strike_from(tokenized.cut_at)
        role = "error" if tokenized.cut_tokens else "caption"
        if self.note.property("role") != role:
            self.note.setProperty("role", role)
            self.note.style().unpolish(self.note)
            self.note.style().polish(self.note)
