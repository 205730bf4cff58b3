from fnet_studio.core import protocol
from fnet_studio.core.protocol import Envelope
from fnet_studio.link import liveness
from fnet_studio.link.liveness import SILENT_S, STARTING_SILENT_S, Pulse, State, state, still_s
from fnet_studio.link.session import Told

READY = protocol.Ready((), {})


def told(event) -> Told:
    return Told(0, Envelope(1, 0, event))


def beat(moved: int, busy_with: int = 0, memory_bytes: int = 0) -> Told:
    return told(protocol.Heartbeat(moved, memory_bytes, 0, busy_with))


def test_a_worker_is_starting_until_its_engine_is_ready():
    pulse = Pulse.started(0.0)
    assert state(pulse, 5.0) is State.STARTING
    pulse = pulse.hear(beat(0), 6.0)
    assert state(pulse, 6.0) is State.STARTING
    assert state(pulse.hear(told(READY), 7.0), 7.0) is State.READY


def test_it_is_busy_while_a_command_is_at_work():
    pulse = Pulse.started(0.0).hear(told(READY), 1.0).hear(beat(3, busy_with=4), 2.0)
    assert state(pulse, 2.0) is State.BUSY
    assert state(pulse.hear(beat(3), 2.5), 2.5) is State.READY


def test_it_does_not_respond_when_heartbeats_stay_away_and_recovers_with_the_next():
    pulse = Pulse.started(0.0).hear(told(READY), 1.0)
    assert state(pulse, 1.0 + SILENT_S) is State.READY
    assert state(pulse, 1.1 + SILENT_S) is State.NOT_RESPONDING
    assert state(pulse.hear(beat(1), 9.0), 9.0) is State.READY


def test_a_slow_import_is_given_more_time():
    pulse = Pulse.started(0.0)
    assert state(pulse, STARTING_SILENT_S) is State.STARTING
    assert state(pulse, STARTING_SILENT_S + 1) is State.NOT_RESPONDING


def test_work_that_does_not_move_is_told_apart_from_a_worker_that_does_not_respond():
    pulse = Pulse.started(0.0).hear(told(READY), 1.0).hear(beat(5, busy_with=2), 2.0)
    for now_s in (3.0, 4.0, 60.0):
        pulse = pulse.hear(beat(5, busy_with=2), now_s)
    assert state(pulse, 60.0) is State.BUSY
    assert still_s(pulse, 60.0) == 58.0
    assert still_s(pulse.hear(beat(6, busy_with=2), 61.0), 61.0) == 0.0


def test_an_idle_worker_is_not_said_to_stand_still():
    pulse = Pulse.started(0.0).hear(told(READY), 1.0).hear(beat(5), 2.0)
    assert still_s(pulse, 100.0) == 0.0


def test_new_work_counts_as_movement():
    pulse = Pulse.started(0.0).hear(beat(5), 2.0).hear(beat(5, busy_with=3), 50.0)
    assert still_s(pulse, 51.0) == 1.0


def test_an_ended_process_is_off_or_crashed():
    assert state(Pulse(), 0.0) is State.OFF
    assert state(Pulse.started(0.0).ended(crashed=True), 1.0) is State.CRASHED
    assert state(Pulse.started(0.0).ended(crashed=False), 1.0) is State.OFF


def test_memory_is_the_last_that_was_told():
    assert Pulse.started(0.0).hear(beat(1, memory_bytes=123), 1.0).memory_bytes == 123
    assert liveness.State.BUSY.value == "busy"
