"""The worker's state as a value, with the words that the window shows for it."""

from dataclasses import dataclass
from typing import Literal

from fnet_studio.core import protocol
from fnet_studio.link.exit import ProcessExit

Name = Literal["starting", "ready", "busy", "not-responding", "crashed", "stopped"]

WORDS: dict[str, str] = {
    "starting": "Starting",
    "ready": "Ready",
    "busy": "Busy",
    "not-responding": "Not responding",
    "crashed": "Crashed",
    "stopped": "Stopped",
}
TONES: dict[str, str] = {
    "starting": "accent",
    "ready": "success",
    "busy": "accent",
    "not-responding": "warning",
    "crashed": "danger",
    "stopped": "muted",
}
"""The theme's colour of the dot; the word beside it says the same."""


@dataclass(frozen=True)
class WorkerState:
    name: Name
    words: str
    """One or two words for the rail."""
    failure: protocol.Failed | None = None
    """Why it is gone, for a card: only when it crashed."""
    exit: ProcessExit | None = None

    @classmethod
    def of(cls, name: Name, failure: protocol.Failed | None = None, exit: ProcessExit | None = None) -> "WorkerState":
        return cls(name, WORDS[name], failure, exit)

    @property
    def alive(self) -> bool:
        return self.name not in ("crashed", "stopped")

    @property
    def tone(self) -> str:
        return TONES[self.name]
