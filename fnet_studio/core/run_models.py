"""The models of stored runs, by name: `run:ID` is what a run kept, `run:ID@STEP` one of its checkpoints."""

import itertools
from pathlib import Path
from typing import NamedTuple

from fnet_studio.core import places, run_notes, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import KEPT_PRESET, RUN, RunRecord
from fnet_studio.core.special_pieces import SEPARATOR

CHECKPOINTS = "checkpoints"
WEIGHTS, VOCABULARY = "model.safetensors", "vocabulary.txt"
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
        return RunModel(run_of(run), int(step))
    return RunModel(run_of(name), None)


def run_of(preset: str) -> str:
    """The id of the run that a preset's name means: `run:` and an id, or a run's name, the user's own or the recipe's;
    then the newest run of that name that kept a preset. UserError `run.missing`."""
    wanted = preset.removeprefix(RUN)
    if run_store.is_id(wanted):  # asked with each click: no run is read for it
        return wanted
    runs = run_store.list_runs()[0]
    same_name = [run.id for run in runs if wanted in (run.name, run_notes.name_of(run))]
    kept = [run for run in same_name if (places.runs() / run / KEPT_PRESET / "config.json").is_file()]
    return run_store.folder(kept[0] if kept else same_name[0] if same_name else wanted).name


def kept_preset(name: str) -> Path:
    """The preset of a run, see `run_of`. UserError `run.missing` or `run.no-model`."""
    path = places.runs() / run_of(name) / KEPT_PRESET
    if not (path / "config.json").is_file():
        raise UserError(
            "run.no-model",
            f"The run {path.parent.name} kept no preset.",
            "Choose a fine-tuning or masked-LM run that finished, or that was stopped with Stop and keep.",
        )
    return path


def paired(record: RunRecord) -> bool | None:
    """Whether its classifier sorts pairs of texts. Earlier versions did not record it: one from scratch has as third
    word what stands between the two, and a recipe may name their column; else nobody knows: None."""
    told = record.data.get("paired")
    if told is not None or not record.classifies:
        return told
    if record.recipe.get("data", {}).get("pair_column", "auto") != "auto":
        return True
    try:
        with open(places.runs() / record.id / VOCABULARY, encoding="utf-8") as file:
            return next(itertools.islice(file, 2, None), "").rstrip("\n") == SEPARATOR
    except (OSError, UnicodeDecodeError):
        return None


def checkpoint_steps(run: str) -> list[int]:
    """In order. UserError `run.missing`."""
    folder = run_store.folder(run) / CHECKPOINTS
    return sorted(int(path.stem) for path in folder.glob("*.safetensors") if path.stem.isdecimal())


def checkpoint_file(run: str, step: int) -> Path:
    """Where it lies if it is there. UserError `run.missing`."""
    return run_store.folder(run) / CHECKPOINTS / f"{step:08d}.safetensors"


def checkpoint_path(run: str, step: int) -> Path:
    """UserError `run.missing` or `run.no-checkpoint`."""
    path = checkpoint_file(run, step)
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
    return (folder / KEPT_PRESET / "config.json").is_file() or (folder / WEIGHTS).is_file()
