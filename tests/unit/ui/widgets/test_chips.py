"""The sentence as chips, by mouse and by keyboard."""

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication

from fnet_studio.ui.widgets.chips import ChipRow, Word

WORDS = (
    Word("[CLS]", ("[CLS]",), (0,), special=True),
    Word("The", ("The",), (1,)),
    Word("unbelievable", ("un", "believ", "able"), (2, 3, 4)),
    Word("France", ("France",), (5,), masked=True),
    Word("[SEP]", ("[SEP]",), (6,), special=True),
)


@pytest.fixture
def row(qtbot, colours):
    row = ChipRow(colours)
    qtbot.addWidget(row)
    row.resize(600, 100)
    with qtbot.waitExposed(row):
        row.show()
    row.show_words(WORDS, padding=120, cut_tokens=12)
    return row


def test_a_click_tells_which_word_was_meant(qtbot, row):
    with qtbot.waitSignal(row.toggled) as told:
        qtbot.mouseClick(row.chips()[2], Qt.MouseButton.LeftButton)
    assert told.args == [2]


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_space_and_enter_toggle_the_word_in_focus(qtbot, row, key):
    row.chips()[3].setFocus()
    with qtbot.waitSignal(row.toggled) as told:
        qtbot.keyClick(row.chips()[3], key)
    assert told.args == [3]


def test_arrow_keys_walk_along_the_words_and_pass_over_special_tokens(qtbot, row):
    chips = row.chips()
    chips[1].setFocus()
    qtbot.keyClick(chips[1], Qt.Key.Key_Right)
    assert chips[2].hasFocus()
    qtbot.keyClick(chips[2], Qt.Key.Key_End)
    assert chips[3].hasFocus()
    qtbot.keyClick(chips[3], Qt.Key.Key_Right)
    assert chips[3].hasFocus()
    qtbot.keyClick(chips[3], Qt.Key.Key_Home)
    assert chips[1].hasFocus()


def test_tab_stops_at_one_chip_only(row):
    stops = [chip for chip in row.chips() if chip.focusPolicy() & Qt.FocusPolicy.TabFocus and chip.isEnabled()]
    assert len(stops) == 1


def test_special_tokens_cannot_be_pressed(qtbot, row):
    with qtbot.assertNotEmitted(row.toggled):
        qtbot.mouseClick(row.chips()[0], Qt.MouseButton.LeftButton)


def test_masked_and_plain_words_differ_in_words_not_only_in_colour(row):
    names = [chip.accessibleName() for chip in row.chips()]
    assert names[1] == "word The"
    assert names[3] == "masked word, was France"
    assert names[0] == "special token [CLS]"


def test_padding_and_the_cut_are_said_behind_the_words(row):
    assert row._tail.text() == "… 12 tokens cut  ·  + 120 padding"


def test_pointing_at_a_piece_tells_its_token_and_leaving_tells_none(qtbot, row):
    chip = row.chips()[2]
    seen = []
    row.hovered.connect(seen.append)
    for x in (14, chip.width() // 2, chip.width() - 14):
        qtbot.mouseMove(chip, QPoint(x, chip.height() // 2))
        qtbot.wait(1)
    assert [position for position in seen if position >= 0] == [2, 3, 4]
    QApplication.sendEvent(chip, QEvent(QEvent.Type.Leave))
    assert seen[-1] == -1


def test_linking_a_token_marks_the_chip_that_holds_it(row):
    row.link(3)
    assert [chip.linked for chip in row.chips()] == [False, False, True, False, False]
    row.link(-1)
    assert not any(chip.linked for chip in row.chips())


def test_a_shorter_sentence_leaves_no_chip_of_the_longer_one_in_sight(row):
    row.show_words(WORDS[:2])
    assert [chip.word.text for chip in row.chips()] == ["[CLS]", "The"]
    assert sum(chip.isVisible() for chip in row._chips) == 2
    assert not row._tail.isVisible()
