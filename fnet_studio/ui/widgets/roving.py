"""Keyboard focus in a group of buttons: Tab enters and leaves the group, arrow keys walk inside it."""

from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Down: 1,
}


class RovingFocus(QObject):
    """Owns which button of a group is its tab stop. Enter and Return press a button as Space does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._group = parent
        self._buttons: list[QAbstractButton] = []

    def set_buttons(self, buttons: list[QAbstractButton]) -> None:
        """The group in reading order; what can have focus among them keeps its turn."""
        for button in self._buttons:
            button.removeEventFilter(self)
        if buttons != self._buttons:  # what is made later would have its turn after all else in the window
            for before, button in pairwise((self._before(), *buttons)):
                QWidget.setTabOrder(before, button)
        self._buttons = buttons
        for button in buttons:
            button.installEventFilter(self)
        focused = next((button for button in buttons if button.hasFocus()), None)
        self._stop_at(focused or next(iter(buttons), None))

    def _before(self) -> QWidget:
        """The last tab stop before the group: only such have a place in the order."""
        found = self._group.previousInFocusChain()
        while found is not None and found is not self._group and not found.focusPolicy() & Qt.FocusPolicy.TabFocus:
            found = found.previousInFocusChain()
        return found or self._group

    def _stop_at(self, chosen: QAbstractButton | None) -> None:
        for button in self._buttons:
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus if button is chosen else Qt.FocusPolicy.ClickFocus)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind not in (QEvent.Type.FocusIn, QEvent.Type.KeyPress) or watched not in self._buttons:
            return False
        button: QAbstractButton = watched  # type: ignore[assignment]
        if kind == QEvent.Type.FocusIn:
            self._stop_at(button)
        elif isinstance(event, QKeyEvent):
            return self._pressed(button, event)
        return False

    def _pressed(self, button: QAbstractButton, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            button.click()
            return True
        at = self._buttons.index(button)
        if key == Qt.Key.Key_Home:
            at = 0
        elif key == Qt.Key.Key_End:
            at = len(self._buttons) - 1
        elif key in _STEPS:
            at = min(max(at + _STEPS[key], 0), len(self._buttons) - 1)
        else:
            return False
        self._buttons[at].setFocus(Qt.FocusReason.OtherFocusReason)
        return True
