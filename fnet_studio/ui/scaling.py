"""How large everything in the window is. Qt takes a factor once, before the application is made."""

import os

from PySide6.QtWidgets import QApplication

from fnet_studio.ui.theme import SMALLEST_WINDOW

VARIABLE = "QT_SCALE_FACTOR"
SCALES = (100, 110, 125, 150, 175, 200)
_NAME = "scale"


def make_application(percent: int) -> QApplication:
    """percent: on top of what the system wants of every program. What the user said to Qt itself counts instead."""
    outside = VARIABLE in os.environ
    percent = min(max(percent, 100), SCALES[-1])
    if not outside:
        os.environ[VARIABLE] = f"{percent / 100:g}"
    application = QApplication.instance() or QApplication(["fnet-studio"])
    assert isinstance(application, QApplication)
    if not outside:
        del os.environ[VARIABLE]  # it is not for the programs that are opened from here
        application.setProperty(_NAME, percent)
    return application


def in_force(application: QApplication) -> int:
    """Percent; 0 where the user told Qt itself."""
    if VARIABLE in os.environ:
        return 0
    return int(application.property(_NAME) or 100)


def fitting(width: float, height: float, chosen: int) -> list[int]:
    """In percent: those at which the smallest window fits into so many pixels, and the one that is chosen."""
    fits = min(width / SMALLEST_WINDOW[0], height / SMALLEST_WINDOW[1])
    return sorted({chosen, 100, *(one for one in SCALES if one / 100 <= fits)})
