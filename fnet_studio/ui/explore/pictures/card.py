"""The pictures of the sentence, one tab each: asked for while they are seen, compared, explained and exported."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.ui import timers
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.explore.pictures.answers import Answer, Answers
from fnet_studio.ui.explore.pictures.comparing import Comparing
from fnet_studio.ui.explore.pictures.controls import Controls
from fnet_studio.ui.explore.pictures.difference import compared, own_questions, questions
from fnet_studio.ui.explore.pictures.explaining import Explaining
from fnet_studio.ui.explore.pictures.explanations import Lesson
from fnet_studio.ui.explore.pictures.export_button import NOTHING, ExportButton, Shown
from fnet_studio.ui.explore.pictures.kinds import KINDS, Kind, in_its_place
from fnet_studio.ui.explore.pictures.plane import Plane, Scale
from fnet_studio.ui.explore.pictures.scene import Options, Scene
from fnet_studio.ui.widgets.shortened_label import ShortenedLabel

PAUSE_MS = 250
SLIDE_MS = 60
TITLE_BESIDE_PX = 560
"""From this width on a title has room beside the buttons; in a narrower card it stands above them."""
WAITING = "The picture of the sentence will be here once the model has read it."
STOPPED = "Stopped. Measure again, or choose another picture or sentence."


class PicturesCard(QFrame):
    """The drawing library is imported after the first paint of the page, so that the window opens quickly."""

    ready = Signal()
    sentence_wanted = Signal(str)
    """A worked example begins with this sentence."""

    def __init__(self, supervisor: Any, colours: Any, focus: Focus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._colours, self._focus = colours, focus
        self.answers = Answers(supervisor, self)
        self.controls = Controls()
        self.kind: Kind = KINDS[0]
        self.shown = NOTHING
        self._thumbnail = 64
        self.views: list[Any] = []
        self.strip: Any = None
        self._strip_of: Any = None
        self._looking = timers.once(self, PAUSE_MS)
        self._looking.timeout.connect(self.look)
        self._lay_out()
        focus.sentence_changed.connect(self._sentence_changed)
        focus.pointed.connect(self._mark)
        self.controls.changed.connect(self._option_changed)
        self.comparing.changed.connect(self.look)
        self.comparing.sentence_wanted.connect(self.sentence_wanted)
        self.explaining.begun.connect(self._set_up)
        self.answers.changed.connect(self._show)
        self.answers.progressed.connect(self._progressed)
        self.tabs.currentChanged.connect(self._tab_changed)
        self._tab_changed(0)

    @property
    def planes(self) -> list[Plane]:
        """What is shown now."""
        return self.shown.planes

    @property
    def presets(self) -> set[str]:
        """What is looked at, and what it is compared with."""
        scene = Scene.of(self._focus)
        other = self.comparing.other(scene) if scene is not None else None
        return {each.preset for each in (scene, other) if each is not None}

    # ------------------------------------------------------------------------------------------ layout

    def _lay_out(self) -> None:
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setAccessibleName("Kind of picture")
        for kind in KINDS:
            self.tabs.setTabToolTip(self.tabs.addTab(kind.tab), f"{kind.title}. {kind.is_not}")
        self.title = ShortenedLabel("section")
        self.is_not = QLabel()
        self.is_not.setProperty("role", "caption")
        self.is_not.setWordWrap(True)
        self.comparing = Comparing(self)
        self.explaining = Explaining(self)
        self.about, self.lessons, self.text = self.explaining.widgets
        self.export = ExportButton(lambda: self.shown)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop measuring")
        self.stop.clicked.connect(self._stop)
        self.stop.setVisible(False)
        self.again = QPushButton("Measure again")
        self.again.clicked.connect(self.look)
        self.again.setVisible(False)
        self.words = QLabel(WAITING)
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.line = QLabel(" ")
        self.line.setProperty("role", "caption")
        self.line.setTextFormat(Qt.TextFormat.PlainText)
        self.line.setWordWrap(True)
        self.export.said.connect(self.line.setText)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.lessons, self.export, self.about):
            buttons.addWidget(button)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(8)
        self._head.addWidget(self.title, 1)
        self._head.addLayout(buttons)
        for widget in self.comparing.widgets:
            self.controls.add(widget)
        self._pictures = QHBoxLayout()
        self._pictures.setSpacing(12)
        self._beside = QHBoxLayout()
        self._beside.setSpacing(16)
        self._beside.addWidget(self.words, 3)
        self._beside.addLayout(self._pictures, 3)
        self._beside.addWidget(self.text, 2)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 10, 16, 10)
        self._column.setSpacing(6)
        self._column.addWidget(self.tabs)
        self._column.addLayout(self._head)
        self._column.addWidget(self.is_not)
        self._column.addWidget(self.controls)
        self._column.addLayout(self._beside, 1)
        under = QHBoxLayout()
        under.setSpacing(8)
        under.addWidget(self.line, 1)
        under.addWidget(self.again)
        under.addWidget(self.stop)
        self._column.addLayout(under)

    def build(self) -> None:
        """The views, whose colours need the drawing library."""
        if self.views:
            return
        from fnet_studio.ui.explore.pictures.plane_view import PlaneView
        from fnet_studio.ui.widgets.layer_strip import LayerStrip

        for _ in range(2):
            view = PlaneView(self._colours)
            view.setVisible(False)
            view.read_out.connect(self._read)
            view.pointed.connect(self._focus.point_at)
            view.chosen.connect(self._token_chosen)
            self._pictures.addWidget(view)
            self.views.append(view)
        self.strip = LayerStrip(self._colours)
        self.strip.set_thumbnail_height(self._thumbnail)
        self.strip.chosen.connect(self.controls.choose_layer)
        self.strip.setVisible(False)
        self._column.addWidget(self.strip)
        self.ready.emit()
        self._show()

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._looking.start()
        if not self.views:
            QTimer.singleShot(30, self, self.build)

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._head.setDirection(beside if self.width() >= TITLE_BESIDE_PX else below)

    def hideEvent(self, event: Any) -> None:
        self._looking.stop()
        self.answers.stop()
        super().hideEvent(event)

    def resize_for(self, page_height: int) -> None:
        self._thumbnail = 56 if page_height >= 720 else 32
        self.is_not.setVisible(page_height >= 600)
        if self.strip is not None:
            self.strip.set_thumbnail_height(self._thumbnail)

    # ------------------------------------------------------------------------------------------ asking

    def show_kind(self, key: str) -> None:
        """The tab of a kind; what stands in the place of mixing maps is in theirs."""
        self.tabs.setCurrentIndex(next((index for index, kind in enumerate(KINDS) if kind.key == key), 0))

    def look(self) -> None:
        """Ask for what this picture of this sentence still lacks."""
        self._looking.stop()
        self.again.setVisible(False)
        scene = Scene.of(self._focus)
        self._suit(scene)
        self.controls.show_kind(self.kind, scene, self.comparing.kept is not None, self._compared(scene))
        self.comparing.show_scene(scene)
        self.explaining.show_scene(scene)
        if scene is None or not self.isVisible() or self.kind.unsuited(scene):
            self.answers.stop()
        else:
            self.answers.want(questions(self.kind, scene, self.controls.options, self.comparing))
        self._show()

    def _suit(self, scene: Scene | None) -> None:
        """Tabs and the kind of picture, to the model."""
        kind = in_its_place(KINDS[self.tabs.currentIndex()], scene, self.controls.options)
        self.tabs.setTabText(0, in_its_place(KINDS[0], scene, self.controls.options).tab)
        for index, each in enumerate(KINDS):
            reason = each.unsuited(scene) if scene is not None else ""
            self.tabs.setTabToolTip(index, reason or f"{each.title}. {each.is_not}")
        if kind is not self.kind:
            self._show_kind(kind)

    def _stop(self) -> None:
        self.answers.stop()
        self._say(STOPPED)
        self.stop.setVisible(False)
        self.again.setVisible(True)
        self.again.setFocus()

    def _sentence_changed(self) -> None:
        if self._focus.loaded is None:
            self.answers.forget()
            self._show()
        self._looking.start(PAUSE_MS)

    def _option_changed(self) -> None:
        if self.strip is not None:
            self.strip.choose(self.controls.options.layer)
        self._looking.start(SLIDE_MS)

    def _tab_changed(self, index: int) -> None:
        self._show_kind(in_its_place(KINDS[index], Scene.of(self._focus), self.controls.options))
        self.look()

    def _show_kind(self, kind: Kind) -> None:
        self.kind = kind
        self.title.setText(kind.title)
        self.is_not.setText(kind.is_not)
        self._read("")
        self.explaining.show_kind(kind.key)
        self._say("Measuring …")  # or another kind's picture would stand under this one's name

    def _token_chosen(self, token: int) -> None:
        scene = Scene.of(self._focus)
        if "token" in self.kind.controls and scene is not None and token < scene.count:
            self.controls.choose_token(token)

    def _progressed(self, words: str) -> None:
        self.stop.setVisible(bool(words) and words != "Measuring …")
        self._note = words
        self._read("")
        if words and not self.planes:
            self.words.setText(words)

    # ----------------------------------------------------------------------------------------- showing

    def _show(self) -> None:
        scene = Scene.of(self._focus)
        if scene is None:
            self._say(WAITING)
            return
        if not self.again.isHidden():
            return
        reason = self.kind.unsuited(scene)
        if reason:
            self._say(reason)
            return
        asked = questions(self.kind, scene, self.controls.options, self.comparing)
        problem = next(filter(None, map(self.answers.problem, asked)), None)
        planes, trouble = compared(self.kind, scene, self.controls.options, self.comparing, self.answers)
        if not planes or not self.views:
            if problem is not None and problem.kind != "worker.lost":
                self._say(f"{problem.message} {problem.advice}".strip())
            elif trouble:
                self._say(trouble)
            elif self.planes and self.answers.busy and self.words.isHidden():
                return  # the old picture stays until the new one is there
            else:
                self._say("Measuring …" if self.answers.busy else WAITING)
            return
        levels = self._levels(scene)
        if levels is not None:
            planes[0] = replace(planes[0], limits=levels)
        self.shown = Shown(self.kind.key, planes, self.scale, self._caption(scene))
        self.words.setVisible(False)
        self.export.setEnabled(True)
        for index, view in enumerate(self.views):
            if index < len(planes):
                view.titled = len(planes) > 1
                view.show_plane(planes[index], self.shown.scale)
                view.mark(self._focus.token)
            view.setVisible(index < len(planes))
        self.title.setText(planes[0].title if len(planes) == 1 else self.kind.title)
        self._show_strip(scene)
        self._read("")

    @property
    def scale(self) -> Scale:
        logarithmic = self.controls.options.log.get(self.kind.key, self.kind.log)
        return "log" if logarithmic and "log" in self.kind.controls else "linear"

    def _all_layers(self, scene: Scene) -> Answer | None:
        return self.answers.get(own_questions(self.kind, scene, self.controls.options)[1])

    def _levels(self, scene: Scene) -> tuple[float, float] | None:
        """The range of all layers, where the map is to share it."""
        options = self.controls.options
        whole = "strip" in self.kind.controls and not options.own_scale
        if not whole or self._compared(scene) or (self.kind.key == "attention" and options.head >= 0):
            return None
        maps = self._all_layers(scene)
        if maps is None:
            return None
        low, high = float(maps.arrays["maps"].min()), float(maps.arrays["maps"].max())
        if options.signed and "signed" in self.kind.controls:  # the maps are of log(1 + |M|)
            return -math.expm1(high), math.expm1(high)
        return low, high

    def _compared(self, scene: Scene | None) -> bool:
        """Whether a difference is drawn."""
        comparing = self.comparing
        return comparing.kept is not None or (scene is not None and comparing.other(scene) is not None)

    def _show_strip(self, scene: Scene) -> None:
        wanted = "strip" in self.kind.controls
        maps = self._all_layers(scene) if wanted else None
        if maps is not None and maps is not self._strip_of:
            from fnet_studio.ui.explore.pictures.plane import shades
            from fnet_studio.ui.widgets.atlas import Atlas

            values = maps.arrays["maps"]
            if len(set(scene.mixings)) > 1:  # probabilities and log(1 + |M|) have no scale in common
                values = values / np.maximum(values.max((1, 2), keepdims=True), 1e-30)
            low, high = float(values.min()), float(values.max())
            pixels = shades(values, low, high if high > low else low + 1, "linear")
            self.strip.show_atlas(Atlas(np.ascontiguousarray(pixels), low, high))
            self._strip_of = maps
        if maps is not None:
            self.strip.choose(self.controls.options.layer)
        self.strip.setVisible(wanted and self._strip_of is not None)

    def _say(self, words: str) -> None:
        self.shown = NOTHING
        self.export.setEnabled(False)
        self.words.setText(words)
        self.words.setVisible(True)
        for view in self.views:
            view.setVisible(False)
        if self.strip is not None:
            self.strip.setVisible(False)

    def _mark(self, token: int) -> None:
        for view in self.views:
            view.mark(token)

    _note = ""

    def _read(self, words: str) -> None:
        self.line.setText(words or self._note or self._hint())

    def _hint(self) -> str:
        compared = self.comparing.words(Scene.of(self._focus))
        if compared:
            return f"Difference to {compared}"
        return "Point at the picture to read its numbers." if self.planes else " "

    # --------------------------------------------------------------------------------- lessons, exporting

    def _set_up(self, lesson: Lesson) -> None:
        """Its sentence and its picture, with nothing left of what was chosen before."""
        self.controls.options = Options(keep_zero=lesson.keep_zero)
        self.comparing.remember(None)
        self.show_kind(lesson.picture)
        self.sentence_wanted.emit(lesson.sentence)
        self._looking.start(PAUSE_MS)

    def _caption(self, scene: Scene) -> str:
        chosen, compared = self.kind.chosen(scene, self.controls.options), self.comparing.words(scene)
        words = f"{self.kind.title}{chosen and f': {chosen}'}. {self.kind.is_not} {scene.words()}"
        return words + (f", less {compared}" if compared else "")
