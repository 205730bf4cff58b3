"""The installed window: how soon it is painted, who survives whom, and the guided tour."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import figures
import psutil
from clean_machine import START_S, USER, CleanMachine, use
from report import PICTURES, WORK, Report

TOUR_S = 1500
FIRST_PAINT_S = 1.0
"""As promised. The other limits only end what hangs."""
ATTEMPTS = 8
"""Another program may hold the machine's cores just then: the best of so many warm starts counts."""


class Opened:
    """A window on the machine, for looking at from outside."""

    def __init__(self, machine: CleanMachine, *words: str, **environment: str) -> None:
        line = machine.as_user(["fnet-studio", *words], FNET_STUDIO_TRACE_START="1", **environment)
        self._errors = WORK / "window.txt"
        began = time.time()
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=errors)
        found: list[re.Match[str]] = []

        def look() -> bool:
            found[:] = re.finditer(r"^first paint at ([0-9.]+)$", self.said, re.MULTILINE)
            return bool(found) or self.process.poll() is not None

        wait_for(look, START_S)
        self.paint_s = float(found[0][1]) - began if found else None

    @property
    def said(self) -> str:
        return self._errors.read_text("utf-8", errors="replace")

    def worker(self, other_than: int = 0) -> psutil.Process | None:
        """Its worker, once there is one that has run for a moment."""
        found: list[psutil.Process] = []

        def look() -> bool:
            try:
                children = psutil.Process(self.process.pid).children()
                found[:] = [
                    it for it in children if it.pid != other_than and "fnet-studio-worker" in it.name()[:15] + it.exe()
                ]
            except psutil.Error:
                return False
            return bool(found)

        return found[0] if wait_for(look, 60) else None

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(START_S)


def wait_for(look: Callable[[], object], limit_s: float) -> bool:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if look():
            return True
        time.sleep(0.1)
    return bool(look())


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def check_window(report: Report, machine: CleanMachine) -> None:
    report.say("The window")
    times = []
    while len(times) < 2 or (min(times[1:]) >= FIRST_PAINT_S and len(times) < ATTEMPTS):
        window = Opened(machine)
        if not report.expect(window.paint_s is not None, "the window is painted", window.said):
            window.close()
            return
        times.append(window.paint_s or 0.0)
        window.worker()
        window.close()
    warm = min(times[1:])
    figures.put({"first_paint_cold_s": round(times[0], 2), "first_paint_s": round(warm, 2)})
    words = ", ".join(f"{value:.2f}" for value in times)
    report.expect(warm < FIRST_PAINT_S, f"first paint of the installed program: {words} s")
    for page in ("explore", "train", "runs", "presets", "settings"):
        window = Opened(machine, "window", "--page", page)
        window.worker()
        time.sleep(2)
        alive = window.process.poll() is None
        report.expect(alive and "Traceback" not in window.said, f"the page {page} opens", window.said)
        window.close()

    window = Opened(machine, LD_LIBRARY_PATH="/home/tester/libraries")
    worker = window.worker()
    if report.expect(worker is not None, "its worker runs") and worker is not None:
        time.sleep(3)
        environment = dict(
            item.split("=", 1) for item in Path(f"/proc/{worker.pid}/environ").read_text().split("\0") if "=" in item
        )
        kept = environment.get("LD_LIBRARY_PATH_ORIG", environment.get("LD_LIBRARY_PATH"))
        report.expect(kept == "/home/tester/libraries", "what it starts gets the user's LD_LIBRARY_PATH", str(kept))
        tunables = environment.get("GLIBC_TUNABLES", "")
        report.expect("hugetlb=1" in tunables, "the worker has huge pages", tunables)
        worker.kill()
        other = window.worker(other_than=worker.pid)
        alive = window.process.poll() is None
        report.expect(alive and other is not None, "killing the worker: the window lives and starts another")
        if other is not None:
            window.process.kill()
            window.process.wait(START_S)
            report.expect(wait_for(lambda: gone(other), 30), "killing the window: its worker ends by itself")
    window.close()
    runs = machine.home / ".local/share/fnet-studio/runs"
    count = len(list(runs.iterdir())) if runs.is_dir() else 0
    if (machine.home / "one.fnetrun").is_file():
        window = Opened(machine, "window", f"/home/{USER}/one.fnetrun")
        came = wait_for(lambda: len(list(runs.iterdir())) > count, 30)
        report.expect(came, "a run that is opened from a file manager is imported", window.said)
        window.close()


def check_tour(report: Report, machine: CleanMachine) -> None:
    report.say("The guided tour of the frozen program (some minutes)")
    code, said = use(machine, "tour", "--folder", f"/home/{USER}/tour", limit_s=TOUR_S)
    (WORK / "tour.txt").write_text(said)
    report.expect(code == 0 and "Traceback" not in said, "the tour sees all that it expects", said)
    facts = re.search(r"first paint after \d+ ms, imports ([\d.]+) s", said)
    if facts:
        figures.put({"worker_ready_s": float(facts[1])})
    shutil.rmtree(PICTURES, ignore_errors=True)
    if (machine.home / "tour").is_dir():
        shutil.copytree(machine.home / "tour", PICTURES)
    pictures = list(PICTURES.glob("*.png"))
    report.expect(len(pictures) > 20, f"{len(pictures)} pictures are in {PICTURES}")
