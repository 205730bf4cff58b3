"""Is the worker alive? Three meanings, kept apart: its process exists, its heartbeat arrives, its work moves."""

import enum
from dataclasses import dataclass, replace

from fnet_studio.core import protocol
from fnet_studio.link.session import Happening, Told

SILENT_S = 4.0
"""Eight heartbeats missed."""
STARTING_SILENT_S = 30.0
"""Importing a large library can hold every thread of the process for seconds."""


class State(enum.Enum):
    """The value is the word that the window shows."""

    OFF = "off"
    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    NOT_RESPONDING = "not responding"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Pulse:
    """What is known, as times of one monotonic clock in seconds."""

    running: bool = False
    crashed: bool = False
    ready: bool = False
    heard_s: float = 0.0
    """When anything arrived last."""
    moved_s: float = 0.0
    """When the count of work done changed last, or the work began."""
    moved: int = 0
    busy_with: int = 0
    memory_bytes: int = 0
    device_memory_bytes: int = 0

    @classmethod
    def started(cls, now_s: float) -> "Pulse":
        return cls(running=True, heard_s=now_s, moved_s=now_s)

    def ended(self, *, crashed: bool) -> "Pulse":
        return Pulse(crashed=crashed)

    def hear(self, happening: Happening, now_s: float) -> "Pulse":
        pulse = replace(self, heard_s=now_s)
        if not isinstance(happening, Told):
            return pulse
        match happening.event:
            case protocol.Ready():
                return replace(pulse, ready=True)
            case protocol.Heartbeat() as beat:
                still = beat.moved == self.moved and beat.busy_with == self.busy_with
                return replace(
                    pulse,
                    moved=beat.moved,
                    moved_s=self.moved_s if still else now_s,
                    busy_with=beat.busy_with,
                    memory_bytes=beat.memory_bytes,
                    device_memory_bytes=beat.device_memory_bytes,
                )
        return pulse


def state(pulse: Pulse, now_s: float) -> State:
    if not pulse.running:
        return State.CRASHED if pulse.crashed else State.OFF
    if now_s - pulse.heard_s > (SILENT_S if pulse.ready else STARTING_SILENT_S):
        return State.NOT_RESPONDING
    if not pulse.ready:
        return State.STARTING
    return State.BUSY if pulse.busy_with else State.READY


def still_s(pulse: Pulse, now_s: float) -> float:
    """For how long the work at hand has not moved; 0 when there is none. Compiling a large model takes a minute
    without a sign, so this is shown, and never acted upon."""
    return max(0.0, now_s - pulse.moved_s) if pulse.running and pulse.busy_with else 0.0
