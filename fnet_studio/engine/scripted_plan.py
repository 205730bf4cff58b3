"""An estimate without a model: plausible figures from the recipe and the script, and the problems of plausible data."""

import time

import psutil

from fnet_studio.core import places, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.preflight import Cost, Problem, data_problems, resource_problems
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.engine.faults import Script
from fnet_studio.engine.job import Job
from fnet_studio.engine.scripted_train import COUNTS
from fnet_studio.engine.space import MB

EDGES = tuple(range(0, 820, 20))
COUNTS_OF_LENGTHS = tuple(round(900 * (x / 8) * 2.7 ** (1 - x / 8)) for x in range(len(EDGES) - 1))
"""Of reviews: most have some 170 tokens, a few very many."""


def plan(command: protocol.Plan, job: Job, script: Script) -> protocol.Planned:
    """A recipe that cannot work is a problem of severity `error`, as with the real engine. Raises Stopped."""
    began = time.monotonic()
    try:
        recipe = from_mapping(command.recipe)
    except UserError as error:
        return protocol.Planned((Problem("error", error.kind, error.message, error.advice),))
    for name in ("reading", "tokenising", "building", "compiling", "measuring", "saving"):
        job.phase(name, 10)
        for done in range(10):
            job.check()
            job.progress(done)
            time.sleep(0.0 if script.rate == 0 else 0.02)
    per_epoch = max(1, script.steps // recipe.training.epochs)
    total = per_epoch * recipe.training.epochs
    step_s = 1 / script.rate if script.rate else 0.001
    state_bytes = 12 * _parameters(recipe)
    estimate = Cost(
        duration_s=total * step_s + 2.0,
        memory_bytes=psutil.Process().memory_info().rss + 2 * state_bytes,
        disk_bytes=state_bytes * recipe.saving.keep_last,
        phases_s={"training": total * step_s, "validating": 0.2 * recipe.training.epochs, "testing": 0.3},
    )
    data = summary(recipe)
    places.data().mkdir(parents=True, exist_ok=True)
    free = {
        "memory_free_bytes": psutil.virtual_memory().available,
        "device_free_bytes": 0,
        "disk_free_bytes": psutil.disk_usage(str(places.data())).free,
    }
    peak = estimate.disk_bytes + state_bytes
    return protocol.Planned(
        problems=(
            *resource_problems(
                estimate, disk_peak_bytes=peak, disk_floor_bytes=recipe.saving.free_space_mb * MB, **free
            ),
            *data_problems(data, recipe),
        ),
        estimate=estimate,
        disk_peak_bytes=peak,
        parameters=_parameters(recipe),
        step_s=step_s,
        steps_per_epoch=per_epoch,
        total_steps=total,
        data=data,
        took_s=time.monotonic() - began,
        **free,
    )


def _parameters(recipe: Recipe) -> int:
    model = recipe.model
    inside = model.num_layers * 2 * model.hidden_dim * model.intermediate_dim
    return inside + recipe.data.vocabulary_size * model.hidden_dim


def summary(recipe: Recipe) -> dict:
    """The shape of `engine.task.Task.summary`."""
    length = recipe.data.sequence_length or 128
    everything = sum(COUNTS_OF_LENGTHS)
    over = sum(count for edge, count in zip(EDGES, COUNTS_OF_LENGTHS, strict=False) if edge >= length)
    lengths = {
        "shortest": 12,
        "median": 174.0,
        "mean": 231.0,
        "p95": 590.0,
        "longest": 2470,
        "edges": EDGES,
        "counts": COUNTS_OF_LENGTHS,
    }
    splits = [
        {
            "name": name,
            "texts": count,
            "class_counts": [count // 2, count - count // 2],
            "empty": 0,
            "duplicates": count // 260,
            "lengths": lengths,
            "cut_share": over / everything,
            "cut_tokens_share": 0.6 * over / everything,
            "unknown_share": 0.0,
        }
        for name, count in COUNTS.items()
    ]
    report = {"splits": splits, "duplicates": 418, "test_overlap": 123, "validation_overlap": 14, "notes": []}
    return {
        **COUNTS,
        "class_names": ["negative", "positive"],
        "paired": recipe.data.pair_column != "auto",
        "vocabulary_size": recipe.data.vocabulary_size,
        "sequence_length": length,
        "source": "scripted",
        "report": report,
    }
