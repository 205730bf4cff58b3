"""What the run card shows of a run: plain figures from its state."""

import math
from typing import Any

from fnet_studio.core import protocol
from fnet_studio.core.run_state import RunState, phase_words
from fnet_studio.ui.widgets.run_card import Monitor, RunFigures


def figures_of(state: RunState, elapsed_s: float, phase_s: float) -> RunFigures:
    """elapsed_s: of the run; phase_s: in the present phase."""
    if state.status == "idle":
        return RunFigures(title="Press Start when the recipe is right")
    recipe = state.started.recipe if state.started else {}
    best = best_epoch(state, recipe)
    compiling = state.phase_times.get("compiling", 0.0)
    if state.phase == "compiling":
        compiling += phase_s
    limit = int(recipe.get("optimisation", {}).get("patience", 0))
    monitor = monitored(recipe)
    cut_off = state.failure is not None and state.failure.kind == "worker.lost"
    done, total, unit = state.progress.done, state.phase_total, state.phase_unit
    if state.held or state.status != "running":
        done, total, unit = state.phase_progress.trained.done, state.phase_progress.total_steps, "steps"
    return RunFigures(
        status="held" if state.held else "interrupted" if cut_off else state.status,
        title=str(recipe.get("name", "")),
        phase="Its memory is kept" if state.held else phase_words(state.phase) if state.phase else "",
        done=done,
        total=total,
        unit=unit,
        elapsed_s=elapsed_s,
        left_s=state.progress.left_s,
        compile_s=compiling if compiling else -1.0,
        tokens_per_s=state.tokens_per_s[-1] if state.tokens_per_s else -1.0,
        monitor=monitor,
        best_figure=getattr(best, monitor) if best else -1.0,
        best_step=best.step if best else -1,
        patience=limit,
        waited=epochs_without_better(state, best, monitor),
    )


def planning_figures(title: str, phase: protocol.Phase, done: int, elapsed_s: float) -> RunFigures:
    """While a run is estimated before it starts."""
    words = phase_words(phase.name) if phase.name else "Starting"
    return RunFigures("planning", title, words, done, phase.total, phase.unit, elapsed_s)


def monitored(recipe: dict[str, Any]) -> Monitor:
    """The field of `protocol.Evaluated` by which the recipe judges an epoch."""
    monitors: dict[str, Monitor] = {"loss": "loss", "macro-f1": "macro_f1"}
    return monitors.get(recipe.get("optimisation", {}).get("monitor", ""), "accuracy")


def best_epoch(state: RunState, recipe: dict[str, Any]) -> protocol.Evaluated | None:
    """By what the recipe watches, of equals that of the lowest loss; as the worker judges it. Figures that are no
    numbers, and those that were asked for in the middle of an epoch, decide nothing."""
    figure = monitored(recipe)
    sign = -1 if figure == "loss" else 1
    found = [item for item in state.of_split("validation") if not item.asked and _is_number(getattr(item, figure))]
    return max(found, key=lambda item: (sign * getattr(item, figure), -item.loss), default=None)


def epochs_without_better(state: RunState, best: protocol.Evaluated | None, figure: Monitor) -> int:
    """Since the first one that equals the best."""
    if best is None:
        return 0
    epochs = [item for item in state.of_split("validation") if not item.asked]
    first = min(item.epoch for item in epochs if getattr(item, figure) == getattr(best, figure))
    return len([item for item in epochs if item.epoch > first])


def _is_number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)
