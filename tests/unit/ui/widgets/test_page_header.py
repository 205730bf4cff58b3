"""The top of a page: nothing of its words is cut, however narrow the page is."""

import pytest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from fnet_studio.ui.widgets.page_header import PageHeader


@pytest.mark.parametrize("width", [1200, 700, 560, 480])
def test_a_purpose_has_the_lines_that_it_needs_and_no_more(qtbot, width):
    page = QWidget()
    qtbot.addWidget(page)
    layout = QVBoxLayout(page)
    header = PageHeader("Explore", "Hide a word, see what the model would put there, and how it mixes.")
    for name in ("Examples", "History", "From a file", "fnet_small_en"):
        header.add_action(QPushButton(name))
    layout.addWidget(header)
    layout.addWidget(QPlainTextEdit(), 1)
    page.resize(width, 600)
    page.show()
    purpose = header.findChildren(QLabel)[1]
    assert purpose.height() == purpose.heightForWidth(purpose.width())
