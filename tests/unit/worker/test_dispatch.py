import collections
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worker_bench import FINISHED, LOADED, Bench, ToldEngine, until_stopped

from fnet_studio.core import measurements, protocol
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.protocol import Done, Failed
from fnet_studio.worker.job import Request, RunningJob
from fnet_studio.worker.outbox import Outbox


@pytest.fixture
def bench():
    it = Bench(ToldEngine())
    yield it
    it.close()


@pytest.fixture
def greeted(bench):
    bench.hello()
    bench.until(lambda: bench.events(protocol.Ready))
    return bench


# ---------------------------------------------------------------------------------------------- greeting


def test_hello_is_answered_before_the_engine_has_started(bench):
    bench.engine.gate.clear()
    welcome = bench.reply(bench.hello()).result
    assert welcome.engine == "told"
    assert welcome.version == protocol.VERSION
    assert not bench.events(protocol.Ready)
    bench.engine.gate.set()
    bench.until(lambda: bench.events(protocol.Ready))


def test_commands_that_come_before_the_engine_is_ready_are_answered_afterwards(bench):
    bench.engine.gate.clear()
    bench.hello()
    ids = [bench.send(protocol.Load("p")) for _ in range(3)]
    assert not any(bench.replies(id) for id in ids)
    bench.engine.gate.set()
    assert [bench.reply(id) for id in ids] == [Done(LOADED)] * 3
    kinds = [type(item.body) for item in bench.heard]
    assert kinds.index(protocol.Ready) < kinds.index(Done, 1), "ready is told before the first answer"


def test_another_major_version_is_refused_in_words(bench):
    failed = bench.reply(bench.send(protocol.Hello((protocol.VERSION[0] + 1, 0))))
    assert failed.kind == "protocol.version"
    assert "Install the same version" in failed.advice


def test_a_newer_minor_version_is_welcome(bench):
    assert isinstance(bench.reply(bench.send(protocol.Hello((protocol.VERSION[0], 99)))), Done)


def test_a_command_before_hello_is_refused(bench):
    assert bench.reply(bench.send(protocol.Load("p"))).kind == "protocol.no-hello"


def test_an_engine_that_does_not_start_fails_what_was_asked_with_its_traceback(bench, capsys):
    def broken():
        raise ImportError("libexample.so.1 is missing")

    bench.engine.gate.clear()
    bench.engine.started = broken
    bench.hello()
    id = bench.send(protocol.Load("p"))
    bench.engine.gate.set()
    failed = bench.reply(id)
    assert failed.kind == "engine.start"
    assert "libexample.so.1" in failed.message
    assert "ImportError" in failed.traceback
    assert "libexample.so.1" in capsys.readouterr().err
    assert bench.outbox.exit_code == protocol.ExitCode.ENGINE_FAILED


# ------------------------------------------------------------------------------------------ one reply each


def test_words_for_the_user_travel_unchanged(greeted):
    def fail(command, job):
        raise UserError("preset.missing", "There is no preset p.", "Choose another.")

    greeted.engine.answers[protocol.Load] = fail
    reply = greeted.reply(greeted.send(protocol.Load("p")))
    assert reply == Failed("preset.missing", "There is no preset p.", "Choose another.")


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_an_engine_raises_becomes_a_failure_with_a_traceback(greeted, error):
    def fail(command, job):
        raise error

    greeted.engine.answers[protocol.Load] = fail
    reply = greeted.reply(greeted.send(protocol.Load("p")))
    assert reply.kind == "worker.bug"
    assert type(error).__name__ in reply.traceback
    greeted.engine.answers[protocol.Load] = lambda command, job: (LOADED, b"")
    assert greeted.reply(greeted.send(protocol.Load("p"))) == Done(LOADED), "the worker goes on"


@pytest.mark.parametrize(
    "answer",
    [
        (None, b""),
        (FINISHED, b""),
        (protocol.Loaded("p", np.int64(3), 1, 1, 1, 1, "none"), b""),
        "no pair",
    ],
)
def test_an_answer_of_the_wrong_type_is_a_failure_and_never_reaches_the_wire(greeted, answer):
    greeted.engine.answers[protocol.Load] = lambda command, job: answer
    assert greeted.reply(greeted.send(protocol.Load("p"))).kind == "worker.bug"


@pytest.mark.parametrize("paused", [False, True])
def test_what_a_stopped_job_kept_is_told(greeted, paused):
    def keep(command, job):
        raise Stopped(kept=True, run="r7", paused=paused)

    greeted.engine.answers[protocol.Train] = keep
    assert greeted.reply(greeted.send(protocol.Train({}))) == protocol.Stopped(True, "r7", paused)


def test_a_blob_comes_with_its_result(greeted):
    measured = protocol.Measured((measurements.Array("share", (1, 1)),))
    greeted.engine.answers[protocol.Measure] = lambda command, job: (measured, b"abcd")
    id = greeted.send(protocol.Measure("p", "text", measurements.MixingShare()))
    greeted.reply(id)
    (item,) = [item for item in greeted.heard if item.reply_to == id]
    assert item.blob == b"abcd"


# ---------------------------------------------------------------------------------------------- stopping


def test_a_stop_is_answered_at_once_and_its_target_ends_stopped(greeted):
    greeted.engine.answers[protocol.Train] = until_stopped
    train = greeted.send(protocol.Train({}))
    greeted.until(lambda: greeted.dispatcher.busy_with() == train)
    stop = greeted.send(protocol.Stop(train))
    assert greeted.reply(train) == protocol.Stopped()
    assert greeted.replies(stop) == [Done()]
    order = [item.reply_to for item in greeted.heard if item.reply_to in (train, stop)]
    assert order == [stop, train]


def test_a_command_stopped_in_the_queue_is_never_begun(greeted):
    gate, begun = threading.Event(), []

    def slow(command, job):
        begun.append(command.preset)
        gate.wait()
        return LOADED, b""

    greeted.engine.answers[protocol.Load] = slow
    first, second = greeted.send(protocol.Load("first")), greeted.send(protocol.Load("second"))
    greeted.until(lambda: begun)
    greeted.send(protocol.Stop(second))
    assert greeted.reply(second) == protocol.Stopped()
    gate.set()
    assert greeted.reply(first) == Done(LOADED)
    assert begun == ["first"]


def test_a_stop_for_a_command_that_is_over_is_no_error(greeted):
    done = greeted.send(protocol.Load("p"))
    greeted.reply(done)
    assert greeted.reply(greeted.send(protocol.Stop(done))) == Done()
    assert greeted.reply(greeted.send(protocol.Stop(999))) == Done()
    assert len(greeted.replies(done)) == 1


def test_discarding_cannot_be_taken_back_by_keeping(greeted):
    modes, go = [], threading.Event()

    def watch_mode(command, job):
        go.wait()
        modes.append(job.stop_mode)
        raise Stopped

    greeted.engine.answers[protocol.Train] = watch_mode
    train = greeted.send(protocol.Train({}))
    greeted.until(lambda: greeted.dispatcher.busy_with() == train)
    greeted.send(protocol.Stop(train, "keep"))
    greeted.send(protocol.Stop(train, "discard"))
    greeted.send(protocol.Stop(train, "keep"))
    go.set()
    greeted.reply(train)
    assert modes == ["discard"]


def test_a_question_about_a_training_is_answered_by_the_training_itself(greeted):
    answered = threading.Event()

    def serve(command, job):
        while (request := job.take(protocol.CheckpointNow)) is None:
            job.wait(5.0)
        request.done(protocol.Checkpointed(7, "there"))
        answered.set()
        return until_stopped(command, job)

    greeted.engine.answers[protocol.Train] = serve
    train = greeted.send(protocol.Train({}))
    asked = greeted.send(protocol.CheckpointNow(train))
    assert greeted.reply(asked) == Done(protocol.Checkpointed(7, "there"))
    assert not greeted.replies(train)
    greeted.send(protocol.Stop(train))
    greeted.reply(train)


@pytest.mark.parametrize("command", [protocol.CheckpointNow, protocol.EvaluateNow])
def test_a_question_about_a_training_that_ends_first_says_that_it_is_over(greeted, command):
    greeted.engine.answers[protocol.Train] = until_stopped
    train = greeted.send(protocol.Train({}))
    asked = greeted.send(command(train))
    greeted.send(protocol.Stop(train))
    assert greeted.reply(asked).kind == "run.over"
    greeted.reply(train)
    assert greeted.reply(greeted.send(command(train))).kind == "run.over"
    load = greeted.send(protocol.Load("p"))
    assert greeted.reply(greeted.send(command(load))).kind == "run.over", "only trainings are held and saved"


def test_a_training_that_has_just_ended_takes_no_question_that_it_would_never_answer():
    outbox = Outbox()
    job = RunningJob(1, protocol.Train({}), outbox)
    assert job.begin()
    assert job.end()
    assert not job.add(Request(2, protocol.CheckpointNow(1), outbox))


def test_a_training_is_told_to_hold_and_to_go_on(greeted):
    seen = []

    def hold(command, job):
        for expected in (True, False):
            while job.held is not expected:
                job.wait(5.0)
            seen.append(job.held)
        return FINISHED, b""

    greeted.engine.answers[protocol.Train] = hold
    train = greeted.send(protocol.Train({}))
    assert greeted.reply(greeted.send(protocol.Pause(train))) == Done()
    greeted.until(lambda: seen == [True])
    assert greeted.reply(greeted.send(protocol.Continue(train))) == Done()
    assert greeted.reply(train) == Done(FINISHED)
    assert greeted.reply(greeted.send(protocol.Pause(train))) == Done(), "as a stop that comes too late"


def test_a_second_training_is_refused_while_one_runs(greeted):
    greeted.engine.answers[protocol.Train] = until_stopped
    train = greeted.send(protocol.Train({}))
    assert greeted.reply(greeted.send(protocol.Train({}))).kind == "busy"
    assert greeted.reply(greeted.send(protocol.Evaluate("r"))).kind == "busy"
    greeted.send(protocol.Stop(train))
    greeted.reply(train)
    greeted.engine.answers[protocol.Train] = lambda command, job: (FINISHED, b"")
    assert greeted.reply(greeted.send(protocol.Train({}))) == Done(FINISHED)


def test_who_reads_the_reply_of_a_training_may_send_the_next_one_at_once(greeted, monkeypatch):
    greeted.engine.answers[protocol.Train] = lambda command, job: (FINISHED, b"")
    finish, sent = greeted.outbox.finish, []

    def finish_and_ask(reply, reply_to, blob=b""):
        finish(reply, reply_to, blob)
        if reply == Done(FINISHED) and not sent:
            sent.append(greeted.send(protocol.Train({})))

    monkeypatch.setattr(greeted.outbox, "finish", finish_and_ask)
    greeted.send(protocol.Train({}))
    greeted.until(lambda: sent)
    assert greeted.reply(sent[0]) == Done(FINISHED)


def test_quick_commands_are_answered_while_a_training_runs(greeted):
    greeted.engine.answers[protocol.Train] = until_stopped
    train = greeted.send(protocol.Train({}))
    assert greeted.reply(greeted.send(protocol.Load("p"))) == Done(LOADED)
    greeted.send(protocol.Stop(train))


def test_an_export_waits_for_no_download(greeted):
    converted = protocol.Converted("folder")
    greeted.engine.answers[protocol.Download] = until_stopped
    greeted.engine.answers[protocol.Convert] = lambda command, job: (converted, b"")
    download = greeted.send(protocol.Download("https://host/a"))
    export = greeted.send(protocol.Convert("p", "folder", "kerashub", False))
    assert greeted.reply(export) == Done(converted)
    greeted.send(protocol.Stop(download))


def test_a_shutdown_stops_and_keeps_what_runs_and_then_closes(bench):
    modes = []

    def note(command, job):
        try:
            until_stopped(command, job)
        finally:
            modes.append(job.stop_mode)

    bench.hello()
    bench.engine.answers[protocol.Train] = note
    train = bench.send(protocol.Train({}))
    bench.until(lambda: bench.dispatcher.busy_with() == train)
    shutdown = bench.send(protocol.Shutdown())
    late = bench.send(protocol.Load("p"))
    assert bench.reply(train) == protocol.Stopped()
    assert bench.replies(shutdown) == [Done()]
    assert bench.reply(late).kind == "worker.closing"
    assert modes == ["keep"]
    bench.until(lambda: bench.outbox.wait() is None)


# ------------------------------------------------------------------------------------------------ events


def test_events_and_rows_of_a_job_carry_its_number(greeted):
    def tell(command, job):
        job.phase("training", 10, "steps")
        job.step(np.int64(1), np.float32(0.5), np.float64(0.25), 100, 1, np.float32(0.125), 2, np.int64(7), 8)
        job.progress(np.int64(1))
        return FINISHED, b""

    greeted.engine.answers[protocol.Train] = tell
    train = greeted.send(protocol.Train({}))
    greeted.reply(train)
    told = [item.body for item in greeted.heard if item.reply_to == train]
    assert told == [
        protocol.Phase("training", 10, "steps"),
        protocol.Metrics((1,), (0.5,), (0.25,), (100.0,), (1.0,), (0.125,), (2.0,), (7,), (8,)),
        protocol.Progress(1),
        Done(FINISHED),
    ]
    assert greeted.outbox.moved == 3


def test_a_number_used_twice_is_a_violation(greeted):
    with pytest.raises(protocol.ProtocolError, match="command 1 after"):
        greeted.dispatcher.handle(protocol.Envelope(9, 1, protocol.Load("p")))


def test_a_message_of_the_worker_is_no_command(greeted):
    with pytest.raises(protocol.ProtocolError, match="not a command"):
        greeted.dispatcher.handle(protocol.Envelope(9, 9, Done()))


# ------------------------------------------------------------------------------------------ all together

moves = st.lists(
    st.one_of(
        st.just(("load", 0)),
        st.just(("train", 0)),
        st.just(("bug", 0)),
        st.tuples(st.just("stop"), st.integers(1, 12)),
        st.tuples(st.just("discard"), st.integers(1, 12)),
        st.tuples(st.just("checkpoint"), st.integers(1, 12)),
        st.tuples(st.just("pause"), st.integers(1, 12)),
        st.just(("hear", 0)),
    ),
    max_size=12,
)


@given(moves)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_command_gets_exactly_one_reply_whatever_is_stopped_when(todo):
    bench = Bench(ToldEngine())

    def fail(command, job):
        raise RuntimeError("bug")

    bench.engine.answers |= {protocol.Train: until_stopped, protocol.Tokenize: fail}
    bench.hello()
    for what, target in todo:
        match what:
            case "load":
                bench.send(protocol.Load("p"))
            case "train":
                bench.send(protocol.Train({}))
            case "bug":
                bench.send(protocol.Tokenize("p", "t"))
            case "stop":
                bench.send(protocol.Stop(target))
            case "discard":
                bench.send(protocol.Stop(target, "discard"))
            case "checkpoint":
                bench.send(protocol.CheckpointNow(target))
            case "pause":
                bench.send(protocol.Pause(target))
            case "hear":
                bench.heard += bench.outbox.take()
    bench.close()
    replies = collections.Counter(item.reply_to for item in bench.heard if isinstance(item.body, protocol.Reply))
    assert replies == dict.fromkeys(range(1, bench._id + 1), 1)
