"""The user's own candidates for a mask, scored."""

import math
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from fnet_studio.core import answer_tables, protocol
from fnet_studio.ui import timers
from fnet_studio.ui.explore.predictions_card import shown_text
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import label, row
from fnet_studio.ui.widgets.figures import nats
from fnet_studio.ui.widgets.predictions import Prediction, PredictionBars
from fnet_studio.ui.widgets.text_boxes import TextLine

PAUSE_MS = 300
HINT = "Write words with commas between them. Each is put in the place of the mask and scored."
HIDE_FIRST = "Hide a word first, or type [MASK]: then score what you would put there."
ONE = "One piece: its probability at the mask"
SEVERAL = "Several pieces: pseudo-log-likelihood"
ABOUT_SEVERAL = (
    "Each piece with only itself hidden, summed, in nats. Pieces of one word give each other away, so these are too "
    "kind to long words: compare them with one another, not with the list above."
)


class ScoreCard(QWidget):
    """Asks by itself, whenever the masks or the candidates change."""

    chosen = Signal(object)
    """The `protocol.ScoredCandidate` that was clicked, to be put in the place of the mask at `target`."""

    def __init__(self, supervisor: Any, themes: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest = NewestOnly(supervisor, stop_older=True)
        self._question: protocol.FillMask | None = None
        self._nothing = HIDE_FIRST
        """Said where there is no mask to score."""
        self._places: tuple[int, ...] = ()
        self.scored: tuple[str, protocol.Scored] | None = None
        self.candidates = TextLine()
        self.candidates.setPlaceholderText("Paris, London, the")
        self.candidates.setAccessibleName("Candidates, with commas between them")
        self.candidates.setClearButtonEnabled(True)
        self.which = QComboBox()
        self.which.setAccessibleName("Which mask")
        self.words = label(HINT, "muted", wrap=True)
        self.one = PredictionBars(themes)
        self.several = PredictionBars(themes)
        for bars in (self.one, self.several):
            bars.setVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(10)
        line = row(self.candidates, self.which)
        line.setStretch(0, 1)
        layout.addLayout(line)
        for widget in (self.words, self.one, self.several):
            layout.addWidget(widget)
        layout.addStretch(1)
        self._shown: dict[bool, list[protocol.ScoredCandidate]] = {}
        self.one.chosen.connect(lambda index: self.chosen.emit(self._shown[False][index]))
        self.several.chosen.connect(lambda index: self.chosen.emit(self._shown[True][index]))
        self._pause = timers.once(self, PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.candidates.textEdited.connect(lambda _: self._pause.start())
        self.candidates.returnPressed.connect(lambda: self._pause.start(0))
        self.which.activated.connect(lambda _: self._pause.start(0))

    @property
    def target(self) -> int:
        """Position of the mask that is scored; -1 for none."""
        return self.which.currentData() or next(iter(self._places), -1)

    def show_masks(self, question: protocol.FillMask | None, filled: protocol.Filled | None) -> None:
        """What was asked and answered last; None when nothing is hidden."""
        self._nothing, self._question = HIDE_FIRST, question
        places = _groups(filled) if filled is not None else ()
        if places != self._places:
            self._places = places
            self.which.clear()
            for number, place in enumerate(places, 1):
                self.which.addItem(f"Mask {number}", place)
        self.which.setVisible(len(places) > 1)
        self._pause.start()

    def say_nothing(self, why: str) -> None:
        """There will be no masks, whatever is hidden."""
        self.show_masks(None, None)
        self._nothing = why

    def _ask(self) -> None:
        names = tuple(name for part in self.candidates.text().split(",") if (name := part.strip()))
        question = self._question
        if question is None or not self._places:
            self._say(self._nothing)
        elif not names:
            self._say(HINT)
        else:
            command = protocol.Score(question.preset, question.text, self.target, names, question.masked)
            self._newest.ask(command, lambda scored, _: self._show(question.text, scored), self._failed)

    def _failed(self, failed: protocol.Failed) -> None:
        if failed.kind != "worker.lost":
            self._say(f"{failed.message} {failed.advice}".strip())

    def _say(self, words: str) -> None:
        self._newest.forget()
        self.scored = None
        self.words.setText(words)
        self.words.setVisible(True)
        self.one.setVisible(False)
        self.several.setVisible(False)

    def _show(self, text: str, scored: protocol.Scored) -> None:
        self.scored = (text, scored)
        good = [it for it in scored.rows if not it.problem]
        for bars, pseudo, title, about in (
            (self.one, False, ONE, ""),
            (self.several, True, SEVERAL, ABOUT_SEVERAL),
        ):
            rows = sorted((it for it in good if it.pseudo == pseudo), key=lambda it: -it.log_probability)
            self._shown[pseudo] = rows
            bars.show_predictions(title, about, [_prediction(it, rank, rows) for rank, it in enumerate(rows, 1)])
            bars.setVisible(bool(rows))
        bad = [f"“{it.text}”: {it.problem}" for it in scored.rows if it.problem]
        self.words.setText("\n".join(bad))
        self.words.setVisible(bool(bad))

    def as_rows(self) -> tuple[tuple[str, ...], list, Any] | None:
        """(head, rows, JSON value) of what is shown, or None."""
        if self.scored is None:
            return None
        return answer_tables.SCORES, answer_tables.score_rows(*self.scored), answer_tables.score_json(*self.scored)


def _prediction(it: protocol.ScoredCandidate, rank: int, rows: list[protocol.ScoredCandidate]) -> Prediction:
    if not it.pseudo:
        return Prediction(shown_text(it.pieces[0]), math.exp(it.log_probability), it.rank, it.original)
    # bars of a share of the best: a logarithm has no zero to start from
    share = math.exp(it.log_probability - rows[0].log_probability)
    return Prediction(it.text, share, rank, it.original, nats(it.log_probability))


def _groups(filled: protocol.Filled) -> tuple[int, ...]:
    """The first position of each mask; masks side by side in one word count as one."""
    tokens = filled.tokenized.tokens
    return tuple(
        answer.position
        for before, answer in zip((None, *filled.answers), filled.answers)
        if before is None
        or answer.position != before.position + 1
        or tokens[answer.position].word != tokens[before.position].word
    )
