from fnet_studio.link.ladder import Rung, StopLadder


def test_the_worker_is_asked_then_terminated_then_killed():
    ladder = StopLadder(100.0, ask_s=10.0, terminate_s=3.0)
    assert ladder.advance(109.9) is None
    assert ladder.advance(110.0) == "terminate"
    assert ladder.rung is Rung.TERMINATING
    assert ladder.advance(112.9) is None
    assert ladder.advance(113.0) == "kill"
    assert ladder.rung is Rung.KILLING
    assert ladder.advance(1000.0) is None


def test_a_job_that_ends_is_never_killed():
    ladder = StopLadder(0.0, ask_s=10.0)
    ladder.done()
    assert ladder.advance(1000.0) is None
    assert ladder.hurry(1000.0) is None
    assert ladder.rung is Rung.DONE


def test_a_clock_that_jumps_still_gives_every_rung_its_time():
    ladder = StopLadder(0.0, ask_s=10.0, terminate_s=3.0)
    assert ladder.advance(500.0) == "terminate"
    assert ladder.advance(500.1) is None
    assert ladder.advance(503.0) == "kill"


def test_asking_again_goes_to_the_next_rung_at_once():
    ladder = StopLadder(0.0, ask_s=10.0, terminate_s=3.0)
    assert ladder.hurry(1.0) == "terminate"
    assert ladder.left_s(1.0) == 3.0
    assert ladder.hurry(1.5) == "kill"
    assert ladder.hurry(1.6) is None


def test_the_countdown_is_put_into_words():
    ladder = StopLadder(0.0, ask_s=10.0, terminate_s=3.0)
    assert ladder.words(4.0) == "Stopping; ending the worker in 6 s"
    ladder.advance(10.0)
    assert ladder.words(10.0) == "Ending the worker; killing it in 3 s"
    ladder.advance(13.0)
    assert ladder.words(13.0) == "Killing the worker"
    assert ladder.left_s(13.0) == 0.0
