"""How commands tell what a worker does: a progress bar on a terminal, JSON lines otherwise."""

import math
import sys
import time
from typing import TextIO

import msgspec

from fnet_studio.cli.terminal import tell
from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_state import RunState, phase_words
from fnet_studio.link.blocking import WorkerFailure

REPORTED = ("worker.bug", "worker.lost", "engine.start")
"""Failures whose cause may stand in the last lines of the worker alone."""
LAST_LINES = 20


class Lines:
    """Every event as one line of JSON, but for heartbeats and progress."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def event(self, envelope: protocol.Envelope, blob: bytes) -> None:
        if not isinstance(envelope.body, protocol.Heartbeat | protocol.Progress | protocol.Frame):
            self.tell(envelope.body, envelope.time)

    def end(self, finished: protocol.RunFinished) -> None:
        self.tell(finished, time.time())

    def tell(self, body: object, at: float) -> None:
        line = {"time": round(at, 3)} | msgspec.to_builtins(body)
        tell(self.out, msgspec.json.encode(line).decode())


class Bar:
    """One line that is written over, and a line of its own for each evaluation and each warning."""

    WIDTH = 28

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.state: RunState | None = None

    def event(self, envelope: protocol.Envelope, blob: bytes) -> None:
        if not envelope.reply_to:
            return
        if self.state is None:
            self.state = RunState()
            self.state.begin(envelope.reply_to, time.time())
        changed = self.state.apply(envelope, blob)
        if isinstance(envelope.body, protocol.Log) and envelope.body.level != "info":
            tell(self.out, f"\r\x1b[K{envelope.body.text}")
        if "evaluations" in changed:
            last = self.state.evaluations[-1]
            place = f"step {last.step:,}, asked for" if last.asked else f"epoch {last.epoch}"
            words = f"{place}  {last.split:<10}  loss {last.loss:.4f}  accuracy {last.accuracy:.2%}"
            tell(self.out, f"\r\x1b[K{words}")
        if changed & {"phase", "progress", "metrics"}:
            tell(self.out, f"\r\x1b[K{self._line(self.state)}", end="")

    def _line(self, state: RunState) -> str:
        words = phase_words(state.phase)
        if state.phase_total:
            share = min(1.0, state.progress.done / state.phase_total)
            full = round(share * self.WIDTH)
            words += f" {'━' * full}{'╌' * (self.WIDTH - full)} {share:4.0%}"
            if state.progress.left_s >= 0:
                words += f"  {clock(state.progress.left_s)} left"
        if state.phase == "training" and state.loss:
            words += f"  loss {state.loss[-1]:.4f}  {state.tokens_per_s[-1]:,.0f} tokens/s"
        return words

    def end(self, finished: protocol.RunFinished) -> None:
        untested = math.isnan(finished.test_accuracy)
        result = "Finished without test texts" if untested else f"Test accuracy {finished.test_accuracy:.2%}"
        tell(self.out, f"\r\x1b[K{result} in {clock(finished.duration_s)}. Run {finished.run}")


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def to_stdout(as_json: bool) -> Lines | Bar:
    return Lines(sys.stdout) if as_json or not sys.stdout.isatty() else Bar(sys.stdout)


def tell_failure(error: UserError, **what: str) -> None:
    """On stdout as a line of JSON, for a program that asked for that. what: it was that failed, where several may."""
    told = {"type": "failed", "kind": error.kind, "message": error.message, "advice": error.advice}
    tell(sys.stdout, msgspec.json.encode(told | what).decode())


def tell_last_lines(error: UserError) -> None:
    """Of the worker, on stderr, where a report of this failure needs them."""
    if isinstance(error, WorkerFailure) and error.kind in REPORTED:
        for line in error.traceback.splitlines()[-LAST_LINES:]:
            print(f"    {line}", file=sys.stderr)
