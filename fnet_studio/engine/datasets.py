"""Data sets before any training: fetched, and looked at. Needs no JAX, so every engine does it for real."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fnet_studio.core import protocol
from fnet_studio.core.download import fetch
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.core.recipe import Recipe, downloads, from_mapping
from fnet_studio.core.run_store import RunRecord
from fnet_studio.data.dataset import Dataset, load_dataset
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.job import Job
from fnet_studio.engine.texts import data_files
from fnet_studio.tables.mapping import composed

_OF_PRESET = ("vocabulary_hash", "sequence_length")


def with_data_here(recipe: Recipe, progress: Progress | None, stopped: StopCheck | None) -> Recipe:
    """The recipe with the path of the archive where it says `download`, which is fetched when it is not here yet."""
    if not downloads(recipe.data):
        return recipe
    path = str(fetch(recipe.data.url, progress, stopped))
    return msgspec.structs.replace(recipe, data=msgspec.structs.replace(recipe.data, path=path))


def download(command: protocol.Download, job: Job) -> protocol.Downloaded:
    """Raises Stopped, and what `core.download.fetch` raises."""
    path = fetch(command.url, progress_of(PhaseClock(job, {})), lambda: bool(job.stop_mode))
    return protocol.Downloaded(str(path), path.stat().st_size)


def inspect(command: protocol.Inspect, job: Job) -> protocol.Inspected:
    """What `core.recipe.from_mapping` and the readers raise."""
    progress = progress_of(PhaseClock(job, {}))

    def stopped() -> bool:
        return bool(job.stop_mode)

    recipe = with_data_here(from_mapping({"data": command.data}), progress, stopped)
    return protocol.Inspected(summary(load(recipe, progress, stopped)))


def load(recipe: Recipe, progress: Progress | None, stopped: StopCheck | None) -> Dataset:
    """As a classifier from scratch sees the recipe's data."""
    data = recipe.data
    return load_dataset(
        data.source,
        Path(data.path),
        vocabulary_size=data.vocabulary_size,
        sequence_length=data.sequence_length,
        cut=data.cut,
        validation_split=data.validation_split,
        split_seed=data.split_seed,
        stratified=data.stratified,
        files=data_files(data),
        progress=progress,
        stopped=stopped,
    )


def summary(dataset: Dataset) -> dict:
    """What a run's record and the window keep of the data."""
    splits = {name: len(getattr(dataset, name)) for name in ("train", "validation", "test")}
    return {
        **splits,
        "class_names": list(dataset.class_names),
        "paired": dataset.tokenizer.paired,
        "vocabulary_size": len(dataset.vocabulary),
        "sequence_length": dataset.sequence_length,
        "content_hash": dataset.content_hash,
        "report": dataset.report.to_mapping(),
    }


def require_same_data(record: RunRecord, content_hash: str, class_names: Sequence[str] | None = None) -> None:
    """content_hash: of what lies where the run's recipe says. class_names: as they are read from it now, where labels
    are. UserError `run.data-changed`."""
    if record.data.get("content_hash", content_hash) != content_hash:
        raise UserError(
            "run.data-changed",
            f"The data is not what the run {record.id} was trained with.",
            "Put the old data back. If nothing was changed, this version reads the files in another way than the one "
            "that trained the run: then start a new run.",
        )
    known = record.data.get("class_names")
    if class_names is not None and known is not None and list(class_names) != list(map(composed, known)):
        raise UserError(
            "run.data-changed",
            f"The classes of the data are not in the order that the run {record.id} learnt: now they are "
            f"{', '.join(class_names[:10])}, then they were {', '.join(known[:10])}.",
            "The run's figures would be of the wrong classes. Start a new run.",
        )


def require_same_preset(record: RunRecord, found: Mapping[str, Any]) -> None:
    """found: of `Task.summary`, with what bears the name of the recipe's preset now. What an older run did not write
    down is not compared. UserError `run.preset-changed`."""
    if "vocabulary_hash" not in found:  # a classifier from scratch
        return
    now, then = (
        {key: of[key] for key in _OF_PRESET if key in found and key in record.data} for of in (found, record.data)
    )
    if now != then:
        preset = record.recipe.get("model", {}).get("preset", "")
        raise UserError(
            "run.preset-changed",
            f"The preset {preset} is not what the run {record.id} began from: its vocabulary or length is another.",
            f"Give the preset of then its name {preset} again, or start a new run.",
        )


def progress_of(clock: PhaseClock) -> Progress:
    def told(phase: str, done: int, total: int) -> None:
        clock.enter(phase, total, "bytes" if phase == "downloading" else "", done)
        clock.progress(done)

    return told
