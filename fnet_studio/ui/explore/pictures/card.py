"""The pictures of the sentence, one tab each: asked for while they are seen, compared, explained and exported."""

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QStandardPaths, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QTabBar,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core.errors import UserError
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.explore.pictures import explanations
from fnet_studio.ui.explore.pictures.answers import Answers
from fnet_studio.ui.explore.pictures.controls import Controls
from fnet_studio.ui.explore.pictures.explanations import Lesson
from fnet_studio.ui.explore.pictures.kinds import KINDS, Kind
from fnet_studio.ui.explore.pictures.plane import Plane, Scale
from fnet_studio.ui.explore.pictures.scene import Scene

PAUSE_MS = 250
SLIDE_MS = 60
WAITING = "The picture of the sentence will be here once the model has read it."


class ShortenedLabel(QLabel):
    """Ends in … where there is no room for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumWidth(60)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: Any) -> None:
        painter = QPainter(self)
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)


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
        self.planes: list[Plane] = []
        """What is shown now."""
        self._pinned: Scene | None = None
        self._lesson: Lesson | None = None
        self._thumbnail = 64
        self.views: list[Any] = []
        self.strip: Any = None
        self._strip_of: Any = None
        self._looking = QTimer(self, interval=PAUSE_MS, singleShot=True)
        self._looking.timeout.connect(self.look)
        self._lay_out()
        focus.sentence_changed.connect(self._sentence_changed)
        focus.pointed.connect(self._mark)
        self.controls.changed.connect(self._option_changed)
        self.answers.changed.connect(self._show)
        self.answers.progressed.connect(self._progressed)
        self.tabs.currentChanged.connect(self._tab_changed)
        self._tab_changed(0)

    # ------------------------------------------------------------------------------------------ layout

    def _lay_out(self) -> None:
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setAccessibleName("Kind of picture")
        for kind in KINDS:
            self.tabs.setTabToolTip(self.tabs.addTab(kind.tab), f"{kind.title}. {kind.is_not}")
        self.title = ShortenedLabel()
        self.title.setProperty("role", "section")
        self.is_not = QLabel()
        self.is_not.setProperty("role", "caption")
        self.is_not.setWordWrap(True)
        self.about = QPushButton("Explain")
        self.about.setCheckable(True)
        self.about.setShortcut("F1")
        self.about.setToolTip("What the picture shows, and what to look for (F1)")
        self.about.toggled.connect(self._explain)
        self.pin = QCheckBox("Compare")
        self.pin.setToolTip(
            "Remember this sentence and preset: when you change either, every picture shows the difference to them."
        )
        self.pin.toggled.connect(self._pin)
        self.lessons = QPushButton("Lessons")
        self.lessons.setToolTip("Worked examples: a sentence, a picture, and what to see")
        menu = QMenu(self.lessons)
        for lesson in explanations.lessons():
            menu.addAction(lesson.title).triggered.connect(lambda _=False, lesson=lesson: self.begin(lesson))
        self.lessons.setMenu(menu)
        self.export = QPushButton("Export")
        menu = QMenu(self.export)
        for ending, words in (("png", "PNG image"), ("svg", "SVG drawing"), ("pdf", "PDF page"), ("csv", "CSV table"),
                              ("npz", "NumPy arrays (NPZ)")):  # fmt: skip
            menu.addAction(f"{words} …").triggered.connect(lambda _=False, ending=ending: self._ask_where(ending))
        menu.addSeparator()
        menu.addAction("Copy as an image").triggered.connect(self.copy_image)
        menu.addAction("Copy the numbers").triggered.connect(self.copy_numbers)
        self.export.setMenu(menu)
        self.export.setEnabled(False)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("Stop measuring; another picture or sentence begins anew")
        self.stop.clicked.connect(self.answers.stop)
        self.stop.setVisible(False)
        self.words = QLabel(WAITING)
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.line = QLabel(" ")
        self.line.setProperty("role", "caption")
        self.line.setTextFormat(Qt.TextFormat.PlainText)
        self.line.setWordWrap(True)
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setAccessibleName("Explanation")
        self.text.setVisible(False)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        for button in (self.lessons, self.export, self.about):
            head.addWidget(button)
        self.controls.add(self.pin)
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
        self._column.addLayout(head)
        self._column.addWidget(self.is_not)
        self._column.addWidget(self.controls)
        self._column.addLayout(self._beside, 1)
        under = QHBoxLayout()
        under.setSpacing(8)
        under.addWidget(self.line, 1)
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
        self.tabs.setCurrentIndex(next(index for index, kind in enumerate(KINDS) if kind.key == key))

    def look(self) -> None:
        """Ask for what this picture of this sentence still lacks."""
        self._looking.stop()
        scene = Scene.of(self._focus)
        self.controls.show_kind(self.kind, scene)
        if scene is None or not self.isVisible():
            self.answers.stop()
        else:
            scenes = [scene] if self._pinned in (None, scene) else [scene, self._pinned]
            self.answers.want([question for it in scenes for question in self._questions(it)])
        self._show()

    def _questions(self, scene: Scene) -> list[Any]:
        return [scene.asks(question) for question in self.kind.questions(scene, self.controls.options)]

    def _sentence_changed(self) -> None:
        if self._lesson is not None and self._focus.text not in ("", self._lesson.sentence):
            self._lesson = None
            self._explain(self.about.isChecked())
        if self._focus.loaded is None:
            self.answers.forget()
            self._show()
        self._looking.start(PAUSE_MS)

    def _option_changed(self) -> None:
        if self.strip is not None:
            self.strip.choose(self.controls.options.layer)
        self._looking.start(SLIDE_MS)

    def _tab_changed(self, index: int) -> None:
        self.kind = KINDS[index]
        self.title.setText(self.kind.title)
        self.is_not.setText(self.kind.is_not)
        self._read("")
        if self._lesson is not None and self._lesson.picture != self.kind.key:
            self._lesson = None
        self._explain(self.about.isChecked())
        self._say("Measuring …")  # or another kind's picture would stand under this one's name
        self.look()

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

    def _planes_of(self, scene: Scene) -> list[Plane]:
        answers = [self.answers.get(question) for question in self._questions(scene)]
        return self.kind.planes(scene, self.controls.options, answers)

    def _show(self) -> None:
        scene = Scene.of(self._focus)
        if scene is None:
            self._say(WAITING)
            return
        problem = next(filter(None, (self.answers.problem(it) for it in self._questions(scene))), None)
        planes, trouble = self._planes_of(scene), ""
        if self._pinned is not None and self._pinned != scene:
            planes, trouble = self._differences(planes, self._planes_of(self._pinned))
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
        self.planes = planes
        self.words.setVisible(False)
        self.export.setEnabled(True)
        levels = self._levels(scene)
        for index, view in enumerate(self.views):
            if index < len(planes):
                view.titled = len(planes) > 1
                view.show_plane(planes[index], self.scale, levels if index == 0 else None)
                view.mark(self._focus.token)
            view.setVisible(index < len(planes))
        self.title.setText(planes[0].title if len(planes) == 1 else self.kind.title)
        self._show_strip(scene)
        self._read("")

    @property
    def scale(self) -> Scale:
        logarithmic = self.controls.options.log.get(self.kind.key, self.kind.log)
        return "log" if logarithmic and "log" in self.kind.controls else "linear"

    def _differences(self, planes: list[Plane], pinned: list[Plane]) -> tuple[list[Plane], str]:
        """Of what both sides have. Words when there is none."""
        found = []
        for plane, other in zip(planes, pinned):
            if plane.rows.names and plane.rows.short == "word" and plane.rows.names != other.rows.names:
                continue  # other words: nothing to subtract
            try:
                found.append(plane.less(other))
            except ValueError as error:
                return [], f"{error} Compare sentences of as many tokens, or presets of one shape."
        waiting = self.answers.busy or not planes or not pinned
        return found, "" if found or waiting else "The two have no words in common to compare."

    def _levels(self, scene: Scene) -> tuple[float, float] | None:
        """The range of all layers, where the map is to share it."""
        options = self.controls.options
        if self.kind.key != "mixing" or options.own_scale or options.signed or self._pinned not in (None, scene):
            return None
        maps = self.answers.get(self._questions(scene)[1])
        return None if maps is None else (float(maps.arrays["maps"].min()), float(maps.arrays["maps"].max()))

    def _show_strip(self, scene: Scene) -> None:
        wanted = "strip" in self.kind.controls
        maps = self.answers.get(self._questions(scene)[1]) if wanted else None
        if maps is not None and maps is not self._strip_of:
            from fnet_studio.ui.explore.pictures.plane import shades
            from fnet_studio.ui.widgets.atlas import Atlas

            values = maps.arrays["maps"]
            low, high = float(values.min()), float(values.max())
            pixels = shades(values, low, high if high > low else low + 1, "linear")
            self.strip.show_atlas(Atlas(np.ascontiguousarray(pixels), low, high))
            self._strip_of = maps
        self.strip.setVisible(wanted and self._strip_of is not None)

    def _say(self, words: str) -> None:
        self.planes = []
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
        if self._pinned is not None:
            return f"Difference to {self._pinned.words()}"
        return "Point at the picture to read its numbers." if self.planes else " "

    # --------------------------------------------------------------------------------- compare, explain

    def _pin(self, on: bool) -> None:
        self._pinned = Scene.of(self._focus) if on else None
        if on and self._pinned is None:
            self.pin.setChecked(False)
            return
        self.look()

    def begin(self, lesson: Lesson) -> None:
        """Set up sentence and picture, and say what to see."""
        self._lesson = lesson
        self.controls.options.keep_zero = lesson.keep_zero
        self.show_kind(lesson.picture)
        self._lesson = lesson
        self.sentence_wanted.emit(lesson.sentence)
        self.about.setChecked(True)
        self._explain(True)
        self._looking.start(PAUSE_MS)

    def _explain(self, on: bool) -> None:
        self.text.setVisible(on)
        if on:
            words = explanations.explanation(self.kind.key)
            if self._lesson is not None:
                words = f"### {self._lesson.title}\n\n{self._lesson.look}\n\n---\n\n{words}"
            self.text.setMarkdown(words)

    # ----------------------------------------------------------------------------------------- exporting

    @property
    def caption(self) -> str:
        scene = Scene.of(self._focus)
        words = f"{self.kind.title}. {self.kind.is_not} {scene.words() if scene else ''}"
        compared = self._pinned is not None and self._pinned != scene
        return words + (f", less {self._pinned.words()}" if compared and self._pinned else "")

    def _ask_where(self, ending: str) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation) or "."
        start = str(Path(folder) / f"{self.kind.key}.{ending}")
        name, _ = QFileDialog.getSaveFileName(self, "Export the picture", start, f"*.{ending}")
        if name:
            self.export_to(Path(name) if name.endswith(f".{ending}") else Path(f"{name}.{ending}"))

    def export_to(self, path: Path) -> None:
        from fnet_studio.ui.explore.pictures import export

        try:
            export.write(path, self.planes, self.scale, self.caption)
        except UserError as error:
            self.line.setText(f"{error.message} {error.advice}")
        else:
            self.line.setText(f"Written to {path}")

    def copy_image(self) -> None:
        from fnet_studio.ui.explore.pictures import export

        QGuiApplication.clipboard().setImage(export.image(self.planes, self.scale, self.caption))
        self.line.setText("The picture is on the clipboard.")

    def copy_numbers(self) -> None:
        """As a table that spreadsheets take."""
        from fnet_studio.ui.explore.pictures import export

        QGuiApplication.clipboard().setText(export.table(self.planes, self.caption, "\t"))
        self.line.setText("The numbers are on the clipboard.")
