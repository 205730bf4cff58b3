"""The layout that breaks rows like text."""

import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QLabel, QWidget

from fnet_studio.ui.widgets.flow import FlowLayout


@pytest.fixture
def host(qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    return host


def boxes(host, widths, width, **options):
    flow = FlowLayout(host, gap_x=10, gap_y=5, **options)
    for item_width in widths:
        label = QLabel(host)
        label.setFixedSize(QSize(item_width, 20))
        flow.addWidget(label)
    flow.setGeometry(QRect(0, 0, width, 200))
    return flow, [flow.itemAt(index).geometry() for index in range(flow.count())]


def test_a_row_breaks_where_the_next_item_does_not_fit(host):
    flow, items = boxes(host, [40, 40, 40], 100)
    assert [(item.x(), item.y()) for item in items] == [(0, 0), (50, 0), (0, 25)]
    assert flow.heightForWidth(100) == 45


def test_a_title_pushes_its_controls_to_the_right_while_all_fit(host):
    _, items = boxes(host, [40, 40], 200, head=True)
    assert items[0].x() == 0
    assert items[1].right() == 199


def test_a_title_keeps_its_own_row_when_the_controls_do_not_fit_beside_it(host):
    _, items = boxes(host, [40, 40, 40], 100, head=True)
    assert [(item.x(), item.y()) for item in items] == [(0, 0), (0, 25), (50, 25)]


def test_an_empty_layout_has_no_height(host):
    flow, _ = boxes(host, [], 100)
    assert flow.heightForWidth(100) == 0
