"""The box of the sentence."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.ui.explore.text_box import TextBox


@pytest.fixture
def page(qtbot, themes) -> QWidget:
    """With the box above empty room."""
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    column.addWidget(TextBox())
    column.addStretch(1)
    return page


@pytest.fixture
def box(page) -> TextBox:
    return page.findChild(TextBox)


def test_the_box_is_as_high_as_the_lines_that_its_width_makes(qtbot, page, box):
    box.setPlainText("The film that we saw last night was a slow start, but worth it in the end. " * 2)
    page.resize(1400, 300)
    page.show()
    qtbot.waitUntil(lambda: box.document().size().height() == 1)
    one = box.height()
    for width, lines in ((700, 2), (1400, 1), (700, 2)):
        page.resize(width, 300)
        qtbot.waitUntil(lambda lines=lines: box.document().size().height() == lines)
        higher = one + (lines - 1) * box.document().firstBlock().layout().lineAt(0).height()
        qtbot.waitUntil(lambda higher=higher: abs(box.height() - higher) <= 1)


@pytest.mark.parametrize("size", [9.0, 9.75, 10.0, 10.5, 11.25, 12.0, 13.5, 14.0])
def test_a_new_line_leaves_the_one_before_in_sight_with_a_font_of_any_size(qtbot, page, box, size):
    font = box.font()
    font.setPointSizeF(size)
    box.setFont(font)
    page.show()
    qtbot.keyClicks(box, "He wanted to go home.")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: box.document().size().height() == 2)
    qtbot.waitUntil(lambda: box.firstVisibleBlock().blockNumber() == 0)
    assert box.verticalScrollBar().maximum() == 0
