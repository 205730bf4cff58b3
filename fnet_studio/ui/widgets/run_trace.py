"""The curves of one run as a chart wants them: growing, smoothed, and quick to thin. No Qt in here."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fnet_studio.core.curves import NO_CHECKS, NOT_MEASURED, PLACES, QUANTITIES, Checks, Curves, Mark
from fnet_studio.core.run_names import Named
from fnet_studio.core.smoothing import Smoother
from fnet_studio.core.thinning import Extremes, thin


class Growing:
    """A column that is added to. Costs only what is new."""

    def __init__(self) -> None:
        self._buffer = np.empty(1024)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def values(self) -> np.ndarray:
        """(points,) float64."""
        return self._buffer[: self._length]

    def extend(self, values: np.ndarray) -> None:
        needed = self._length + len(values)
        if needed > len(self._buffer):
            grown = np.empty(2 * needed)
            grown[: self._length] = self.values
            self._buffer = grown
        self._buffer[self._length : needed] = values
        self._length = needed


class Series:
    """One quantity: raw and smoothed, with the extremes of both. Smooths what is asked for, when it is asked for."""

    def __init__(self, weight: float) -> None:
        self.raw = Growing()
        self._smoother = Smoother(weight)
        self._extremes, self._smooth_extremes = Extremes(), Extremes()

    @property
    def smooth(self) -> np.ndarray:
        """(points,) float64."""
        known = len(self._smoother.values)
        if known < len(self.raw):
            self._smoother.extend(self.raw.values[known:])
        return self._smoother.values

    def set_weight(self, weight: float) -> None:
        if weight != self._smoother.weight:
            self._smoother.restart(weight)
            self._smooth_extremes = Extremes()

    def thinned(
        self, x: np.ndarray, low: float, high: float, buckets: int, smooth: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        y, extremes = (self.smooth, self._smooth_extremes) if smooth else (self.raw.values, self._extremes)
        extremes.extend_to(y)
        return thin(x, y, low, high, buckets, extremes)


class RunTrace:
    """Owns the measurements of one run for a chart."""

    def __init__(self, weight: float, run: str = "", name: str = "", group: str = "", began: float = 0.0) -> None:
        """group: equal for runs that differ in their seed alone. began: seconds since the epoch."""
        self.run, self.group, self.named = run, group, Named(name, began)
        self.name = name
        """As it reads beside other runs, which may bear the same."""
        self.per_epoch = 0
        """Steps an epoch, 0 when unknown."""
        self._weight = weight
        self._places = {name: Growing() for name in PLACES}
        self.series = {name: Series(weight) for name in QUANTITIES}
        self.checks: dict[str, Checks] = {}
        self.marks: list[Mark] = []

    @classmethod
    def of(cls, curves: Curves, weight: float, **words: Any) -> "RunTrace":
        trace = cls(weight, **words)
        trace.extend_to(curves.columns)
        trace.checks, trace.marks = curves.checks, curves.marks
        return trace

    def __len__(self) -> int:
        return len(self._places["step"])

    def extend_to(self, columns: Mapping[str, Sequence[float] | np.ndarray]) -> None:
        """All points so far, by column; those known already are taken as unchanged, and a missing column as unknown.
        Fewer points than before start anew."""
        known, total = len(self), len(columns["step"])
        if total < known:
            self._places = {name: Growing() for name in PLACES}
            self.series = {name: Series(self._weight) for name in QUANTITIES}
            known = 0
        if total == known:
            return
        fresh = {name: _tail(name, columns.get(name), known, total) for name in (*PLACES, *QUANTITIES)}
        if "epoch" not in columns and self.per_epoch:
            fresh["epoch"] = fresh["step"] / self.per_epoch
        for name in PLACES:
            self._places[name].extend(fresh[name])
        for name, series in self.series.items():
            series.raw.extend(fresh[name])

    def set_checks(self, split: str, evaluated: Iterable[Any]) -> None:
        """evaluated: objects with the fields of `Checks`, such as `protocol.Evaluated`."""
        self.checks[split] = Checks.of(evaluated, self.per_epoch)

    def column(self, name: str) -> np.ndarray:
        """(points,) of a place or a quantity, as it was measured."""
        return self._places[name].values if name in self._places else self.series[name].raw.values

    def validation(self) -> Checks:
        return self.checks.get("validation", NO_CHECKS)

    def x(self, axis: str) -> np.ndarray:
        """(points,), growing. axis: one of `PLACES`; the step where the other is unknown."""
        values = self._places[axis].values
        return values if not len(values) or np.isfinite(values[-1]) else self._places["step"].values

    def check_x(self, axis: str) -> np.ndarray:
        return getattr(self.validation(), axis)

    def mark_x(self, mark: Mark, axis: str) -> float:
        if axis == "epoch":
            steps = self._places["step"].values
            at = int(np.searchsorted(steps, mark.step)) if len(steps) else 0
            return float(self.x("epoch")[min(at, len(steps) - 1)]) if len(steps) else mark.step
        return mark.step if axis == "step" else mark.time_s

    def set_weight(self, weight: float) -> None:
        self._weight = weight
        for series in self.series.values():
            series.set_weight(weight)

    def measured(self) -> list[str]:
        return [name for name, series in self.series.items() if np.isfinite(series.raw.values[-1000:]).any()]


def _tail(name: str, column: Sequence[float] | np.ndarray | None, known: int, total: int) -> np.ndarray:
    if column is None or len(column) < total:
        return np.full(total - known, np.nan)
    fresh = np.asarray(column[known:], dtype=np.float64)
    return np.where(fresh > 0, fresh, np.nan) if name in NOT_MEASURED else fresh
