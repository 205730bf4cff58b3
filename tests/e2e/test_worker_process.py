"""Real worker processes with the scripted engine: what happens when something ends, breaks or stalls."""

import itertools
import os
import signal
import statistics
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from worker_process import BareWorker, gone_within, quick_recipe

from fnet_studio.core import places, protocol, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.protocol import Done
from fnet_studio.core.remedies import remedies
from fnet_studio.link import liveness
from fnet_studio.link.blocking import Worker
from fnet_studio.link.exit import ProcessExit
from fnet_studio.link.ladder import Rung, StopLadder
from fnet_studio.link.recording import replay
from fnet_studio.link.session import Closed, Replied, Told

pytestmark = pytest.mark.skipif(os.name == "nt", reason="uses signals and select on pipes")


@pytest.fixture
def bare(request):
    """A factory; what it made is killed at the end."""
    made = []

    def make(script: str = "", **options) -> BareWorker:
        made.append(BareWorker(script, **options))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


# ------------------------------------------------------------------------------------- ends and deaths


def test_a_killed_worker_settles_every_request_once_with_words():
    with Worker("scripted", "rate=50,steps=10000") as worker:
        worker.wait_ready()
        train = worker.post(protocol.Train(quick_recipe()))
        killed = []

        def kill(envelope, blob):
            if isinstance(envelope.body, protocol.Metrics) and not killed:
                killed.append(worker.post(protocol.Watch("maps")))
                worker.process.send_signal(signal.SIGKILL)

        with pytest.raises(UserError, match="killed by the system") as caught:
            worker.result(train, kill)
        assert caught.value.kind == "worker.lost"
        assert not worker.session.pending
        assert worker.exit is not None
        assert worker.exit.signal == signal.SIGKILL
        with pytest.raises(UserError, match="not running"):
            worker.call(protocol.Load("fnet_mini_en"))


@pytest.mark.parametrize("script", ["rate=100,steps=10000", "hang@5"])
def test_a_parent_that_is_killed_leaves_no_worker_behind(script):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, script, str(quick_recipe())], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        worker = int(parent.stdout.readline())
        assert parent.stdout.readline() == "training\n"
        time.sleep(0.3)
        parent.kill()
        assert gone_within(worker, 2.0)


PARENT = textwrap.dedent("""
    import ast, sys
    from fnet_studio.core import protocol
    from fnet_studio.link.blocking import Worker

    worker = Worker("scripted", sys.argv[1])
    print(worker.process.pid, flush=True)
    said = []

    def tell(envelope, blob):
        if isinstance(envelope.body, protocol.Metrics) and not said:
            said.append(print("training", flush=True))

    worker.call(protocol.Train(ast.literal_eval(sys.argv[2])), tell)
""")


def test_a_shutdown_while_training_keeps_the_run_even_if_the_input_is_closed_at_once(bare):
    worker = bare("rate=100,steps=10000")
    train = worker.send(protocol.Train(quick_recipe()))
    worker.read_until(worker.rows)
    worker.send(protocol.Shutdown())
    worker.process.stdin.close()
    reply = worker.reply(train)
    assert isinstance(reply, protocol.Stopped)
    assert reply.kept
    assert worker.process.wait(10) == protocol.ExitCode.ENDED
    assert run_store.read(reply.run).status == "stopped"


def test_leaving_the_block_ends_the_process_in_order():
    with Worker("scripted") as worker:
        worker.wait_ready()
    assert worker.process.returncode == 0
    assert worker.exit.orderly
    worker.close()


def test_bytes_that_are_no_command_end_the_worker_with_the_reason_on_stderr(bare):
    worker = bare()
    worker.process.stdin.write(b"GET / HTTP/1.1\r\n\r\n")
    _, errors = worker.process.communicate(timeout=20)
    assert worker.process.returncode == protocol.ExitCode.VIOLATION
    assert b"broke the protocol" in errors


def test_an_engine_that_cannot_start_says_why_and_ends_the_process():
    with Worker("scripted", "broken-start") as worker:
        with pytest.raises(UserError, match=r"libexample\.so\.1"):
            worker.call(protocol.Load("fnet_mini_en"))
        with pytest.raises(UserError, match="could not load its libraries"):
            worker.wait_ready()
        assert "ImportError" in worker.exit.last_words
        assert "ImportError" in worker.log_path.read_text()


def test_a_program_that_is_not_there_is_told_in_words():
    from fnet_studio.link.command import WorkerCommand

    with pytest.raises(UserError, match="could not be started") as caught:
        Worker(command=WorkerCommand(("/no/such/program",)))
    assert caught.value.kind == "worker.not-started"


# -------------------------------------------------------------------------------------------- faults


def fails(script: str) -> UserError:
    with Worker("scripted", script) as worker, pytest.raises(UserError) as caught:
        worker.call(protocol.Train(quick_recipe()))
    return caught.value


@pytest.mark.parametrize(
    ("script", "kind", "word"),
    [
        ("crash@5", "worker.lost", "SIGABRT"),
        ("killed@5", "worker.lost", "killed by the system"),
        ("oom@5", "device.out-of-memory", "not enough memory"),
        ("garbage-bytes@5", "link.violation", "not the protocol"),
        ("disk-full@5", "disk.full", "model.safetensors"),
        ("nan@5", "train.not-finite", "step 5"),
        ("device-lost@5", "device.lost", "CUDA_ERROR"),
        ("data-gone", "data.gone", "reviews.csv"),
        ("bug@5", "worker.bug", "ZeroDivisionError"),
        ("no-such-fault", "engine.start", "no-such-fault"),
    ],
)
def test_every_fault_reaches_the_other_side_as_its_own_error(script, kind, word):
    error = fails(f"{script},rate=0")
    assert error.kind == kind
    assert word in error.message
    assert error.advice


def test_a_run_short_of_room_waits_and_goes_on_by_itself():
    with Worker("scripted", "disk-low@8,rate=20,steps=40") as worker:
        heard = []
        finished, _ = worker.call(protocol.Train(quick_recipe()), lambda envelope, blob: heard.append(envelope.body))
    notes = [(it.kind, it.step) for it in heard if isinstance(it, protocol.Annotation)]
    (low, freed) = [note for note in notes if note[0].startswith("disk")]
    assert (low[0], freed[0]) == ("disk-low", "disk-freed")
    assert 8 <= low[1] == freed[1] < 40
    assert any(it == protocol.Phase("waiting") for it in heard)
    assert run_store.read(finished.run).status == "finished"


def test_a_run_without_enough_memory_goes_on_with_less_at_once_or_when_it_is_told_to():
    with Worker("scripted", "oom@8,rate=0,steps=20") as worker:
        heard = []
        auto = quick_recipe(**{"training.auto_batch": "true"})
        finished, _ = worker.call(protocol.Train(auto), lambda envelope, blob: heard.append(envelope.body))
        notes = [(it.kind, it.step) for it in heard if isinstance(it, protocol.Annotation)]
        assert ("less-memory", 7) in notes
        assert [step for it in heard if isinstance(it, protocol.Metrics) for step in it.step] == list(range(1, 21))
        with pytest.raises(UserError) as caught:
            worker.call(protocol.Train(quick_recipe()))
        assert caught.value.kind == "device.out-of-memory"
        (record,) = [it for it in run_store.list_runs()[0] if it.status == "failed"]
        best = remedies(record)[0]
        resumed, _ = worker.call(protocol.Resume(record.id, best.changes))
    for run in (finished.run, resumed.run):
        record = run_store.read(run)
        assert (record.status, record.recipe["training"]["accumulation"]) == ("finished", 2)


def test_a_crash_shows_where_it_happened():
    with Worker("scripted", "crash@5,rate=0") as worker:
        with pytest.raises(UserError):
            worker.call(protocol.Train(quick_recipe()))
        assert "Fatal Python error: Aborted" in worker.exit.last_words
        assert "faults.py" in worker.exit.last_words


def test_a_failed_run_is_kept_with_the_reason():
    fails("disk-full@5,rate=0")
    ((record,), _) = run_store.list_runs()
    assert record.status == "failed"
    assert record.failure is not None
    assert record.failure["kind"] == "disk.full"


def test_a_flood_arrives_whole_and_in_order(bare):
    worker = bare("flood,rate=0")
    worker.send(protocol.Watch("maps"))
    worker.send(protocol.Credit("maps"))
    train = worker.send(protocol.Train(quick_recipe()))
    assert isinstance(worker.reply(train), Done)
    assert [step for step, _ in worker.rows()] == list(range(1, 50_001))
    assert [log.text for log in worker.events(protocol.Log)] == [f"step {n}" for n in range(1, 50_001)]
    assert len(worker.events(protocol.Frame)) == 1


def test_a_slow_compilation_can_be_stopped():
    with Worker("scripted", "slow-compile") as worker:

        def stop(envelope, blob):
            if envelope.body == protocol.Phase("compiling"):
                worker.post(protocol.Stop(envelope.reply_to, "discard"))

        with pytest.raises(Stopped):
            worker.call(protocol.Train(quick_recipe()), stop)


# ------------------------------------------------------------------------------------ hanging and stopping


def test_a_hanging_job_climbs_the_ladder_while_the_heartbeat_says_that_the_process_lives(bare):
    worker = bare("hang@5,rate=0")
    worker.read_until(lambda: worker.events(protocol.Ready))
    train = worker.send(protocol.Train(quick_recipe()))
    worker.read_until(lambda: worker.hung_at(5))
    pulse = liveness.Pulse.started(0.0).hear(Told(0, protocol.Envelope(1, 0, worker.events(protocol.Ready)[0])), 0.0)
    stop = worker.send(protocol.Stop(train))
    assert worker.reply(stop) == Done(), "a stop is answered though its target hangs"
    ladder = StopLadder()
    ladder.hear(protocol.Phase("training"), 0.0)
    ladder.ask(0.0)
    for now_s in range(1, 10):
        seen = len(worker.events(protocol.Heartbeat))
        worker.read_until(lambda seen=seen: len(worker.events(protocol.Heartbeat)) > seen)
        beat = Told(0, protocol.Envelope(1, 0, worker.events(protocol.Heartbeat)[-1]))
        pulse = pulse.hear(beat, float(now_s))
        assert ladder.advance(float(now_s)) is None
    assert liveness.state(pulse, 9.0) is liveness.State.BUSY
    assert liveness.still_s(pulse, 9.0) > 5.0
    assert ladder.advance(10.0) == "terminate"
    worker.process.terminate()
    assert worker.reply(train).kept is False, "no epoch had ended, so there was no checkpoint"
    worker.process.wait(10)
    exit = ProcessExit.from_returncode(worker.process.returncode)
    assert exit.signal == signal.SIGTERM
    ((record,), _) = run_store.list_runs()
    assert record.status == "stopped"


@pytest.mark.parametrize(
    ("phase", "mode", "status"),
    [
        ("reading", "keep", "stopped"),
        ("tokenising", "discard", ""),
        ("compiling", "pause", "paused"),
        ("training", "pause", "paused"),
        ("validating", "discard", ""),
        ("testing", "keep", "stopped"),
        ("saving", "keep", "stopped"),
    ],
)
def test_a_phase_that_is_deaf_to_its_stop_is_ended_with_its_run_in_order(phase, mode, status):
    with Worker("scripted", f"deaf={phase},rate=0,steps=20") as worker:
        seen = []

        def stop(envelope, blob):
            if isinstance(envelope.body, protocol.Phase) and envelope.body.name == phase:
                worker.stop(envelope.reply_to, mode)

        def hurry():
            if worker.countdown is not None:
                seen.append(worker.countdown)
                if phase != "compiling" and worker.countdown.rung is Rung.ASKED:
                    worker.stop(id)

        id = worker.post(protocol.Train(quick_recipe()))
        with pytest.raises(Stopped) as caught:
            worker.result(id, stop, hurry)
    assert [rung for rung, _ in itertools.groupby(it.rung for it in seen)] == [Rung.ASKED, Rung.TERMINATING]
    assert seen[0].phase == phase
    assert [record.status for record in run_store.list_runs()[0]] == ([status] if status else [])
    assert caught.value.paused == (mode == "pause")
    if phase == "testing":
        assert seen[0].words.endswith("Kept: checkpoint at step 20.")
        assert (caught.value.kept, run_store.read(caught.value.run).saved_step) == (True, 20)


def test_a_run_that_was_to_be_discarded_is_gone_although_its_worker_was_killed():
    with Worker("scripted", "freeze@15,rate=0,steps=20") as worker:

        def discard(envelope, blob):
            if isinstance(envelope.body, protocol.Annotation):
                for _ in range(3):
                    worker.stop(id, "discard")

        id = worker.post(protocol.Train(quick_recipe()))
        with pytest.raises(Stopped) as caught:
            worker.result(id, discard)
    assert not caught.value.kept
    assert run_store.list_runs() == ([], [])


def test_leaving_in_the_middle_of_a_deaf_phase_leaves_a_run_that_reads_as_stopped():
    with Worker("scripted", "deaf=training") as worker:
        phases = []

        def listen(envelope, blob):
            if isinstance(envelope.body, protocol.Phase):
                phases.append(envelope.body.name)

        worker.post(protocol.Train(quick_recipe()))
        while "training" not in phases:
            assert worker._hear(listen)
    ((record,), _) = run_store.list_runs()
    assert record.status == "stopped"


def test_sigterm_from_outside_keeps_the_run_that_was_under_way():
    with Worker("scripted", "rate=100,steps=10000") as worker:
        ended = []

        def end(envelope, blob):
            if isinstance(envelope.body, protocol.Metrics) and not ended:
                ended.append(worker.process.send_signal(signal.SIGTERM))

        with pytest.raises(Stopped) as caught:
            worker.call(protocol.Train(quick_recipe()), end)
        assert caught.value.kept
        assert run_store.read(caught.value.run).status == "stopped"
        code = worker.process.wait(10)
    assert ProcessExit.from_returncode(code).signal == signal.SIGTERM


def test_a_frozen_process_sends_no_heartbeat(bare):
    worker = bare("freeze@5,rate=0")
    worker.read_until(lambda: worker.events(protocol.Ready))
    worker.send(protocol.Train(quick_recipe()))
    worker.read_for(2.0)
    seen = len(worker.events(protocol.Heartbeat))
    worker.read_for(2.0)
    assert len(worker.events(protocol.Heartbeat)) == seen


def test_ctrl_c_stops_and_keeps_and_reaches_no_library():
    with Worker("scripted", "rate=100,steps=10000") as worker:
        pressed = []

        def press(envelope, blob):
            if isinstance(envelope.body, protocol.Metrics) and not pressed:
                pressed.append(True)
                os.kill(worker.process.pid, signal.SIGINT)  # a terminal sends it to the whole group
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(Stopped) as caught:
            worker.call(protocol.Train(quick_recipe()), press)
        assert caught.value.kept
        assert run_store.read(caught.value.run).status == "stopped"


def test_ctrl_c_that_comes_too_late_for_a_question_stops_those_after_it():
    """A file of texts is many short ones."""
    with Worker("scripted") as worker:
        id = worker.post(protocol.Doctor())

        def press():
            if id in worker._replies:  # not earlier: it would be stopped
                os.kill(os.getpid(), signal.SIGINT)

        worker.result(id, on_turn=press)
        with pytest.raises(Stopped):
            worker.call(protocol.Doctor())
        assert isinstance(worker.call(protocol.Doctor())[0], protocol.Health)


def test_ctrl_c_again_goes_up_the_ladder_to_a_process_that_stands_still():
    with Worker("scripted", "freeze@15,rate=0,steps=20") as worker:
        saved, pressed, heard_at = [], [], []

        def listen(envelope, blob):
            if isinstance(envelope.body, protocol.Annotation):
                saved.append(envelope.body.step)
                heard_at.append(time.monotonic())

        def press():
            if saved and time.monotonic() - heard_at[-1] > 0.5 and len(pressed) < 3:  # it stands still by then
                pressed.append(worker.countdown)
                os.kill(os.getpid(), signal.SIGINT)

        id = worker.post(protocol.Train(quick_recipe()))
        with pytest.raises(Stopped) as caught:
            worker.result(id, listen, press)
    assert saved == [10]
    assert worker.process.returncode == -signal.SIGKILL
    assert caught.value.kept, "the checkpoint of the first epoch is there"
    assert run_store.read(caught.value.run).status == "interrupted"


# ------------------------------------------------------------------------------------------ the stream


def test_nothing_that_an_engine_prints_or_reads_touches_the_stream(tmp_path, monkeypatch):
    """A real worker process whose engine prints from Python, from C and from a child, and reads its stdin."""
    main = tmp_path / "noisy.py"
    main.write_text(
        textwrap.dedent("""
        import ctypes, os, subprocess, sys
        from fnet_studio.engine.scripted import ScriptedEngine
        from fnet_studio.worker import main

        class Noisy(ScriptedEngine):
            def answer(self, command, job):
                print("python says hello")
                sys.stdout.write("and again"); sys.stdout.flush()
                ctypes.CDLL(None).puts(b"C says hello")
                ctypes.CDLL(None).fflush(None)
                os.write(1, b"a descriptor says hello\\n")
                subprocess.run(["sh", "-c", "echo a child says hello; cat"])
                assert sys.stdin.read() == ""
                return super().answer(command, job)

        main.make_engine = lambda name, script, wire: Noisy(script, wire=wire)
        main.main(["--engine", "scripted"])
        """)
    )
    from fnet_studio.link.command import WorkerCommand

    with Worker(command=WorkerCommand((sys.executable, str(main)))) as worker:
        for _ in range(3):
            filled, _ = worker.call(protocol.FillMask("fnet_mini_en", "The [MASK]."))
            assert filled.answers
    log = worker.log_path.read_text()
    for speaker in ("python", "C", "a descriptor", "a child"):
        assert f"{speaker} says hello" in log
    assert worker.log_path.parent == places.logs()


def test_what_a_worker_prints_without_end_does_not_block_it():
    script = "import os, sys; from fnet_studio.worker.wire import claim; claim(); os.write(2, b'x' * 10_000_000)"
    from fnet_studio.link.command import WorkerCommand

    with Worker(command=WorkerCommand((sys.executable, "-c", script))) as worker:
        with pytest.raises(UserError):
            worker.wait_ready()
        assert worker.exit.code == 0


def test_a_recorded_session_can_be_replayed(tmp_path):
    path = tmp_path / "session.fnsr"
    heard = []
    with Worker("scripted", "rate=0,steps=50", record_to=path) as worker:
        worker.wait_ready()
        finished, _ = worker.call(protocol.Train(quick_recipe()), lambda envelope, blob: heard.append(envelope.body))
    happenings = [happening for _, happening in replay(path)]
    replies = [it for it in happenings if isinstance(it, Replied)]
    assert [type(it.command).__name__ for it in replies] == ["Hello", "Train", "Shutdown"]
    assert replies[1].reply == Done(finished)
    told = [it.event for it in happenings if isinstance(it, Told)]
    assert [event for event in told if event in heard] == heard
    assert isinstance(happenings[-1], Closed)


# ------------------------------------------------------------------------------------------ a slow reader


def test_a_reader_that_stalls_loses_no_row_and_slows_the_training_by_less_than_a_tenth(bare, monkeypatch):
    """Steps in spans of not reading against steps in the spans of reading beside them, in one run. The pipe is the
    smallest there is, so that it is full at once. A training that waits for its reader falls short in every round;
    a busy machine disturbs one."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    worker = bare("rate=0,work=3,steps=1000000", pipe_bytes=4096)
    worker.send(protocol.Watch("maps", 96, 128))
    for _ in range(3):
        worker.send(protocol.Credit("maps"))
    worker.send(protocol.Train(quick_recipe()))
    worker.read_until(worker.rows)
    (first, *_) = [it for it in worker.happenings if isinstance(it, Told) and isinstance(it.event, protocol.Metrics)]
    began_s = first.envelope.time - first.event.time_s[-1]
    ratios = []
    while not ratios or (ratios[-1] <= 0.9 and len(ratios) < 3):
        ratios.append(_stalled_over_read(worker, began_s))
    steps = [step for step, _ in worker.rows()]
    assert steps == list(range(1, len(steps) + 1))
    print(f"steps while stalled over steps while read, in each round: {ratios}")
    assert ratios[-1] > 0.9


def _stalled_over_read(worker: BareWorker, began_s: float, pairs: int = 8, span_s: float = 0.5) -> float:
    spans = []
    for _ in range(pairs):
        start = time.time() - began_s
        worker.read_for(span_s)
        between = time.time() - began_s
        time.sleep(span_s)
        spans.append((start, between, time.time() - began_s))
        worker.read_for(0.3)  # what waited is read outside of both
    worker.read_for(0.5)
    times = [at for _, at in worker.rows()]

    def rate(begin: float, end: float) -> float:
        return sum(begin <= at < end for at in times) / (end - begin)

    return statistics.median(rate(b, c) / max(1.0, rate(a, b)) for a, b, c in spans)


def test_no_thread_of_the_blocking_twin_outlives_it():
    before = set(threading.enumerate())
    with Worker("scripted") as worker:
        worker.call(protocol.Tokenize("fnet_mini_en", "one two"))
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), thread
