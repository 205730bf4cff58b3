from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from fnet_studio.ui.widgets.tabs import Tabs


def page(width, height, words="short"):
    it = QWidget()
    column = QVBoxLayout(it)
    line = QLabel(words)
    line.setWordWrap(True)
    wide = QWidget()
    wide.setMinimumSize(width, height)
    for widget in (line, wide):
        column.addWidget(widget)
    return it


def test_tabs_need_no_more_room_than_the_one_that_is_shown(qtbot):
    tabs = Tabs()
    qtbot.addWidget(tabs)
    for size in ((200, 100), (900, 700)):
        tabs.addTab(page(*size), "tab")
    tabs.show()
    assert tabs.minimumSizeHint().width() < 300
    assert tabs.heightForWidth(300) < 250
    tabs.setCurrentIndex(1)
    assert tabs.minimumSizeHint().width() > 900
    assert tabs.heightForWidth(900) > 700
    tabs.setCurrentIndex(0)
    assert tabs.minimumSizeHint().width() < 300


def test_words_of_several_lines_keep_their_lines(qtbot):
    tabs = Tabs()
    qtbot.addWidget(tabs)
    tabs.addTab(page(200, 100, "many words " * 40), "tab")
    assert tabs.heightForWidth(220) > tabs.heightForWidth(600)
