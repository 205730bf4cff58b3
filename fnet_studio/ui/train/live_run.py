"""The run that the worker is at, as the Train page follows it."""

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from fnet_studio.core import protocol, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_state import RunState
from fnet_studio.ui import timers
from fnet_studio.ui.widgets.figures import count, measure, right

CLOCK_MS = 33
SHARE = 0.02
"""Of all cores' time, that showing a run may take of what the run itself could use."""
MOST_WAIT_S = 0.5
"""A run is shown at least this often, whatever it costs."""
STREAM = "maps"
ROWS, COLUMNS = 96, 128
FOLLOWED = (protocol.Train, protocol.Resume)


FLOWING = {"metrics", "progress", "frame"}
"""What comes without end while a run is at work; everything else is shown at once."""


class Throttle:
    """How often a run may be shown: as often as the clock ticks, unless the whole process then takes more than its
    share of the processor, which the run would have to do without."""

    def __init__(
        self,
        cores: int,
        wall: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        """wall, spent: seconds that have passed, and of processor time that this process has used."""
        self._share, self._wall, self._spent = SHARE * cores, wall, spent
        self._shown_at, self._spent_then = float("-inf"), 0.0

    def allows(self) -> bool:
        passed = self._wall() - self._shown_at
        return passed >= MOST_WAIT_S or self._spent() - self._spent_then <= self._share * passed

    def shown(self) -> None:
        self._shown_at, self._spent_then = self._wall(), self._spent()


class LiveRun(QObject):
    """Folds the worker's events into one `RunState` at once, and lets the page pull what changed at most 30 times a
    second, less often where that costs the run (`Throttle`), and only while it is seen."""

    pulled = Signal(object)
    """Which parts of the state changed since the last pull: a set of `core.run_state.Part`."""
    requests_changed = Signal()
    """Of `requests` and `pausing`."""
    answered = Signal(str)
    """What came of a request, in words."""

    def __init__(self, supervisor: Any, parent: QObject | None = None, now: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._now = now
        self.state = RunState()
        self.requests: set[str] = set()
        """Of `checkpoint` and `evaluate`, what is not answered yet."""
        self.pausing = False
        """It was asked to hold, and does not hold yet."""
        self._resumed = ""
        self._dirty: set[str] = set()
        self._shown = False
        self._told_second = -1
        self._throttle = Throttle(os.cpu_count() or 1)
        self._clock = timers.repeating(self, CLOCK_MS)
        self._clock.timeout.connect(self._tick)
        supervisor.asked.connect(self._asked)
        supervisor.message.connect(self._event)
        for command, body in supervisor.long_running.items():  # begun before this page was made
            self._asked(command, body)

    @property
    def running(self) -> bool:
        return self.state.status == "running"

    @property
    def id(self) -> str:
        """Name of its folder; '' before it has one."""
        return self.state.started.run if self.state.started is not None else self._resumed

    def send(
        self, command: protocol.Train | protocol.Resume, on_reply: Callable[[protocol.Reply], None] | None
    ) -> None:
        """Begin a run, or go on with one. What became of it is in `state`, also when it never began; on_reply hears of
        its end."""

        def failed(reply: protocol.Failed) -> None:
            if not id:  # it was never sent, so there is no event to fold
                self.state.begin(-1, self._now())
                self._event(protocol.Envelope(0, 0, reply, reply_to=-1, time=self._now()), b"")
            if on_reply is not None:
                on_reply(reply)

        id = self._supervisor.ask(
            command,
            on_done=lambda result, _blob: on_reply(protocol.Done(result)) if on_reply else None,
            on_failed=failed,
            on_stopped=on_reply,
        )

    def resume(self, run: str, changes: dict[str, str] | None = None) -> None:
        """Go on with a run from its newest checkpoint. changes: settings that the rest goes by."""
        self.send(protocol.Resume(run, changes or {}), None)

    def pause(self) -> None:
        """Hold the run where it is, or let it go on."""
        if not self.running:
            return
        command = protocol.Continue if self.state.held else protocol.Pause
        self.pausing = command is protocol.Pause
        self._supervisor.ask(command(self.state.command))
        self.requests_changed.emit()

    def checkpoint(self) -> None:
        self._request(
            "checkpoint",
            protocol.CheckpointNow(self.state.command),
            lambda saved: f"A checkpoint was saved at step {count(saved.step)}.",
        )

    def evaluate(self) -> None:
        self._request(
            "evaluate",
            protocol.EvaluateNow(self.state.command),
            lambda found: (
                f"Now: {right(found.accuracy, found.split, bool(found.confusion), found.examples)}, "
                f"loss {measure(found.loss)}."
            ),
        )

    def _request(self, name: str, command: protocol.Command, words: Callable[[Any], str]) -> None:
        if not self.running or name in self.requests:
            return
        self.requests.add(name)
        self.requests_changed.emit()

        def over(said: str) -> None:
            self.requests.discard(name)
            self.answered.emit(said)
            self.requests_changed.emit()

        self._supervisor.ask(
            command,
            on_done=lambda result, _blob: over(words(result)),
            on_failed=lambda failed: over(f"{failed.message} {failed.advice}".strip()),
            on_stopped=lambda _: over(""),
        )

    def stop(self, mode: str) -> None:
        if self.running:
            self._supervisor.stop(self.state.command, mode)

    def show(self, shown: bool) -> None:
        """Hidden, it folds events and does nothing else."""
        self._shown = shown
        if shown:
            self._dirty |= {"status", "phase", "progress", "metrics", "evaluations", "annotations", "frame", "log"}
            self._wake()
        else:
            self._clock.stop()

    def elapsed_s(self) -> float:
        return self.state.elapsed_s(self._now())

    def phase_s(self) -> float:
        """Seconds in the present phase."""
        return max(0.0, self._now() - self.state.phase_began) if self.running else 0.0

    def _asked(self, command: int, body: Any) -> None:
        if isinstance(body, FOLLOWED):
            self._dirty |= self.state.begin(command, self._now())
            self._resumed = body.run if isinstance(body, protocol.Resume) else ""
            self._wake()

    def _event(self, envelope: protocol.Envelope, blob: bytes) -> None:
        changed = self.state.apply(envelope, blob)
        if self.pausing and (self.state.held or not self.running):
            self.pausing = False
        if changed and isinstance(envelope.body, protocol.RunStarted) and envelope.body.resumed_at:
            # a log that cannot be read: the curve begins where the run goes on, and the Runs page tells why
            with contextlib.suppress(UserError):
                changed |= self.state.remember(run_store.read_log(envelope.body.run))
        if changed:
            self._dirty |= changed
            self._wake()

    def _wake(self) -> None:
        if self._shown and not self._clock.isActive():
            self._clock.start()

    def _tick(self) -> None:
        second = int(self.elapsed_s())
        if self.running and second != self._told_second:
            self._told_second = second
            self._dirty.add("progress")
        if self._dirty:
            if self.running and self._dirty <= FLOWING and not self._throttle.allows():
                return
            changed, self._dirty = self._dirty, set()
            self._throttle.shown()
            self.pulled.emit(changed)
        elif not self.running:
            self._clock.stop()


class PictureStream(QObject):
    """Asks for the live maps while they are seen, one at a time: the next one once the last one is painted."""

    def __init__(self, supervisor: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self._watching = False
        self._owed = False
        """The worker holds the credit: given, and no picture has come for it."""
        self.keep_zero = False
        supervisor.message.connect(self._heard)

    @property
    def watching(self) -> bool:
        return self._watching

    def watch(self, on: bool) -> None:
        if on == self._watching:
            return
        self._watching = on
        rows, columns = (ROWS, COLUMNS) if on else (0, 0)
        self._supervisor.tell(protocol.Watch(STREAM, rows, columns, self.keep_zero))
        self.painted()

    def restart(self) -> None:
        """The worker is another one: it has heard of no watch and holds no credit."""
        self._watching = self._owed = False

    def set_keep_zero(self, on: bool) -> None:
        self.keep_zero = on
        if self._watching:
            self._supervisor.tell(protocol.Watch(STREAM, ROWS, COLUMNS, on))

    def painted(self) -> None:
        """The last picture is on the screen, or never will be. Ignored while one is still to come, even one that was
        asked for before the page was hidden."""
        if self._watching and not self._owed:
            self._credit()

    def _heard(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        if isinstance(envelope.body, protocol.Frame) and envelope.body.stream == STREAM:
            self._owed = False

    def _credit(self) -> None:
        self._owed = True
        self._supervisor.tell(protocol.Credit(STREAM))
