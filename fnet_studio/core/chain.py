"""A recipe that makes two runs: the preset is adapted to the texts first, then fine-tuned (arXiv 2004.10964).

`finetune` with `adapt.epochs` above 0 stands for a masked-LM run on the same source's training texts (of IMDb the
unlabelled reviews too, never the test texts) and a fine-tuning of the preset that it kept. Both are runs like any
other. The first run's record says what comes `then`, with every setting; the second's names its `parent`.

The worker starts the first half when it is sent the whole recipe. Whoever sent it asks `next_after` when a run has
finished, and sends what that returns. It is the same after a crash: resume the first run, then ask.
"""

from typing import Any

import msgspec

from fnet_studio.core import protocol, remedies, run_models, run_store
from fnet_studio.core.provenance import git_state
from fnet_studio.core.recipe import Recipe, from_mapping, to_mapping
from fnet_studio.core.recipe_sections import AdaptRecipe


def halves(recipe: Recipe) -> tuple[Recipe, ...]:
    """The recipes of its runs, in order; the recipe alone where it makes one. The second still names the preset that
    the first one starts from."""
    adapt = recipe.adapt
    if not adapt.epochs:
        return (recipe,)
    alone = msgspec.structs.replace(recipe, adapt=AdaptRecipe())
    accumulation = recipe.training.accumulation
    training = msgspec.structs.replace(
        recipe.training,
        epochs=adapt.epochs,
        learning_rate=adapt.learning_rate,
        batch_size=adapt.batch_size,
        accumulation=accumulation if adapt.batch_size % accumulation == 0 else 1,
    )
    data = msgspec.structs.replace(recipe.data, validation_path="none", test_path="none")  # neither is looked at
    optimisation = msgspec.structs.replace(
        recipe.optimisation,
        label_smoothing=0.0,
        class_weights="none",
        layer_decay=1.0,
        keep="best",
        monitor="loss",
        patience=0,
    )
    first = msgspec.structs.replace(
        alone,
        task="masked-lm",
        name=f"{recipe.name[:74]}-adapt",
        data=data,
        training=training,
        optimisation=optimisation,
    )
    return first, alone


def first_half(command: protocol.Train) -> tuple[Recipe, Recipe | None]:
    """What the worker runs for a command, and what follows."""
    recipe = from_mapping(command.recipe)
    first, *second = halves(msgspec.structs.replace(recipe, name=command.name[:80] or recipe.name))
    return first, second[0] if second else None


def new_run(command: protocol.Train, recipe: Recipe, second: Recipe | None) -> run_store.RunWriter:
    """The folder of the run that `first_half` gave, with all that is known of where it comes from. UserError when the
    disk refuses, or when the run that its preset is to come from is gone."""
    model, parent = recipe.model, ""
    if recipe.task != "classify" and model.preset.startswith(run_store.RUN):
        parent = run_models.run_of(model.preset)
        model = msgspec.structs.replace(model, preset=run_store.RUN + parent)
        recipe = msgspec.structs.replace(recipe, model=model)
    writer = run_store.RunWriter.create(recipe.name, to_mapping(recipe))
    record = writer.record
    record.task, record.parent, record.typed, record.git = recipe.task, parent, command.typed, git_state()
    if second is None:
        record.estimate = command.estimate  # that of both halves says nothing of one
    else:
        record.then = to_mapping(after(record.id, second))
    return writer


def after(run: str, second: Recipe) -> Recipe:
    """The second half, from what the first half's run kept."""
    return msgspec.structs.replace(second, model=msgspec.structs.replace(second.model, preset=run_store.RUN + run))


def next_after(run: str) -> protocol.Train | protocol.Resume | None:
    """What to send when this run has finished: its second half, or to go on with that; None when there is none, or when
    it is at work or done. UserError when the run cannot be read."""
    record = run_store.read(run)
    if record.then is None or record.status != "finished":
        return None
    child = second_run(record)
    if child is None:
        return protocol.Train(to_mapping(from_mapping(record.then)))
    return protocol.Resume(child.id) if goes_on(child) else None


def second_run(record: run_store.RunRecord) -> run_store.RunRecord | None:
    """The newest run of the second half of one that has finished, but for those that failed and cannot go on; None
    before there is one. UserError when the second half's recipe cannot be read."""
    if record.then is None or record.status != "finished":
        return None
    recipe = from_mapping(record.then)
    for child in children(record.id):
        mine = child.recipe.get("task") == recipe.task and child.name == recipe.name
        if mine and (child.status != "failed" or goes_on(child)):
            return child
    return None


def goes_on(record: run_store.RunRecord) -> bool:
    """Whether the first thing to do about a run that has ended is to resume it just as it is."""
    return any(remedy.do == "resume" and not remedy.changes for remedy in remedies.remedies(record)[:1])


def changed(record: run_store.RunRecord, changes: dict[str, str]) -> tuple[Recipe, dict[str, Any] | None]:
    """What a run goes on with, and what then follows, which reads the same files: those that the first half does not
    look at are for the second alone. UserError as of `remedies.changed`."""
    recipe = from_mapping(record.recipe)
    if record.then is None:
        return remedies.changed(recipe, changes), None
    mine = {key: text for key, text in changes.items() if key == "data.path" or key not in remedies.DATA_PLACES}
    places = {key: text for key, text in changes.items() if key in remedies.DATA_PLACES}
    return remedies.changed(recipe, mine), to_mapping(remedies.changed(from_mapping(record.then), places))


def children(run: str) -> list[run_store.RunRecord]:
    """The runs that started from what this one kept, newest first."""
    return [record for record in run_store.list_runs()[0] if record.parent == run]
