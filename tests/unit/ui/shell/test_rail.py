"""The rail at the left, in windows of any height."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from fnet_studio.core import protocol
from fnet_studio.link.liveness import Pulse
from fnet_studio.ui.rail import PLACES, WIDTH, Rail

ICONS = Qt.ToolButtonStyle.ToolButtonIconOnly
CARD = protocol.Device("gpu", "A card", memory_bytes=24 * 10**9)
PULSE = Pulse(device_memory_bytes=3 * 10**9)


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def rail(qtbot, themes, window):
    rail = Rail(themes, window)
    rail.device.show_devices((CARD,))
    rail.device.show_pulse(PULSE)
    rail.resize(WIDTH, 800)
    with qtbot.waitExposed(window):
        window.show()
    return rail


def is_whole(rail, widget):
    """All of it in the rail, as large as it wants to be."""
    top = widget.mapTo(rail, QPoint(0, 0)).y()
    return widget.height() >= widget.sizeHint().height() and top >= 0 and top + widget.height() <= rail.height()


@pytest.mark.parametrize(("height", "icons"), [(800, False), (600, True), (512, True), (472, True)])
def test_all_buttons_are_whole_at_any_height_as_icons_where_it_is_low(qtbot, rail, height, icons):
    buttons = [*rail.buttons.values(), rail.find]
    rail.resize(WIDTH, height)
    qtbot.waitUntil(lambda: is_whole(rail, rail.worker.restart))
    assert [is_whole(rail, one) for one in buttons] == [True] * len(buttons)
    assert [one.toolButtonStyle() == ICONS for one in buttons] == [icons] * len(buttons)
    assert rail.device.amount.isVisible() is not icons
    for place in PLACES:
        item = rail.buttons[place.key]
        assert QAccessible.queryAccessibleInterface(item).text(QAccessible.Text.Name) == place.words
        assert item.toolTip() == place.words
    rail.resize(WIDTH, 800)
    qtbot.waitUntil(lambda: rail.device.amount.isVisible())
    assert buttons[0].toolButtonStyle() != ICONS


def test_the_words_make_room_for_a_memory_that_comes_later(qtbot, rail):
    needed = rail.layout().minimumHeightForWidth(WIDTH)
    rail.device.show_pulse(Pulse())
    qtbot.waitUntil(lambda: rail.layout().minimumHeightForWidth(WIDTH) < needed)
    rail.resize(WIDTH, needed - 1)
    assert rail.find.toolButtonStyle() != ICONS
    rail.device.show_pulse(PULSE)
    qtbot.waitUntil(lambda: rail.find.toolButtonStyle() == ICONS)
    qtbot.waitUntil(lambda: is_whole(rail, rail.worker.restart))
