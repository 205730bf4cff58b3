import shutil
from dataclasses import dataclass, field

import pytest

from fnet_studio.core import places, protocol, recipe
from fnet_studio.core.errors import Stopped


@pytest.fixture(autouse=True)
def _compile_once(compiled_programs):
    """Most runs here are of the same few programs."""


@dataclass
class Asked:
    command: protocol.Command
    answers: list

    def done(self, result):
        self.answers.append(result)

    def failed(self, error):
        self.answers.append(error)


@dataclass
class RecordingJob:
    """A job that writes down what it is told, and can be asked to stop at a step."""

    id: int = 1
    stop_mode: str = ""
    stop_at_step: int = 0
    hold_at_step: int = 0
    """Held there until the first wait."""
    watch: protocol.Watch | None = None
    phases: list[str] = field(default_factory=list)
    steps: list[tuple] = field(default_factory=list)
    events: list[protocol.Event] = field(default_factory=list)
    frames: list[tuple] = field(default_factory=list)
    progressed: list[tuple] = field(default_factory=list)

    held: bool = False
    requests: list = field(default_factory=list)
    """Commands to be taken between two steps, as (step, command); what became of them is in `answers`."""
    answers: list = field(default_factory=list)

    def check(self):
        if self.stop_mode:
            raise Stopped

    def take(self, *kinds):
        done = self.steps[-1][0] if self.steps else 0
        for item in self.requests:
            if item[0] <= done and isinstance(item[1], kinds):
                self.requests.remove(item)
                return Asked(item[1], self.answers)
        return None

    def on_abandon(self, do):
        self.abandon = do

    def wait(self, at_most_s):
        self.held = False

    def phase(self, name, total=0, unit=""):
        self.phases.append(name)

    def progress(self, done, rate_per_s=0.0, left_s=-1.0):
        self.progressed.append((self.phases[-1] if self.phases else "", done, left_s))

    def step(self, *row):
        self.steps.append(row)
        if self.stop_at_step and row[0] == self.stop_at_step:
            self.stop_mode = self.asked_mode
        self.held = self.held or row[0] == self.hold_at_step

    asked_mode: str = "keep"

    def tell(self, event):
        self.events.append(event)

    def wanted(self, stream):
        return self.watch

    def frame(self, stream, step, maps, atlas):
        self.frames.append((stream, step, maps, atlas))


@pytest.fixture
def job():
    return RecordingJob()


@pytest.fixture
def tiny():
    """A recipe that trains in a second on the bundled sample."""
    return recipe.load(
        recipe.bundled("sample-quick"),
        {
            "training.epochs": "2",
            "data.sequence_length": "32",
            "data.vocabulary_size": "400",
            "model.hidden_dim": "16",
            "model.intermediate_dim": "32",
        },
    )


@pytest.fixture
def preset(small_preset):
    """The small preset, by the name of `small`."""
    shutil.copytree(small_preset, places.presets() / "small")
    return "small"
