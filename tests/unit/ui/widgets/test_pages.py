from PySide6.QtCore import QSize
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.ui.widgets.pages import Pages


def test_a_page_that_is_not_shown_asks_for_no_room(qtbot):
    outer, pages, small, large = QWidget(), Pages(), QWidget(), QWidget()
    qtbot.addWidget(outer)
    column = QVBoxLayout(outer)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(pages)
    small.setMinimumSize(30, 20)
    large.setMinimumSize(700, 900)
    pages.addWidget(small)
    pages.addWidget(large)
    assert outer.minimumSizeHint() == QSize(30, 20)
    pages.setCurrentWidget(large)
    assert outer.minimumSizeHint() == QSize(700, 900)
    pages.setCurrentWidget(small)
    assert outer.minimumSizeHint() == QSize(30, 20)
