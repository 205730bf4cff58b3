"""Train: the recipe at the left, the live run at the right."""

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.core import protocol, provenance, queue, sweep
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.ui.cards import EmptyState
from fnet_studio.ui.keys import Keys
from fnet_studio.ui.parts import bring_into_view, scrolling
from fnet_studio.ui.train.actions import Actions
from fnet_studio.ui.train.failure_cards import Recovery
from fnet_studio.ui.train.grid_card import GridCard
from fnet_studio.ui.train.live_run import LiveRun
from fnet_studio.ui.train.live_view import LiveView
from fnet_studio.ui.train.messages import TrainMessages
from fnet_studio.ui.train.queue_panel import QueuePanel
from fnet_studio.ui.train.queue_runner import QueueRunner
from fnet_studio.ui.train.recipe_form import RecipeForm
from fnet_studio.ui.train.reproducer import Reproducer
from fnet_studio.ui.train.run_controls import RunControls
from fnet_studio.ui.train.run_figures import figures_of, planning_figures
from fnet_studio.ui.train.run_starter import RunStarter
from fnet_studio.ui.widgets.run_card import RunCard
from fnet_studio.ui.widgets.side import WithSide

FORM_PX = 384
PREPARE_MS = 300
"""After the page is seen: long enough for its first paint."""
ENDED = ("finished", "stopped", "paused", "failed")


class TrainPage(QWidget):
    """Puts together what the others own: the form its recipe, `LiveRun` the run, `RunStarter` what comes before it,
    `QueueRunner` what comes after."""

    when_done_wanted = Signal(str)
    """The queue has been worked off: a key of `ui.when_done.WORDS`."""

    def __init__(self, supervisor: Any, theme_source: Any, settings: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._settings = supervisor, theme_source, settings
        self.run = LiveRun(supervisor, self)
        self.starter = RunStarter(supervisor, self)
        self.queue = QueueRunner(supervisor, self.starter, self)
        self.live = LiveView(supervisor, theme_source, settings)
        self.pictures = self.live.pictures
        self._shown_run = (0, 0.0)
        """Command and beginning of the run in the pictures: another worker counts its commands from the start."""
        self._ended = self._offered = False
        self._plan_began = 0.0
        self._alive = supervisor.state.alive
        self.form = RecipeForm(theme_source, settings.imdb_path)
        self.recovery = Recovery(supervisor, theme_source, self.run, self.form)
        self.card = RunCard(theme_source)
        self.controls = RunControls(theme_source)
        self.card.add_foot(self.controls)
        self.messages = TrainMessages(theme_source, self.form, self.starter, self.recovery)
        self.reproducer = Reproducer(theme_source, self.run, self.reproduce)
        self.grid = GridCard(theme_source, self.form)
        self.queue_panel = QueuePanel(theme_source, self)
        self._lay_out()
        self._connect()
        self._enable()

    def _lay_out(self) -> None:
        themes = self._themes
        self.header = header = Actions(themes)
        self.start_button, self.check_button, self.queue_button = header.start, header.check, header.queue
        self.cancel_button, self.keep_button, self.discard_button = header.cancel, header.keep, header.discard
        left = scrolling(self.form)
        left.setAccessibleName("Recipe")
        inner = QWidget()
        self._right = QVBoxLayout(inner)
        self._right.setContentsMargins(0, 0, 4, 0)
        self._right.setSpacing(12)
        self._right.addWidget(self.card)
        self._right.addWidget(self.messages)
        self._right.addWidget(self.reproducer.card)
        self._right.addWidget(self.grid)
        self._right.addWidget(self.queue_panel)
        self.empty = EmptyState(
            themes,
            "chart-line",
            "No run yet",
            "Choose a recipe and press Start. Loss, accuracy and mixing maps will move here.",
            "Reproduce the published example",
            self.reproduce,
        )
        self.empty.action.setProperty("kind", "")
        self._right.addWidget(self.empty, 1)
        self._right.addWidget(self.live, 1)
        self._scroll = scrolling(inner)
        self.with_side = WithSide("train", "the recipe", left, self._scroll, FORM_PX, themes, self._settings)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(header)
        layout.addWidget(self.with_side, 1)

    def _connect(self) -> None:
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self.start)
        header = self.header
        header.start_wanted.connect(self.start)
        header.check_wanted.connect(self.check)
        header.queue_wanted.connect(self.enqueue)
        header.several_wanted.connect(self.show_grid)
        self.grid.add_wanted.connect(self.enqueue_several)
        header.cancel_wanted.connect(self.starter.cancel)
        header.keep_wanted.connect(lambda: self.stop("keep"))
        header.discard_wanted.connect(self.confirm_discard)
        self.messages.discard_wanted.connect(lambda: self.stop("discard"))
        self.messages.shown.connect(lambda: self._scroll.verticalScrollBar().setValue(0))
        controls = self.controls
        controls.pause_wanted.connect(self.pause)
        controls.free_wanted.connect(self.pause_and_free)
        controls.checkpoint_wanted.connect(self.checkpoint)
        controls.evaluate_wanted.connect(self.evaluate)
        controls.hurry_wanted.connect(lambda: self.run.stop("keep"))
        self.run.pulled.connect(self._pull)
        self.run.requests_changed.connect(self._enable)
        self.run.answered.connect(controls.show_note)
        self.starter.changed.connect(self._planning_changed)
        self.starter.starting.connect(self.run.send)
        self.queue.changed.connect(self._queue_changed)
        self.queue.finished.connect(self._queue_finished)
        self.queue.refused.connect(self.messages.refuse)
        self.queue_panel.run_wanted.connect(self.queue.start)
        self.queue_panel.pause_wanted.connect(self.queue.pause)
        self.queue_panel.refused.connect(self.messages.refuse)
        self.recovery.start_wanted.connect(self.start)
        form = self.form
        form.path.changed.connect(self._path_changed)
        form.preview_wanted.connect(self._look_at)
        form.copy_wanted.connect(self.copy_command)
        form.picker.example_wanted.connect(self.reproduce)
        self._supervisor.state_changed.connect(self._worker_changed)
        self._supervisor.stopping_changed.connect(self._enable)
        self._supervisor.message.connect(self._heard)

    # --------------------------------------------------------------------------------------- actions

    def show_form(self) -> RecipeForm:
        """The form, in sight even if it was hidden."""
        self.with_side.reveal()
        return self.form

    def start(self) -> None:
        """Estimate what the form describes, then run it; or say what is wrong with it."""
        if not self.run.running and not self.starter.planning:
            self._with_recipe(self.starter.start)

    def check(self) -> None:
        """Estimate what the form describes, and show what comes of it."""
        if not self.run.running and not self.starter.planning:
            self._with_recipe(self.starter.check)

    def enqueue(self) -> None:
        self._with_recipe(lambda recipe: self._let_wait([recipe]))

    def enqueue_several(self) -> None:
        """The form's recipe with the values that were chosen."""
        self._with_recipe(lambda recipe: self._let_wait(sweep.over(recipe, self.grid.chosen)))

    def _let_wait(self, chosen: list[recipes.Recipe]) -> None:
        entries = [queue.add(recipes.to_mapping(one), one.name) for one in chosen]
        self.grid.hide()
        self.queue_panel.refresh()
        self.queue_panel.select(entries[0].id)

    def show_grid(self) -> None:
        """To choose what several runs of this recipe differ in."""
        self.grid.open()
        bring_into_view(self.grid)

    def copy_command(self) -> None:
        def copy(recipe: recipes.Recipe) -> None:
            QGuiApplication.clipboard().setText(provenance.as_command(recipes.with_whole_paths(recipe)))
            self.form.picker.say_copied()

        self._with_recipe(copy)

    def _with_recipe(self, do: Callable[[recipes.Recipe], object]) -> None:
        """Do something with the form's recipe, if it is right."""
        problems = self.form.problems
        if problems:
            self.messages.not_ready(problems[0])
            self.show_form().focus_problem()
            return
        self.messages.clear()
        try:
            do(self.form.recipe())
        except UserError as error:
            self.messages.refuse(error)

    def reproduce(self) -> None:
        """FNet, then the Transformer, as published; the queue works them off."""
        path = self._settings.imdb_path
        self.reproducer.open()
        try:
            added = self.reproducer.add_to_queue(path)
        except UserError as error:
            self.form.choose("imdb-fnet")
            self.messages.refuse(error)
            self.form.path.edit.setFocus()
            return
        self.messages.clear()
        self.queue_panel.refresh()
        if added:
            self.queue.start()

    def pause(self) -> None:
        """Hold the run, or let it go on."""
        if self.controls.go_on.isVisible() or self.controls.pause.isEnabled():
            self.run.pause()

    def pause_and_free(self) -> None:
        if self.run.running:
            self.stop("pause")

    def checkpoint(self) -> None:
        if self.controls.checkpoint.isEnabled():
            self.run.checkpoint()

    def evaluate(self) -> None:
        if self.controls.evaluate.isEnabled():
            self.run.evaluate()

    def stop(self, mode: str) -> None:
        self.messages.clear()
        self.run.stop(mode)

    def confirm_discard(self) -> None:
        if self.run.running:
            self.messages.ask_to_discard()

    @property
    def panels(self) -> Any:
        """The live panels, or None before a run needed them."""
        return self.live.panels

    @property
    def message(self) -> Any:
        """The card above the pictures, or None."""
        return self.messages.card

    # ------------------------------------------------------------------------------------ before a run

    def _planning_changed(self) -> None:
        if self.starter.planning:
            if self.card.figures.status != "planning":
                self._plan_began = time.monotonic()
                self.messages.clear()
            elapsed_s = time.monotonic() - self._plan_began
            title = "Estimating time, memory and disk"
            self.card.show_figures(planning_figures(title, self.starter.phase, self.starter.done, elapsed_s))
        else:
            self.card.show_figures(self._figures())
        self._enable()

    def use_keys(self, keys: Keys) -> None:
        controls = self.controls
        for name, do, buttons in (
            ("pause", self.pause, (controls.pause, controls.go_on)),
            ("free", self.pause_and_free, (controls.free,)),
            ("checkpoint", self.checkpoint, (controls.checkpoint,)),
            ("evaluate", self.evaluate, (controls.evaluate,)),
        ):
            keys.bind(name, self, do, page=True)
            keys.tip(name, *buttons)

    def _queue_finished(self) -> None:
        action = self.queue_panel.take_when_done()
        if action != "stay":
            self.when_done_wanted.emit(action)

    def _queue_changed(self) -> None:
        self.queue_panel.show_active(self.queue.active)

    # ------------------------------------------------------------------------------------------ pull

    def _pull(self, changed: set[str]) -> None:
        state = self.run.state
        if state.status != "idle" and (state.command, state.began) != self._shown_run:
            self._begin()
        self.live.pull(changed, state, self._probe())
        if "metrics" in changed:
            self.card.set_speeds(state.tokens_per_s)
        if not self.starter.planning:
            self.card.show_figures(self._figures())
        if changed & {"status", "evaluations"}:
            self.reproducer.refresh()
        if changed & {"status", "phase", "metrics"}:
            self._enable()
        if "status" in changed and state.status in ENDED:
            self._end()

    def _begin(self) -> None:
        self._shown_run = (self.run.state.command, self.run.state.began)
        self._ended = False
        self.messages.clear()
        self.controls.show_note("")
        self.empty.setVisible(False)
        self.live.begin(self._probe(), self.isVisible())

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        state = self.run.state
        self.messages.show_end(state, self.run.id)
        self.reproducer.refresh()

    def _offer(self) -> None:
        if not self.run.running:
            self.messages.offer()

    def _probe(self) -> str:
        started = self.run.state.started
        if started is not None:
            return str(started.recipe.get("observe", {}).get("probe", ""))
        return self.form.rows["observe.probe"].text

    def _figures(self) -> Any:
        return figures_of(self.run.state, self.run.elapsed_s(), self.run.phase_s())

    def _enable(self) -> None:
        state = self.run.state
        stop_words = self._supervisor.stop_words if self.run.running else ""
        self.header.show_state(running=self.run.running, planning=self.starter.planning, stopping=bool(stop_words))
        self.controls.show_state(
            running=self.run.running,
            began=bool(state.step),
            held=state.held,
            pausing=self.run.pausing,
            asked=frozenset(self.run.requests),
            stop_words=stop_words,
        )

    # ---------------------------------------------------------------------------------------- events

    def _heard(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        """A run that has finished, also unseen, may want another one. The queue sees to its own."""
        body = envelope.body
        if isinstance(body, protocol.RunStarted):  # it has just read its data
            self.form.look_again()
        if isinstance(body, protocol.Done) and isinstance(body.result, protocol.RunFinished) and not self.queue.at_work:
            run = body.result.run
            QTimer.singleShot(0, self, lambda: self.starter.follow(run))

    def _worker_changed(self, state: Any) -> None:
        came, self._alive = state.alive and not self._alive, state.alive
        if came:
            self.pictures.restart()
            if self.run.running:
                self.pictures.watch(self.isVisible())

    def _path_changed(self, path: str) -> None:
        if self.form.rows["data.source"].text == "imdb" and not self.form.path.error:
            self._settings.imdb_path = path

    def _look_at(self, path: str) -> None:
        self._supervisor.ask(
            protocol.PreviewData(path),
            on_done=lambda preview, _blob: self.form.show_preview(preview),
            on_failed=lambda failed: self.form.fail_preview(path, failed),
        )

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.run.show(True)
        self.pictures.watch(self.run.running)
        self.queue_panel.watch(True)
        self.form.refresh()
        QTimer.singleShot(PREPARE_MS, self, self.live.prepare)
        if not self._offered:
            self._offered = True
            QTimer.singleShot(PREPARE_MS, self, self._offer)

    def hideEvent(self, event: Any) -> None:
        self.run.show(False)
        self.pictures.watch(False)
        self.queue_panel.watch(False)
        super().hideEvent(event)
