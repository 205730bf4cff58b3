"""The learning chart in words: for its read-out and for screen readers."""

from collections.abc import Sequence

import numpy as np

from fnet_studio.core.curves import QUANTITIES, Mark
from fnet_studio.ui.widgets.figures import count, duration, measure, percent
from fnet_studio.ui.widgets.quantity_plot import worded
from fnet_studio.ui.widgets.run_trace import RunTrace

OTHERS_NAMED = 3
TREND_STEPS = 5000


def summary(trace: RunTrace, others: Sequence[RunTrace]) -> str:
    if not len(trace):
        return f"No steps yet. {_beside(others)}".strip()
    loss = trace.series["loss"].smooth
    words = f"Step {count(trace.x('step')[-1])}: training loss {measure(loss[-1])}{_trend(trace)}"
    words += f", accuracy {percent(trace.series['accuracy'].smooth[-1])}"
    checks = trace.validation()
    best = checks.best("accuracy")
    if best is not None:
        words += f". Best validation accuracy {percent(checks.accuracy[best])} at step {count(checks.step[best])}"
    return f"{words}. {_beside(others)}".strip()


def _beside(others: Sequence[RunTrace]) -> str:
    if not others:
        return ""
    return f"Beside it: {others[0].name}." if len(others) == 1 else f"Beside it: {len(others)} other runs."


def _trend(trace: RunTrace) -> str:
    """The last tenth of the run against the tenth before it, or so many steps out of each."""
    raw = trace.series["loss"].raw.values
    tenth = max(5, len(raw) // 10)
    every = max(1, tenth // TREND_STEPS)
    now, before = raw[-tenth::every], raw[-2 * tenth : -tenth : every]
    now, before = now[np.isfinite(now)], before[np.isfinite(before)]
    if len(now) < 3 or len(before) < 3:
        return ""
    ratio = now.mean() / max(before.mean(), 1e-12)
    return ", falling" if ratio < 0.98 else ", rising" if ratio > 1.02 else ", level"


def at(trace: RunTrace, index: int, shown: Sequence[str], others: Sequence[RunTrace]) -> str:
    """The values of one training point, of the last validation up to it, and of other runs at the same step."""
    step = trace.x("step")[index]
    parts = [f"step {count(step)}"]
    time_s = trace.x("time_s")[index]
    if time_s != step:
        parts[0] += f", {duration(time_s)}"
    for name in shown:
        series, title = trace.series[name], QUANTITIES[name].title.lower()
        words = f"{title} {worded(name, series.raw.values[index])}"
        if name == "loss":
            words += f" (smoothed {worded(name, series.smooth[index])})"
        parts.append(words)
    checks = trace.validation()
    before = np.flatnonzero(checks.step <= step)
    if len(before):
        last = before[-1]
        parts.append(f"validation loss {measure(checks.loss[last])}, accuracy {percent(checks.accuracy[last])}")
    for other in others[:OTHERS_NAMED]:
        steps = other.x("step")
        if len(steps):
            there = min(int(np.searchsorted(steps, step)), len(steps) - 1)
            parts.append(f"{other.name}: {worded(shown[0], other.series[shown[0]].smooth[there])}")
    return "   ".join(parts)


def of_mark(mark: Mark) -> str:
    return f"Step {count(mark.step)}, {duration(mark.time_s)}: {mark.words}"
