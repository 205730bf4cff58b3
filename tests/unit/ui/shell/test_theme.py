import re

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QPushButton

from fnet_studio.core import places
from fnet_studio.ui import theme as theme_module
from fnet_studio.ui.parts import button
from fnet_studio.ui.stylesheet import mixed, stylesheet
from fnet_studio.ui.theme import DARK, LIGHT, ThemeSource
from fnet_studio.ui.widgets.ink import contrast

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)


@THEMES
@pytest.mark.parametrize("words", ["text", "muted", "success_text", "warning_text", "danger_text"])
@pytest.mark.parametrize("ground", ["window", "card"])
def test_words_read_on_every_ground(theme, words, ground):
    assert contrast(getattr(theme, words), getattr(theme, ground)) >= 4.5


@THEMES
def test_words_read_on_the_accent_colour(theme):
    assert contrast(theme.on_accent, theme.accent) >= 4.5


@THEMES
def test_the_chosen_place_of_the_rail_can_be_read(theme):
    sheet = stylesheet(theme, places.resources() / "themes" / theme.name)
    rule = re.search(r'QToolButton\[rail="true"\]:checked \{ background: (#\w{6}); color: (#\w{6})', sheet)
    assert rule is not None
    assert contrast(rule[1], rule[2]) >= 4.5


@THEMES
def test_marks_stand_out_from_their_card(theme):
    for mark in (theme.success, theme.danger, theme.accent):
        assert contrast(mark, theme.card) >= 3
    assert contrast(theme.warning, theme.card) >= 2.9


@THEMES
def test_the_stylesheet_names_only_pictures_that_exist(theme):
    sheet = stylesheet(theme, places.resources() / "themes" / theme.name)
    assert "$" not in sheet
    pictures = re.findall(r'url\("([^"]+)"\)', sheet)
    assert pictures
    for picture in pictures:
        assert (places.resources() / "themes" / theme.name / picture.rpartition("/")[2]).is_file()


def test_text_is_sized_in_points_only(qapp):
    sizes = re.findall(r"font-size: ([^;]+);", stylesheet(LIGHT, places.resources()))
    assert sizes
    assert all(size.endswith("pt") for size in sizes)


def test_a_share_of_nothing_changes_no_colour():
    assert mixed("#123456", "#FFFFFF", 0) == "#123456"
    assert mixed("#123456", "#FFFFFF", 1) == "#FFFFFF"


def test_switching_the_theme_recolours_what_is_on_screen(qapp, qtbot, themes):
    start = button("Start", themes, "play", "primary")
    qtbot.addWidget(start)
    start.show()
    before = start.grab().toImage()
    changes = []
    themes.changed.connect(changes.append)
    themes.set_choice("dark")
    assert changes == [DARK]
    assert start.grab().toImage() != before
    assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == DARK.window
    themes.set_choice("dark")
    assert changes == [DARK]
    themes.set_choice("light")
    assert start.grab().toImage() == before


def test_an_icon_changes_its_colour_with_the_theme(qtbot, themes):
    start = button("Start", themes, "play")
    qtbot.addWidget(start)

    def ink():
        image = start.icon().pixmap(start.iconSize()).toImage()
        solid = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
        return max(solid, key=lambda colour: colour.alpha()).name().upper()

    light = ink()
    themes.set_choice("dark")
    assert contrast(light, LIGHT.card) > 10
    assert contrast(ink(), DARK.card) > 10


def test_a_deleted_button_no_longer_hears_of_the_theme(qtbot, themes):
    start = button("Start", themes, "play")
    start.deleteLater()
    qtbot.wait(1)
    themes.set_choice("dark")


def test_the_system_s_choice_is_one_of_the_two(qapp):
    assert ThemeSource(qapp, "system").current in (LIGHT, DARK)


def test_the_body_is_in_points_and_has_figures_of_one_width(qtbot, themes):
    words = QLabel("0123456789")
    qtbot.addWidget(words)
    assert words.font().pointSizeF() == theme_module.BODY_PT
    metrics = words.fontMetrics()
    assert len({metrics.horizontalAdvance(digit) for digit in "0123456789"}) == 1


def test_five_thousand_emissions_leave_the_program_alive(qapp):
    """PySide6 6.12.0 drops a reference to `True` at each and dies after some hundreds."""

    class Source(QObject):
        told = Signal(bool)

    source, heard = Source(), []
    source.told.connect(heard.append)
    for _ in range(5000):
        source.told.emit(True)
    assert heard == [True] * 5000


def test_a_disabled_primary_button_is_not_in_the_accent_colour(qtbot, themes):
    start = QPushButton("Start")
    start.setProperty("kind", "primary")
    start.setEnabled(False)
    qtbot.addWidget(start)
    start.show()
    assert start.grab().toImage().pixelColor(6, 6).name().upper() == LIGHT.line
