"""The stop ladder: ask, then terminate, then kill; a pure state machine over time.

The owner makes one for each long command, lets it `hear` the command's events, calls `advance` on its clock and does
what it returns. What to show of a stop under way is a value, `Countdown`.
"""

import enum
from dataclasses import dataclass
from typing import Literal

from fnet_studio.core import protocol

Action = Literal["terminate", "kill"]
Mode = Literal["keep", "discard", "pause"]


class Rung(enum.Enum):
    UNASKED = ""
    ASKED = "Stopping"
    TERMINATING = "Ending the worker"
    KILLING = "Killing the worker"
    DONE = "Stopped"


ASK_S = 3.0
"""Reading, compiling and the like cannot always be broken off, and lose nothing when the worker is ended."""
WORK_ASK_S = 10.0
"""A step of a large model takes seconds, and what was learnt since the newest checkpoint is worth the wait."""
SAVE_ASK_S = 30.0
TERMINATE_S = 3.0
_PATIENCE_S = {"training": WORK_ASK_S, "validating": WORK_ASK_S, "testing": WORK_ASK_S, "saving": SAVE_ASK_S}


@dataclass(frozen=True)
class Countdown:
    """A stop under way, for people."""

    rung: Rung
    mode: Mode
    phase: str
    """The command's, as `core.run_state.PHASES` names it; empty before its first."""
    left_s: float
    """To the next rung, 0 when there is none."""
    saved_step: int | None
    """Of the newest checkpoint: what stays if it comes to the last rung. None when there is none."""

    @property
    def words(self) -> str:
        """Such as `Still compiling; ends the worker in 2 s. Kept: checkpoint at step 120.`"""
        seconds = f"{self.left_s:.0f} s"
        match self.rung:
            case Rung.ASKED:
                doing = f"Still {self.phase}" if self.phase else "Stopping"
                return f"{doing}; ends the worker in {seconds}. {self.kept}"
            case Rung.TERMINATING:
                return f"Ending the worker; kills it in {seconds}. {self.kept}"
            case Rung.KILLING:
                return f"Killing the worker. {self.kept}"
        return self.rung.value

    @property
    def kept(self) -> str:
        if self.mode == "discard":
            return "Nothing is kept."
        if self.saved_step is not None:
            return f"Kept: checkpoint at step {self.saved_step}."
        return "There is nothing to keep yet."


class StopLadder:
    """One long command, from when it was sent until its reply. Times are of any monotonic clock in seconds."""

    def __init__(self, command: protocol.Command | None = None) -> None:
        """command: the one to stop, which may name its run before it has told of it."""
        self.rung = Rung.UNASKED
        self.mode: Mode = "keep"
        self.run = command.run if isinstance(command, protocol.Resume) else ""
        self.phase = ""
        self.saved_step: int | None = None
        self._until_s: float | None = None

    def hear(self, event: protocol.Event, now_s: float) -> None:
        """An event of the command. A phase with more at stake gets its time."""
        match event:
            case protocol.RunStarted():
                self.run = event.run
                if event.resumed_at:
                    self.saved_step = event.resumed_at
            case protocol.Annotation(kind="checkpoint"):
                self.saved_step = event.step
            case protocol.Phase():
                self.phase = event.name
                if self.rung is Rung.ASKED and self._until_s is not None:
                    self._until_s = max(self._until_s, now_s + self._patience_s())

    def ask(self, now_s: float, mode: Mode = "keep") -> None:
        """The stop was just asked for."""
        self.rung, self.mode = Rung.ASKED, mode
        self._until_s = now_s + self._patience_s()

    @property
    def asked(self) -> bool:
        return self.rung is not Rung.UNASKED

    def _patience_s(self) -> float:
        return ASK_S if self.mode == "discard" else _PATIENCE_S.get(self.phase, ASK_S)

    def advance(self, now_s: float) -> Action | None:
        """What to do now. Each action is returned once."""
        if self._until_s is None or now_s < self._until_s:
            return None
        return self.hurry(now_s)

    def hurry(self, now_s: float) -> Action | None:
        """Go to the next rung without waiting: the user asked again."""
        if self.rung is Rung.ASKED:
            self.rung = Rung.TERMINATING
            self._until_s = now_s + TERMINATE_S
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

    def countdown(self, now_s: float) -> Countdown | None:
        """None while nobody asked to stop, and once it is over."""
        if self.rung in (Rung.UNASKED, Rung.DONE):
            return None
        return Countdown(self.rung, self.mode, self.phase, self.left_s(now_s), self.saved_step)

    def left(self) -> protocol.Stopped:
        """What stands for the reply of a worker that this ladder had to kill."""
        kept = self.mode != "discard" and self.saved_step is not None
        return protocol.Stopped(kept=kept, run=self.run if kept else "", paused=kept and self.mode == "pause")
