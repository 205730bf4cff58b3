"""Where the data of a stored run lies now: a run goes to another machine without it, and files are moved."""

import os

from fnet_studio.core import chain, protocol, recipe_scope, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.recipe_scope import DATA_PLACES
from fnet_studio.core.run_store import RunRecord
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.datasets import require_same_data
from fnet_studio.engine.job import Job
from fnet_studio.engine.run_texts import content_hash_of


def relocate(command: protocol.Relocate, job: Job) -> None:
    """UserError `run.places` for what is no place of the run's data, `run.data-changed` for other texts, and what
    reading them raises; the record is then as it was. Raises Stopped."""
    record, recipe = _moved(command)
    _require_there(command.places)
    found = content_hash_of(recipe.data, job) if record.classifies else _of_words(record, recipe, job)
    require_same_data(record, found)
    write(command)


def _require_there(places: dict[str, str]) -> None:
    """What the second half of a run of two reads cannot be compared with anything, but it has to be there."""
    for path in places.values():
        if path != "none" and not os.path.exists(os.path.expanduser(path)):
            raise UserError("data.missing", f"There is no file {path}.", "Check the path.")


def write(command: protocol.Relocate) -> None:
    """Without a look at the texts. UserError `run.places`, or when the disk refuses."""
    run_store.rewrite(_moved(command)[0])


def _moved(command: protocol.Relocate) -> tuple[RunRecord, Recipe]:
    """The record as it is to be, and its recipe."""
    record = run_store.read(command.run)
    if record.status in ("running", "interrupted"):  # nobody knows yet when it ended: its file's time says so
        state = "is at work" if record.status == "running" else "was cut off"
        words = " ".join(["fnet-studio resume", record.id, *(f"--set {k}={v}" for k, v in command.places.items())])
        raise UserError("run.places", f"The run {record.id} {state}.", f"Stop it, or go on with it: {words}")
    counting = recipe_scope.counting(record.then or record.recipe)
    known = [key for key in DATA_PLACES if key in counting]
    for key in command.places:
        if key not in known:
            raise UserError(
                "run.places",
                f"{key} names no place that the run {record.id} reads.",
                f"It reads {', '.join(known) or 'the bundled reviews'}.",
            )
    recipe, record.then = chain.changed(record, command.places)
    record.recipe = to_mapping(recipe)
    return record, recipe


def _of_words(record: RunRecord, recipe: Recipe, job: Job) -> str:
    """The content of a language model's texts."""
    from fnet_studio.engine.kept_preset import with_kept_preset  # these import JAX
    from fnet_studio.engine.loop import load

    clock = PhaseClock(job, {})
    task = load(with_kept_preset(recipe, run_store.folder(record.id)), job, clock)
    clock.leave()
    return task.content_hash
