"""Explore: mask a word of a sentence, see what the model would put there, and look inside."""

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.explore.examples import EXAMPLES
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.explore.maps_card import MapsCard
from fnet_studio.ui.explore.newest import NewestOnly
from fnet_studio.ui.explore.predictions_card import PredictionsCard
from fnet_studio.ui.explore.sentence_card import SentenceCard
from fnet_studio.ui.widgets.page_header import PageHeader

TYPING_PAUSE_MS = 150
STARTING = "The worker is starting. Predictions will be here in a few seconds."
HINT = "Click a word in the sentence, or type [MASK], to see what the model would put there."


class ExplorePage(QWidget):
    """Follows typing: a pause of 150 ms asks for tokens and predictions, the newest question wins."""

    def __init__(self, supervisor: Any, theme_source: Any, settings: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._settings = settings
        self._themes = theme_source
        self._error: ErrorCard | None = None
        self._spans: dict[int, tuple[int, int]] = {}
        self._loaded: protocol.Loaded | None = None
        self._words = NewestOnly(supervisor)
        self._loads = NewestOnly(supervisor)
        self.focus = Focus(self)
        self.sentence = SentenceCard(theme_source)
        self.predictions = PredictionsCard(theme_source, settings.top_k)
        self.maps = MapsCard(supervisor, theme_source, self.focus)
        self._problem = QVBoxLayout()
        header = PageHeader("Explore", "Hide a word, see what the model would put there, and look at how it mixes.")
        header.add_action(self.sentence.examples)
        header.add_action(self.sentence.preset)
        lower = QHBoxLayout()
        lower.setSpacing(16)
        lower.addWidget(self.predictions)
        lower.addWidget(self.maps, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(header)
        layout.addWidget(self.sentence)
        layout.addLayout(self._problem)
        layout.addLayout(lower, 1)
        self.setFocusProxy(self.sentence.box)
        self._typing = QTimer(self, interval=TYPING_PAUSE_MS, singleShot=True)
        self._typing.timeout.connect(self._tokenize)
        self.sentence.edited.connect(self._edited)
        self.sentence.masks_changed.connect(self._masks_changed)
        self.sentence.preset_chosen.connect(self.choose_preset)
        self.sentence.hovered.connect(self.focus.point_at)
        self.focus.pointed.connect(self.sentence.chips.link)
        self.predictions.chosen.connect(self._put)
        self.predictions.top_k_changed.connect(self._top_k_changed)
        supervisor.state_changed.connect(self._state_changed)
        self.sentence.list_presets(settings.preset)
        self.sentence.set_text(settings.sentence or EXAMPLES[0].text)
        self._alive = False
        self.predictions.say(STARTING)
        self._state_changed(supervisor.state)

    # ---------------------------------------------------------------------------------------- preset

    @property
    def preset(self) -> str:
        return str(self.sentence.preset.currentData() or self._settings.preset)

    def choose_preset(self, name: str) -> None:
        self._settings.preset = name
        self.sentence.list_presets(name)
        self._load()

    def _load(self) -> None:
        self._forget_preset()
        if not self._alive:
            return
        self.predictions.say(f"Reading the preset {self.preset} …")
        self._loads.ask(protocol.Load(self.preset), self._has_loaded, self._failed)

    def _forget_preset(self) -> None:
        self._loaded = None
        self.focus.forget()

    def _has_loaded(self, result: Any, _: bytes) -> None:
        self._loaded = result
        self._clear_problem()
        self._tokenize()

    def _state_changed(self, state: Any) -> None:
        """A worker that has come (back) knows nothing of what an earlier one was told."""
        came, self._alive = state.alive and not self._alive, state.alive
        if came:
            QTimer.singleShot(0, self, self._load)  # the state changes before the new process can be written to
        elif not state.alive:
            self._forget_preset()
            self.predictions.say("The worker is not running. Restart it to go on; the sentence is kept.")

    def _failed(self, failed: protocol.Failed) -> None:
        if failed.kind == "worker.lost":
            return  # the state says so, and the window has a card for it
        self._clear_problem()
        again = "Try again" if failed.kind.startswith("preset.") or not failed.kind else ""
        self._error = ErrorCard(self._themes, failed, again, self._load)
        self._problem.addWidget(self._error)
        self.predictions.say("No predictions: see the message above.")

    def _clear_problem(self) -> None:
        if self._error is not None:
            self._error.hide()
            self._error.deleteLater()
            self._error = None

    # -------------------------------------------------------------------------------- words and masks

    def _edited(self) -> None:
        self._settings.sentence = self.sentence.text
        self._words.forget()
        self._typing.start()

    def _masks_changed(self) -> None:
        if not self._typing.isActive():
            self._look()

    def _tokenize(self) -> None:
        self._typing.stop()
        if self._loaded is None:
            return
        command = protocol.Tokenize(self.preset, self.sentence.text)
        self._words.ask(command, self._has_tokens, self._failed)

    def _has_tokens(self, result: Any, _: bytes) -> None:
        self._clear_problem()
        self.sentence.show_tokens(result)
        self._look()

    def _look(self) -> None:
        """At the sentence as it is now: its predictions and its pictures."""
        tokenized = self.sentence.tokenized
        if self._loaded is not None and tokenized is not None:
            self.focus.show_sentence(self._loaded, self.sentence.text, self.sentence.positions, tokenized)
        self._predict()

    def _predict(self) -> None:
        if self._loaded is None:
            return
        if self._loaded.head == "none":
            self._words.forget()
            self.predictions.say(
                f"The preset {self.preset} has no head for predicting words: it was saved without one, and a random "
                "head would only make noise. Its mixing maps are real. To see predictions, choose a preset with a "
                "pretrained head, such as fnet_mini_en."
            )
            return
        if not self.sentence.positions and not self.sentence.has_typed_mask:
            self._words.forget()
            self.predictions.say(HINT)
            return
        command = protocol.FillMask(
            self.preset, self.sentence.text, self.sentence.positions, self.predictions.top_k.currentData()
        )
        self._words.ask(command, self._has_answers, self._failed)

    def _has_answers(self, result: Any, _: bytes) -> None:
        self._clear_problem()
        text = self.sentence.text
        originals = {
            answer.position: text[token.begin : token.end].strip()
            for answer in result.answers
            if (token := result.tokenized.tokens[answer.position]).begin >= 0
        }
        self.predictions.show_answers(result, originals)
        self._spans = {
            answer.position: (token.begin, token.end)
            for answer in result.answers
            for token in (result.tokenized.tokens[answer.position],)
        }

    def _put(self, position: int, candidate: protocol.Candidate) -> None:
        joined = not candidate.piece.startswith("▁")
        self.sentence.put(self._spans[position], candidate.text, joined=joined)

    def _top_k_changed(self, value: int) -> None:
        self._settings.top_k = value
        self._predict()

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self.sentence.resize_for(event.size().height())
        self.maps.resize_for(event.size().height())
        self.predictions.setFixedWidth(340 if event.size().width() >= 1000 else 296)
