"""Asking whether a run goes on exactly, over the scripted engine."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fnet_studio.core import protocol, run_store
from fnet_studio.core.comparison import Comparison
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.ui.runs.repeat_card import RepeatCard

WAIT_MS = 30_000


@pytest.fixture
def card(qtbot, supervisor, themes):
    it = RepeatCard(supervisor, themes)
    qtbot.addWidget(it)
    it.show()
    return it


def make_run(steps):
    writer = run_store.RunWriter.create("it", to_mapping(Recipe()))
    for step in range(1, steps + 1):
        writer.append({"step": step, "loss": 1 / step, "accuracy": 0.5, "tokens_per_s": 1.0, "time_s": float(step)})
    writer.finish("finished")
    return writer.record.id


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_steps_that_are_the_same_are_said_to_be_and_with_what_they_were_compared(card, qtbot):
    card.show_run(make_run(30))
    click(card.start)
    assert not card.start.isEnabled()
    qtbot.waitUntil(card.verdict.isVisible, timeout=WAIT_MS)
    assert "Steps 1 to 30" in card.verdict.text()
    assert "bit for bit" in card.verdict.text()
    (line,) = card.compared.words
    assert "against the log. As it should be: equal" in line
    assert card.start.isEnabled()
    assert not card.working.isVisible()


def test_steps_that_are_not_the_same_say_which_and_why_that_may_be(card):
    same, other = Comparison("Losses", "the log", 3, 0.0, 1.0), Comparison("Weights", "it", 9, 0.5, 2.0)
    card._came(protocol.StepsRepeated("it", 1, 3, (same, other), devices_then=4, devices=2), b"")
    assert "not all of it" in card.verdict.text()
    same, other = card.compared.words
    assert "As it should be" in same
    assert "Differs: largest difference 0.5" in other
    assert "shared by 4 devices, now by 2" in card.why.text()


def test_a_run_without_steps_says_what_it_would_take(card, qtbot):
    card.show_run(make_run(1))
    click(card.start)
    qtbot.waitUntil(card.messages.isVisible, timeout=WAIT_MS)
    assert "no two steps" in card.messages.card.message.text()
    assert card.start.isEnabled()


def test_it_can_be_stopped_and_another_run_begins_empty(card, qtbot):
    card.show_run(make_run(2000))
    click(card.start)
    qtbot.waitUntil(card.working.isVisible, timeout=WAIT_MS)
    click(card.working.stop)
    assert card.start.isEnabled()
    assert not card.verdict.isVisible()
    card._came(protocol.StepsRepeated("it", 1, 3, ()), b"")
    card.show_run(make_run(2))
    assert not card.verdict.isVisible()
