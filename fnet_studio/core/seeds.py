"""Runs that differ in their seed alone: how far chance carries a figure."""

import contextlib
import re
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from fnet_studio.core import run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_scope import counting
from fnet_studio.core.run_store import RunRecord

_SEED = re.compile(r", seed \d+\b")


class Spread(NamedTuple):
    mean: float
    deviation: float
    """The sample's standard deviation, over n - 1."""

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.deviation:.4f}"

    @property
    def percent(self) -> str:
        """Of a share, such as `85.10 ± 0.42 %`."""
        return f"{100 * self.mean:.2f} ± {100 * self.deviation:.2f} %"


def name_of_all(name: str) -> str:
    """The name of a run, as `core.sweep.over` gives it, without its seed."""
    return _SEED.sub("", name)


def without_seed(recipe: dict[str, Any]) -> str:
    """The same text for recipes that differ in their seed, their name and what does not count alone. A preset that a
    run kept, as the first half of an adaptation does, is told by that run's recipe in the same way."""
    settings = counting(recipe)
    settings.pop("training.seed", None)
    preset = str(settings.get("model.preset", ""))
    if preset.startswith(run_store.RUN):
        with contextlib.suppress(UserError):  # of a run that is gone nothing but its name is known
            settings["model.preset"] = without_seed(run_store.read(preset.removeprefix(run_store.RUN)).recipe)
    return msgspec.json.encode([recipe.get("task"), settings], order="deterministic").decode()


def same_but_seed(records: Sequence[RunRecord]) -> list[list[int]]:
    """Groups of two finished runs or more, by their places. A seed that is there again is left out: it says nothing
    new."""
    groups: dict[str, dict[int, int]] = {}
    for place, record in enumerate(records):
        if record.status == "finished" and record.recipe:
            seed = record.recipe.get("training", {}).get("seed", 0)
            groups.setdefault(without_seed(record.recipe), {}).setdefault(seed, place)
    return [list(places.values()) for places in groups.values() if len(places) > 1]


def spread(values: Sequence[float | None]) -> Spread | None:
    """Of two values or more; None where not all are known."""
    known = [value for value in values if value is not None]
    return Spread(statistics.fmean(known), statistics.stdev(known)) if len(known) == len(values) else None
