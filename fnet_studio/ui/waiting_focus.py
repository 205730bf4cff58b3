"""Where the keyboard's focus goes when the widget that has it is disabled or hidden."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

USABLE_AGAIN = (QEvent.Type.EnabledChange, QEvent.Type.Show)


class WaitingFocus(QObject):
    """Qt hands it to the next widget, and a second press of Space falls on a button that nobody chose. Here it waits
    on what the widget lies on, and goes back to it once it can be used again."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._widget: QWidget | None = None
        self._place: QWidget | None = None

    def take(self) -> bool:
        """False when the widget with the focus can be used, so that there is no need to wait."""
        widget = self._window.focusWidget()
        if widget is None or _usable(widget):
            return False
        place = widget.parentWidget()
        while place is not None and not (_usable(place) and place.focusProxy() is None and _fits(place)):
            place = place.parentWidget()
        if place is None:
            return False
        self._widget, self._place = widget, place
        widget.installEventFilter(self)
        place.setFocus()
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self._widget:
            watched.removeEventFilter(self)
        elif event.type() in USABLE_AGAIN and _usable(self._widget):
            widget, self._widget = self._widget, None
            widget.removeEventFilter(self)
            if self._window.focusWidget() is self._place:
                widget.setFocus()
        return False


def _fits(place: QWidget) -> bool:
    """Whether all of it can be seen at once: a page that is longer than what it scrolls in would be scrolled."""
    around = place.parentWidget()
    while around is not None and not isinstance(around, QAbstractScrollArea):
        around = around.parentWidget()
    if around is None:
        return True
    room = around.viewport().size()
    return place.width() <= room.width() and place.height() <= room.height()


def _usable(widget: QWidget) -> bool:
    return widget.isEnabled() and widget.isVisible()
