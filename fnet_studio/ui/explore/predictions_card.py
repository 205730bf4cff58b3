"""The predictions beside the sentence: one list a mask, or the reason why there are none."""

import math
from itertools import pairwise
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from fnet_studio.core import answer_tables, protocol
from fnet_studio.core.special_pieces import SPECIAL
from fnet_studio.ui.widgets.figures import count, nats
from fnet_studio.ui.widgets.predictions import Prediction, PredictionBars

TOP_K = (3, 5, 10, 20, 50)
BEAMS = (3, 5, 10, 20, 50)
MODES: tuple[tuple[protocol.FillMode, str, str], ...] = (
    ("independent", "Each mask alone", "Every mask is answered with all the others hidden"),
    ("left-to-right", "Left to right", "Each mask is answered with the best pieces put into the masks before it"),
    ("joint", "Jointly", "A beam search for the pieces that fit best together, read from left to right"),
)
ABOUT_JOINT = (
    "All masks together, best first: the logarithm of the probability in nats, each piece given those before it. A "
    "wider beam finds better ones and takes longer."
)


class PredictionsCard(QWidget):
    chosen = Signal(int, object)
    """(position of the mask, the protocol.Candidate that was clicked)"""
    joint_chosen = Signal(object)
    """The protocol.JointAnswer that was clicked."""
    top_k_changed = Signal(int)
    mode_changed = Signal()
    """How several masks are answered, or how wide the beam is."""

    def __init__(self, colours: Any, top_k: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self.filled: protocol.Filled | None = None
        self._answers: tuple[protocol.MaskAnswer, ...] = ()
        self._candidates: list[list[protocol.Candidate]] = []
        self._bars: list[PredictionBars] = []
        self.mode = QComboBox()
        for number, (key, words, tip) in enumerate(MODES):
            self.mode.addItem(words, key)
            self.mode.setItemData(number, tip, Qt.ItemDataRole.ToolTipRole)
        self.mode.setAccessibleName("How several masks are answered")
        self.beam = QComboBox()
        for width in BEAMS:
            self.beam.addItem(f"Beam {width}", width)
        self.beam.setCurrentIndex(1)
        self.beam.setAccessibleName("Width of the beam")
        self.beam.setToolTip("How many beginnings are kept after each mask")
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
        self.joint = PredictionBars(colours)
        self.joint.chosen.connect(lambda index: self.joint_chosen.emit(self._chains[index]))
        self.joint.setVisible(False)
        self._chains: list[protocol.JointAnswer] = []
        self._lists.insertWidget(0, self.joint)
        top = QHBoxLayout()
        top.addWidget(self.mode)
        top.addWidget(self.beam)
        top.addStretch(1)
        top.addWidget(label)
        top.addWidget(self.top_k)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        top.setContentsMargins(0, 0, 8, 0)
        layout.addLayout(top)
        layout.addWidget(self.words)
        layout.addWidget(self._scroll, 1)
        self.top_k.activated.connect(lambda _: self.top_k_changed.emit(self.top_k.currentData()))
        self.mode.activated.connect(lambda _: self._mode_chosen())
        self.beam.activated.connect(lambda _: self.mode_changed.emit())
        self.show_masks(0)
        self.say("")

    def show_masks(self, number: int) -> None:
        """With one mask there is nothing to choose between."""
        self.mode.setVisible(number > 1)
        self.beam.setVisible(number > 1 and self.mode.currentData() == "joint")

    def choose_mode(self, mode: str) -> None:
        self.mode.setCurrentIndex(self.mode.findData(mode))
        self.beam.setVisible(not self.mode.isHidden() and mode == "joint")

    def _mode_chosen(self) -> None:
        self.choose_mode(self.mode.currentData())
        self.mode_changed.emit()

    def say(self, words: str) -> None:
        """A hint or a reason in the place of predictions."""
        self.filled = None
        self._answers = ()
        self._candidates = []
        self._chains = []
        self.joint.setVisible(False)
        self.words.setText(words)
        self.words.setVisible(bool(words))
        for bars in self._bars:
            bars.setVisible(False)

    def bars(self) -> list[PredictionBars]:
        return self._bars[: len(self._answers)]

    def show_answers(self, filled: protocol.Filled, originals: dict[int, str]) -> None:
        """originals: by position, how the masked word was written in the sentence."""
        self.say("")
        self.filled = filled
        self._answers = filled.answers
        self._show_joint(filled)
        while len(self._bars) < len(filled.answers):
            bars = PredictionBars(self._colours)
            number = len(self._bars)
            bars.chosen.connect(lambda index, number=number: self._pressed(number, index))
            self._bars.append(bars)
            self._lists.insertWidget(number + 1, bars)
        for number, (bars, answer) in enumerate(zip(self._bars, filled.answers)):
            title = _title(filled, number)
            candidates, shown = _rows(answer)
            self._candidates.append(candidates)
            bars.show_predictions(title, _about_original(answer, originals), shown)
            bars.setVisible(True)
        rows = [row for bars in (self.joint, *self._bars) for row in bars.rows()]
        for before, row in pairwise((self.top_k, *rows)):  # made later, they would come after all else in the window
            self.setTabOrder(before, row)

    def _show_joint(self, filled: protocol.Filled) -> None:
        chains = list(filled.joint)
        was = filled.original_joint
        if was is not None and _ids(was) not in [_ids(chain) for chain in chains]:
            chains.append(was)
        self._chains = chains
        best = chains[0].log_probability if chains else 0.0
        rows = []
        for rank, chain in enumerate(chains, 1):
            words = answer_tables.joint_words(filled.tokenized, chain, filled.answers)
            original = was is not None and _ids(chain) == _ids(was)
            # bars of a share of the best: a logarithm has no zero to start from
            share = math.exp(min(chain.log_probability - best, 0.0))
            special = any(candidate.piece in SPECIAL for candidate in chain.candidates)
            rows.append(Prediction(words, share, rank, original, nats(chain.log_probability), special))
        greedy = filled.mode == "left-to-right"
        title, about = (
            ("Left to right", "The best piece for each mask, one after the other; in nats.")
            if greedy
            else ("Together", ABOUT_JOINT)
        )
        self.joint.show_predictions(title, about, rows)
        self.joint.setVisible(bool(rows))

    def _pressed(self, number: int, index: int) -> None:
        self.chosen.emit(self._answers[number].position, self._candidates[number][index])


def _ids(chain: protocol.JointAnswer) -> list[int]:
    return [candidate.id for candidate in chain.candidates]


def _title(filled: protocol.Filled, number: int) -> str:
    if len(filled.answers) == 1:
        return "The masked word"
    given = number and filled.mode == "left-to-right"
    return f"Mask {number + 1}, given those before" if given else f"Mask {number + 1}"


def _rows(answer: protocol.MaskAnswer) -> tuple[list[protocol.Candidate], list[Prediction]]:
    candidates = list(answer.candidates)
    was = answer.original
    rows = [
        Prediction(
            shown_text(item),
            item.probability,
            rank,
            was is not None and item.id == was.id,
            special=item.piece in SPECIAL,
        )
        for rank, item in enumerate(candidates, start=1)
    ]
    if was is not None and answer.original_rank > len(candidates):
        candidates.append(was)
        special = was.piece in SPECIAL
        rows.append(Prediction(shown_text(was), was.probability, answer.original_rank, True, special=special))
    return candidates, rows


def shown_text(candidate: protocol.Candidate | protocol.Difference) -> str:
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
