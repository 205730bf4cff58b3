"""What watching costs: steps per second of a training with all live panels open, against the same one without a window.

    python tests/bench/observation.py [--rounds 3] [--shape example|quick] [--toggle 5]

The two take turns, each with a worker process of its own, at the same nice level, offscreen. Steps per second come from
the run's own log, from its tenth step to its last one. The bar is 95 %. On a machine with other work `--toggle` is the
fairer way: one run, during which the panels are on the screen and away in turns of that many seconds. Also printed: the
processor time that the window's process took during the run, as a share of all cores.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from fnet_studio.core import protocol, recipe, run_store

FIRST = 10
SETTLE_S = 0.5
"""After a page has changed, before steps are counted again."""
SHAPES = {
    # the example's step, on reviews of its length: some 0.7 s each
    "example": {"data.sequence_length": "512", "training.batch_size": "64", "training.epochs": "1"},
    # steps of some 15 ms
    "quick": {"training.epochs": "60"},
}
EXAMPLE_MODEL = {
    "model.num_layers": "3",
    "model.hidden_dim": "128",
    "model.intermediate_dim": "512",
    "data.vocabulary_size": "2000",
}


def values(shape: str, home: Path) -> dict:
    changes = dict(SHAPES[shape])
    if shape == "example":
        path = home / "many.csv"
        texts = [f"review number {i} of a film that was {'good' if i % 2 else 'bad'} " * 40 for i in range(3000)]
        lines = [f"{text},{'pos' if i % 2 else 'neg'}" for i, text in enumerate(texts)]
        path.write_text("\n".join(["text,label", *lines]))
        changes |= EXAMPLE_MODEL | {"data.source": "files", "data.path": str(path), "data.validation_split": "0.05"}
    return recipe.to_mapping(recipe.load(recipe.bundled("sample-quick"), changes))


def headless(mapping: dict) -> tuple[str, float]:
    """(run, processor seconds of this side's own process in it)"""
    from fnet_studio.link.blocking import Worker

    with Worker() as worker:
        worker.wait_ready()
        before = psutil.Process().cpu_times()
        finished, _ = worker.call(protocol.Train(mapping), on_event=lambda envelope, blob: None)
        return finished.run, _spent_s(before)


def windowed(mapping: dict) -> tuple[str, float]:
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from fnet_studio.ui.app import make_window

    application = QApplication([])
    window = make_window(application, page="train")
    window.resize(1280, 800)
    window.show()

    def wait(true) -> None:
        loop, timer = QEventLoop(), QTimer()
        timer.timeout.connect(lambda: loop.quit() if true() else None)
        timer.start(50)
        loop.exec()

    wait(lambda: window.supervisor.state.name == "ready")
    page = window.page("train")
    run = page.run
    before = psutil.Process().cpu_times()
    run.send(protocol.Train(mapping, "observed"), None)
    painted = []
    wait(lambda: run.state.frame is not None or not run.running)
    page.panels.painted.connect(lambda: painted.append(1))
    wait(lambda: not run.running)
    assert run.state.status == "finished", run.state.failure
    spent_s = _spent_s(before)
    print(f"        {len(painted)} pictures of the maps painted", file=sys.stderr)
    started = run.state.started
    window.supervisor.shutdown()
    window.close()
    return started.run, spent_s


def _spent_s(before) -> float:
    now = psutil.Process().cpu_times()
    return now.user + now.system - before.user - before.system


def rate(run: str) -> tuple[float, float]:
    """(steps a second, seconds of the run that they are taken from)"""
    rows = [row for row in run_store.read_metrics(run) if "split" not in row]
    first, last = rows[FIRST - 1], rows[-1]
    passed_s = last["time_s"] - first["time_s"]
    return (last["step"] - first["step"]) / passed_s, passed_s


def toggled(mapping: dict, every_s: float) -> dict[str, list[float]]:
    """Steps a second by turns of one run: with the Train page on the screen, and with another one."""
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from fnet_studio.ui.app import make_window

    application = QApplication([])
    window = make_window(application, page="train")
    window.resize(1280, 800)
    window.show()
    loop, timer = QEventLoop(), QTimer()
    turns: list[tuple[float, str]] = []
    timer.timeout.connect(lambda: step())

    def step() -> None:
        run = window.page("train").run
        if window.supervisor.state.name == "ready" and not run.state.began:
            run.send(protocol.Train(mapping, "observed"), None)
        elif run.state.ended:
            loop.quit()
        elif len(run.state.step) > FIRST:
            turns.append((run.state.time_s[-1], "hidden" if len(turns) % 2 else "shown"))
            window.go("settings" if len(turns) % 2 == 0 else "train")

    timer.start(int(every_s * 1000))
    loop.exec()
    run = window.page("train").run
    rates: dict[str, list[float]] = {"shown": [], "hidden": []}
    for (begin, side), (end, _) in itertools.pairwise(turns):
        steps = sum(begin + SETTLE_S <= at < end for at in run.state.time_s)
        rates[side].append(steps / (end - begin - SETTLE_S))
    window.supervisor.shutdown()
    window.close()
    return rates


SIDES = {"headless": headless, "window": windowed}


def measure(side: str, shape: str, home: Path) -> tuple[float, float]:
    """(steps a second, share of all cores' time that the side's own process took)"""
    environment = os.environ | {"FNET_STUDIO_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    words = [sys.executable, __file__, "--side", side, "--shape", shape]
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    run, spent_s = json.loads(done.stdout.splitlines()[-1])
    os.environ["FNET_STUDIO_HOME"] = str(home)
    per_s, _ = rate(run)
    record = run_store.read(run)
    return per_s, spent_s / record.duration_s / (psutil.cpu_count() or 1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--shape", choices=tuple(SHAPES), default="example")
    options.add_argument("--toggle", type=float, default=0.0, metavar="SECONDS", help="take turns within one run")
    options.add_argument("--side", choices=tuple(SIDES), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.side:
        mapping = values(chosen.shape, Path(os.environ["FNET_STUDIO_HOME"]))
        print(json.dumps(SIDES[chosen.side](mapping)))
        return
    if chosen.toggle:
        with tempfile.TemporaryDirectory() as home:
            os.environ |= {"FNET_STUDIO_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
            found = toggled(values(chosen.shape, Path(home)), chosen.toggle)
        shown, hidden = (statistics.mean(found[side]) for side in ("shown", "hidden"))
        turns = " ".join(f"{a / b:.2f}" for a, b in zip(found["shown"], found["hidden"], strict=False))
        print(f"{chosen.shape}: {shown:.2f} steps/s with the panels open, {hidden:.2f} without; turn by turn {turns}")
        print(f"{chosen.shape}: {shown / hidden:.1%} of the rate without (bar 95 %)")
        return
    rates: dict[str, list[float]] = {side: [] for side in SIDES}
    shares: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        for number in range(chosen.rounds):
            # in turns, and each one first in turn: what changes with time meets both alike
            for side in sorted(SIDES, reverse=bool(number % 2)):
                per_s, share = measure(side, chosen.shape, Path(home))
                rates[side].append(per_s)
                if side == "window":
                    shares.append(share)
                print(
                    f"{chosen.shape} {side:9} {per_s:8.2f} steps/s, own share of the processor {share:.1%}", flush=True
                )
    ratio = statistics.median(rates["window"]) / statistics.median(rates["headless"])
    share = statistics.median(shares)
    print(
        f"{chosen.shape}: {ratio:.1%} of the headless rate with the window, whose process took {share:.1%} (bar 95 %)"
    )


if __name__ == "__main__":
    main()
