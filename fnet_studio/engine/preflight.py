"""What a recipe would need, measured on this machine before it is started: `Plan`.

The data is read and tokenised (its cache then serves the run), the steps are compiled, XLA says what they hold, a few
are timed, and the model and a checkpoint are written once to a scratch folder. Nothing else is kept.
"""

import gc
import math
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import jax
import msgspec
import numpy as np
import psutil

from fnet_studio.core import chain, files, places, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.preflight import Cost, Problem, data_problems, resource_problems, step_problems
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.data.batches import steps_per_epoch
from fnet_studio.data.sources import quick_hash
from fnet_studio.engine import checkpoint, devices, memory
from fnet_studio.engine.checkpoint import Position
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.job import Job
from fnet_studio.engine.live_maps import KEPT_COLUMNS, KEPT_ROWS, LiveMaps
from fnet_studio.engine.loop import load
from fnet_studio.engine.space import MB
from fnet_studio.engine.step import State, Training
from fnet_studio.engine.task import Task

TIMED_S, MOST_STEPS, FEWEST_STEPS = 1.5, 30, 3
WHOLE_CHECKPOINT_BYTES = 256 * 2**20
"""A state up to this size is written whole; of a greater one that much, and the time is scaled."""
ROW_BYTES, EVALUATION_BYTES = 200, 64 * 2**10
CACHED_COMPILE = 0.15
"""Share of a picture's compilation that it takes again from the cache on disk."""
_SCRATCH = ".plan-"


def plan(command: protocol.Plan, job: Job) -> protocol.Planned:
    """Never raises for what is wrong with a recipe, its data or its size: that is a problem of severity `error`.
    Raises Stopped."""
    began = time.monotonic()
    try:
        return merged(
            [_Plan(half, job).planned(time.monotonic()) for half in chain.halves(from_mapping(command.recipe))]
        )
    except UserError as error:
        problem = Problem("error", error.kind, error.message, error.advice)
    except Exception as error:
        if not devices.out_of_memory(error):
            raise
        advice = "Choose a smaller batch or a greater training.accumulation, or close other programs."
        problem = Problem("error", "memory.short", "Memory ran out while a few steps were tried.", advice)
    finally:
        gc.collect()  # the tried model's arrays, before a run wants their place
    return protocol.Planned(problems=(problem,), took_s=time.monotonic() - began)


def merged(plans: list[protocol.Planned]) -> protocol.Planned:
    """Of runs that follow one another (`core.chain`): times and disk add up, memory does not. The rest is the last
    one's, whose result it is all for."""
    costs = [one.estimate for one in plans]
    phases = {name: sum(cost.phases_s.get(name, 0.0) for cost in costs) for cost in costs for name in cost.phases_s}
    known = all(cost.duration_s >= 0 for cost in costs)
    estimate = Cost(
        duration_s=sum(cost.duration_s for cost in costs) if known else -1.0,
        memory_bytes=max(cost.memory_bytes for cost in costs),
        device_memory_bytes=max(cost.device_memory_bytes for cost in costs),
        disk_bytes=sum(cost.disk_bytes for cost in costs),
        phases_s=phases,
    )
    return msgspec.structs.replace(
        plans[-1],
        problems=tuple(_worst_first(list(dict.fromkeys(problem for one in plans for problem in one.problems)))),
        estimate=estimate,
        disk_peak_bytes=sum(one.disk_peak_bytes for one in plans),
        total_steps=sum(one.total_steps for one in plans),
        took_s=sum(one.took_s for one in plans),
    )


class _Plan:
    """One estimate at work. Owns a model and its state for as long as it takes."""

    def __init__(self, recipe: Recipe, job: Job) -> None:
        self.recipe, self.job = recipe, job
        self.clock = PhaseClock(job, {})
        self.seconds: dict[str, float] = {}
        """By phase, of the run to come."""

    def planned(self, began: float) -> protocol.Planned:
        memory.begin_peak()
        task = load(self.recipe, self.job, self.clock)
        self.clock.leave()
        self.seconds["reading"] = self._reading_s()
        self.job.check()
        per_epoch = steps_per_epoch(len(task.parts["train"]), self.recipe.training.batch_size)
        total = per_epoch * self.recipe.training.epochs
        problems = [
            *data_problems(task.summary(), self.recipe),
            *step_problems(self.recipe, len(task.parts["train"]), total),
        ]
        self.clock.enter("building")
        self._build(task, total)  # the first in a process takes longer than the run's will
        began_building = time.monotonic()
        model, training, state = self._build(task, total)
        self.seconds["building"] = time.monotonic() - began_building
        memory.begin_peak()
        self._compile(task, training, state)
        again = Training(model, task.objective, self.recipe, total)
        began_compiling = time.monotonic()  # as the run will: traced anew, and the program from the cache on disk
        self._compile(task, again, state)
        self.seconds["compiling"] = time.monotonic() - began_compiling
        del again
        on_device = training.compiled_bytes()
        in_memory = memory.in_use_bytes() + (0 if _accelerated() else on_device)
        free = memory.free_bytes()
        sizes: dict[str, Any] = {
            "memory_free_bytes": free,
            "device_free_bytes": _device_free_bytes(),
            "disk_free_bytes": _disk_free_bytes(),
            "parameters": model.count_params(),
            "steps_per_epoch": per_epoch,
            "total_steps": total,
            "data": task.summary(),
        }
        estimate = Cost(memory_bytes=in_memory, device_memory_bytes=on_device if _accelerated() else 0)
        short = self._resources(estimate, sizes, 0)
        if any(problem.severity == "error" for problem in short):
            return protocol.Planned(
                problems=(*short, *problems), estimate=estimate, took_s=time.monotonic() - began, **sizes
            )
        state, step_s = self._time(task, training, state, total)
        held = memory.in_use_bytes()
        stepping_bytes = memory.peak_bytes() or in_memory
        disk_bytes, disk_peak_bytes = self._write(task, training, state, step_s)
        state_bytes = _bytes(state)
        self.clock.leave()
        estimate = Cost(
            duration_s=sum(self.seconds.values()),
            memory_bytes=max(stepping_bytes, held + 2 * state_bytes),
            device_memory_bytes=estimate.device_memory_bytes,
            disk_bytes=disk_bytes,
            phases_s={name: round(seconds, 3) for name, seconds in self.seconds.items()},
        )
        return protocol.Planned(
            problems=tuple(_worst_first([*self._resources(estimate, sizes, disk_peak_bytes), *problems])),
            estimate=estimate,
            disk_peak_bytes=disk_peak_bytes,
            step_s=step_s,
            took_s=time.monotonic() - began,
            **sizes,
        )

    def _resources(self, estimate: Cost, sizes: dict[str, Any], disk_peak_bytes: int) -> list[Problem]:
        free = {name: sizes[name] for name in ("memory_free_bytes", "device_free_bytes", "disk_free_bytes")}
        floor = self.recipe.saving.free_space_mb * MB
        return resource_problems(estimate, disk_peak_bytes=disk_peak_bytes, disk_floor_bytes=floor, **free)

    def _reading_s(self) -> float:
        """Of the run, which finds the texts tokenised: it reads them again to know that they are the same ones, but for
        an archive, whose bytes say it."""
        data = self.recipe.data
        if self.recipe.task != "masked-lm" and "tokenising" in self.clock.times_s:
            began = time.monotonic()
            if quick_hash(data.source, data.path, lambda: bool(self.job.stop_mode)) is not None:
                return time.monotonic() - began
        return self.clock.times_s.get("reading", 0.0)

    def _build(self, task: Task, total: int) -> tuple[Any, Training, State]:
        model = task.build()
        training = Training(model, task.objective, self.recipe, total)
        state = training.first_state()
        self.job.check()
        return model, training, state

    def _compile(self, task: Task, training: Training, state: State) -> None:
        self.clock.enter("compiling")
        training.compile_step(next(task.train_batches(0)), state)
        self.job.check()
        training.compile_forward(next(task.evaluation_batches("validation")), state)
        self.job.check()

    def _time(self, task: Task, training: Training, state: State, total: int) -> tuple[State, float]:
        """The state after a few steps, and the seconds of one; fills in the seconds of all phases that steps make."""
        recipe, parts = self.recipe, task.parts
        self.clock.enter("measuring", MOST_STEPS, "steps")
        feed = (batch for _ in repeat(None) for batch in task.train_batches(0))

        def step() -> None:
            nonlocal state
            state, stepped = training.step(state, next(feed))
            for value in stepped:
                float(value)

        step_s = self._median_s(step, total)
        weights = training.weights(state)
        evaluated = (batch for _ in repeat(None) for batch in task.evaluation_batches("validation"))

        def measure() -> None:
            sums, probabilities = training.forward(weights, next(evaluated))
            np.asarray(probabilities)
            float(sums.loss)

        forward_s = self._median_s(measure, math.ceil(len(parts["validation"]) / recipe.training.batch_size))
        batch = recipe.training.batch_size
        self.seconds["training"] = total * step_s
        validating = math.ceil(len(parts["validation"]) / batch)
        self.seconds["validating"] = validating * forward_s * recipe.training.epochs
        testing = math.ceil(len(parts["test"]) / batch)
        extra = task.further_batches("test") if testing else 0
        self.seconds["testing"] = (testing + extra) * forward_s
        self._time_maps(task, training, state)
        return state, step_s

    def _time_maps(self, task: Task, training: Training, state: State) -> None:
        """The first picture is compiled; then one comes every `observe.keep_maps_every_s`."""
        every_s = self.recipe.observe.keep_maps_every_s
        probe = task.inputs_of(self.recipe.observe.probe)
        maps = LiveMaps(training.model, probe, every_s, Path())
        began = time.monotonic()
        picture, _ = maps.draw(state, KEPT_ROWS, KEPT_COLUMNS, False)
        drawing_s = picture.took_ms / 1000
        self.job.check()
        self.seconds["compiling"] += drawing_s + CACHED_COMPILE * (time.monotonic() - began)
        self._pictures = 1 + int(self.seconds["training"] / every_s)
        self._picture_bytes = 2 * picture.layers * picture.rows * picture.columns + 128
        self.seconds["training"] += (self._pictures - 1) * drawing_s

    def _median_s(self, do: Callable[[], None], most: int) -> float:
        """Of a few repetitions after a first one, which warms up."""
        do()
        began, times = time.monotonic(), []
        while len(times) < min(MOST_STEPS, max(most, 1)):
            self.job.check()
            before = time.monotonic()
            do()
            times.append(time.monotonic() - before)
            self.clock.progress(len(times))
            passed = time.monotonic() - began
            if (passed > TIMED_S and len(times) >= FEWEST_STEPS) or passed > 4 * TIMED_S:
                break
        return statistics.median(times)

    def _write(self, task: Task, training: Training, state: State, step_s: float) -> tuple[int, int]:
        """Write the model and a checkpoint once. Bytes on disk: when the run has ended, and at most before."""
        recipe = self.recipe
        self.clock.enter("saving")
        with _scratch() as scratch:
            folder = Path(scratch)
            began = time.monotonic()
            task.keep(training.model, folder)
            keep_s = time.monotonic() - began
            model_bytes = folder_bytes(folder)
            self.job.check()
            part = _part(state)
            checkpoint.write(folder, part, Position(), keep_last=1)
            began = time.monotonic()
            checkpoint.write(folder, part, Position(step=1), keep_last=1)
            checkpoint_s = (time.monotonic() - began) * _bytes(state) / max(_bytes(part), 1)
            self.job.check()
        epochs, every_s = recipe.training.epochs, recipe.saving.checkpoint_every_s
        total = self.seconds["training"] / step_s if step_s else 0.0
        between = self.seconds["training"] / every_s if every_s else total
        written = epochs + int(min(between, total))
        best = recipe.optimisation.keeps_best
        weights_bytes = _bytes(training.weights(state))
        self.seconds["training"] += (written - epochs) * checkpoint_s
        self.seconds["saving"] = (1 + 0.4 * best) * epochs * checkpoint_s + epochs * keep_s
        rows = int(total) * ROW_BYTES + epochs * 2 * ROW_BYTES
        predictions = len(task.parts["test"]) * (16 + 15 * len(task.class_names)) if task.class_names else 0
        kept = min(recipe.saving.keep_last, written) * _bytes(state)
        small = rows + self._pictures * self._picture_bytes + predictions + EVALUATION_BYTES
        end = model_bytes + kept + small
        return end, end + _bytes(state) + model_bytes + best * weights_bytes


def _scratch() -> tempfile.TemporaryDirectory[str]:
    """On the disk that the run will write to. UserError where it refuses."""
    root = _data_folder()
    _remove_stale(root)
    try:
        return tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-", dir=root, ignore_cleanup_errors=True)
    except OSError as error:
        raise files.disk_error(error, root) from error


def _data_folder() -> Path:
    """UserError where the disk refuses it."""
    root = places.data()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.disk_error(error, root) from error
    return root


def _remove_stale(root: Path) -> None:
    """What a plan left behind whose process was killed."""
    for folder in root.glob(f"{_SCRATCH}*"):
        pid = folder.name.removeprefix(_SCRATCH).partition("-")[0]
        if not (pid.isdecimal() and psutil.pid_exists(int(pid))):
            shutil.rmtree(folder, ignore_errors=True)


def _part(state: State) -> State:
    """As many of its arrays as `WHOLE_CHECKPOINT_BYTES` allow, one at least."""
    taken, size = [], 0
    for value in state.trainable + state.optimizer + state.non_trainable + state.average:
        if taken and size + value.nbytes > WHOLE_CHECKPOINT_BYTES:
            break
        taken.append(value)
        size += value.nbytes
    return State(taken, [], [], [])


def _bytes(arrays: Any) -> int:
    return sum(value.nbytes for value in jax.tree.leaves(arrays))


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _accelerated() -> bool:
    return jax.devices()[0].platform != "cpu"


def _device_free_bytes() -> int:
    statistics_of = [device.memory_stats() or {} for device in jax.local_devices()] if _accelerated() else []
    return sum(int(one.get("bytes_limit", 0)) for one in statistics_of)


def _disk_free_bytes() -> int:
    return psutil.disk_usage(str(_data_folder())).free


def _worst_first(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: ("error", "warning", "note").index(problem.severity))
