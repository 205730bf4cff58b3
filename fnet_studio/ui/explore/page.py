"""Explore: mask a word of a sentence, see what the model would put there, and look inside."""

import itertools
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from fnet_studio.core import model_files, presets, protocol, run_models, run_notes, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.examples import Example
from fnet_studio.core.history import Prompt
from fnet_studio.core.run_names import Named, told_apart
from fnet_studio.core.run_state import phase_words
from fnet_studio.ui import timers
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.explore.alternatives_card import AlternativesCard
from fnet_studio.ui.explore.answers_card import AnswersCard
from fnet_studio.ui.explore.batch_card import BatchCard
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.explore.masked_text import MaskedText, moved
from fnet_studio.ui.explore.pictures.card import PicturesCard
from fnet_studio.ui.explore.prompt_menus import ExamplesButton, HistoryButton
from fnet_studio.ui.explore.sentence_card import SentenceCard
from fnet_studio.ui.explore.sweep import Sweep
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.widgets.page_header import PageHeader
from fnet_studio.ui.widgets.path_field import dropped_path
from fnet_studio.ui.widgets.side import WithSide

TYPING_PAUSE_MS = 150
ANSWERS_PX, NARROW_ANSWERS_PX = 380, 352
MOST_RUNS = 30
"""In the chooser; any other can be opened from the Runs page."""
STARTING = "The worker is starting. Predictions will be here in a few seconds."
HINT = "Click a word in the sentence, or type [MASK], to see what the model would put there."


class ExplorePage(QWidget):
    """Follows typing: a pause of 150 ms asks for tokens and predictions, the newest question wins."""

    def __init__(self, supervisor: Any, theme_source: Any, settings: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._settings = settings
        self._themes = theme_source
        self._spans: dict[int, tuple[int, int]] = {}
        """Where the masks that were answered are now, by their position."""
        self._spans_of = ""
        self._loaded: protocol.Loaded | None = None
        self._words = NewestOnly(supervisor, stop_older=True)
        self._loads = NewestOnly(supervisor, stop_older=True)
        self._background = Background(self)
        self._runs: list[tuple[str, str]] = []
        self._there_is = _ThereIs()
        self.setAcceptDrops(True)
        self.focus = Focus(self)
        self.sentence = SentenceCard(theme_source)
        self.answers = AnswersCard(supervisor, theme_source, self.focus, settings.top_k)
        self.predictions = self.answers.predictions
        self.sweep = Sweep(supervisor, self.focus, self)
        self.examples = ExamplesButton()
        self.history = HistoryButton(theme_source)
        self.batch = BatchCard(supervisor, theme_source)
        self.alternatives = AlternativesCard(supervisor, theme_source)
        self.from_file = QPushButton("From a file")
        self.from_file.setCheckable(True)
        self.from_file.setToolTip("Answer all sentences of a file, as a table")
        self.pictures = PicturesCard(supervisor, theme_source, self.focus)
        self.messages = MessagePlace()
        header = PageHeader("Explore", "Hide a word, see what the model would put there, and how it mixes.")
        for action in (self.examples, self.history, self.from_file, self.sentence.preset):
            header.add_action(action)
        one = QWidget()
        one.setProperty("page", True)
        inner = QVBoxLayout(one)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(12)
        self.with_side = WithSide(
            "explore", "the predictions", self.answers, self.pictures, ANSWERS_PX, theme_source, settings
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(header)
        layout.addWidget(self.messages)
        inner.addWidget(self.sentence)
        self._below = QStackedWidget()
        self._below.addWidget(self.with_side)
        self._below.addWidget(self.alternatives)
        inner.addWidget(self._below, 1)
        self._body = QStackedWidget()
        self._body.addWidget(one)
        self._body.addWidget(self.batch)
        layout.addWidget(self._body, 1)
        line = (self.examples, self.history, self.from_file, self.sentence.preset, self.sentence.box)
        for before, after in itertools.pairwise(line):
            self.setTabOrder(before, after)
        self._typing = timers.once(self, TYPING_PAUSE_MS)
        self._typing.timeout.connect(self._tokenize)
        self.sentence.edited.connect(self._edited)
        self.sentence.masks_changed.connect(self._masks_changed)
        self.sentence.preset_chosen.connect(self.choose_preset)
        self.sentence.hovered.connect(self.focus.point_at)
        self.focus.pointed.connect(self.sentence.chips.link)
        self.pictures.sentence_wanted.connect(self.sentence.set_text)
        self.predictions.chosen.connect(self._put)
        self.predictions.joint_chosen.connect(self._put_chain)
        self.predictions.top_k_changed.connect(self._top_k_changed)
        self.predictions.mode_changed.connect(self._predict)
        self.answers.score.chosen.connect(self._put_scored)
        self.answers.failed.connect(self._say_problem)
        self.answers.stop_wanted.connect(self._stop_words)
        supervisor.message.connect(self._heard)
        supervisor.message.connect(self._heard_of_runs)
        self.sentence.surprise.toggled.connect(self.sweep.switch)
        self.sweep.changed.connect(lambda: self.sentence.show_surprise(self.sweep.bits, self.sweep.words))
        self.examples.chosen.connect(self.show_example)
        self.history.chosen.connect(self.show_prompt)
        self.history.failed.connect(self._say_problem)
        self.from_file.toggled.connect(self._show_batch)
        self.batch.closed.connect(lambda: self.from_file.setChecked(False))
        supervisor.state_changed.connect(self._state_changed)
        self.sentence.list_presets(settings.preset)
        self.sentence.set_text(settings.sentence or self.examples.examples[0].text)
        self._alive = False
        self.answers.say(STARTING)
        self._state_changed(supervisor.state)
        if self.history.history.warning:
            self._say_problem(protocol.Failed("history.broken", self.history.history.warning, "A new one was begun."))

    # ---------------------------------------------------------------------------------------- preset

    @property
    def preset(self) -> str:
        return str(self.sentence.preset.currentData() or self._settings.preset)

    def choose_preset(self, name: str) -> None:
        self._settings.preset = name
        self._list(name)
        self._prepare_batch()
        self._load()

    def _list(self, chosen: str, keep: bool = False) -> None:
        self.sentence.list_presets(chosen, keep)
        self.sentence.list_runs(self._runs)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        preset = self.preset
        self._background.run(lambda: _there_is(preset), self._has_seen, key="presets and runs")

    def _has_seen(self, there_is: "_ThereIs") -> None:
        """Since the page was last seen, some may have come or gone, bear another name, or have been replaced."""
        before, self._there_is = self._there_is, there_is
        shown = self.preset
        if (there_is.presets, there_is.runs) != (before.presets, before.runs):
            self._runs = there_is.runs
            self._list(shown, keep=True)
        if before.preset == there_is.preset == shown and before.stamp != there_is.stamp:
            self._load()

    def _load(self) -> None:
        self._forget_preset()
        if not self._alive:
            return
        self.answers.say(f"Reading the preset {self.preset} …")
        self._loads.ask(protocol.Load(self.preset), self._has_loaded, self._failed)

    def _forget_preset(self) -> None:
        self._loaded = None
        self.focus.forget()

    def _heard(self, envelope: protocol.Envelope, _: bytes) -> None:
        """A first answer has to be compiled: seconds, in which nothing is to look frozen."""
        if not isinstance(envelope.body, protocol.Phase) or not envelope.reply_to:
            return
        words = phase_words(envelope.body.name)
        if envelope.reply_to == self._loads.id:
            self.answers.say(f"Reading the model {self.sentence.preset.currentText()} … {words} …")
        elif envelope.reply_to == self._words.id:
            self.answers.say_busy(f"{words} …", stop=True)

    def _heard_of_runs(self, envelope: protocol.Envelope, _: bytes) -> None:
        """Words and pictures of a run that has kept another model since are of one that is no more."""
        if isinstance(envelope.body, protocol.Saved):
            folders = PurePath(envelope.body.path).parts
            if self.pictures.presets & {run_models.name_of(folder) for folder in folders}:
                self._load()

    def _stop_words(self) -> None:
        self._words.forget()
        self.answers.say("Stopped. Hide another word, or change the sentence, to ask again.")

    def _has_loaded(self, result: Any, _: bytes) -> None:
        self._loaded = result
        self.messages.say(None)
        self._tokenize()

    def _state_changed(self, state: Any) -> None:
        """A worker that has come (back) knows nothing of what an earlier one was told."""
        came, self._alive = state.alive and not self._alive, state.alive
        if came:
            QTimer.singleShot(0, self, self._load)  # the state changes before the new process can be written to
        elif not state.alive:
            self._forget_preset()
            self.answers.say("The worker is not running. Restart it to go on; the sentence is kept.")

    def _failed(self, failed: protocol.Failed) -> None:
        if failed.kind == "worker.lost":
            return  # the state says so, and the window has a card for it
        self._say_problem(failed)
        self.answers.say("No predictions: see the message above.")

    def _say_problem(self, failed: protocol.Failed) -> None:
        again = "Try again" if failed.kind.startswith("preset.") or not failed.kind else ""
        self.messages.say(ErrorCard(self._themes, failed, again, self._load))

    # -------------------------------------------------------------------------------- words and masks

    def _edited(self) -> None:
        kept = moved(self._spans.values(), self._spans_of, self.sentence.text)
        self._spans = {at: kept[span] for at, span in self._spans.items() if span in kept}
        self._spans_of = self.sentence.text
        self._settings.sentence = self.sentence.text
        self._words.forget()
        self.history.see(None)
        self._typing.start()

    def _masks_changed(self) -> None:
        if not self._typing.isActive():
            self._look()

    def _tokenize(self) -> None:
        self._typing.stop()
        if self._loaded is None:
            return
        command = protocol.Tokenize(self.preset, self.sentence.text)
        self._words.ask(command, self._has_tokens, self._has_no_tokens)

    def _has_tokens(self, result: Any, _: bytes) -> None:
        self.messages.say(None)
        self.sentence.show_tokens(result)
        self._look()

    def _has_no_tokens(self, failed: protocol.Failed) -> None:
        """Those of the text before would say that they are this one's."""
        self._failed(failed)
        self.alternatives.forget()
        self.sentence.forget_tokens()
        self.focus.forget()

    def _look(self) -> None:
        """At the sentence as it is now: its predictions and its pictures."""
        tokenized = self.sentence.tokenized
        if self._loaded is not None and tokenized is not None:
            self.focus.show_sentence(self._loaded, self.sentence.text, self.sentence.positions, tokenized)
        self._predict()

    def _predict(self) -> None:
        if self._loaded is None:
            return
        several = self.sentence.has_alternatives and self._loaded.head != "none"
        self._below.setCurrentWidget(self.alternatives if several else self.with_side)
        if several:
            self._words.forget()
            self.alternatives.ask(self.preset, self.sentence.masked.written())
            return
        if self._loaded.head == "none":
            self._words.forget()
            if self._loaded.task == "classify":
                self.answers.say_wordless(
                    "This is a classifier that a run trained from scratch: it knows classes, not words. Its pictures "
                    "are real; a word that you hide is [UNK] to it. To see its classes, open the run on the Runs page, "
                    "Try it. To see predictions, choose a preset with a pretrained head, such as fnet_small_en."
                )
                return
            if self._loaded.class_names:
                self.answers.say_wordless(_only_classes(self.preset, self._loaded.class_names))
                return
            self.answers.say_wordless(
                f"The preset {_title(self.preset)} has no head for predicting words: it was saved without one, and a "
                "random head would only make noise. Its mixing maps are real. To see predictions, choose a preset with "
                "a pretrained head, such as fnet_small_en."
            )
            return
        if not self.sentence.positions and not self.sentence.has_typed_mask:
            self._words.forget()
            self.answers.say(HINT)
            return
        shown = self.predictions
        command = protocol.FillMask(
            self.preset,
            self.sentence.text,
            self.sentence.positions,
            shown.top_k.currentData(),
            mode=shown.mode.currentData() if self._has_several_masks() else "independent",
            beam_width=shown.beam.currentData(),
        )
        if command.mode != "independent":
            self.answers.say_busy("Searching …", stop=True)
        self._words.ask(command, lambda result, _: self._has_answers(command, result), self._failed)

    def _has_several_masks(self) -> bool:
        typed = self.sentence.text.count("[MASK]")
        return typed + len(self.sentence.positions) > 1

    def _has_answers(self, question: protocol.FillMask, result: protocol.Filled) -> None:
        self.messages.say(None)
        text = question.text
        tokens = result.tokenized.tokens
        self._spans_of = text
        self._spans = {answer.position: _span(tokens[answer.position]) for answer in result.answers}
        originals = {at: text[begin:end].strip() for at, (begin, end) in self._spans.items()}
        self.answers.show_answers(question, result, originals)
        best = tuple(answer.candidates[0].text for answer in result.answers)
        spans = tuple(sorted(self.sentence.masked.spans))
        self.history.see(Prompt(text, question.preset, spans, best))

    def _put(self, position: int, candidate: protocol.Candidate) -> None:
        """Where the mask is now. Nothing, where it was typed into or filled since it was answered."""
        if position in self._spans:
            self.sentence.put(self._spans[position], candidate.text, joined=not candidate.piece.startswith("▁"))

    def _put_chain(self, chain: protocol.JointAnswer) -> None:
        positions = [answer.position for answer in self.predictions.filled.answers]
        if not self._spans.keys() >= set(positions):
            return
        places = [self._spans[position] for position in positions]
        self.sentence.put_all(
            [
                (span, item.text, not item.piece.startswith("▁"))
                for span, item in zip(places, chain.candidates, strict=True)
            ]
        )

    def _put_scored(self, scored: protocol.ScoredCandidate) -> None:
        """In the place of all the masks of the word that was scored."""
        filled, target = self.predictions.filled, self.answers.score.target
        if filled is None or target not in self._spans:
            return
        tokens = filled.tokenized.tokens
        last = target
        while last + 1 in self._spans and tokens[last + 1].word == tokens[target].word:
            last += 1
        span = (self._spans[target][0], self._spans[last][1])
        self.sentence.put(span, scored.text.removeprefix("…"), joined=not scored.pieces[0].piece.startswith("▁"))

    def _top_k_changed(self, value: int) -> None:
        self._settings.top_k = value
        self._prepare_batch()
        self._predict()

    # ------------------------------------------------------------------------------- other sentences

    def show_example(self, example: Example) -> None:
        self.from_file.setChecked(False)
        self.pictures.explaining.end_lesson()
        self.predictions.choose_mode(example.mode)
        self.sentence.surprise.setChecked(example.surprise)
        self.answers.tabs.setCurrentIndex(0)
        self.sentence.set_prompt(MaskedText(example.text))

    def show_prompt(self, prompt: Prompt) -> None:
        self.from_file.setChecked(False)
        if prompt.preset != self.preset and self.sentence.preset.findData(prompt.preset) >= 0:
            self.choose_preset(prompt.preset)
        self.sentence.set_prompt(MaskedText(prompt.text, frozenset(prompt.spans)))

    def _show_batch(self, on: bool) -> None:
        self._prepare_batch()
        self._body.setCurrentIndex(1 if on else 0)

    def dragEnterEvent(self, event: Any) -> None:
        if Path(dropped_path(event)).is_file():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """A file of sentences."""
        event.acceptProposedAction()
        self.from_file.setChecked(True)
        self.batch.read(Path(dropped_path(event)))

    def _prepare_batch(self) -> None:
        self.batch.prepare(self.preset, self.predictions.top_k.currentData())

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        self.sentence.resize_for(event.size().height())
        self.pictures.resize_for(event.size().height())
        self.with_side.set_usual(ANSWERS_PX if event.size().width() >= 1000 else NARROW_ANSWERS_PX)


class _ThereIs(NamedTuple):
    presets: tuple[tuple[str, str, str], ...] = ()
    """Name, head, and what is wrong with it."""
    runs: list[tuple[str, str]] = []  # noqa: RUF012 (never changed)
    preset: str = ""
    stamp: model_files.Stamp = ()
    """Of the files of that preset, the chosen one."""


def _there_is(preset: str) -> _ThereIs:
    try:
        stamp = model_files.stamp(preset)
    except UserError:
        stamp = ()
    listed = tuple((card.name, card.head, card.problem) for card in presets.list_presets())
    return _ThereIs(listed, _explorable_runs(), preset, stamp)


def _explorable_runs() -> list[tuple[str, str]]:
    """(id, name), newest first; no two names are the same."""
    kept = (record for record in run_store.list_runs()[0] if record.status != "running" and run_models.kept(record))
    found = list(itertools.islice(kept, MOST_RUNS))
    names = told_apart([Named(run_notes.name_of(record), record.began) for record in found])
    return [(record.id, name) for record, name in zip(found, names, strict=True)]


def _title(preset: str) -> str:
    """A run by the name that the user calls it by."""
    try:
        return run_notes.name_of(run_store.read(run_models.parse(preset).run)) if run_models.is_run(preset) else preset
    except UserError:
        return preset


def _only_classes(preset: str, class_names: tuple[str, ...]) -> str:
    how = "Runs page, Try it" if run_models.is_run(preset) else f"fnet-studio classify {preset} FILE, in a terminal"
    return (
        f"{_title(preset)} is a classifier ({presets.class_words(class_names)}): it knows classes, not words. Its "
        f"pictures are real. To see its classes: {how}."
    )


def _span(token: protocol.Token) -> tuple[int, int]:
    return token.begin, token.end
