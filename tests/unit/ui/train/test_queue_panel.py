"""The queue's panel."""

import pytest
from PySide6.QtCore import Qt

from fnet_studio.core import queue
from fnet_studio.core import recipe as recipes
from fnet_studio.ui.train.queue_panel import QueuePanel


@pytest.fixture
def panel(qtbot, colours):
    for name in ("one", "two", "three"):
        queue.add(recipes.to_mapping(recipes.load(recipes.bundled("sample-quick"), {"name": name})))
    panel = QueuePanel(colours)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def names():
    return [entry.name for entry in queue.entries()]


def test_the_order_is_changed_with_the_keyboard_and_what_is_chosen_stays_chosen(qtbot, panel):
    panel.select(queue.entries()[2].id)
    qtbot.keyClick(panel, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert names() == ["one", "three", "two"]
    assert panel._chosen().name == "three"
    qtbot.keyClick(panel, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert names() == ["one", "two", "three"]


def test_an_entry_is_removed_and_an_empty_queue_is_hidden(qtbot, panel):
    for _ in range(3):
        panel.select(queue.entries()[0].id)
        qtbot.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
    assert names() == []
    assert not panel.isVisible()


def test_delete_goes_on_to_the_next_entry(qtbot, panel):
    panel.select(queue.entries()[1].id)
    qtbot.keyClick(panel, Qt.Key.Key_Delete)
    assert names() == ["one", "three"]
    qtbot.keyClick(panel, Qt.Key.Key_Delete)
    qtbot.keyClick(panel, Qt.Key.Key_Delete)
    assert names() == []


def test_what_is_at_work_is_not_removed(panel):
    queue.claim()
    panel.refresh()
    panel.select(queue.entries()[0].id)
    assert not panel.remove.isEnabled()


def test_a_failed_entry_says_why_and_can_wait_again(qtbot, panel):
    entry = queue.claim()
    queue.end(entry.id, "failed", {"kind": "x", "message": "The disk is full.", "advice": "Free some space."})
    panel.refresh()
    panel.select(entry.id)
    assert panel.failure.text() == "The disk is full. Free some space."
    qtbot.mouseClick(panel.again, Qt.MouseButton.LeftButton)
    assert queue.entries()[0].state == "waiting"


def test_what_follows_is_asked_while_something_waits_and_counts_once(panel):
    assert panel.when_done.isVisible()
    panel.when_done.setCurrentIndex(panel.when_done.findData("close"))
    assert [panel.take_when_done(), panel.take_when_done()] == ["close", "stay"]
    for entry in queue.entries():
        queue.remove(entry.id)
    queue.add(recipes.to_mapping(recipes.load(recipes.bundled("sample-quick"))))
    queue.end(queue.claim().id, "done")
    panel.refresh()
    assert panel.isVisible()
    assert not panel.when_done.isVisible()


def test_a_damaged_queue_is_told_once(qtbot, panel):
    queue.path().write_text("{")
    told = []
    panel.refused.connect(told.append)
    panel.refresh()
    panel.refresh()
    assert [failed.kind for failed in told] == ["queue.unreadable"]
