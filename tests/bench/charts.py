"""How long a frame of the learning chart takes: a million points of a live run, twenty others behind it.

    QT_QPA_PLATFORM=offscreen python tests/bench/charts.py [--points 1000000] [--runs 20] [--frames 120]

A frame is everything between new points (or a move of the view) and the painted picture: extending, smoothing,
thinning, painting. Prints median, 95th percentile and the longest, in milliseconds of this thread's own time, and the
95th percentile by the clock on the wall, which other programs lengthen.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from fnet_studio.core.curves import QUANTITIES, Checks, Curves
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.chart_panel import ChartPanel
from fnet_studio.ui.widgets.run_trace import RunTrace

LIMIT_MS = 33.0


def made_up(points: int, seed: int) -> Curves:
    random = np.random.default_rng(seed)
    step = np.arange(1, points + 1, dtype=np.float64)
    fall = np.exp(-3 * step / points)
    columns = {name: fall + random.normal(0, 0.08, points) for name in QUANTITIES}
    columns |= {"step": step, "time_s": step * 0.02, "epoch": step / (points / 10)}
    at = np.linspace(points / 10, points, 10)
    loss = np.exp(-3 * at / points)
    checks = Checks(at, np.arange(1.0, 11.0), at * 0.02, loss, 1 - loss / 2, np.zeros(10, bool))
    return Curves(columns, {"validation": checks})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--points", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=20)
    options.add_argument("--run-points", type=int, default=50_000)
    options.add_argument("--frames", type=int, default=120)
    given = options.parse_args()
    application = QApplication([])
    panel = ChartPanel(ThemeSource(application, "light"))
    panel.resize(800, 620)
    panel.show()
    live = made_up(given.points + given.frames * 100, 0)
    chart = panel.chart
    others = [
        RunTrace.of(made_up(given.run_points, seed), 0.6, run=str(seed), name=f"run {seed}", group="one")
        for seed in range(1, given.runs + 1)
    ]

    def live_frame(number: int) -> None:
        end = given.points + number * 100
        chart.show_steps({name: column[:end] for name, column in live.columns.items()})

    def moved_frame(number: int) -> None:
        """While the wheel turns only the view moves; points are chosen anew once it rests."""
        width = given.points / (2 + number % 40)
        chart.plots["loss"].view.setXRange(given.points * 0.3, given.points * 0.3 + width, padding=0)

    def rested_frame(number: int) -> None:
        if len(chart.waiting):
            chart.waiting.turn()
        else:
            moved_frame(number)
            chart.draw()

    def pointed_frame(number: int) -> None:
        chart._point_at(number * 997 % given.points)

    every = list(QUANTITIES)
    rows = [("a million points", "live", live_frame, [], ("loss", "accuracy"), False)]
    rows += [("with 20 runs behind", "live", live_frame, others, ("loss", "accuracy"), False)]
    rows += [("", "zooming", moved_frame, others, ("loss", "accuracy"), False)]
    rows += [("", "at rest", rested_frame, others, ("loss", "accuracy"), False)]
    rows += [("", "crosshair", pointed_frame, others, ("loss", "accuracy"), False)]
    rows += [("as one mean and band", "live", live_frame, others, ("loss", "accuracy"), True)]
    rows += [("all quantities, 20 runs", "live", live_frame, others, every, False)]
    print(f"{'':<26} {'':<10} {'median':>8} {'p95':>8} {'longest':>8} {'p95 wall':>9}   (ms)")
    worst = 0.0
    for words, kind, frame, behind, shown, as_one in rows:
        chart.clear_run()
        chart.show_quantities(shown)
        chart.set_others(behind, as_one)
        live_frame(0)
        chart.show_checks(())
        while len(chart.waiting):
            chart.waiting.turn()
        for _ in range(3):
            application.processEvents()
        own, wall = [], []
        for number in range(1, given.frames + 1):
            began, began_wall = time.thread_time(), time.perf_counter()
            frame(number)
            chart.viewport().repaint()
            own.append((time.thread_time() - began) * 1000)
            wall.append((time.perf_counter() - began_wall) * 1000)
        p95 = statistics.quantiles(own, n=20)[-1]
        worst = max(worst, p95)
        print(
            f"{words:<26} {kind:<10} {statistics.median(own):8.1f} {p95:8.1f} {max(own):8.1f} "
            f"{statistics.quantiles(wall, n=20)[-1]:9.1f}"
        )
    print(f"worst p95 {worst:.1f} ms, wanted under {LIMIT_MS:.0f} ms: {'yes' if worst < LIMIT_MS else 'NO'}")


if __name__ == "__main__":
    main()
