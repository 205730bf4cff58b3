"""Which slices stay, and which one stays chosen, while others arrive, fail or are stopped. The worker's answers are the
test's."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal

from fnet_studio.core import protocol
from fnet_studio.core.patterns import Pattern
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.ui.runs.slices_card import SlicesCard
from fnet_studio.ui.runs.slices_table import SlicesTable

TEXTS = 40
LOST = protocol.Failed("worker.lost", "The worker has ended.", "Try again.")
SLOW = protocol.Failed("pattern.slow", "The pattern takes more than 5 s on a single text.", "Write another.")


class Worker(QObject):
    """Holds the question that was asked last, until the test answers it."""

    message = Signal(object, object)

    def __init__(self):
        super().__init__()
        self.asked = []
        """The texts of all patterns that were asked for."""
        self._last: Any = None

    def ask(self, command, on_done=None, on_failed=None, on_stopped=None):
        if isinstance(command, protocol.Stop):
            self._take()[2]()
        else:
            self.asked.append(command.pattern)
            self._last = (on_done, on_failed, on_stopped)
        return len(self.asked)

    @property
    def waiting(self):
        return self._last is not None

    def find(self, *rows):
        self._take()[0](
            protocol.TextSlice(len(rows), TEXTS), np.array([rows, [10 + at for at in rows]], "<i4").tobytes()
        )

    def fail(self, failed):
        self._take()[1](failed)

    def _take(self):
        callbacks, self._last = self._last, None
        return callbacks


class Looked:
    """The card of a run, whose saved slices are `saved`, and what it told others."""

    def __init__(self, card, worker, saved):
        self.card, self.worker, self.saved = card, worker, saved
        self.told = []
        card.chosen.connect(lambda part: self.told.append(part.name))

    def look(self):
        """The run is shown, and all its texts are read."""
        labels = np.arange(TEXTS) % 2
        answers = Predictions(labels, np.tile([0.8, 0.2], (TEXTS, 1)))
        self.card.table.answers = answers
        self.card.put("run", "test", answers)
        self.worker.find(*range(TEXTS))

    def add(self, words):
        self.card.finder.search.line.setText(words)
        self.card.finder.add()

    @property
    def chosen(self):
        return self.card.shown[self.card.table.currentIndex().row()].name

    @property
    def names(self):
        return [one.name for one in self.card.shown]

    @property
    def error(self):
        return self.card.finder.messages.card


@pytest.fixture
def looked(qtbot, themes):
    worker, saved = Worker(), [Pattern("good"), Pattern("bad")]
    card = SlicesCard(worker, themes, saved, SlicesTable(themes), "What it is.")
    qtbot.addWidget(card)
    return Looked(card, worker, saved)


def test_saved_slices_outlive_a_lost_worker_and_are_asked_for_at_the_next_look(looked):
    looked.look()
    looked.worker.fail(LOST)
    assert looked.saved == [Pattern("good"), Pattern("bad")]
    assert looked.worker.asked == ["", "good"]
    assert looked.error.message.text() == LOST.message
    looked.look()
    assert looked.error is None
    looked.worker.find(1, 2)
    looked.worker.find(3)
    assert looked.names[-2:] == ["Holds “good”", "Holds “bad”"]


def test_a_typed_slice_is_kept_once_it_was_found(looked):
    looked.saved.clear()
    looked.look()
    looked.add("plot")
    looked.worker.fail(LOST)
    looked.add("(plot")
    looked.worker.fail(SLOW)
    assert looked.saved == []
    looked.add("plot")
    looked.worker.find(1, 2)
    assert looked.saved == [Pattern("plot")]
    assert looked.told == ["Holds “plot”"]


def test_a_saved_slice_that_is_stopped_stays_and_waits_for_the_next_look(looked):
    looked.look()
    looked.card.finder.working.stop.click()
    assert looked.saved == [Pattern("good"), Pattern("bad")]
    looked.add("plot")
    looked.worker.find(1, 2)
    looked.worker.find(3)
    assert looked.worker.asked == ["", "good", "plot", "bad"]
    assert not looked.worker.waiting
    looked.look()
    assert looked.worker.asked[-1] == "good"


def test_a_typed_slice_that_is_stopped_is_given_up(looked):
    looked.look()
    looked.add("plot")
    looked.card.finder.working.stop.click()
    looked.look()
    for _ in looked.saved:
        looked.worker.find(1)
    assert looked.saved == [Pattern("good"), Pattern("bad")]
    assert "plot" not in looked.worker.asked[-2:]


def test_a_saved_slice_that_is_refused_is_named_can_be_removed_and_holds_up_no_other(looked):
    looked.look()
    looked.worker.fail(SLOW)
    looked.worker.find(3)
    assert looked.saved == [Pattern("good"), Pattern("bad")]
    assert looked.names[-1] == "Holds “bad”"
    assert looked.error.message.text() == f"Holds “good”: {SLOW.message}"
    looked.error.action.click()
    assert looked.saved == [Pattern("bad")]
    assert looked.error is None


def test_what_is_chosen_stays_so_while_other_slices_arrive_or_fail(looked):
    looked.look()
    looked.card.table.selectRow(2)
    by_length = looked.chosen
    looked.worker.find(1, 2)
    assert looked.chosen == by_length
    looked.card.table.selectRow(len(looked.names) - 1)
    looked.worker.fail(SLOW)
    assert looked.chosen == "Holds “good”"
    assert looked.card.remove_button.isEnabled()
    assert looked.told == [by_length, "Holds “good”"]


def test_all_texts_are_chosen_and_told_where_the_chosen_slice_is_taken_away(looked):
    looked.look()
    looked.worker.find(1, 2)
    looked.card.table.selectRow(len(looked.names) - 1)
    looked.card.remove()
    assert looked.chosen == "All test texts"
    assert looked.told == ["Holds “good”", "All test texts"]
    assert not looked.card.remove_button.isEnabled()
    assert looked.saved == [Pattern("bad")]
