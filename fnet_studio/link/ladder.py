"""The stop ladder: ask, then terminate, then kill; a pure state machine over time.

The owner calls `advance` on its clock and does what it returns. The window shows `words` and `left_s`.
"""

import enum
from typing import Literal

Action = Literal["terminate", "kill"]


class Rung(enum.Enum):
    ASKED = "Stopping"
    TERMINATING = "Ending the worker"
    KILLING = "Killing the worker"
    DONE = "Stopped"


KEEP_ASK_S = 30.0
"""To keep a model is to write it, after a compilation that cannot be broken off."""
DISCARD_ASK_S = 10.0
TERMINATE_S = 3.0


class StopLadder:
    """One stop, from the moment it was asked for (`now_s`, any monotonic clock in seconds)."""

    def __init__(self, now_s: float, ask_s: float = KEEP_ASK_S, terminate_s: float = TERMINATE_S) -> None:
        self.rung = Rung.ASKED
        self._until_s: float | None = now_s + ask_s
        self._terminate_s = terminate_s

    def advance(self, now_s: float) -> Action | None:
        """What to do now. Each action is returned once."""
        if self._until_s is None or now_s < self._until_s:
            return None
        return self.hurry(now_s)

    def hurry(self, now_s: float) -> Action | None:
        """Go to the next rung without waiting: the user asked again."""
        if self.rung is Rung.ASKED:
            self.rung = Rung.TERMINATING
            self._until_s = now_s + self._terminate_s
            return "terminate"
        if self.rung is Rung.TERMINATING:
            self.rung = Rung.KILLING
            self._until_s = None
            return "kill"
        return None

    def done(self) -> None:
        """The command got its reply, or the process is gone."""
        self.rung = Rung.DONE
        self._until_s = None

    def left_s(self, now_s: float) -> float:
        """Seconds to the next rung; 0 when there is none."""
        return 0.0 if self._until_s is None else max(0.0, self._until_s - now_s)

    def words(self, now_s: float) -> str:
        """Such as `Stopping; ending the worker in 12 s`."""
        if self.rung is Rung.ASKED:
            return f"{self.rung.value}; ending the worker in {self.left_s(now_s):.0f} s"
        if self.rung is Rung.TERMINATING:
            return f"{self.rung.value}; killing it in {self.left_s(now_s):.0f} s"
        return self.rung.value
