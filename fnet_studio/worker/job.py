"""One command at work: what an engine is handed (`engine.job.Job`), and the guard of its one terminal reply."""

import math
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from fnet_studio.core import protocol
from fnet_studio.core.errors import Stopped
from fnet_studio.worker.failure import failed
from fnet_studio.worker.outbox import Outbox

StopMode = Literal["", "keep", "discard", "pause"]


class Request:
    """A command about a job at work: implements `engine.job.Request`."""

    def __init__(self, id: int, command: protocol.Command, outbox: Outbox) -> None:
        self.id = id
        self.command = command
        self._outbox = outbox

    def done(self, result: protocol.Result) -> None:
        self._outbox.finish(checked(self.command, result), self.id)

    def failed(self, error: BaseException) -> None:
        self._outbox.finish(failed(error), self.id)


def checked(command: protocol.Command, result: protocol.Result | None) -> protocol.Done:
    """TypeError or msgspec.ValidationError when the engine's answer is not the one promised for the command."""
    expected = protocol.RESULTS[type(command)]
    if type(result) is not (expected or type(None)):
        raise TypeError(f"the engine answered {type(command).__name__} with {type(result).__name__}")
    done = protocol.Done(result)
    protocol.check(done)
    return done


class RunningJob:
    def __init__(self, id: int, command: protocol.Command, outbox: Outbox) -> None:
        self.id = id
        self.command = command
        self._outbox = outbox
        self._lock = threading.Condition()
        self._state: Literal["queued", "running", "over"] = "queued"
        self._stop_mode: StopMode = ""
        self._held = False
        self._on_abandon: Callable[[StopMode], Stopped] = lambda mode: Stopped()
        self._asked = self._heeded = 0
        """How often something was asked for, and how often when the job waited last."""
        self._requests: deque[Request] = deque()

    # ---------------------------------------------------------------------- for the engine

    @property
    def stop_mode(self) -> StopMode:
        return self._stop_mode

    def check(self) -> None:
        if self._stop_mode:
            raise Stopped

    @property
    def held(self) -> bool:
        return self._held

    def take(self, *kinds: type[protocol.Command]) -> Request | None:
        with self._lock:
            found = next((request for request in self._requests if isinstance(request.command, kinds)), None)
            if found is not None:
                self._requests.remove(found)
            return found

    def wait(self, at_most_s: float) -> None:
        with self._lock:
            if self._heeded == self._asked:
                self._lock.wait(at_most_s)
            self._heeded = self._asked

    def on_abandon(self, do: Callable[[Any], Stopped]) -> None:
        self._on_abandon = do

    def phase(self, name: str, total: int = 0, unit: str = "") -> None:
        self.tell(protocol.Phase(name, total, unit))

    def progress(self, done: int, rate_per_s: float = 0.0, left_s: float = -1.0) -> None:
        self._outbox.progress(self.id, protocol.Progress(int(done), float(rate_per_s), float(left_s)))

    def step(
        self,
        step: int,
        loss: float,
        accuracy: float,
        tokens_per_s: float,
        time_s: float,
        learning_rate: float = math.nan,
        gradient_norm: float = math.nan,
        memory_bytes: int = 0,
        device_memory_bytes: int = 0,
    ) -> None:
        # The conversions turn NumPy's numbers, which the encoder refuses, into plain ones.
        floats = map(float, (loss, accuracy, tokens_per_s, time_s, learning_rate, gradient_norm))
        self._outbox.row(self.id, (int(step), *floats, int(memory_bytes), int(device_memory_bytes)))

    def tell(self, event: protocol.Event) -> None:
        self._outbox.put(event, self.id)
        self._outbox.moved += 1

    def wanted(self, stream: str) -> protocol.Watch | None:
        return self._outbox.wanted(stream)

    def frame(self, stream: str, step: int, maps: protocol.Maps, atlas: bytes) -> None:
        self._outbox.frame(self.id, protocol.Frame(stream, int(step), maps), atlas)

    # ------------------------------------------------------------------ for the dispatcher

    def begin(self) -> bool:
        """False when it was stopped while it waited its turn."""
        with self._lock:
            if self._state != "queued":
                return False
            self._state = "running"
            return True

    def request_stop(self, mode: Literal["keep", "discard", "pause"]) -> bool:
        """Set the token. True when the job had not begun, and is over now. Discarding cannot be taken back."""
        with self._lock:
            if self._stop_mode != "discard":
                self._stop_mode = mode
            self._wake()
            if self._state != "queued":
                return False
            self._state = "over"
            return True

    def hold(self, held: bool) -> None:
        with self._lock:
            self._held = held
            self._wake()

    def add(self, request: Request) -> bool:
        """False when the job is over."""
        with self._lock:
            if self._state == "over":
                return False
            self._requests.append(request)
            self._wake()
            return True

    def _wake(self) -> None:
        self._asked += 1
        self._lock.notify_all()

    def abandon(self) -> Stopped:
        """The process ends before the job heeds its stop: what is left of its work."""
        return self._on_abandon(self._stop_mode)

    def end(self) -> bool:
        """True for the first caller only: it owes the terminal reply."""
        with self._lock:
            first = self._state != "over"
            self._state = "over"
            return first
