"""What an engine is, and what it is given: the seam between the worker's plumbing and the work itself.

The worker implements `Job`; `engine.jax_engine.JaxEngine` and `engine.scripted.ScriptedEngine` implement `Engine`.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, Protocol

from fnet_studio.core import protocol
from fnet_studio.core.errors import Stopped


class Job(Protocol):
    """One command at work. Every method may be called from the engine's thread at any time and never waits for
    the window."""

    id: int

    @property
    def stop_mode(self) -> Literal["", "keep", "discard", "pause"]:
        """Empty until somebody asked to stop."""
        ...

    @property
    def held(self) -> bool:
        """Somebody asked to hold in place, and not yet to go on."""
        ...

    def check(self) -> None:
        """Call often, in every phase. Raises `core.errors.Stopped` once a stop was asked for."""
        ...

    def on_abandon(self, do: Callable[[Any], Stopped]) -> None:
        """What to do when the process ends before this job heeds its stop: `do` gets the stop mode, in another thread,
        writes down what is left of the work, and says what was kept."""
        ...

    def take(self, *kinds: type[protocol.Command]) -> "Request | None":
        """The oldest command of these kinds that somebody sent about this job; the taker owes its reply."""
        ...

    def wait(self, at_most_s: float) -> None:
        """Until somebody asks for something, at most so long. Returns at once when somebody did since the last
        call."""
        ...

    def phase(self, name: str, total: int = 0, unit: str = "") -> None: ...

    def progress(self, done: int, rate_per_s: float = 0.0, left_s: float = -1.0) -> None: ...

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
        """One training step: a row of the metrics lane (`protocol.METRIC_COLUMNS`), batched and never lost."""
        ...

    def tell(self, event: protocol.Event) -> None:
        """The control lane: in order, never dropped."""
        ...

    def wanted(self, stream: str) -> protocol.Watch | None:
        """What to draw, if somebody watches the stream and has painted the last frame; else None: draw nothing."""
        ...

    def frame(self, stream: str, step: int, maps: protocol.Maps, atlas: bytes) -> None:
        """Hand over a picture. Uses up the credit that `wanted` showed."""
        ...


class Request(Protocol):
    """A command about a job at work, which the job itself answers: once, by one of the two."""

    command: protocol.Command

    def done(self, result: protocol.Result) -> None: ...

    def failed(self, error: BaseException) -> None: ...


class Engine(Protocol):
    name: str

    def start(self) -> protocol.Ready:
        """The slow imports. Called once, in a thread, before any command."""
        ...

    def device_memory_bytes(self) -> int:
        """In use on the devices, 0 when unknown. Called from the heartbeat's thread, once `start` has returned."""
        ...

    def answer(self, command: protocol.Command, job: Job) -> tuple[protocol.Result | None, bytes]:
        """Do the work of `Load, Tokenize, FillMask, Classify, Doctor` (quick) or `Plan, Train, Evaluate` (long).

        Quick ones and long ones arrive on two threads, one command at a time on each. Raises UserError for
        failures with words, Stopped after a stop; anything else is a crash report."""
        ...
