import time

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnet_studio.core import protocol
from fnet_studio.worker import heartbeat
from fnet_studio.worker.outbox import METRICS_EVERY_S, ROWS_A_BATCH, Outbox


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def tick(self) -> None:
        self.now_s += 2 * METRICS_EVERY_S  # sums of 0.1 come out a little under or over


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def outbox(clock):
    box = Outbox(clock)
    box.take()  # the first tick is due at once
    return box


def row(step: int) -> tuple[int, float, float, float, float]:
    return (step, 1.0 / step, 0.5, 1000.0, step / 10)


def picture(step: int, stream: str = "maps") -> tuple[protocol.Frame, bytes]:
    return protocol.Frame(stream, step, protocol.Maps(1, 2, 3, 0.0, 1.0)), bytes(6)


def bodies(items) -> list:
    return [item.body for item in items]


# --------------------------------------------------------------------------------------------- metrics


def test_rows_leave_as_columns_ten_times_a_second(outbox, clock):
    for step in (1, 2, 3):
        outbox.row(5, row(step))
    assert outbox.take() == []
    clock.tick()
    (item,) = outbox.take()
    assert item.reply_to == 5
    assert item.body.step == (1, 2, 3)
    assert item.body.loss == (1.0, 0.5, 1 / 3)
    assert item.body.time_s == (0.1, 0.2, 0.3)


def test_rows_that_nobody_reads_are_merged_and_none_is_lost(outbox, clock):
    steps = range(1, 3 * ROWS_A_BATCH)
    for step in steps:
        outbox.row(5, row(step))
    clock.tick()
    batches = bodies(outbox.take())
    assert [step for batch in batches for step in batch.step] == list(steps)
    assert all(len(batch.step) <= ROWS_A_BATCH for batch in batches)


def test_rows_come_before_the_reply_that_ends_their_command(outbox):
    outbox.row(5, row(1))
    outbox.progress(5, protocol.Progress(1))
    outbox.finish(protocol.Done(), 5)
    assert [type(body) for body in bodies(outbox.take())] == [protocol.Metrics, protocol.Progress, protocol.Done]


def test_rows_come_before_the_phase_that_follows_them(outbox):
    outbox.row(5, row(1))
    outbox.put(protocol.Phase("validating"), 5)
    assert [type(body) for body in bodies(outbox.take())] == [protocol.Metrics, protocol.Phase]


def test_only_the_newest_progress_and_heartbeat_are_sent(outbox, clock):
    for done in range(100):
        outbox.progress(5, protocol.Progress(done))
        outbox.beat(protocol.Heartbeat(done))
    clock.tick()
    assert bodies(outbox.take()) == [protocol.Progress(99), protocol.Heartbeat(99)]


def test_a_heartbeat_tells_how_much_was_done_and_with_what(outbox, clock, monkeypatch):
    monkeypatch.setattr(heartbeat, "EVERY_S", 0.01)
    outbox.row(5, row(1))
    outbox.progress(5, protocol.Progress(1))
    heart = heartbeat.Heart(outbox, lambda: 5, lambda: 2**20)
    heart.start()
    end_s = time.monotonic() + 20
    told = []
    while not told and time.monotonic() < end_s:
        clock.tick()
        told = [body for body in bodies(outbox.take()) if isinstance(body, protocol.Heartbeat)]
    heart.stop()
    heart.join()
    assert (told[0].moved, told[0].busy_with, told[0].device_memory_bytes) == (2, 5, 2**20)
    assert told[0].memory_bytes > 2**20


# --------------------------------------------------------------------------------------------- control


def test_control_messages_keep_their_order_and_wait_for_no_tick(outbox):
    for number in range(50):
        outbox.put(protocol.Log("info", str(number)))
    assert [body.text for body in bodies(outbox.take())] == [str(number) for number in range(50)]


def test_a_message_that_could_not_be_read_is_refused_where_it_is_made(outbox):
    with pytest.raises((TypeError, msgspec.ValidationError)):
        outbox.put(protocol.Phase("training", np.int64(3)), 5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="atlas"):
        outbox.frame(5, picture(1)[0], bytes(5))
    assert outbox.take() == []


def test_a_closed_box_gives_all_that_is_left_and_then_ends(outbox):
    outbox.row(5, row(1))
    outbox.close()
    assert len(outbox.wait()) == 1
    assert outbox.wait() is None


# ---------------------------------------------------------------------------------------------- frames


def test_nothing_is_wanted_of_a_stream_that_is_not_watched(outbox):
    outbox.credit("maps")
    assert outbox.wanted("maps") is None


def test_nothing_is_wanted_or_sent_without_a_credit(outbox):
    outbox.watch(protocol.Watch("maps"))
    assert outbox.wanted("maps") is None
    outbox.frame(5, *picture(1))
    assert outbox.take() == []


def test_a_credit_lets_one_picture_through(outbox):
    outbox.watch(protocol.Watch("maps", 32, 48))
    outbox.credit("maps")
    assert outbox.wanted("maps") == protocol.Watch("maps", 32, 48)
    outbox.frame(5, *picture(1))
    assert outbox.wanted("maps") is None, "the picture in the slot uses the credit up"
    assert [body.step for body in bodies(outbox.take())] == [1]
    outbox.frame(5, *picture(2))
    assert outbox.take() == []


def test_the_newest_picture_wins(outbox):
    outbox.watch(protocol.Watch("maps"))
    for step in (1, 2, 3):
        outbox.frame(5, *picture(step))
    outbox.credit("maps")
    assert [body.step for body in bodies(outbox.take())] == [3]


def test_another_size_drops_the_picture_of_the_old_one(outbox):
    outbox.watch(protocol.Watch("maps"))
    outbox.credit("maps")
    outbox.frame(5, *picture(1))
    outbox.watch(protocol.Watch("maps", 10, 10))
    assert outbox.take() == []
    assert outbox.wanted("maps") == protocol.Watch("maps", 10, 10)


def test_a_credit_outlives_a_watch_that_ended_but_asks_for_nothing_until_the_next_one(outbox):
    outbox.watch(protocol.Watch("maps"))
    outbox.credit("maps")
    outbox.watch(protocol.Watch("maps", 0, 0))
    assert outbox.wanted("maps") is None
    outbox.watch(protocol.Watch("maps"))
    assert outbox.wanted("maps") == protocol.Watch("maps")


def test_no_picture_of_a_command_follows_its_reply(outbox):
    outbox.watch(protocol.Watch("maps"))
    outbox.frame(5, *picture(1))
    outbox.finish(protocol.Done(), 5)
    outbox.credit("maps")
    assert bodies(outbox.take()) == [protocol.Done()]


# ------------------------------------------------------------------------------------------ all together

JOBS = st.integers(1, 3)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("row"), JOBS),
        st.tuples(st.just("progress"), JOBS),
        st.tuples(st.just("event"), JOBS),
        st.tuples(st.just("frame"), JOBS),
        st.tuples(st.just("credit"), st.just(0)),
        st.tuples(st.just("tick"), st.just(0)),
        st.tuples(st.just("take"), st.just(0)),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(operations)
def test_whatever_the_order_nothing_is_lost_and_nothing_overtakes_its_own_events(todo):
    clock = Clock()
    box = Outbox(clock)
    box.watch(protocol.Watch("maps"))
    said: dict[int, list] = {1: [], 2: [], 3: []}
    heard: dict[int, list] = {1: [], 2: [], 3: []}
    events_said, events_heard, credits, frames = [], [], 0, 0

    def take() -> None:
        nonlocal frames
        for item in box.take():
            match item.body:
                case protocol.Metrics(step=steps):
                    heard[item.reply_to] += [("row", step) for step in steps]
                case protocol.Log(text=text):
                    heard[item.reply_to].append(("event", int(text)))
                    events_heard.append(int(text))
                case protocol.Frame(step=step):
                    frames += 1
                    assert step == newest_frame
        assert frames <= credits

    newest_frame = 0
    for number, (what, job) in enumerate(todo, 1):
        match what:
            case "row":
                box.row(job, row(number))
                said[job].append(("row", number))
            case "progress":
                box.progress(job, protocol.Progress(number))
            case "event":
                box.put(protocol.Log("info", str(number)), job)
                said[job].append(("event", number))
                events_said.append(number)
            case "frame":
                newest_frame = number
                box.frame(job, *picture(number))
            case "credit":
                credits += 1
                box.credit("maps")
            case "tick":
                clock.tick()
            case "take":
                take()
    clock.tick()
    take()
    assert heard == said
    assert events_heard == events_said
