import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from fnet_studio.core.settings import Settings
from fnet_studio.ui.widgets.side import GAP_PX, WithSide

USUAL = 200


@pytest.fixture
def make(qtbot, themes):
    def make_(settings, at_right=False):
        split = WithSide("page", "the list", QLineEdit(), QPlainTextEdit(), USUAL, themes, settings, at_right=at_right)
        qtbot.addWidget(split)
        split.resize(900, 300)
        split.show()
        return split

    return make_


def side(split, at_right=False):
    return split.sizes()[1 if at_right else 0]


@pytest.mark.parametrize("at_right", [False, True])
def test_a_side_is_as_wide_as_usual_until_it_is_drawn_wider_and_that_is_remembered(make, at_right):
    settings = Settings()
    split = make(settings, at_right)
    assert side(split, at_right) == USUAL
    split.moveSplitter(900 - GAP_PX - 320 if at_right else 320, 1)
    assert side(split, at_right) == 320
    assert settings.sides == {"page": 320}
    assert side(make(settings, at_right), at_right) == 320


@pytest.mark.parametrize("at_right", [False, True])
def test_the_button_hides_the_side_from_eyes_and_keys_and_brings_it_back(make, at_right):
    settings = Settings()
    split = make(settings, at_right)
    field = split.findChild(QLineEdit)
    button = split.handle(1).button
    assert button.accessibleName() == "Hide the list"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert side(split, at_right) == 0
    assert not field.isVisible()
    assert settings.sides == {"page": 0}
    assert button.accessibleName() == "Show the list"
    again = make(settings, at_right)
    assert side(again, at_right) == 0
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert side(split, at_right) == USUAL
    assert field.isVisible()


def test_a_double_click_on_the_gap_resets_the_width(make):
    settings = Settings(sides={"page": 400, "other": 300})
    split = make(settings)
    assert side(split) == 400
    QTest.mouseDClick(split.handle(1), Qt.MouseButton.LeftButton, pos=QPoint(4, 8))
    assert side(split) == USUAL
    assert settings.sides == {"other": 300}


def test_the_side_keeps_its_width_when_the_window_grows_and_leaves_room_when_it_shrinks(make):
    split = make(Settings(sides={"page": 400}))
    split.resize(1400, 300)
    assert side(split) == 400
    split.resize(500, 300)
    assert side(split) == 300
    split.resize(900, 300)
    assert side(split) == 400


def test_another_usual_width_moves_only_a_side_that_was_not_chosen(make):
    usual, chosen = make(Settings()), make(Settings(sides={"page": 400}))
    for split in (usual, chosen):
        split.set_usual(240)
    assert (side(usual), side(chosen)) == (240, 400)


def test_a_width_that_makes_no_sense_is_as_the_usual_one(make):
    assert side(make(Settings(sides={"page": -50}))) == USUAL
    assert side(make(Settings(sides={"page": 100_000}))) <= 0.6 * 900
