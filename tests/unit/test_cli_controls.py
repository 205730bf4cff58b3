"""The signals and keys of a training of the command line, without a worker."""

import io
import os
import signal

import pytest

from fnet_studio.cli.controls import Controls
from fnet_studio.cli.show import Bar
from fnet_studio.core import protocol


class Asked:
    """In the place of a worker: remembers what was asked of it, and has lost all of it."""

    countdown = None

    def __init__(self):
        self.session = self
        self.closed = None
        self.stops = []

    def post(self, command):
        return 1

    def taken(self, id):
        return protocol.Failed("worker.lost", "The worker has ended.", "Start it again to go on.")

    def stop(self, id, mode):
        self.stops.append(mode)


@pytest.fixture
def worker():
    return Asked()


@pytest.fixture
def said():
    return io.StringIO()


@pytest.fixture
def controls(worker, said):
    return Controls(worker, 7, said)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_signal_that_nohup_had_ignored_stays_ignored(controls, worker):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with controls.listening():
            os.kill(os.getpid(), signal.SIGHUP)
            controls.turn()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert worker.stops == []


@pytest.mark.parametrize(("keys", "words"), [("p", "No pause: The"), ("pp", "No end of the pause: The")])
def test_a_key_that_could_not_be_heeded_is_named(controls, said, monkeypatch, keys, words):
    monkeypatch.setattr("fnet_studio.cli.terminal.Keys.pressed", lambda self: list(keys))
    controls.turn()
    assert words in said.getvalue()


def test_a_warning_stands_on_a_line_of_its_own_above_the_progress_bar(said):
    bar = Bar(said)
    for body in (protocol.Phase("training"), protocol.Log("warning", "Mind the gap."), protocol.Phase("saving")):
        bar.event(protocol.Envelope(1, 0, body, reply_to=1), b"")
    assert "\r\x1b[KMind the gap.\n\r\x1b[KSaving" in said.getvalue()
