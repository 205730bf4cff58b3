"""Runs that differ in their seed alone: how far chance carries a figure."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from fnet_studio.core.curves import without_seed
from fnet_studio.core.run_store import RunRecord


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
