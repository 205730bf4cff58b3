"""How far the present phase of a command is."""

from dataclasses import dataclass, field

import msgspec

from fnet_studio.core import protocol


@dataclass
class PhaseProgress:
    """Training is come back to after each validation, and goes on where it was: its count and its time left are kept
    meanwhile, and each step that is measured counts at once."""

    phase: protocol.Phase = field(default_factory=lambda: protocol.Phase(""))
    progress: protocol.Progress = field(default_factory=lambda: protocol.Progress(0))
    trained: protocol.Progress = field(default_factory=lambda: protocol.Progress(0))
    """How far the training is, in steps, whatever the present phase."""
    total_steps: int = 0
    """Of that training; 0 before it is known."""

    def apply(self, body: protocol.Message) -> bool:
        """Fold one message in. Returns whether the progress changed."""
        before = self.progress
        match body:
            case protocol.RunStarted(resumed_at=step, total_steps=total):
                self.trained, self.total_steps = protocol.Progress(step), total
            case protocol.Phase():
                self.phase, self.progress = body, protocol.Progress(0)
            case protocol.Progress() if self._trains:
                left_s = body.left_s if body.left_s >= 0 else self.trained.left_s
                self.trained = msgspec.structs.replace(body, left_s=left_s)
            case protocol.Progress():
                self.progress = body
            case protocol.Metrics(step=steps) if steps:
                self.trained = msgspec.structs.replace(self.trained, done=steps[-1])
        if self._trains:
            self.progress = self.trained
        return self.progress != before

    @property
    def _trains(self) -> bool:
        return self.phase.name == "training"
