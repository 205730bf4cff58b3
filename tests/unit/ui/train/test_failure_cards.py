"""What the window offers for a run that failed."""

import time

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from fnet_studio.core import protocol, run_store
from fnet_studio.core import recipe as recipes
from fnet_studio.ui.train.failure_cards import Recovery
from fnet_studio.ui.train.live_run import LiveRun


class Worker(QObject):
    """The side of the supervisor that a live run and its recovery talk to."""

    asked = Signal(int, object)
    message = Signal(object, object)

    def __init__(self):
        super().__init__()
        self.long_running = {}
        self.commands = []

    def start(self):
        pass

    def ask(self, command, **_):
        self.commands.append(command)
        self.asked.emit(len(self.commands), command)
        return len(self.commands)


@pytest.fixture
def run_on_moved_files(tmp_path):
    after = tmp_path / "after"
    after.mkdir()
    (after / "train.csv").touch()
    (after / "test.csv").touch()
    before = tmp_path / "before"
    data = {"source": "files", "path": str(before / "train.csv"), "test_path": str(before / "test.csv")}
    writer = run_store.RunWriter.create("mine", recipes.to_mapping(recipes.from_mapping({"data": data})))
    writer.finish("stopped")
    return writer.record.id, after


def test_a_run_whose_files_were_moved_goes_on_with_those_that_are_chosen(
    qtbot, qapp, colours, monkeypatch, run_on_moved_files
):
    id, after = run_on_moved_files
    worker = Worker()
    run = LiveRun(worker)
    recovery = Recovery(worker, colours, run, None)
    run.resume(id)
    assert run.id == id
    card = recovery.card_of(protocol.Failed("data.missing", "There is no file train.csv."), run.id)
    qtbot.addWidget(card)
    answers = [("", ""), (str(after / "train.csv"), "")]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: answers.pop(0))
    card.buttons[0].click()
    assert len(worker.commands) == 1
    card.buttons[0].click()
    moved = {"data.path": str(after / "train.csv"), "data.test_path": str(after / "test.csv")}
    assert worker.commands[1] == protocol.Resume(id, moved)


def test_nothing_is_to_be_chosen_where_all_files_are_in_their_places(qtbot, colours, run_on_moved_files):
    id, after = run_on_moved_files
    after.rename(after.parent / "before")
    card = Recovery(Worker(), colours, None, None).card_of(protocol.Failed("data.gone", "It disappeared."), id)
    qtbot.addWidget(card)
    assert [button.text() for button in card.buttons] == ["Resume"]


def test_a_run_whose_folder_went_can_be_resumed_once_it_is_back(qtbot, colours):
    worker = Worker()
    card = Recovery(worker, colours, LiveRun(worker), None).card_of(
        protocol.Failed("run.folder-gone", "The folder of the run has gone.", "Put it back."), "gone"
    )
    qtbot.addWidget(card)
    assert [button.text() for button in card.buttons] == ["Resume"]
    card.buttons[0].click()
    assert worker.commands == [protocol.Resume("gone")]


@pytest.mark.parametrize(
    ("hours", "words"), [(1.25, ", 1 h 15 min ago."), (47, ", 47 h 00 min ago."), (290, ", 12 days ago.")]
)
def test_a_run_that_waits_says_for_how_long(qtbot, colours, hours, words):
    writer = run_store.RunWriter.create("mine", recipes.to_mapping(recipes.from_mapping({})))
    writer.record.status, writer.record.ended = "paused", time.time() - 3600 * hours
    writer.close()
    writer.save()
    card = Recovery(Worker(), colours, None, None).offer()
    qtbot.addWidget(card)
    assert card.message.text().endswith(f"is paused{words}")


@pytest.mark.parametrize(
    ("every_s", "words"), [(3600.0, "each epoch and every 1 h 00 min."), (20.0, "every 20 s."), (0.0, "each step.")]
)
def test_after_a_crash_a_run_tells_how_often_it_wrote_checkpoints(qtbot, colours, every_s, words):
    recipe = recipes.from_mapping({"saving": {"checkpoint_every_s": every_s}})
    writer = run_store.RunWriter.create("mine", recipes.to_mapping(recipe))
    writer.finish("interrupted")
    lost = protocol.Failed("worker.lost", "The worker ended.")
    card = Recovery(Worker(), colours, None, None).card_of(lost, writer.record.id)
    qtbot.addWidget(card)
    assert card.advice.text().endswith(words)
