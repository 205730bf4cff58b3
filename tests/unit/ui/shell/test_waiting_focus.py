"""A page that is longer than the window, and a button on it that goes."""

import pytest
from PySide6.QtWidgets import QMainWindow, QPushButton, QScrollArea, QVBoxLayout, QWidget

from fnet_studio.ui.waiting_focus import WaitingFocus


class Page(QMainWindow):
    def __init__(self):
        super().__init__()
        self.waiting = WaitingFocus(self)
        self.button, self.next = QPushButton("Start"), QPushButton("Stop")
        long = QWidget()
        column = QVBoxLayout(long)
        for button in (self.button, self.next):
            column.addWidget(button)
        column.addStretch(1)
        long.setMinimumHeight(3000)
        self.area = QScrollArea()
        self.area.setWidget(long)
        self.area.setWidgetResizable(True)
        self.setCentralWidget(self.area)

    def focusNextPrevChild(self, next):
        return self.waiting.take() or super().focusNextPrevChild(next)


@pytest.mark.parametrize("gone", ["hide", "disable"])
def test_the_page_stays_where_it_is_and_the_focus_comes_back(qtbot, gone):
    page = Page()
    qtbot.addWidget(page)
    page.resize(400, 300)
    with qtbot.waitExposed(page):
        page.show()
    page.activateWindow()
    page.button.setFocus()
    (page.button.hide if gone == "hide" else lambda: page.button.setEnabled(False))()
    assert page.focusWidget() not in (page.button, page.next)
    assert page.area.verticalScrollBar().value() == 0
    page.button.setEnabled(True)
    page.button.show()
    assert page.focusWidget() is page.button
