import pytest

from fnet_studio.core import protocol
from fnet_studio.link.ladder import ASK_S, SAVE_ASK_S, TERMINATE_S, WORK_ASK_S, Rung, StopLadder

STARTED = protocol.RunStarted("r", "f", {}, 1, protocol.Device("cpu", "c"), 10, 20)


def asked(phase="", mode="keep", at_s=0.0):
    ladder = StopLadder()
    ladder.hear(STARTED, at_s)
    if phase:
        ladder.hear(protocol.Phase(phase), at_s)
    ladder.ask(at_s, mode)
    return ladder


def test_the_worker_is_asked_then_terminated_then_killed():
    ladder = asked(at_s=100.0)
    assert ladder.advance(100.0 + ASK_S - 0.1) is None
    assert ladder.advance(100.0 + ASK_S) == "terminate"
    assert ladder.rung is Rung.TERMINATING
    assert ladder.advance(100.0 + ASK_S + TERMINATE_S - 0.1) is None
    assert ladder.advance(100.0 + ASK_S + TERMINATE_S) == "kill"
    assert ladder.rung is Rung.KILLING
    assert ladder.advance(1000.0) is None


def test_a_job_that_ends_is_never_killed():
    ladder = asked()
    ladder.done()
    assert ladder.advance(1000.0) is None
    assert ladder.hurry(1000.0) is None
    assert ladder.rung is Rung.DONE
    assert ladder.countdown(1000.0) is None


def test_a_job_that_nobody_stops_is_left_alone():
    ladder = StopLadder()
    ladder.hear(protocol.Phase("training"), 0.0)
    assert ladder.advance(1000.0) is None
    assert ladder.hurry(1000.0) is None
    assert ladder.countdown(1000.0) is None


def test_a_clock_that_jumps_still_gives_every_rung_its_time():
    ladder = asked()
    assert ladder.advance(500.0) == "terminate"
    assert ladder.advance(500.1) is None
    assert ladder.advance(500.0 + TERMINATE_S) == "kill"


def test_asking_again_goes_to_the_next_rung_at_once():
    ladder = asked("saving")
    assert ladder.hurry(1.0) == "terminate"
    assert ladder.left_s(1.0) == TERMINATE_S
    assert ladder.hurry(1.5) == "kill"
    assert ladder.hurry(1.6) is None


@pytest.mark.parametrize(
    ("phase", "mode", "patience_s"),
    [
        ("compiling", "keep", ASK_S),
        ("tokenising", "pause", ASK_S),
        ("training", "keep", WORK_ASK_S),
        ("saving", "keep", SAVE_ASK_S),
        ("saving", "discard", ASK_S),
        ("training", "discard", ASK_S),
    ],
)
def test_patience_is_as_long_as_there_is_something_to_lose(phase, mode, patience_s):
    assert asked(phase, mode).left_s(0.0) == patience_s


def test_a_job_that_heeds_the_stop_and_saves_gets_the_time_to_save():
    ladder = asked("training")
    ladder.hear(protocol.Phase("saving"), WORK_ASK_S - 1)
    assert ladder.advance(WORK_ASK_S) is None
    assert ladder.advance(WORK_ASK_S - 1 + SAVE_ASK_S) == "terminate"
    ladder.hear(protocol.Phase("saving"), WORK_ASK_S + SAVE_ASK_S)
    assert ladder.advance(WORK_ASK_S + SAVE_ASK_S + TERMINATE_S) == "kill", "words do not bring a rung back"


def test_a_phase_with_less_to_lose_takes_no_time_away():
    ladder = asked("saving")
    ladder.hear(protocol.Phase("reading"), 1.0)
    assert ladder.left_s(1.0) == SAVE_ASK_S - 1.0


def test_the_countdown_names_the_phase_the_next_rung_and_what_is_kept():
    ladder = StopLadder()
    ladder.hear(protocol.RunStarted("r", "f", {}, 1, protocol.Device("cpu", "c"), 10, 20, resumed_at=120), 0.0)
    ladder.hear(protocol.Phase("compiling"), 0.0)
    ladder.ask(0.0)
    assert ladder.countdown(1.0).words == ("Still compiling; ends the worker in 2 s. Kept: checkpoint at step 120.")
    ladder.hear(protocol.Annotation("checkpoint", 130), 1.0)
    ladder.advance(3.0)
    assert ladder.countdown(3.0).words == "Ending the worker; kills it in 3 s. Kept: checkpoint at step 130."
    ladder.advance(6.0)
    assert ladder.countdown(6.0).words == "Killing the worker. Kept: checkpoint at step 130."
    assert ladder.countdown(6.0).left_s == 0.0
    assert ladder.left() == protocol.Stopped(kept=True, run="r")


def test_before_the_first_checkpoint_there_is_nothing_to_keep_and_a_discard_keeps_nothing():
    assert asked("reading").countdown(0.0).words == (
        "Still reading; ends the worker in 3 s. There is nothing to keep yet."
    )
    assert asked().countdown(0.0).words.startswith("Stopping; ends")
    assert asked("training", "discard").countdown(0.0).words.endswith("Nothing is kept.")
    assert asked("training").left() == asked("training", "discard").left() == protocol.Stopped()


@pytest.mark.parametrize(
    ("mode", "left"),
    [
        ("keep", protocol.Stopped(kept=True, run="r")),
        ("pause", protocol.Stopped(kept=True, run="r", paused=True)),
        ("discard", protocol.Stopped()),
    ],
)
def test_a_worker_that_had_to_be_killed_leaves_its_checkpoint_unless_it_was_to_be_discarded(mode, left):
    ladder = asked("training", mode)
    ladder.hear(protocol.Annotation("checkpoint", 130), 1.0)
    assert ladder.left() == left


def test_the_run_that_is_to_go_on_is_known_before_it_does():
    assert StopLadder(protocol.Resume("r")).run == "r"
