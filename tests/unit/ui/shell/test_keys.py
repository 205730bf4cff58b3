"""Keys that the user changes: what is refused, what is kept, and that they work at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from fnet_studio.core import settings
from fnet_studio.core.errors import UserError
from fnet_studio.core.settings import Settings
from fnet_studio.ui.keys import FIXED, KEYS, Keys
from fnet_studio.ui.keys_card import KeysCard

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def portable(sequence):
    return sequence.toString(QKeySequence.SequenceFormat.PortableText)


def test_the_usual_keys_are_there_once_each_and_take_no_fixed_one():
    usual = [key.usual for key in KEYS.values()]
    assert len(set(usual)) == len(usual)
    assert not set(usual) & set(FIXED)
    assert all(portable(QKeySequence(key)) == key for key in [*usual, *FIXED])


@pytest.mark.parametrize(
    ("sequence", "kind", "words"),
    [
        ("Ctrl+K", "keys.taken", "Find anything"),
        ("Ctrl+C", "keys.taken", "editing texts"),
        ("Ctrl+Return", "keys.taken", "main button"),
        ("F1", "keys.taken", "explanation"),
        ("A", "keys.plain", "typed into texts"),
        ("Shift+A", "keys.plain", "typed into texts"),
        ("Space", "keys.plain", "typed into texts"),
        ("Ctrl+R, Ctrl+T", "keys.plain", "Ctrl"),
    ],
)
def test_what_cannot_be_a_key_is_refused_in_words_and_changes_nothing(qapp, sequence, kind, words):
    mine = Settings()
    with pytest.raises(UserError, match=words) as caught:
        Keys(mine).choose("pause", QKeySequence(sequence))
    assert caught.value.kind == kind
    assert mine.keys == {}


def test_a_key_that_was_given_up_can_be_taken_by_another(qapp):
    mine = Settings()
    keys = Keys(mine)
    keys.choose("find", QKeySequence())
    keys.choose("pause", QKeySequence("Ctrl+K"))
    assert mine.keys == {"find": "", "pause": "Ctrl+K"}
    with pytest.raises(UserError, match="hold the run"):
        keys.choose("find", QKeySequence("Ctrl+K"))
    keys.choose("pause", QKeySequence("Ctrl+P"))
    assert mine.keys == {"find": ""}
    keys.reset()
    assert mine.keys == {}


def test_they_are_kept_for_the_next_start():
    mine = Settings()
    Keys(mine).choose("pause", QKeySequence("Ctrl+R"))
    settings.save(mine)
    again, _ = settings.load()
    assert portable(Keys(again).of("pause")) == "Ctrl+R"


WRITTEN = ("", "F2", "F3", "Ctrl+K", "Ctrl+P", "Ctrl+C", "A", "ß+", "F5")


@given(st.dictionaries(st.sampled_from([*KEYS, "unknown"]), st.sampled_from(WRITTEN)))
def test_whatever_stands_in_the_file_no_key_does_two_things(written):
    keys = Keys(Settings(keys=written))
    found = [portable(keys.of(name)) for name in KEYS if not keys.of(name).isEmpty()]
    assert len(set(found)) == len(found)
    assert not set(found) & set(FIXED)


@pytest.fixture
def shown(qtbot):
    whole = QWidget()
    inside, outside = QLineEdit(), QLineEdit()
    page = QWidget()
    QVBoxLayout(page).addWidget(inside)
    column = QVBoxLayout(whole)
    column.addWidget(page)
    column.addWidget(outside)
    qtbot.addWidget(whole)
    whole.show()
    with qtbot.waitActive(whole):
        whole.activateWindow()
    return whole, page, inside, outside


def test_another_key_works_at_once_and_the_old_one_no_more(shown):
    whole, page, inside, outside = shown
    keys, done = Keys(Settings()), []
    keys.bind("find", whole, lambda: done.append("find"))
    keys.bind("pause", page, lambda: done.append("pause"), page=True)
    inside.setFocus()
    QTest.keyClick(inside, Qt.Key.Key_K, CONTROL)
    QTest.keyClick(inside, Qt.Key.Key_P, CONTROL)
    assert done == ["find", "pause"]
    keys.choose("find", QKeySequence("Ctrl+Shift+F"))
    QTest.keyClick(inside, Qt.Key.Key_K, CONTROL)
    assert done == ["find", "pause"]
    QTest.keyClick(inside, Qt.Key.Key_F, CONTROL | SHIFT)
    outside.setFocus()
    QTest.keyClick(outside, Qt.Key.Key_P, CONTROL)
    assert done == ["find", "pause", "find"]


def test_a_tooltip_names_the_key_as_it_is_now(qtbot):
    pause = QPushButton("Pause")
    pause.setToolTip("Hold the run")
    qtbot.addWidget(pause)
    keys = Keys(Settings())
    keys.tip("pause", pause)
    assert pause.toolTip() == "Hold the run (Ctrl+P)"
    keys.choose("pause", QKeySequence("Ctrl+R"))
    assert pause.toolTip() == "Hold the run (Ctrl+R)"
    keys.choose("pause", QKeySequence())
    assert pause.toolTip() == "Hold the run"


def test_the_card_takes_a_pressed_key_says_what_is_wrong_with_one_and_goes_back(qtbot, themes):
    mine = Settings()
    keys = Keys(mine)
    card = KeysCard(keys, themes)
    qtbot.addWidget(card)
    card.show()
    assert not card.usual.isEnabled()
    field = card.fields["pause"]
    told = []
    keys.changed.connect(lambda: told.append(dict(mine.keys)))
    QTest.keyClick(field, Qt.Key.Key_K, CONTROL)
    qtbot.waitUntil(lambda: "taken: Find anything" in card.trouble.text())
    assert (mine.keys, portable(field.keySequence())) == ({}, "Ctrl+P")
    QTest.keyClick(field, Qt.Key.Key_R, CONTROL)
    qtbot.waitUntil(lambda: mine.keys == {"pause": "Ctrl+R"})
    assert told == [{"pause": "Ctrl+R"}], "and it was never without a key"
    assert not card.trouble.isVisible()
    QTest.mouseClick(card.usual, Qt.MouseButton.LeftButton)
    assert (mine.keys, portable(field.keySequence())) == ({}, "Ctrl+P")


def test_two_keys_that_changed_places_stay_so(qapp):
    swapped = {"find": "Ctrl+P", "pause": "Ctrl+K"}
    mine = Settings(keys=dict(swapped))
    Keys(mine)
    assert mine.keys == swapped
