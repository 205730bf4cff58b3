"""The text beside a picture, and the worked examples that are followed in it."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QTextBrowser

from fnet_studio.core.mask import MASK
from fnet_studio.ui.explore.focus import NO_WORDS
from fnet_studio.ui.explore.pictures import explanations
from fnet_studio.ui.explore.pictures.explanations import Lesson
from fnet_studio.ui.explore.pictures.scene import Scene


class Explaining(QObject):
    """Two buttons and a text; `widgets` are laid out by the owner. A worked example leads to other sentences and other
    pictures: it stays beside them until the text is closed, another one is begun, or `end_lesson`."""

    begun = Signal(object)
    """A Lesson, to be set up."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kind = ""
        self._lesson: Lesson | None = None
        self._wordless = False
        self.about = QPushButton("Explain")
        self.about.setCheckable(True)
        self.about.setShortcut("F1")
        self.about.setToolTip("What the picture shows, and what to look for (F1)")
        self.about.toggled.connect(self._switch)
        self.lessons = QPushButton("Lessons")
        self.lessons.setToolTip("Worked examples: a sentence, a picture, and what to see")
        menu = QMenu(self.lessons)
        for lesson in explanations.lessons():
            menu.addAction(lesson.title).triggered.connect(lambda _=False, lesson=lesson: self.begin(lesson))
        self.lessons.setMenu(menu)
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setAccessibleName("Explanation")
        self.text.setVisible(False)
        self.widgets = (self.about, self.lessons, self.text)

    def show_kind(self, key: str) -> None:
        """The picture that is looked at, a key of `kinds.KINDS`."""
        self._kind = key
        self._write()

    def show_scene(self, scene: Scene | None) -> None:
        """The model that is looked at."""
        wordless = scene is not None and not scene.head
        if wordless != self._wordless:
            self._wordless = wordless
            self._write()

    def begin(self, lesson: Lesson) -> None:
        self._lesson = lesson
        self.begun.emit(lesson)
        self.about.setChecked(True)
        self._write()

    def end_lesson(self) -> None:
        self._lesson = None
        self._write()

    def _switch(self, on: bool) -> None:
        self.text.setVisible(on)
        if on:
            self._write()
        else:
            self._lesson = None

    def _write(self) -> None:
        if not self.about.isChecked():
            return
        words = explanations.explanation(self._kind)
        if self._lesson is not None:
            first = f"**{NO_WORDS}**\n\n" if self._wordless and MASK in self._lesson.sentence else ""
            words = f"{first}### {self._lesson.title}\n\n{self._lesson.look}\n\n---\n\n{words}"
        self.text.setMarkdown(words)
