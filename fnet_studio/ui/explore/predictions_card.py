"""The predictions beside the sentence: one list a mask, or the reason why there are none."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.ui.widgets.figures import count
from fnet_studio.ui.widgets.predictions import Prediction, PredictionBars

TOP_K = (3, 5, 10, 20, 50)


class PredictionsCard(QFrame):
    chosen = Signal(int, object)
    """(position of the mask, the protocol.Candidate that was clicked)"""
    top_k_changed = Signal(int)

    def __init__(self, colours: Any, top_k: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._colours = colours
        self._answers: tuple[protocol.MaskAnswer, ...] = ()
        self._candidates: list[list[protocol.Candidate]] = []
        self._bars: list[PredictionBars] = []
        title = QLabel("Predictions")
        title.setProperty("role", "section")
        self.top_k = QComboBox()
        for number in sorted({*TOP_K, top_k}):
            self.top_k.addItem(str(number), number)
        self.top_k.setCurrentIndex(self.top_k.findData(top_k))
        self.top_k.setAccessibleName("How many predictions")
        self.top_k.setToolTip("How many words to list for each mask")
        label = QLabel("&Best")
        label.setProperty("role", "muted")
        label.setBuddy(self.top_k)
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self._took = QLabel()
        self._took.setProperty("role", "caption")
        inner = QWidget()
        inner.setProperty("page", True)
        self._lists = QVBoxLayout(inner)
        self._lists.setContentsMargins(0, 0, 8, 0)
        self._lists.setSpacing(16)
        self._lists.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inner)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        top = QHBoxLayout()
        top.addWidget(title)
        top.addStretch(1)
        top.addWidget(label)
        top.addWidget(self.top_k)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 8, 10)
        layout.setSpacing(8)
        top.setContentsMargins(0, 0, 8, 0)
        layout.addLayout(top)
        layout.addWidget(self.words)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._took)
        self.top_k.activated.connect(lambda _: self.top_k_changed.emit(self.top_k.currentData()))
        self.say("")

    def say(self, words: str) -> None:
        """A hint or a reason in the place of predictions."""
        self._answers = ()
        self._candidates = []
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self._took.setText("")
        for bars in self._bars:
            bars.setVisible(False)

    def bars(self) -> list[PredictionBars]:
        return self._bars[: len(self._answers)]

    def show_answers(self, filled: protocol.Filled, originals: dict[int, str]) -> None:
        """originals: by position, how the masked word was written in the sentence."""
        self.say("")
        self._answers = filled.answers
        while len(self._bars) < len(filled.answers):
            bars = PredictionBars(self._colours)
            number = len(self._bars)
            bars.chosen.connect(lambda index, number=number: self._pressed(number, index))
            self._bars.append(bars)
            self._lists.insertWidget(number, bars)
        for number, (bars, answer) in enumerate(zip(self._bars, filled.answers)):
            title = "The masked word" if len(filled.answers) == 1 else f"Mask {number + 1}"
            candidates, shown = _rows(answer)
            self._candidates.append(candidates)
            bars.show_predictions(title, _about_original(answer, originals), shown)
            bars.setVisible(True)
        self._took.setText(f"Answered in {filled.took_ms:.0f} ms")

    def _pressed(self, number: int, index: int) -> None:
        self.chosen.emit(self._answers[number].position, self._candidates[number][index])


def _rows(answer: protocol.MaskAnswer) -> tuple[list[protocol.Candidate], list[Prediction]]:
    candidates = list(answer.candidates)
    was = answer.original
    rows = [
        Prediction(_shown(item), item.probability, rank, was is not None and item.id == was.id)
        for rank, item in enumerate(candidates, start=1)
    ]
    if was is not None and answer.original_rank > len(candidates):
        candidates.append(was)
        rows.append(Prediction(_shown(was), was.probability, answer.original_rank, True))
    return candidates, rows


def _shown(candidate: protocol.Candidate) -> str:
    """A piece that continues a word is written with dots before it."""
    if not candidate.text:
        return "␣"
    joins = not candidate.piece.startswith("▁") and candidate.text[0].isalnum()
    return f"…{candidate.text}" if joins else candidate.text


def _about_original(answer: protocol.MaskAnswer, originals: dict[int, str]) -> str:
    if answer.original is None:
        return ""
    written = originals.get(answer.position) or answer.original.text
    if answer.original_rank == 1:
        return f"“{written}” stood there: the model's first choice too"
    return f"“{written}” stood there: rank {count(answer.original_rank)}"
