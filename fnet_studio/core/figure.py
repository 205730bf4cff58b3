"""The learning curves of runs as an SVG drawing, for files and reports."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fnet_studio.core import svg_chart
from fnet_studio.core.curves import AXES, NO_CHECKS, QUANTITIES, Checks, Curves, mean_and_band
from fnet_studio.core.smoothing import Smoother
from fnet_studio.core.svg_chart import PRINT_SERIES, TRAINING, VALIDATION, Area, Line, Plot


class Drawn(NamedTuple):
    name: str
    curves: Curves
    more: tuple["Drawn", ...] = ()
    """Runs that differ from this one in their seed alone: together they become a mean with a band."""
    title: str = ""
    """Of all of them together."""


class View(NamedTuple):
    """What a reader of the drawing sees of the curves."""

    quantities: Sequence[str] = ("loss", "accuracy")
    axis: str = "step"
    smoothing: float = 0.6
    log: bool = False
    x_span: tuple[float, float] | None = None
    y_spans: dict[str, tuple[float, float]] = {}  # noqa: RUF012 (never written to)
    """By quantity, as they stand on the axes; missing: everything."""


WHOLE = View()


def flat(runs: Sequence[Drawn]) -> list[Drawn]:
    """Each run by itself, also those that are drawn as one."""
    return [one for run in runs for one in (run._replace(more=()), *run.more)]


def draw(run: Drawn, others: Sequence[Drawn] = (), view: View = WHOLE, title: str = "") -> str:
    """SVG text. The first run in the colours of training and validation; each other one in a colour of its own."""
    unit, words = _unit([run, *flat(others)], view.axis)
    plots = []
    for place, name in enumerate(view.quantities):
        scale = QUANTITIES[name].scale
        plot = Plot(
            QUANTITIES[name].axis,
            log=view.log and name != "accuracy",
            x_span=view.x_span,
            y_span=view.y_spans.get(name),
        )
        for number, other in enumerate(others):
            colour = PRINT_SERIES[number % len(PRINT_SERIES)]
            if other.more:
                _mean(plot, other, name, view, unit, colour, "" if place else other.title)
                continue
            x, y = _x(other.curves, view.axis) / unit, smoothed(_column(other.curves, name), view.smoothing)
            plot.lines.append(Line(x, y * scale, colour, other.name if not place else "", 1.2))
            plot.lines += _checked(other.curves, name, view.axis, unit, colour, "")
        x, raw = _x(run.curves, view.axis) / unit, _column(run.curves, name) * scale
        plot.lines.append(Line(x, raw, TRAINING, "", 0.8, 0.25))
        first = "" if place else "training" if not others else run.name
        plot.lines.append(Line(x, smoothed(raw, view.smoothing), TRAINING, first, 1.8))
        plot.lines += _checked(run.curves, name, view.axis, unit, VALIDATION, "" if place else "validation")
        checks = run.curves.checks.get("validation", NO_CHECKS)
        best = checks.best(name) if QUANTITIES[name].evaluated else None
        if best is not None:
            value = float(getattr(checks, name)[best]) * scale
            spot = float(getattr(checks, view.axis)[best]) / unit
            plot.star = (spot, value, f"best {value:.4g}{' %' if name == 'accuracy' else ''}")
        if place == len(view.quantities) - 1:
            plot.marks = [(_mark_x(run.curves, one, view.axis) / unit, one.words) for one in run.curves.marks]
        plots.append(plot)
    return svg_chart.draw(plots, words, title=title)


def _mean(plot: Plot, group: Drawn, name: str, view: View, unit: float, colour: str, words: str) -> None:
    every, scale = [group, *group.more], QUANTITIES[name].scale
    band = mean_and_band(
        [(_x(one.curves, view.axis) / unit, smoothed(_column(one.curves, name), view.smoothing)) for one in every]
    )
    plot.areas.append(Area(band.x, band.low * scale, band.high * scale, colour))
    plot.lines.append(Line(band.x, band.mean * scale, colour, words, 1.4))
    checks = [one.curves.checks.get("validation", NO_CHECKS) for one in every]
    if QUANTITIES[name].evaluated and all(len(one.step) for one in checks):
        mean = mean_and_band([(getattr(one, view.axis) / unit, getattr(one, name)) for one in checks], 50)
        plot.lines.append(Line(mean.x, mean.mean * scale, colour, "", 1.4, dashed=True))


def smoothed(values: np.ndarray, weight: float) -> np.ndarray:
    smoother = Smoother(weight)
    smoother.extend(values)
    return smoother.values


def _checked(curves: Curves, name: str, axis: str, unit: float, colour: str, words: str) -> list[Line]:
    if not QUANTITIES[name].evaluated:
        return []
    checks: Checks = curves.checks.get("validation", NO_CHECKS)
    if not len(checks.step):
        return []
    y = getattr(checks, name) * QUANTITIES[name].scale
    return [Line(getattr(checks, axis) / unit, y, colour, words, 1.8, dashed=True, points=True)]


def _column(curves: Curves, name: str) -> np.ndarray:
    column = curves.columns.get(name)
    return np.full(len(curves), np.nan) if column is None else column


def _x(curves: Curves, axis: str) -> np.ndarray:
    """The step where the other is unknown."""
    values = curves.columns.get(axis, np.empty(0))
    known = len(values) and np.isfinite(values[-1])
    return values if known else curves.columns.get("step", np.empty(0))


def _mark_x(curves: Curves, mark, axis: str) -> float:
    if axis == "time_s":
        return mark.time_s
    if axis == "step" or not len(curves):
        return mark.step
    return float(_x(curves, axis)[min(int(np.searchsorted(curves.columns["step"], mark.step)), len(curves) - 1)])


def _unit(runs: Sequence[Drawn], axis: str) -> tuple[float, str]:
    """(what the axis is divided by, its words)."""
    if axis != "time_s":
        return 1.0, AXES[axis]
    longest = max((float(x[-1]) for run in runs if len(x := _x(run.curves, axis))), default=0.0)
    for seconds, least, words in ((3600.0, 3 * 3600, "h"), (60.0, 180, "min")):
        if longest >= least:
            return seconds, f"{AXES[axis]} ({words})"
    return 1.0, f"{AXES[axis]} (s)"
