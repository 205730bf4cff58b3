"""One command at work: what an engine is handed (`engine.job.Job`), and the guard of its one terminal reply."""

import math
import threading
from typing import Literal

from fnet_studio.core import protocol
from fnet_studio.core.errors import Stopped
from fnet_studio.worker.outbox import Outbox

StopMode = Literal["", "keep", "discard"]


class RunningJob:
    def __init__(self, id: int, command: protocol.Command, outbox: Outbox) -> None:
        self.id = id
        self.command = command
        self._outbox = outbox
        self._lock = threading.Lock()
        self._state: Literal["queued", "running", "over"] = "queued"
        self._stop_mode: StopMode = ""

    # ---------------------------------------------------------------------- for the engine

    @property
    def stop_mode(self) -> StopMode:
        return self._stop_mode

    def check(self) -> None:
        if self._stop_mode:
            raise Stopped

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

    def request_stop(self, mode: Literal["keep", "discard"]) -> bool:
        """Set the token. True when the job had not begun, and is over now. Discarding cannot be taken back."""
        with self._lock:
            if self._stop_mode != "discard":
                self._stop_mode = mode
            if self._state != "queued":
                return False
            self._state = "over"
            return True

    def end(self) -> bool:
        """True for the first caller only: it owes the terminal reply."""
        with self._lock:
            first = self._state != "over"
            self._state = "over"
            return first
