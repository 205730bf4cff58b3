"""Two sentences, or two presets, side by side: the probabilities at each mask and their differences."""

from typing import Any

import msgspec
from PySide6.QtWidgets import QComboBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from fnet_studio.core import presets, protocol
from fnet_studio.core.mask import MASK
from fnet_studio.ui import timers
from fnet_studio.ui.explore.predictions_card import shown_text
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import label
from fnet_studio.ui.widgets.differences import DifferenceBars
from fnet_studio.ui.widgets.text_boxes import TextLine

PAUSE_MS = 400
HINT = "Write a second sentence with as many [MASK] in it, or choose another preset."
HIDE_FIRST = "Hide a word of the first sentence, above: then compare what fits there."
HEADS = ("mask", "answer", "piece", "first", "second")


class CompareCard(QWidget):
    """Asks by itself, whenever one of the two sides changes."""

    def __init__(self, supervisor: Any, themes: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._newest = NewestOnly(supervisor, stop_older=True)
        self._question: protocol.FillMask | None = None
        self._nothing = HIDE_FIRST
        """Said where there is no first side."""
        self._own_words = ""
        """What was last put into `other` here, not by the user."""
        self._bars: list[DifferenceBars] = []
        self.compared: tuple[protocol.FillMask, protocol.FillMask, protocol.Compared] | None = None
        self.what = QComboBox()
        self.what.addItem("With another sentence", "sentence")
        self.what.addItem("With another preset", "preset")
        self.what.setAccessibleName("What to compare with")
        self.other = TextLine()
        self.other.setPlaceholderText("The second sentence, with [MASK]")
        self.other.setAccessibleName("Second sentence")
        self.other.setClearButtonEnabled(True)
        self.preset = QComboBox()
        self.preset.setAccessibleName("Second preset")
        self.preset.setVisible(False)
        self.words = label(HINT, "muted", wrap=True)
        inner = QWidget()
        inner.setProperty("page", True)
        self._lists = QVBoxLayout(inner)
        self._lists.setContentsMargins(0, 0, 8, 0)
        self._lists.setSpacing(16)
        self._lists.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.what, self.other, self.preset, self.words):
            layout.addWidget(widget)
        layout.addWidget(scroll, 1)
        self._pause = timers.once(self, PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.what.activated.connect(lambda _: self._switch())
        self.preset.activated.connect(lambda _: self._pause.start(0))
        self.other.textEdited.connect(lambda _: self._pause.start())

    def bars(self) -> list[DifferenceBars]:
        return self._bars[: len(self.compared[2].masks)] if self.compared else []

    def show_masks(self, question: protocol.FillMask | None, filled: protocol.Filled | None) -> None:
        """The first side; None when nothing is hidden there."""
        self._nothing, self._question = HIDE_FIRST, question
        if question is not None and filled is not None and self.other.text() in ("", self._own_words):
            self._own_words = _with_typed_masks(question.text, filled)
            self.other.setText(self._own_words)
        if self.isVisible():
            self._pause.start()

    def say_nothing(self, why: str) -> None:
        """There will be no first side, whatever is hidden."""
        self.show_masks(None, None)
        self._nothing = why

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._list_presets()
        self._pause.start(0)

    def _list_presets(self) -> None:
        chosen = self.preset.currentData()
        self.preset.clear()
        for card in presets.list_presets():
            if not card.problem and card.head == "pretrained":
                self.preset.addItem(card.name, card.name)
        self.preset.setCurrentIndex(max(0, self.preset.findData(chosen)))

    def _switch(self) -> None:
        sentence = self.what.currentData() == "sentence"
        self.other.setVisible(sentence)
        self.preset.setVisible(not sentence)
        self._pause.start(0)

    def _ask(self) -> None:
        question = self._question
        if question is None:
            self._say(self._nothing)
            return
        first = protocol.FillMask(question.preset, question.text, question.masked, question.top_k)
        if self.what.currentData() == "preset":
            if self.preset.count() < 2:
                self._say("There is no second preset with a head for predicting words. Fetch one under Presets.")
                return
            second = protocol.FillMask(self.preset.currentData(), question.text, question.masked, question.top_k)
            if second.preset == first.preset:
                self._say("Both sides would be the same preset: choose another one.")
                return
        else:
            if MASK not in self.other.text():
                self._say(HINT)
                return
            second = protocol.FillMask(question.preset, self.other.text(), (), question.top_k)
        self._newest.ask(
            protocol.Compare(first, second), lambda result, _: self._show(first, second, result), self._failed
        )

    def _failed(self, failed: protocol.Failed) -> None:
        if failed.kind != "worker.lost":
            self._say(f"{failed.message} {failed.advice}".strip())

    def _say(self, words: str) -> None:
        self._newest.forget()
        self.compared = None
        self.words.setText(words)
        self.words.setVisible(True)
        for bars in self._bars:
            bars.setVisible(False)

    def _show(self, first: protocol.FillMask, second: protocol.FillMask, result: protocol.Compared) -> None:
        self.compared = (first, second, result)
        self.words.setVisible(False)
        while len(self._bars) < len(result.masks):
            self._bars.append(DifferenceBars(self._themes))
            self._lists.insertWidget(len(self._bars) - 1, self._bars[-1])
        names = ("this sentence", "second sentence")
        if first.preset != second.preset:
            names = (first.preset, second.preset)
        for number, bars in enumerate(self._bars):
            bars.setVisible(number < len(result.masks))
            if number < len(result.masks):
                title = "The masked word" if len(result.masks) == 1 else f"Mask {number + 1}"
                shown = [msgspec.structs.replace(it, text=shown_text(it)) for it in result.masks[number]]
                bars.show_differences(title, names, shown)

    def as_rows(self) -> tuple[tuple[str, ...], list, Any] | None:
        """(head, rows, JSON value) of what is shown, or None."""
        if self.compared is None:
            return None
        first, second, result = self.compared
        rows = [
            (number, it.text, it.piece, it.first, it.second)
            for number, mask in enumerate(result.masks, 1)
            for it in mask
        ]
        sides = [{"preset": side.preset, "text": side.text, "masked": side.masked} for side in (first, second)]
        return HEADS, rows, {"sides": sides, "masks": [dict(zip(HEADS, row, strict=True)) for row in rows]}


def _with_typed_masks(text: str, filled: protocol.Filled) -> str:
    """The sentence with a [MASK] written for each piece that is hidden, so that every mask has its like."""
    tokens = filled.tokenized.tokens
    for token in sorted((tokens[answer.position] for answer in filled.answers), key=lambda it: it.begin, reverse=True):
        text = f"{text[: token.begin]}{MASK}{text[token.end :]}"
    return text
