"""Prediction bars."""

import pytest
from PySide6.QtCore import Qt

from fnet_studio.ui.widgets.predictions import Prediction, PredictionBars

BEST = [
    Prediction("Paris", 0.42, 1),
    Prediction("London", 0.12, 2),
    Prediction("France", 0.0004, 124, original=True),
]


@pytest.fixture
def bars(qtbot, colours):
    bars = PredictionBars(colours)
    qtbot.addWidget(bars)
    bars.show()
    bars.show_predictions("Mask 1", "“France” stood there: rank 124", BEST)
    return bars


def test_a_click_tells_which_candidate_was_meant(qtbot, bars):
    with qtbot.waitSignal(bars.chosen) as told:
        qtbot.mouseClick(bars.rows()[1], Qt.MouseButton.LeftButton)
    assert told.args == [1]


def test_enter_chooses_the_candidate_that_arrow_keys_reached(qtbot, bars):
    bars.rows()[0].setFocus()
    qtbot.keyClick(bars.rows()[0], Qt.Key.Key_Down)
    with qtbot.waitSignal(bars.chosen) as told:
        qtbot.keyClick(bars.rows()[1], Qt.Key.Key_Return)
    assert told.args == [1]


def test_the_original_is_marked_in_words_with_its_rank(bars):
    assert bars.rows()[2].accessibleName() == "France, 0.040 %, rank 124, the original"
    assert bars.rows()[0].accessibleName() == "Paris, 42.0 %, rank 1"


def test_fewer_candidates_leave_no_old_rows_in_sight(bars):
    bars.show_predictions("Mask 1", "", BEST[:1])
    assert len(bars.rows()) == 1
    assert sum(row.isVisible() for row in bars._rows) == 1


def test_bars_begin_below_each_other_however_long_a_rank_is(bars, colours):
    def begins(row):
        image, middle = row.grab().toImage(), row.height() - 13
        tone = colours.current.success if row.prediction.original else colours.current.accent
        return next(x for x in range(20, image.width()) if image.pixelColor(x, middle).name() == tone.lower())

    bars.resize(360, 200)
    bars.show_predictions("Mask 1", "", [Prediction("one", 0.4, 1), Prediction("two", 0.3, 1240, original=True)])
    first, original = (begins(row) for row in bars.rows())
    assert abs(first - original) <= 1


def test_a_special_piece_is_listed_and_cannot_be_put_into_the_sentence(qtbot, bars):
    rows = (Prediction("<unk>", 0.5, 1, special=True), Prediction("cat", 0.2, 2), Prediction("dog", 0.1, 3))
    bars.show_predictions("Mask", "", rows)
    assert [row.focusPolicy() == Qt.FocusPolicy.StrongFocus for row in bars.rows()[1:]] == [True, False]
    chosen = []
    bars.chosen.connect(chosen.append)
    for row in bars.rows():
        qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert chosen == [1, 2]
    assert "special piece" in bars.rows()[0].toolTip()
