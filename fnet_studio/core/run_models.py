"""The models of stored runs, by name: `run:ID` is what a run kept, `run:ID@STEP` one of its checkpoints."""

from pathlib import Path
from typing import NamedTuple

from fnet_studio.core import run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RUN, RunRecord

CHECKPOINTS = "checkpoints"
WEIGHTS = "model.safetensors"
"""Of a classifier from scratch, in the run's folder."""


class RunModel(NamedTuple):
    run: str
    """The folder's name."""
    step: int | None
    """Of a checkpoint; None: what the run kept for use."""


def name_of(run: str, step: int | None = None) -> str:
    return f"{RUN}{run}" + ("" if step is None else f"@{step}")


def is_run(name: str) -> bool:
    return name.startswith(RUN)


def parse(name: str) -> RunModel:
    """Of a name that begins with `run:`. UserError `run.missing`."""
    run, _, step = name.removeprefix(RUN).rpartition("@")
    if run and step.isdecimal():
        return RunModel(run_store.run_of(run), int(step))
    return RunModel(run_store.run_of(name), None)


def checkpoint_steps(run: str) -> list[int]:
    """In order. UserError `run.missing`."""
    folder = run_store.folder(run) / CHECKPOINTS
    return sorted(int(path.stem) for path in folder.glob("*.safetensors") if path.stem.isdecimal())


def checkpoint_path(run: str, step: int) -> Path:
    """UserError `run.missing` or `run.no-checkpoint`."""
    path = run_store.folder(run) / CHECKPOINTS / f"{step:08d}.safetensors"
    if not path.is_file():
        left = ", ".join(map(str, checkpoint_steps(run))) or "none"
        raise UserError(
            "run.no-checkpoint",
            f"The run {run} has no checkpoint of step {step}; it kept those of: {left}.",
            "Choose one of these. A run keeps the newest ones alone (setting: Checkpoints kept).",
        )
    return path


def kept(record: RunRecord) -> bool:
    """Whether the run kept a model that can be looked into."""
    folder = run_store.folder(record.id)
    return (folder / run_store.KEPT_PRESET / "config.json").is_file() or (folder / WEIGHTS).is_file()
