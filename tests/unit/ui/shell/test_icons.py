import re
from pathlib import Path

import pytest
from PySide6.QtCore import QSize

import fnet_studio.ui
from fnet_studio.core import places
from fnet_studio.ui import icons
from fnet_studio.ui.itemmodels.runs import STATUSES
from fnet_studio.ui.presets.looks import HEADS
from fnet_studio.ui.presets.looks import STATES as PRESET_STATES
from fnet_studio.ui.rail import PLACES
from fnet_studio.ui.theme import Theme

SHIPPED = sorted(path.stem for path in (places.resources() / "icons").glob("*.svg"))


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_an_icon_is_drawn_for_the_screen_it_is_on(qapp, scale):
    picture = icons.pixmap("play", "#112233", 20, scale)
    assert picture.width() == round(20 * scale)
    assert picture.devicePixelRatio() == scale
    image = picture.toImage()
    drawn = [
        image.pixelColor(x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    ]
    assert drawn
    assert {colour.name() for colour in drawn} == {"#112233"}


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "fnet-studio"])
def test_every_shipped_icon_can_be_recoloured(name):
    assert "currentColor" in (places.resources() / "icons" / f"{name}.svg").read_text("utf-8")


def test_the_licence_ships_with_the_icons():
    assert "ISC License" in (places.resources() / "icons" / "LICENSE").read_text("utf-8")


def test_every_icon_that_the_window_names_is_shipped():
    named = {look.icon for look in (*STATUSES.values(), *HEADS.values(), *PRESET_STATES.values(), *PLACES)}
    for path in Path(fnet_studio.ui.__file__).parent.rglob("*.py"):
        source = path.read_text("utf-8")
        named.update(re.findall(r'follow_icon\([^"\n]*"([a-z0-9-]+)"', source))
        named.update(re.findall(r'show_icon\("([a-z0-9-]+)"', source))
        named.update(re.findall(r'themes, "([a-z0-9-]+)"', source))
    named -= set(Theme.__dataclass_fields__)  # a colour by its name
    assert len(named) > 20
    assert named <= set(SHIPPED)


def test_a_gap_makes_room_at_the_right_only(qapp):
    plain = icons.pixmap("play", "#112233", 16, 1.0).toImage()
    wide = icons.pixmap("play", "#112233", 16, 1.0, 4).toImage()
    assert wide.size() == QSize(20, 16)
    assert wide.copy(0, 0, 16, 16).convertToFormat(plain.format()) == plain


def test_the_program_s_icon_has_every_size_that_desktops_ask_for(qapp):
    sizes = {size.width() for size in icons.program_icon().availableSizes()}
    assert {16, 32, 48, 256} <= sizes


def test_an_unknown_icon_is_an_error(qapp):
    with pytest.raises(FileNotFoundError):
        icons.icon("no-such-icon", "#000000")
