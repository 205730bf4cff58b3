"""The box of the sentence."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.ui.explore.text_box import TextBox


def test_the_box_is_as_high_as_the_lines_that_its_width_makes(qtbot, themes):
    page = QWidget()
    qtbot.addWidget(page)
    column = QVBoxLayout(page)
    box = TextBox()
    column.addWidget(box)
    column.addStretch(1)
    box.setPlainText("The film that we saw last night was a slow start, but worth it in the end. " * 2)
    page.resize(1400, 300)
    page.show()
    qtbot.waitUntil(lambda: box.document().size().height() == 1)
    one = box.height()
    for width, lines in ((700, 2), (1400, 1), (700, 2)):
        page.resize(width, 300)
        qtbot.waitUntil(lambda lines=lines: box.document().size().height() == lines)
        higher = one + (lines - 1) * box.fontMetrics().lineSpacing()
        qtbot.waitUntil(lambda higher=higher: abs(box.height() - higher) <= 1)
