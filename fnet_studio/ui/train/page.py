"""Train: the recipe at the left, the live run at the right."""

from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_state import phase_words
from fnet_studio.ui.cards import ConfirmCard, EmptyState, ErrorCard
from fnet_studio.ui.parts import button
from fnet_studio.ui.train.live_run import LiveRun, PictureStream
from fnet_studio.ui.train.recipe_form import RecipeForm
from fnet_studio.ui.train.results_card import ResultsCard
from fnet_studio.ui.widgets.figures import count
from fnet_studio.ui.widgets.page_header import PageHeader
from fnet_studio.ui.widgets.run_card import RunCard, RunFigures

FORM_PX = 380
PREPARE_MS = 300
"""After the page is seen: long enough for its first paint."""


class TrainPage(QWidget):
    def __init__(self, supervisor: Any, theme_source: Any, settings: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes, self._settings = theme_source, settings
        self.run = LiveRun(supervisor, self)
        self.pictures = PictureStream(supervisor, self)
        self.panels: Any = None
        self._shown_run = 0
        self._ended = False
        self._alive = supervisor.state.alive
        self._supervisor = supervisor
        self.form = RecipeForm(theme_source, settings.imdb_path)
        self.card = RunCard(theme_source)
        self.message: QWidget | None = None
        self.start_button = button("Start", theme_source, "play", "primary", self.start, "Start the run (Ctrl+Enter)")
        self.keep_button = button(
            "Stop and keep",
            theme_source,
            "square",
            "",
            lambda: self.stop("keep"),
            "End the run and keep its model",
        )
        self.discard_button = button(
            "Discard", theme_source, "trash-2", "danger", self.confirm_discard, "End the run and remove what it wrote"
        )
        header = PageHeader("Train", "Teach a model by a recipe, on any texts, and watch it learn.")
        for widget in (self.start_button, self.keep_button, self.discard_button):
            header.add_action(widget)
        left = _scrolling(self.form)
        left.setFixedWidth(FORM_PX)
        left.setAccessibleName("Recipe")
        inner = QWidget()
        inner.setProperty("page", True)
        self._right = QVBoxLayout(inner)
        self._right.setContentsMargins(0, 0, 4, 0)
        self._right.setSpacing(12)
        self._messages = QVBoxLayout()
        self._right.addWidget(self.card)
        self._right.addLayout(self._messages)
        self.empty = EmptyState(
            theme_source,
            "chart-line",
            "No run yet",
            "Choose a recipe at the left and press Start. Loss, accuracy and mixing maps will move here.",
        )
        self._right.addWidget(self.empty, 1)
        body = QHBoxLayout()
        body.setSpacing(16)
        body.addWidget(left)
        self._scroll = _scrolling(inner)
        body.addWidget(self._scroll, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(header)
        layout.addLayout(body, 1)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self.start)
        self.run.pulled.connect(self._pull)
        self.form.path.changed.connect(self._path_changed)
        self.form.preview_wanted.connect(self._look_at)
        self.form.recipe_refused.connect(lambda error: self._say(ErrorCard(self._themes, error)))
        supervisor.state_changed.connect(self._worker_changed)
        self._enable()

    # --------------------------------------------------------------------------------------- actions

    def start(self) -> None:
        """Begin the run that the form describes, or say what is wrong with it."""
        if self.run.running:
            return
        problems = self.form.problems
        if problems:
            self._say(ErrorCard(self._themes, UserError("recipe.invalid", "The recipe is not ready.", problems[0])))
            self.form.focus_problem()
            return
        self._say(None)
        recipe = self.form.recipe()
        self.run.start(recipes.to_mapping(recipe), recipe.name)

    def stop(self, mode: str) -> None:
        self._say(None)
        self.run.stop(mode)

    def confirm_discard(self) -> None:
        self._ask(
            "Discard this run?",
            "It ends now, and what it wrote is removed.",
            [("discard", "Discard", "danger"), ("", "Keep running", "")],
        )

    def _ask(self, question: str, words: str, choices: list[tuple[str, str, str]]) -> None:
        if self.run.running:
            card = ConfirmCard(self._themes, question, words, choices)
            card.answered.connect(lambda mode: self.stop(mode) if mode else self._say(None))
            self._say(card)
            card.setFocus()

    def _say(self, card: QWidget | None) -> None:
        """One message at a time above the pictures."""
        if self.message is not None:
            self.message.hide()
            self.message.deleteLater()
        self.message = card
        if card is not None:
            self._messages.addWidget(card)
            self._scroll.verticalScrollBar().setValue(0)

    # ------------------------------------------------------------------------------------------ pull

    def _pull(self, changed: set[str]) -> None:
        state = self.run.state
        if state.status != "idle" and state.command != self._shown_run:
            self._begin()
        if self.panels is not None:
            if "metrics" in changed:
                self.panels.show_metrics(state)
                self.card.set_speeds(state.tokens_per_s)
            if "evaluations" in changed:
                self.panels.show_evaluations(state)
            if "annotations" in changed:
                self.panels.show_annotations(state)
            if "frame" in changed and state.frame is not None:
                self.pictures.arrived()
                if not self.panels.show_frame(state.frame, state.frame_blob, self._probe()):
                    self.pictures.painted()
        self.card.show_figures(self._figures())
        if "status" in changed:
            self._enable()
            if state.status in ("finished", "stopped", "paused", "failed"):
                self._end()

    def _begin(self) -> None:
        self._shown_run = self.run.state.command
        self._ended = False
        self._say(None)
        self.prepare()
        self.empty.setVisible(False)
        self._right.addWidget(self.panels, 1)
        self.panels.setVisible(True)
        self.panels.begin(self._probe())
        self.pictures.watch(self.isVisible())

    def prepare(self) -> None:
        """Make the live panels, unseen, so that no run has to wait for them. Does nothing the second time."""
        if self.panels is None:
            from fnet_studio.ui.train.panels import LivePanels

            self.panels = LivePanels(self._themes, self._settings.smoothing, self)
            self.panels.setVisible(False)
            self.panels.painted.connect(self.pictures.painted)
            self.panels.maps.zero_switched.connect(self.pictures.set_keep_zero)
            self.panels.chart.smoothing_changed.connect(self._smoothing_changed)

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        state = self.run.state
        if state.failure is not None and state.failure.kind == "worker.lost" and state.started is not None:
            self._say(self._cut_off_card(state.started.run, state.step[-1] if state.step else 0))
        elif state.failure is not None:
            self._say(ErrorCard(self._themes, state.failure, "Start again", self.start))
        else:
            self._say(ResultsCard(self._themes, state))

    def _cut_off_card(self, run: str, step: int) -> ErrorCard:
        """The window's own card says what happened to the worker; this one says what that means for the run."""
        words = UserError(
            "run.cut-off",
            f"The run was cut off after step {count(step)}." if step else "The run was cut off before its first step.",
            "It can go on from its newest checkpoint. Checkpoints are written after each epoch and every minute.",
        )
        return ErrorCard(self._themes, words, "Go on", lambda: self.run.resume(run), tone="warning")

    def _probe(self) -> str:
        started = self.run.state.started
        if started is not None:
            return str(started.recipe.get("observe", {}).get("probe", ""))
        return self.form.rows["observe.probe"].text

    def _figures(self) -> RunFigures:
        state = self.run.state
        if state.status == "idle":
            return RunFigures(title="Press Start when the recipe is right")
        best = state.best_validation()
        compiling = state.phase_times.get("compiling", 0.0)
        if state.phase == "compiling":
            compiling += self.run.phase_s()
        speed = state.tokens_per_s[-1] if state.tokens_per_s else -1.0
        return RunFigures(
            status=state.status,
            title=str(state.started.recipe.get("name", "")) if state.started else "",
            phase=phase_words(state.phase) if state.phase else "",
            done=state.progress.done,
            total=state.phase_total,
            unit=state.phase_unit,
            elapsed_s=self.run.elapsed_s(),
            left_s=state.progress.left_s,
            compile_s=compiling if compiling else -1.0,
            tokens_per_s=speed,
            best_accuracy=best.accuracy if best else -1.0,
            best_step=best.step if best else -1,
        )

    def _enable(self) -> None:
        running = self.run.running
        self.start_button.setVisible(not running)
        self.keep_button.setVisible(running)
        self.discard_button.setVisible(running)

    # ---------------------------------------------------------------------------------------- events

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

    def _smoothing_changed(self, weight: float) -> None:
        self._settings.smoothing = weight

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self.empty.words.setFixedWidth(360)
        # the card's label is centred, and a centred label of several lines claims the height of one
        self.empty.words.setMinimumHeight(self.empty.words.heightForWidth(self.empty.words.width()))
        self.run.show(True)
        self.pictures.watch(self.run.running)
        QTimer.singleShot(PREPARE_MS, self, self.prepare)
        self.form.refresh()

    def hideEvent(self, event: Any) -> None:
        self.run.show(False)
        self.pictures.watch(False)
        super().hideEvent(event)


def _scrolling(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    widget.setProperty("page", True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area
