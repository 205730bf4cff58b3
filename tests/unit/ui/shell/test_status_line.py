"""What the line at the bottom says of a run that is held, and of one that is over."""

import pytest
from PySide6.QtCore import QObject, Signal

from fnet_studio.core import protocol
from fnet_studio.ui.status_line import StatusLine


class Worker(QObject):
    """The side of the supervisor that the line follows."""

    asked = Signal(int, object)
    message = Signal(object, object)
    stopping_changed = Signal()
    stop_words = ""

    def __init__(self):
        super().__init__()
        self.long_running = {}


def test_a_command_that_the_worker_refuses_beside_a_training_leaves_the_training_in_the_line(qtbot, colours):
    worker = Worker()
    line = StatusLine(worker, colours)
    qtbot.addWidget(line)
    for id, command in ((7, protocol.Train({})), (8, protocol.Evaluate("run", "test"))):
        worker.long_running[id] = command
        worker.asked.emit(id, command)
    del worker.long_running[8]
    failed = protocol.Failed("worker.busy", "The worker is at a long task already.", "Wait.")
    worker.message.emit(protocol.Envelope(1, 0, failed, reply_to=8), b"")
    assert line.command == 7
    assert line.stop.isVisible()
    assert line.phase.text() == "Starting"
    del worker.long_running[7]
    worker.message.emit(protocol.Envelope(2, 0, protocol.Stopped(False), reply_to=7), b"")
    worker.asked.emit(9, protocol.Train({}))
    assert line.command == 9


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("finetune", "75.0 % of the test texts right"),
        ("masked-lm", "75.0 % of the masked words of the test texts found"),
    ],
)
def test_a_finished_run_says_what_its_model_gets_right(qtbot, colours, task, words):
    worker = Worker()
    line = StatusLine(worker, colours)
    qtbot.addWidget(line)
    worker.asked.emit(7, protocol.Train({}))
    started = protocol.RunStarted("run", "/run", {"task": task}, 1, protocol.Device("cpu", "cpu"), 10, 30)
    for body in (started, protocol.Done(protocol.RunFinished("run", 0.5, 0.75, 3.0))):
        worker.message.emit(protocol.Envelope(1, 0, body, reply_to=7), b"")
    assert line.phase.text() == f"Finished in 3 s: {words}"


def test_a_held_run_says_at_which_step(qtbot, colours):
    worker = Worker()
    line = StatusLine(worker, colours)
    qtbot.addWidget(line)
    line.show()
    told = []
    line.told.connect(lambda words, _: told.append(words))
    worker.asked.emit(7, protocol.Train({}))

    def tell(*bodies):
        for body in bodies:
            worker.message.emit(protocol.Envelope(1, 0, body, reply_to=7), b"")

    device = protocol.Device("cpu", "cpu")
    tell(protocol.RunStarted("run", "/run", {"task": "finetune"}, 1, device, 10, 6000), protocol.Phase("paused"))
    qtbot.waitUntil(lambda: line.phase.text() == "Paused")  # before its first step
    assert not line.bar.isVisible()
    tell(protocol.Phase("training", 6000, "steps"), protocol.Progress(600), protocol.Phase("paused"))
    qtbot.waitUntil(lambda: line.phase.text() == "Paused at step 600 of 6\N{NARROW NO-BREAK SPACE}000")
    assert line.bar.isVisible()
    assert line.bar.value() / line.bar.maximum() == 0.1
    assert not line.counted.isVisible()
    assert told[-1] == "Paused 10 %"
