"""What the worker tells meanwhile. Events carry the id of the command they belong to in `Envelope.reply_to`, or 0."""

from typing import Literal

import msgspec

from fnet_studio.core.protocol.replies import Message
from fnet_studio.core.protocol.results import Device, Maps


class Ready(Message, frozen=True, tag="ready"):
    """The engine's imports are done: sent once, after `Welcome`."""

    devices: tuple[Device, ...]
    versions: dict[str, str]
    took_s: float = 0.0
    gpu_trouble: str = ""
    """Why the processor works although a GPU was asked for, or support for one is here; else empty."""


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """From a thread of its own, twice a second: the process answers. `moved` counts work done, so that a worker
    that lives but does not move can be told from one that does."""

    moved: int
    memory_bytes: int = 0
    device_memory_bytes: int = 0
    busy_with: int = 0
    """Id of the command at work in the job thread, 0 when idle."""


class Log(Message, frozen=True, tag="log"):
    level: Literal["info", "warning", "error"]
    text: str


class Phase(Message, frozen=True, tag="phase"):
    """A job went into a phase. name: see `core.run_state.PHASES`. total: its length in `Progress.done`'s unit,
    0 when unknown."""

    name: str
    total: int = 0
    unit: str = ""


class Progress(Message, frozen=True, tag="progress"):
    done: int
    rate_per_s: float = 0.0
    left_s: float = -1.0
    """Time left in the phase, or -1 when unknown."""


class RunStarted(Message, frozen=True, tag="run-started"):
    run: str
    folder: str
    recipe: dict
    parameters: int
    device: Device
    steps_per_epoch: int
    total_steps: int
    data: dict = msgspec.field(default_factory=dict)
    """Counts, class names, hash and the data report."""
    resumed_at: int = 0
    """The step that a resumed run goes on from; its earlier metrics are on disk."""


class Metrics(Message, frozen=True, tag="metrics"):
    """Columns of training steps since the last batch. All tuples have one length."""

    step: tuple[int, ...]
    loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    tokens_per_s: tuple[float, ...]
    time_s: tuple[float, ...]
    """Seconds that the run was at work: while it is held they stand still."""
    learning_rate: tuple[float, ...] = ()
    """This column and those after it are empty from a worker of protocol 1.0."""
    gradient_norm: tuple[float, ...] = ()
    """Of all gradients together, before they were clipped."""
    memory_bytes: tuple[int, ...] = ()
    """Of the worker's process."""
    device_memory_bytes: tuple[int, ...] = ()
    """In use on the accelerators, 0 where they do not tell."""


METRIC_COLUMNS = tuple(field.name for field in msgspec.structs.fields(Metrics))
"""In the order of `engine.job.Job.step`; also the names in a run's log."""


class Evaluated(Message, frozen=True, tag="evaluated"):
    split: Literal["train", "validation", "test"]
    step: int
    epoch: int
    loss: float
    accuracy: float
    examples: int
    time_s: float = 0.0
    asked: bool = False
    """By `EvaluateNow`, in the middle of an epoch: it decides nothing. epoch: how many were done."""
    macro_f1: float | None = None
    """Of the validation and test texts, where there are classes."""


class Annotation(Message, frozen=True, tag="annotation"):
    """Something other than a step that happened to a run, to be marked on its curves."""

    kind: Literal["paused", "continued", "resumed", "checkpoint", "evaluated", "less-memory", "disk-low", "disk-freed"]
    step: int
    time_s: float = 0.0
    """As in `Metrics`."""
    text: str = ""
    """What happened, as a sentence; may be empty where the kind says it all."""


class Saved(Message, frozen=True, tag="saved"):
    step: int
    path: str


class Frame(Message, frozen=True, tag="frame"):
    """A picture of a stream, sent on credit; the atlas is the blob."""

    stream: str
    step: int
    maps: Maps


Event = Ready | Heartbeat | Log | Phase | Progress | RunStarted | Metrics | Evaluated | Annotation | Saved | Frame
