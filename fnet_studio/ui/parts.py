"""The small pieces that every page is made of: labels by role, buttons by kind, cards, icons that follow the theme."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.ui import icons
from fnet_studio.ui.theme import Theme, ThemeSource

GAP_PX = 4


def label(text: str, role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """Plain text in one of the stylesheet's roles: page, section, strong, figure, muted, caption, error, badge."""
    result = QLabel(text)
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.setWordWrap(wrap)
    if role:
        result.setProperty("role", role)
    if selectable:
        result.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return result


def button(
    words: str,
    themes: ThemeSource,
    icon: str = "",
    kind: str = "",
    on_click: Callable[[], object] | None = None,
    tip: str = "",
) -> QPushButton:
    """kind: primary, danger, quiet, or '' for an ordinary one."""
    result = QPushButton(words)
    result.setProperty("kind", kind)
    if tip:
        result.setToolTip(tip)
    if icon:
        tones = {"primary": "on_accent", "danger": "danger_text"}
        follow_icon(result, themes, icon, tones.get(kind, "text"))
    if on_click is not None:
        result.clicked.connect(lambda _=False: on_click())
    return result


def with_key(words: str, key: str) -> str:
    """A tooltip that names its key, if there is one."""
    return f"{words} ({key})" if key else words


class IconFollower(QObject):
    """Keeps a button's or a label's icon in a colour of the theme. Lives as long as the widget."""

    def __init__(self, widget: QAbstractButton | QLabel, themes: ThemeSource, name: str, tone: str, size: int) -> None:
        super().__init__(widget)
        self._widget, self._themes, self._size = widget, themes, size
        self.name, self.tone = name, tone
        themes.changed.connect(self.draw)
        self.draw()

    def show_icon(self, name: str, tone: str) -> None:
        self.name, self.tone = name, tone
        self.draw()

    def draw(self, _theme: Theme | None = None) -> None:
        colour = getattr(self._themes.current, self.tone)
        if isinstance(self._widget, QLabel):
            scale = self._widget.devicePixelRatioF()
            self._widget.setPixmap(icons.pixmap(self.name, colour, self._size, scale))
        else:
            gap = GAP_PX if isinstance(self._widget, QPushButton) and self._widget.text() else 0
            self._widget.setIcon(icons.icon(self.name, colour, self._size, gap))
            self._widget.setIconSize(QSize(self._size + gap, self._size))


def follow_icon(
    widget: QAbstractButton | QLabel, themes: ThemeSource, name: str, tone: str = "text", size: int = 16
) -> IconFollower:
    """tone: a colour of `Theme` by its field's name."""
    return IconFollower(widget, themes, name, tone, size)


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the stylesheet looks at, and have it look again."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class Card(QFrame):
    """A bordered sheet with a column of things on it."""

    closed = Signal()
    """A card that the user can send away is about to delete itself."""

    def __init__(self, tone: str = "true", parent: QWidget | None = None) -> None:
        """tone: true, warning or danger: the colour of its border."""
        super().__init__(parent)
        self.setProperty("card", tone)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 16, 16, 16)
        self.column.setSpacing(8)


def row(*items: QWidget | None, spacing: int = 8) -> QHBoxLayout:
    """Side by side; None is a stretch."""
    result = QHBoxLayout()
    result.setContentsMargins(0, 0, 0, 0)
    result.setSpacing(spacing)
    for item in items:
        if item is None:
            result.addStretch(1)
        else:
            result.addWidget(item)
    return result


def whole_rows(table: QTableView, name: str) -> None:
    """Rows are chosen whole and one at a time; no grid, no numbers; Tab leaves the table. name: for screen readers."""
    table.setAccessibleName(name)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def scrolling(widget: QWidget) -> QScrollArea:
    """Scrolls up and down, without a frame, and takes no focus for itself."""
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    widget.setProperty("page", True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def bring_into_view(widget: QWidget) -> None:
    """Scroll whatever it lies in."""
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(widget)
        above = above.parentWidget()


class Fact(QWidget):
    """A caption above a value."""

    def __init__(self, caption: str, value: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.value = label(value, "strong", selectable=True)
        column.addWidget(label(caption, "caption"))
        column.addWidget(self.value)
        self.setAccessibleName(f"{caption}: {value}")


class Badge(QFrame):
    """An icon and a word in a frame: never a colour alone."""

    def __init__(
        self, themes: ThemeSource, words: str, icon: str, tone: str, tip: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("badge", True)
        self.setToolTip(tip)
        self.setAccessibleName(words)
        mark = label("")
        follow_icon(mark, themes, icon, tone, 14)
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 3, 8, 3)
        line.setSpacing(6)
        line.addWidget(mark)
        line.addWidget(label(words, "small"))
