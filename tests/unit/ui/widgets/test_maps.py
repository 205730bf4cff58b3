"""The large map and the strip of layers."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from fnet_studio.ui.widgets.atlas import Atlas, colour_table
from fnet_studio.ui.widgets.map_panel import MapPanel


def atlas(layers=12, rows=128, columns=192, kind="mixing"):
    pixels = np.empty((layers, rows, columns), np.uint8)
    pixels[:] = (np.arange(layers) * 20)[:, None, None]
    spans = {"row_span": (-64.0, 63.0), "column_span": (-96.0, 95.0)}
    return Atlas.from_bytes(pixels.tobytes(), layers, rows, columns, low=0.0, high=4.0, kind=kind, **spans)


@pytest.fixture
def panel(qtbot, colours):
    panel = MapPanel(colours)
    qtbot.addWidget(panel)
    panel.resize(700, 600)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.show_atlas(atlas())
    return panel


def test_the_strip_paints_every_layer_in_the_colours_of_its_values(panel):
    picture = panel.strip.grab().toImage()
    ratio = panel.strip.devicePixelRatioF()
    for layer, box in enumerate(panel.strip.boxes()):
        spot = (box.center() * ratio).toPoint()
        assert picture.pixelColor(spot).rgb() == QColor.fromRgba(colour_table()[layer * 20]).rgb()


def test_a_click_on_a_thumbnail_shows_its_layer_large(qtbot, panel):
    spot = panel.strip.boxes()[4].center().toPoint()
    qtbot.mouseClick(panel.strip, Qt.MouseButton.LeftButton, pos=QPoint(spot))
    assert panel.view.layer == 4
    assert "layer 5 of 12" in panel.title.text()
    assert panel.view.accessibleName() == "Mixing map, layer 5 of 12"


def test_arrow_keys_walk_through_the_layers_and_stop_at_the_ends(qtbot, panel):
    for key, layer in ((Qt.Key.Key_Right, 1), (Qt.Key.Key_End, 11), (Qt.Key.Key_Right, 11), (Qt.Key.Key_Home, 0)):
        qtbot.keyClick(panel.strip, key)
        assert panel.strip.layer == layer


def test_playing_walks_on_by_itself_until_it_is_hidden(qtbot, panel):
    qtbot.keyClick(panel.strip, Qt.Key.Key_Space)
    assert panel.strip.playing
    assert panel.play.text() == "Pause"
    qtbot.waitUntil(lambda: panel.strip.layer >= 1)
    panel.hide()
    assert not panel.strip.playing


def test_the_read_out_names_frequencies_and_the_value(panel):
    assert panel.view.words_at(0, 0) == "sequence frequency 0   hidden frequency 0   log(1 + |M|) = 0.000"
    panel.strip.choose(5)
    assert panel.view.words_at(-95, 60).endswith(f"{4 * 100 / 255:.3f}")
    assert panel.view.words_at(500, 0) == ""


def test_axes_and_colour_bar_carry_their_units(panel):
    assert panel.view.plot.getAxis("left").labelText == "sequence: cycles per window"
    assert panel.view.plot.getAxis("bottom").labelText == "hidden: cycles per vector"
    assert panel.view.bar.axis.labelText == "log(1 + |M|)"
    assert panel.view.bar.levels() == (0.0, 4.0)


def test_an_attention_map_has_positions_on_its_axes_and_no_zero_frequency(panel):
    panel.show_atlas(atlas(kind="attention"))
    assert panel.view.plot.getAxis("left").labelText == "query position (token)"
    assert not panel.zero.isVisible()
    panel.view.mark(7)
    assert all(mark.isVisible() and mark.value() == 7 for mark in panel.view._marks)
    panel.show_atlas(atlas())
    panel.view.mark(7)
    assert not any(mark.isVisible() for mark in panel.view._marks)


def test_a_picture_tells_once_that_it_was_painted(qtbot, panel):
    with qtbot.waitSignal(panel.painted):
        panel.strip.update()
    told = []
    panel.painted.connect(lambda: told.append(1))
    panel.show_atlas(atlas())
    qtbot.waitUntil(lambda: told == [1])
    panel.strip.grab()
    qtbot.wait(20)
    assert told == [1]


def test_a_picture_that_nobody_sees_does_not_say_that_it_was_painted(qtbot, panel):
    qtbot.wait(20)
    panel.hide()
    with qtbot.assertNotEmitted(panel.painted, wait=50):
        panel.show_atlas(atlas())


@pytest.fixture
def scrolled(qtbot, colours):
    """An area that shows a part of what is in it: 600 empty pixels, and a panel below them."""
    inner, area = QWidget(), QScrollArea()
    qtbot.addWidget(area)
    column = QVBoxLayout(inner)
    column.addSpacing(600)
    panel = MapPanel(colours)
    panel.setFixedHeight(500)
    column.addWidget(panel)
    area.setWidgetResizable(True)
    area.setWidget(inner)
    area.resize(700, 500)
    with qtbot.waitExposed(area):
        area.show()
    return area


def test_a_picture_is_painted_once_the_large_map_is_in_sight_and_its_strip_is_not(qtbot, scrolled):
    panel, bar = scrolled.findChild(MapPanel), scrolled.verticalScrollBar()
    told = []
    panel.painted.connect(lambda: told.append(1))
    panel.show_atlas(atlas())
    qtbot.wait(50)
    assert told == [], "nothing of it is in sight"
    bar.setValue(400)
    assert panel.strip.visibleRegion().isEmpty()
    qtbot.waitUntil(lambda: told == [1])
    bar.setValue(bar.maximum())
    qtbot.wait(20)
    assert told == [1]
    bar.setValue(400)
    panel.show_atlas(atlas())
    qtbot.waitUntil(lambda: told == [1, 1])


def test_the_strip_keeps_its_height_whatever_the_height_of_its_panel(qtbot, panel):
    """Else a layout that shares its height out never comes to rest: this once hung the window."""
    heights = set()
    for height in range(340, 700, 12):
        panel.resize(500, height)
        qtbot.wait(1)
        heights.add(panel.strip.height())
    assert len(heights) == 1


def test_the_panel_follows_the_theme(panel, colours):
    colours.set_choice("dark")
    assert panel.view.backgroundBrush().color() == QColor(colours.current.card)


def test_a_layer_is_coloured_over_its_own_range_unless_all_share_one(panel):
    pixels = np.zeros((2, 4, 6), np.uint8)
    pixels[0, 0, 0], pixels[1, 0, 0] = 51, 255
    panel.show_atlas(Atlas.from_bytes(pixels.tobytes(), 2, 4, 6, low=0.0, high=5.0))
    panel.strip.choose(0)
    assert panel.view.bar.levels() == (0.0, 1.0)
    panel.own_scale.setChecked(False)
    assert panel.view.bar.levels() == (0.0, 5.0)
    assert panel.view.words_at(0, 0).endswith("= 1.000"), "the read-out does not depend on the colours"
