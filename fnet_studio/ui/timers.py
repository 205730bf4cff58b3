"""Timers with an interval. Never a keyword that begins with "i" to a Qt class: PySide looks for its setter by the C
library's upper case, and finds none where that is Turkish."""

from PySide6.QtCore import QObject, QTimer


def repeating(parent: QObject, milliseconds: int) -> QTimer:
    """One that runs on until it is stopped."""
    timer = QTimer(parent)
    timer.setInterval(milliseconds)
    return timer


def once(parent: QObject, milliseconds: int) -> QTimer:
    """One that is over with its first timeout; started again before, it waits anew."""
    timer = repeating(parent, milliseconds)
    timer.setSingleShot(True)
    return timer
