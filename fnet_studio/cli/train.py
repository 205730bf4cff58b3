"""fnet-studio train RECIPE.toml: a progress bar on a terminal, JSON lines otherwise."""

import argparse
import math
import shlex
import sys
import time
from pathlib import Path
from typing import TextIO

import msgspec

from fnet_studio.core import protocol, recipe, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.preflight import size
from fnet_studio.core.run_state import RunState, phase_words
from fnet_studio.link.blocking import Worker

OVERRULED = ("memory.short", "device-memory.short", "disk.short")
"""Problems that are estimates, which a person may know better."""


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("train", help="train a model by a recipe")
    it.add_argument("recipe", metavar="RECIPE", help=f"a TOML file, or one of: {', '.join(recipe.bundled_names())}")
    it.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as training.epochs=1")
    it.add_argument("--name", default="", help="name of the run (the recipe's own)")
    it.add_argument("--plan", action="store_true", help="say what the run would need, and stop")
    it.add_argument("--no-plan", action="store_true", help="start without an estimate")
    it.add_argument("--anyway", action="store_true", help="start although the estimate says that it cannot work")
    it.add_argument("--json", action="store_true", help="JSON lines, also on a terminal")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    it.set_defaults(run=run)
    it = commands.add_parser("resume", help="go on with a run that was stopped, or that a crash interrupted")
    it.add_argument("run_id", metavar="RUN", help="a run's id, as `fnet-studio runs` lists it")
    it.add_argument("--json", action="store_true", help="JSON lines, also on a terminal")
    it.set_defaults(run=resume)


def run(options: argparse.Namespace) -> int:
    path = Path(options.recipe)
    if options.recipe in recipe.bundled_names() and not path.exists():
        path = recipe.bundled(options.recipe)
    chosen = recipe.load(path, _changes(options.set))
    mapping = recipe.to_mapping(chosen)
    with Worker(engine=options.engine) as worker:
        planned = None if options.no_plan else plan(worker, mapping, options.json)
        if options.plan:
            return 0 if planned is None or planned.possible else 1
        if planned is not None and not planned.possible and not options.anyway:
            worst = planned.problems[0]
            advice = worst.advice if worst.kind not in OVERRULED else f"{worst.advice} Or start it --anyway."
            raise UserError(worst.kind, worst.message, advice)
        command = protocol.Train(
            mapping,
            options.name,
            estimate=planned.estimate if planned else None,
            typed=shlex.join(["fnet-studio", *options.typed]),
        )
        return _follow(worker, command, options.json)


def resume(options: argparse.Namespace) -> int:
    run_store.folder(options.run_id)
    with Worker() as worker:
        return _follow(worker, protocol.Resume(options.run_id), options.json)


def plan(worker: Worker, mapping: dict, as_json: bool) -> protocol.Planned:
    """Ask what a recipe would need, and print it."""
    on_terminal = sys.stdout.isatty() and not as_json
    show = _Bar(sys.stdout) if on_terminal else None
    planned, _ = worker.call(protocol.Plan(mapping), on_event=show.event if show else None)
    if on_terminal:
        print("\r\x1b[K", end="")
        print("\n".join(plan_words(planned)))
    else:
        _Lines(sys.stdout).tell(planned, time.time())
    return planned


def plan_words(planned: protocol.Planned) -> list[str]:
    """The estimate as lines of text."""
    words, cost = [], planned.estimate
    if cost.duration_s >= 0:
        words.append(
            f"About {_clock(cost.duration_s)}: {planned.total_steps:,} steps of {1000 * planned.step_s:,.0f} ms."
        )
    if cost.memory_bytes:
        words.append(f"Memory {size(cost.memory_bytes)} of {size(planned.memory_free_bytes)} free.")
    if cost.device_memory_bytes:
        words.append(f"On the device {size(cost.device_memory_bytes)} of {size(planned.device_free_bytes)}.")
    if cost.disk_bytes:
        words.append(f"Disk {size(cost.disk_bytes)} of {size(planned.disk_free_bytes)} free.")
    signs = {"error": "✗", "warning": "!", "note": "·"}
    for problem in planned.problems:
        words.append(f"{signs[problem.severity]} {problem.message}")
        if problem.advice:
            words.append(f"    {problem.advice}")
    return words


def _follow(worker: Worker, command: protocol.Command, as_json: bool) -> int:
    show = _Lines(sys.stdout) if as_json or not sys.stdout.isatty() else _Bar(sys.stdout)
    finished, _ = worker.call(command, on_event=show.event)
    assert isinstance(finished, protocol.RunFinished)
    show.end(finished)
    return 0


def _changes(words: list[str]) -> dict[str, str]:
    changes = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UserError("recipe.invalid", f"--set {word}: there is no '='.", "Write it as key=value.")
        changes[key.strip()] = value
    return changes


class _Lines:
    """Every event as one line of JSON, but for heartbeats and progress."""

    def __init__(self, out: TextIO) -> None:
        self.out = out

    def event(self, envelope: protocol.Envelope, blob: bytes) -> None:
        if not isinstance(envelope.body, protocol.Heartbeat | protocol.Progress | protocol.Frame):
            self.tell(envelope.body, envelope.time)

    def end(self, finished: protocol.RunFinished) -> None:
        self.tell(finished, time.time())

    def tell(self, body: object, at: float) -> None:
        line = {"time": round(at, 3)} | msgspec.to_builtins(body)
        print(msgspec.json.encode(line).decode(), file=self.out, flush=True)


class _Bar:
    """One line that is written over, and a line of its own for each evaluation."""

    WIDTH = 28

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.state: RunState | None = None

    def event(self, envelope: protocol.Envelope, blob: bytes) -> None:
        if not envelope.reply_to:
            return
        if self.state is None:
            self.state = RunState()
            self.state.begin(envelope.reply_to, time.time())
        changed = self.state.apply(envelope, blob)
        if "evaluations" in changed:
            last = self.state.evaluations[-1]
            words = f"epoch {last.epoch}  {last.split:<10}  loss {last.loss:.4f}  accuracy {last.accuracy:.2%}"
            print(f"\r\x1b[K{words}", file=self.out)
        if changed & {"phase", "progress", "metrics"}:
            print(f"\r\x1b[K{self._line(self.state)}", end="", file=self.out, flush=True)

    def _line(self, state: RunState) -> str:
        words = phase_words(state.phase)
        if state.phase_total:
            share = min(1.0, state.progress.done / state.phase_total)
            full = round(share * self.WIDTH)
            words += f" {'━' * full}{'╌' * (self.WIDTH - full)} {share:4.0%}"
            if state.progress.left_s >= 0:
                words += f"  {_clock(state.progress.left_s)} left"
        if state.phase == "training" and state.loss:
            words += f"  loss {state.loss[-1]:.4f}  {state.tokens_per_s[-1]:,.0f} tokens/s"
        return words

    def end(self, finished: protocol.RunFinished) -> None:
        untested = math.isnan(finished.test_accuracy)
        result = "Finished without test texts" if untested else f"Test accuracy {finished.test_accuracy:.2%}"
        print(f"\r\x1b[K{result} in {_clock(finished.duration_s)}. Run {finished.run}", file=self.out)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
