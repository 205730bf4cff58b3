"""The run card."""

import numpy as np
import pytest

from fnet_studio.ui.widgets.run_card import RunCard, RunFigures


@pytest.fixture
def card(qtbot, colours):
    card = RunCard(colours)
    qtbot.addWidget(card)
    return card


def test_the_state_is_a_sign_and_a_word(card):
    for status, words in (("idle", "○  No run"), ("failed", "✕  Failed"), ("finished", "✓  Finished")):
        card.show_figures(RunFigures(status))
        assert card._state.text() == words


def test_progress_time_left_compile_time_and_the_best_are_told_apart(card):
    card.show_figures(RunFigures("running", "imdb", "Training", 1200, 3000, "steps", 125, 332, 8.2, 22500, 0.841, 900))
    assert card._phase.text() == "Training · 1\u202f200 of 3\u202f000 steps"
    assert card._bar.value() == 400
    assert card.elapsed.accessibleName() == "Elapsed: 2 min 05 s"
    assert card.left.accessibleName() == "Left in this phase: about 5 min 32 s"
    assert card.compiling.accessibleName() == "Of it compiling: 8 s"
    assert card.best.accessibleName() == "Best validation: 84.1 %"
    assert card.speed.accessibleName() == "Tokens per second: 22.5 k"


def test_a_phase_of_unknown_length_is_busy_without_a_share(card):
    card.show_figures(RunFigures("running", phase="Compiling for this device"))
    assert card._phase.text() == "Compiling for this device …"
    assert card._bar.maximum() == 0


def test_more_steps_than_fit_a_bar_of_32_bits_do_no_harm(card):
    card.show_figures(RunFigures("running", phase="Training", done=3 * 2**32, total=4 * 2**32))
    assert card._bar.value() == 750


def test_speeds_that_are_no_numbers_are_left_out(card):
    card.set_speeds([1.0, np.nan, 2.0])
    card.grab()
    assert list(card.sparkline._values) == [1.0, 2.0]
