"""A page's work with a side beside it that can be drawn wider, hidden and reset, and is as it was left at the next
start."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QSplitterHandle, QToolButton, QVBoxLayout, QWidget

from fnet_studio.core.settings import Settings
from fnet_studio.ui.parts import follow_icon, with_key
from fnet_studio.ui.theme import ThemeSource

GAP_PX = 16
MOST_SHARE = 0.6
"""Of the whole width, for the side."""
HIDDEN = 0


class WithSide(QSplitter):
    """Owns how wide the side is; `Settings.sides` remembers what the user chose, in pixels, 0 for hidden."""

    def __init__(
        self,
        key: str,
        words: str,
        side: QWidget,
        main: QWidget,
        usual: int,
        themes: ThemeSource,
        settings: Settings,
        at_right: bool = False,
    ) -> None:
        """key: in the settings. words: what the side holds, as in `the recipe`. usual: its width in pixels, and its
        least."""
        super().__init__(Qt.Orientation.Horizontal)
        self._key, self._words, self._settings, self._usual = key, words, settings, usual
        self._themes, self._at_right = themes, at_right
        self._switch_key = ""
        self._side = side
        self._holder = QWidget()
        inner = QVBoxLayout(self._holder)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(side)
        self.setHandleWidth(GAP_PX)
        self.setChildrenCollapsible(False)
        for widget in (main, self._holder) if at_right else (self._holder, main):
            self.addWidget(widget)
        self.splitterMoved.connect(self._moved)
        self._show()

    @property
    def hidden(self) -> bool:
        return self._wanted == HIDDEN

    @property
    def switch_words(self) -> str:
        return f"{'Show' if self.hidden else 'Hide'} {self._words}"

    @property
    def points_left(self) -> bool:
        """Where the side goes, or comes from, when it is switched."""
        return self.hidden == self._at_right

    def show_key(self, key: str) -> None:
        """What the key that switches it is called."""
        self._switch_key = key
        self._show()

    def set_usual(self, width: int) -> None:
        """Of a page that has become wider or smaller."""
        if width != self._usual:
            self._usual = width
            self._show()

    def switch(self) -> None:
        """Hide the side, or show it as wide as usual."""
        if self.hidden:
            self.reset()
        else:
            self._remember(HIDDEN)

    def reveal(self) -> None:
        """Something on the side wants to be seen."""
        if self.hidden:
            self.reset()

    def reset(self) -> None:
        """As wide as usual."""
        self._settings.sides = {key: width for key, width in self._settings.sides.items() if key != self._key}
        self._show()

    def createHandle(self) -> QSplitterHandle:
        return _Handle(self, self._themes)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    @property
    def _wanted(self) -> int:
        width = self._settings.sides.get(self._key, self._usual)
        return width if width == HIDDEN else max(width, self._usual)

    def _moved(self) -> None:
        if not self.hidden:
            self._remember(self._holder.width())

    def _remember(self, width: int) -> None:
        self._settings.sides = {**self._settings.sides, self._key: width}
        self._show()

    def _show(self) -> None:
        self._side.setVisible(not self.hidden)
        self._holder.setMinimumWidth(self._usual if not self.hidden else 0)
        self._place()
        self.handle(1).tell(self.switch_words, self.points_left, self._switch_key)

    def _place(self) -> None:
        most = HIDDEN if self.hidden else max(int(self.width() * MOST_SHARE), self._usual)
        self._holder.setMaximumWidth(most)
        width = min(self._wanted, most)
        sizes = [width, max(self.width() - GAP_PX - width, 0)]
        self.setSizes(sizes[::-1] if self._at_right else sizes)


class _Handle(QSplitterHandle):
    """The gap between both, with a button in its middle."""

    def __init__(self, splitter: WithSide, themes: ThemeSource) -> None:
        super().__init__(Qt.Orientation.Horizontal, splitter)
        self._splitter = splitter
        self.setToolTip("Drag to make it wider, double-click to reset")
        self.button = QToolButton()
        self.button.clicked.connect(lambda _=False: splitter.switch())
        self.button.setProperty("slim", True)
        self.button.setCursor(Qt.CursorShape.ArrowCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.setFixedSize(QSize(GAP_PX, 4 * GAP_PX))
        self._icon = follow_icon(self.button, themes, "chevron-left", "muted", 12)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.button)

    def tell(self, words: str, points_left: bool, key: str) -> None:
        self.button.setAccessibleName(words)
        self.button.setToolTip(with_key(words, key))
        self._icon.show_icon("chevron-left" if points_left else "chevron-right", "muted")

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._splitter.reset()
