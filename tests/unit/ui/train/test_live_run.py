"""Following a run: folding at once, showing at the clock's pace, pictures on credit."""

import pytest
from PySide6.QtCore import QObject, Signal

from fnet_studio.core import protocol
from fnet_studio.core.run_state import RunState
from fnet_studio.core.settings import Settings
from fnet_studio.ui.train.live_run import LiveRun, PictureStream, Throttle
from fnet_studio.ui.train.live_view import LiveView


class Worker(QObject):
    """The side of the supervisor that a live run talks to."""

    asked = Signal(int, object)
    message = Signal(object, object)

    def __init__(self):
        super().__init__()
        self.told = []
        self.long_running = {}
        self.stopped = []

    def tell(self, command):
        self.told.append(command)

    def ask(self, _command, on_done, **_):
        self.answers = lambda result: on_done(result, b"")

    def stop(self, id, mode):
        self.stopped.append((id, mode))

    def says(self, body, command=7):
        self.message.emit(protocol.Envelope(1, 0, body, reply_to=command, time=100.0), b"")


@pytest.fixture
def worker(qapp):
    return Worker()


@pytest.fixture
def run(worker):
    run = LiveRun(worker, now=lambda: 100.0)
    worker.asked.emit(7, protocol.Train({}))
    yield run
    run.show(False)


FRAME = protocol.Frame("maps", 1, protocol.Maps(kind="mixing", layers=1, rows=2, columns=3, low=0.0, high=1.0))
STEPS = protocol.Metrics((1, 2), (0.7, 0.6), (0.5, 0.6), (100.0, 110.0), (0.1, 0.2))


def test_showing_a_run_takes_no_more_than_its_share_of_the_processor():
    wall, spent = [0.0], [0.0]
    throttle = Throttle(2, lambda: wall[0], lambda: spent[0])
    assert throttle.allows()
    throttle.shown()
    spent[0] += 0.010  # a paint: at 4 % of one core it wants 250 ms
    for passed, allowed in ((0.1, False), (0.2, False), (0.26, True)):
        wall[0] = passed
        assert throttle.allows() is allowed
    throttle.shown()
    spent[0] += 10.0
    wall[0] += 0.49
    assert not throttle.allows()
    wall[0] += 0.02
    assert throttle.allows()


def test_a_hidden_page_folds_everything_and_is_told_nothing(qtbot, worker, run):
    with qtbot.assertNotEmitted(run.pulled, wait=120):
        worker.says(STEPS)
    assert list(run.state.step) == [1, 2]


def test_a_flood_of_events_is_pulled_at_the_pace_of_the_clock(qtbot, worker, run):
    pulls = []
    run.pulled.connect(pulls.append)
    run.show(True)
    qtbot.waitUntil(lambda: len(pulls) == 1)
    for _ in range(500):
        worker.says(STEPS)
    assert len(pulls) == 1
    qtbot.waitUntil(lambda: len(pulls) == 2)
    assert pulls[1] == {"metrics"}
    assert len(run.state.step) == 1000


def test_a_page_that_comes_back_pulls_everything(qtbot, worker, run):
    worker.says(STEPS)
    with qtbot.waitSignal(run.pulled) as pulled:
        run.show(True)
    assert {"metrics", "status", "frame"} <= pulled.args[0]


def test_the_clock_stands_still_when_the_run_is_over(qtbot, worker, run):
    run.show(True)
    worker.says(protocol.Stopped(kept=True))
    qtbot.waitUntil(lambda: not run._clock.isActive())
    assert run.state.status == "stopped"


def test_messages_of_other_commands_change_nothing(worker, run):
    worker.says(STEPS, command=8)
    assert not run.state.step


def test_stop_names_the_command_and_the_mode(worker, run):
    run.stop("discard")
    assert worker.stopped == [(7, "discard")]
    worker.says(protocol.Stopped())
    run.stop("keep")
    assert len(worker.stopped) == 1


@pytest.mark.parametrize(
    ("confusion", "words"),
    [
        (((1, 0), (1, 1)), "Now: 75.0 % of 40 validation texts right, loss 0.5000."),
        ((), "Now: 75.0 % of 40 masked words of the validation texts found, loss 0.5000."),
    ],
)
def test_a_measurement_says_what_the_model_gets_right(worker, run, confusion, words):
    said = []
    run.answered.connect(said.append)
    run.evaluate()
    worker.answers(protocol.Evaluation("validation", 0.5, 0.75, 40, 1.0, confusion))
    assert said == [words]


def test_pictures_are_asked_for_one_at_a_time(worker):
    stream = PictureStream(worker)
    stream.watch(True)
    assert worker.told == [protocol.Watch("maps", 96, 128), protocol.Credit("maps")]
    stream.painted()
    assert len(worker.told) == 2
    worker.says(FRAME)
    stream.painted()
    assert worker.told[2:] == [protocol.Credit("maps")]


def test_a_new_run_asks_for_its_maps_though_the_last_ones_were_never_painted(qtbot, worker, themes):
    view = LiveView(worker, themes, Settings())
    qtbot.addWidget(view)
    view.begin("one", seen=True)
    worker.says(FRAME)
    worker.told.clear()
    view.begin("two", seen=True)
    assert worker.told == [protocol.Credit("maps")]
    view.begin("three", seen=True)
    assert len(worker.told) == 1, "the worker still has that credit"


def test_a_page_that_comes_back_gives_one_credit_for_the_maps_that_it_shows_already(qtbot, worker, themes):
    view = LiveView(worker, themes, Settings())
    qtbot.addWidget(view)
    view.begin("one", seen=True)
    worker.says(FRAME)
    state = RunState(frame=FRAME, frame_blob=bytes(6))
    view.pull({"frame"}, state, "one")
    view.pictures.watch(False)
    worker.told.clear()
    view.pictures.watch(True)
    view.pull({"frame"}, state, "one")
    assert worker.told.count(protocol.Credit("maps")) == 1


@pytest.mark.parametrize("while_hidden", [True, False])
def test_a_picture_that_was_on_its_way_when_the_page_was_hidden_gives_no_second_credit(worker, while_hidden):
    stream = PictureStream(worker)
    stream.watch(True)
    stream.watch(False)
    worker.told.clear()
    if while_hidden:
        worker.says(FRAME)
        stream.painted()
    stream.watch(True)
    if not while_hidden:
        assert worker.told == [protocol.Watch("maps", 96, 128)], "the worker has that credit, or a picture is coming"
        worker.says(FRAME)
        stream.painted()
    stream.painted()
    assert worker.told == [protocol.Watch("maps", 96, 128), protocol.Credit("maps")]


def test_a_hidden_page_takes_its_watch_back_and_gives_no_credit(worker):
    stream = PictureStream(worker)
    stream.watch(True)
    stream.watch(False)
    assert worker.told[-1] == protocol.Watch("maps", 0, 0)
    worker.says(FRAME)
    stream.painted()
    assert worker.told[-1] == protocol.Watch("maps", 0, 0)


def test_the_switch_of_zero_frequency_goes_to_the_worker(worker):
    stream = PictureStream(worker)
    stream.set_keep_zero(True)
    assert worker.told == []
    stream.watch(True)
    assert worker.told[0] == protocol.Watch("maps", 96, 128, True)
