"""A hand at the window: real clicks and keys, and eyes that note what they see."""

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QMainWindow, QWidget

from fnet_studio.core.settings import Choice
from fnet_studio.ui import screenshots, timers
from fnet_studio.ui.parts import bring_into_view
from fnet_studio.ui.window import Window

HARMLESS = ("propagateSizeHints",)
"""What the offscreen platform says of every window."""
SETTLE_MS = 120
LEFT = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


class StrayWindows(QObject):
    """Notes every widget that shows itself as a window of its own: one made visible before it has a parent flashes
    on the desktop and takes the keyboard away."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            wanted = watched.windowFlags() & Qt.WindowType.WindowType_Mask
            if wanted == Qt.WindowType.Window and not isinstance(watched, QMainWindow):
                self.seen.append(f"{type(watched).__name__} {watched.accessibleName() or _text(watched)}")
        return False


def _text(widget: QWidget) -> str:
    text = getattr(widget, "text", None)
    return str(text()) if callable(text) else ""


class Hand:
    """Owns the list of what was seen. A failed expectation is noted, and the tour goes on."""

    def __init__(self, window: Window, folder: Path, themes: tuple[Choice, ...] = screenshots.THEMES) -> None:
        """themes: those in which pictures are taken."""
        self.window, self.folder, self._themes = window, folder, themes
        self.failures: list[str] = []
        self.pictures = 0
        self.longest_hold_s = 0.0
        """The longest time that one turn of the event loop took since `watch_loop`."""
        self._last_turn = 0.0
        self._clock = timers.repeating(window, 1)
        self._clock.timeout.connect(self._turn)
        qInstallMessageHandler(self._qt_said)
        self._stray = StrayWindows(window)
        self._application = QCoreApplication.instance()
        if self._application is not None:
            self._application.installEventFilter(self._stray)

    # --------------------------------------------------------------------------------------------- seeing

    def say(self, words: str) -> None:
        print(words, flush=True)

    def expect(self, seen: bool, words: str) -> bool:
        """Note whether something is as it should be."""
        self.say(f"  {'ok  ' if seen else 'FAIL'}  {words}")
        if not seen:
            self.failures.append(words)
        return bool(seen)

    def wait(self, condition: Callable[[], object], words: str, limit_s: float = 30.0) -> bool:
        """Expect something within a time."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                return self.expect(False, f"{words} (not within {limit_s:.0f} s)")
            QTest.qWait(20)
        return self.expect(True, words)

    def snap(self, name: str) -> None:
        for path in screenshots.take(self.window, self.folder, name, self.settle, themes=self._themes):
            self.pictures += 1
            if screenshots.is_blank(path):
                self.expect(False, f"{path.name} shows something")

    def settle(self) -> None:
        QTest.qWait(SETTLE_MS)

    def watch_loop(self, on: bool) -> None:
        """Measure how long the event loop is held, from now on; or no longer."""
        if on:
            self.longest_hold_s, self._last_turn = 0.0, time.thread_time()
            self._clock.start()
        else:
            self._clock.stop()

    def _turn(self) -> None:
        now = time.thread_time()  # of this thread alone: the worker keeps the processor busy
        self.longest_hold_s = max(self.longest_hold_s, now - self._last_turn)
        self._last_turn = now

    def _qt_said(self, kind: QtMsgType, _context: object, words: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and not any(part in words for part in HARMLESS):
            self.expect(False, f"Qt warned: {words}")

    def let_go(self) -> None:
        self._clock.stop()
        qInstallMessageHandler(None)
        if self._application is not None:
            self._application.removeEventFilter(self._stray)
        self.expect(not self._stray.seen, "; ".join(["no window but the one was shown", *self._stray.seen]))

    # --------------------------------------------------------------------------------------------- acting

    def click(self, widget: QWidget) -> None:
        self.reach(widget)
        QTest.mouseClick(widget, LEFT, pos=QPoint(widget.width() // 2, widget.height() // 2))
        QTest.qWait(10)

    def type(self, widget: QWidget, text: str) -> None:
        """Replace the text of a field."""
        self.click(widget)
        QTest.keyClick(widget, Qt.Key.Key_A, CONTROL)
        QTest.keyClick(widget, Qt.Key.Key_Delete)
        QTest.keyClicks(widget, text)

    def choose(self, box: QComboBox, data: object) -> None:
        """With the arrow keys, as a keyboard user does."""
        self.reach(box)
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(max(0, box.findData(data))):
            QTest.keyClick(box, Qt.Key.Key_Down)

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        focused = self.window.focusWidget()
        QTest.keyClick(focused if focused is not None and focused.isVisible() else self.window, key, modifier)
        QTest.qWait(10)

    def go(self, page: str) -> None:
        """By a click on the rail."""
        self.click(self.window.rail.buttons[page])
        self.settle()

    def reach(self, widget: QWidget) -> None:
        """Scroll it into view."""
        bring_into_view(widget)
        QTest.qWait(10)
