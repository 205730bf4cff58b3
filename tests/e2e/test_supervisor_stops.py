"""Stops through the window's owner of the worker: what is left, and that a worker is there again."""

import pytest
from worker_process import quick_recipe

from fnet_studio.core import places, protocol, run_store
from fnet_studio.link.command import local
from fnet_studio.link.ladder import Rung
from fnet_studio.ui.supervisor import Supervisor

WAIT_MS = 60_000


@pytest.fixture
def supervise(qtbot, qapp):
    made = []

    def supervise(script):
        supervisor = Supervisor(local("scripted", script))
        made.append(supervisor)
        supervisor.start()
        qtbot.waitUntil(lambda: supervisor.state.name == "ready", timeout=WAIT_MS)
        return supervisor

    yield supervise
    for supervisor in made:
        supervisor.shutdown()


def begin(supervisor):
    """(id, everything that was told of it)"""
    heard = []
    supervisor.message.connect(lambda envelope, blob: heard.append(envelope.body) if envelope.reply_to == id else None)
    id = supervisor.ask(protocol.Train(quick_recipe()))
    return id, heard


def replies(heard):
    return [body for body in heard if isinstance(body, protocol.Reply)]


def in_phase(heard, name):
    return any(isinstance(body, protocol.Phase) and body.name == name for body in heard)


def test_a_run_that_is_paused_and_freed_leaves_another_worker_that_can_go_on_with_it(qtbot, supervise):
    supervisor = supervise("rate=100,steps=200")
    before = supervisor.pid
    id, heard = begin(supervisor)
    qtbot.waitUntil(lambda: any(isinstance(body, protocol.Metrics) for body in heard), timeout=WAIT_MS)
    supervisor.stop(id, "pause")
    qtbot.waitUntil(lambda: bool(replies(heard)), timeout=WAIT_MS)
    (stopped,) = replies(heard)
    assert (stopped.kept, stopped.paused) == (True, True)
    assert run_store.read(stopped.run).status == "paused"
    qtbot.waitUntil(lambda: supervisor.state.name == "ready" and supervisor.pid != before, timeout=WAIT_MS)
    done = []
    supervisor.ask(protocol.Resume(stopped.run), on_done=lambda result, blob: done.append(result))
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT_MS)
    assert run_store.read(stopped.run).status == "finished"


def test_a_stop_while_compiling_counts_down_ends_the_worker_and_starts_another(qtbot, supervise):
    supervisor = supervise("deaf=compiling")
    before, seen = supervisor.pid, []
    id, heard = begin(supervisor)
    supervisor.stopping_changed.connect(lambda: seen.append(supervisor.stop_countdown))
    qtbot.waitUntil(lambda: in_phase(heard, "compiling"), timeout=WAIT_MS)
    assert supervisor.stop_countdown is None
    supervisor.stop(id, "keep")
    first = seen[0]
    assert (first.rung, first.phase, first.mode) == (Rung.ASKED, "compiling", "keep")
    assert supervisor.stop_words.startswith("Still compiling")
    qtbot.waitUntil(lambda: bool(replies(heard)), timeout=WAIT_MS)
    assert Rung.TERMINATING in [countdown.rung for countdown in seen if countdown]
    assert replies(heard) == [protocol.Stopped(kept=False, run=replies(heard)[0].run)]
    assert supervisor.stop_countdown is None
    qtbot.waitUntil(lambda: supervisor.state.name == "ready" and supervisor.pid != before, timeout=WAIT_MS)
    ((record,), _) = run_store.list_runs()
    assert record.status == "stopped"


def test_a_worker_that_stands_still_is_killed_and_its_run_can_be_resumed(qtbot, supervise):
    supervisor = supervise("freeze@15,rate=0,steps=20")
    id, heard = begin(supervisor)
    qtbot.waitUntil(lambda: any(isinstance(body, protocol.Annotation) for body in heard), timeout=WAIT_MS)
    for _ in range(3):
        supervisor.stop(id, "keep")
    qtbot.waitUntil(lambda: bool(replies(heard)), timeout=WAIT_MS)
    (stopped,) = replies(heard)
    assert isinstance(stopped, protocol.Stopped)
    assert stopped.kept, "the first epoch's checkpoint is there"
    qtbot.waitUntil(lambda: supervisor.state.name == "ready", timeout=WAIT_MS)
    assert run_store.read(stopped.run).status == "interrupted"


def test_a_run_that_was_to_be_discarded_is_gone_although_its_worker_had_to_be_killed(qtbot, supervise):
    supervisor = supervise("freeze@15,rate=0,steps=20")
    id, heard = begin(supervisor)
    qtbot.waitUntil(lambda: any(isinstance(body, protocol.Annotation) for body in heard), timeout=WAIT_MS)
    for _ in range(3):
        supervisor.stop(id, "discard")
    qtbot.waitUntil(lambda: bool(replies(heard)), timeout=WAIT_MS)
    assert replies(heard) == [protocol.Stopped()]
    assert run_store.list_runs() == ([], [])


def test_a_device_that_is_lost_gets_another_worker(qtbot, supervise):
    supervisor = supervise("device-lost@5,rate=0")
    before = supervisor.pid
    _, heard = begin(supervisor)
    qtbot.waitUntil(lambda: bool(replies(heard)), timeout=WAIT_MS)
    assert replies(heard)[0].kind == "device.lost"
    qtbot.waitUntil(lambda: supervisor.state.name == "ready" and supervisor.pid != before, timeout=WAIT_MS)


def test_a_run_whose_folder_went_goes_on_in_another_worker_once_it_is_back(qtbot, supervise):
    supervisor = supervise("rate=50,steps=150")
    before = supervisor.pid
    _, heard = begin(supervisor)
    qtbot.waitUntil(lambda: any(isinstance(body, protocol.Annotation) for body in heard), timeout=WAIT_MS)
    ((record,), _) = run_store.list_runs()
    folder, aside = run_store.folder(record.id), places.data() / "aside"
    folder.rename(aside)
    qtbot.waitUntil(lambda: bool(replies(heard)), timeout=WAIT_MS)
    assert replies(heard)[0].kind == "run.folder-gone"
    aside.rename(folder)
    qtbot.waitUntil(lambda: supervisor.state.name == "ready" and supervisor.pid != before, timeout=WAIT_MS)
    done = []
    supervisor.ask(protocol.Resume(record.id), on_done=lambda result, blob: done.append(result), on_failed=done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT_MS)
    assert isinstance(done[0], protocol.RunFinished), done[0]
    assert run_store.read(record.id).status == "finished"


def test_a_panel_that_fails_at_its_answer_is_told_and_the_other_panels_get_theirs(qtbot, supervise):
    supervisor = supervise("")
    got = []

    def fail(result, blob):
        raise RuntimeError("this panel is gone")

    with qtbot.captureExceptions() as told:
        for number in range(12):
            on_done = fail if number % 3 == 0 else lambda result, blob, number=number: got.append(number)
            supervisor.ask(protocol.Tokenize("", f"Sentence {number}."), on_done=on_done)
        qtbot.waitUntil(lambda: len(got) == 8, timeout=WAIT_MS)
    assert [str(value) for _, value, _ in told] == ["this panel is gone"] * 4
    assert supervisor.state.name == "ready"
