"""What can be done about a run that failed or was cut off: the same next steps for the window and the command line."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fnet_studio.core import data_sets, run_store
from fnet_studio.core import recipe as recipes
from fnet_studio.core.data_sets import DataSet
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, from_mapping, to_mapping
from fnet_studio.core.recipe_scope import DATA_PLACES
from fnet_studio.core.run_store import RunRecord

CHANGEABLE = (
    "training.accumulation",
    "training.auto_batch",
    "training.learning_rate",
    "optimisation.clip_norm",
    "saving.checkpoint_every_s",
    "saving.keep_last",
    "saving.free_space_mb",
    "observe.keep_maps_every_s",
    *DATA_PLACES,
)
"""Settings that may change in the middle of a run; any other would make its steps those of another run. Files may have
been moved: what is in them has to be the same (`engine.datasets.require_same_data`)."""
LENGTH_CHANGES_THE_MODEL = (
    "Another length is another model: padding is mixed in, so its answers differ, and a preset was trained at its own."
)
_RESUMED = ("device.lost", "disk.full", "disk.unwritable", "worker.lost", "worker.bug", "crash")


def goes_on(record: RunRecord) -> str:
    """Where a run that was cut off or paused begins when it is resumed, in words."""
    if record.saved_step:
        return "It can go on from its newest checkpoint."
    return "It wrote no checkpoint yet: Resume begins it again."


@dataclass(frozen=True)
class Remedy:
    words: str
    """As on a button."""
    do: Literal["resume", "start"]
    """Go on with the run from its newest checkpoint, or start its recipe again as a new run."""
    changes: dict[str, str] = field(default_factory=dict)
    """Settings by dotted name, as `--set` takes them."""
    warning: str = ""
    """To be read before it is done."""

    def command(self, run: RunRecord) -> str:
        """For a terminal."""
        begin = f"resume {run.id}" if self.do == "resume" else f"train {run.recipe.get('name', 'RECIPE')}"
        return " ".join(["fnet-studio", begin, *(f"--set {key}={value}" for key, value in self.changes.items())])


def remedies(record: RunRecord) -> tuple[Remedy, ...]:
    """The best one first; empty where nothing but a look at the words helps."""
    kind = (record.failure or {}).get("kind", "")
    if record.status in ("stopped", "paused", "interrupted"):
        return (Remedy("Resume", "resume"),)
    if record.status != "failed":
        return ()
    try:
        recipe = from_mapping(record.recipe)
    except UserError:
        return ()
    if kind == "device.out-of-memory":
        return _less_memory(recipe)
    if kind == "train.not-finite":
        return _calmer(recipe)
    if kind in _RESUMED or kind.startswith("data."):
        return (Remedy("Resume", "resume"),)
    return ()


def after_failure(kind: str, run: str) -> tuple[RunRecord | None, tuple[Remedy, ...]]:
    """The record of the run that just failed so, and its remedies. run: its id, '' when it never got one. None where
    there is no record to be read; but a folder that has gone took its record with it, and goes on once it is back."""
    if kind == "run.folder-gone" and run:
        return RunRecord(id=run, name=run, began=0.0, status="failed"), (Remedy("Resume", "resume"),)
    try:
        record = run_store.read(run) if run else None
    except UserError:
        return None, ()
    return record, remedies(record) if record else ()


def half_at_a_time(recipe: Recipe) -> dict[str, str]:
    """Twice the accumulation, so that a step stays what it was; empty when a batch cannot be cut further."""
    parts = recipe.training.accumulation * 2
    return {} if recipe.training.batch_size % parts else {"training.accumulation": str(parts)}


def gone(record: RunRecord) -> dict[str, str]:
    """The files and folders that a run and what follows it read and that are not where they were, by setting."""
    try:
        data = from_mapping(record.then or record.recipe).data
    except UserError:
        return {}
    missing = data_sets.missing(DataSet("", record.name, data))
    paths = {key: getattr(data, key.removeprefix("data.")) for key in DATA_PLACES}
    return {key: path for key, path in paths.items() if path in missing}


def with_those_beside(places: dict[str, str], gone: dict[str, str]) -> dict[str, str]:
    """places: where some of what is gone is now. Others that lie beside the first of them are found there."""
    folder = Path(os.path.expanduser(next(iter(places.values())))).parent
    beside = {key: folder / Path(old).name for key, old in gone.items()}
    return {key: str(path) for key, path in beside.items() if path.exists()} | places


def changed(recipe: Recipe, changes: dict[str, str]) -> Recipe:
    """The recipe that a run goes on with, its new paths made absolute. UserError `resume.fixed` for a setting that
    cannot change any more, or `recipe.invalid`."""
    values = to_mapping(recipe)
    for key, text in changes.items():
        if key not in CHANGEABLE:
            raise UserError(
                "resume.fixed",
                f"{key} cannot change in the middle of a run.",
                f"These can: {', '.join(CHANGEABLE)}. For another one start a new run.",
            )
        recipes.put(values, key, text)
    return recipes.with_whole_paths(from_mapping(values))


def _less_memory(recipe: Recipe) -> tuple[Remedy, ...]:
    found = []
    half = half_at_a_time(recipe)
    if half:
        parts = half["training.accumulation"]
        found.append(Remedy(f"Go on with each batch in {parts} parts", "resume", half))
    else:
        found.append(Remedy("Go on", "resume"))
    length = recipe.data.sequence_length
    if length >= 16:
        shorter = {"data.sequence_length": str(length // 2)}
        found.append(Remedy(f"Start again at length {length // 2}", "start", shorter, LENGTH_CHANGES_THE_MODEL))
    return tuple(found)


def calmer(recipe: Recipe) -> dict[str, str]:
    """Settings that each keep a training from running away, by dotted name."""
    found = {"training.learning_rate": f"{recipe.training.learning_rate / 3:.2g}"}
    return found if recipe.optimisation.clip_norm else found | {"optimisation.clip_norm": "1.0"}


def _calmer(recipe: Recipe) -> tuple[Remedy, ...]:
    words = {"training.learning_rate": "learning rate {}", "optimisation.clip_norm": "gradients clipped at {}"}
    return tuple(
        Remedy(f"Go on with {words[key].format(value.removesuffix('.0'))}", "resume", {key: value})
        for key, value in calmer(recipe).items()
    )
