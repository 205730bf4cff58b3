import multiprocessing
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import all_cores
from fnet_studio.core.errors import Stopped

ROOT = str(Path(__file__).resolve().parents[3])


class Squares:
    """Says where it was worked out. Where it is not the test's own process it ends itself at the fatal number."""

    def __init__(self, fatal: int = -1, wrong: int = -1) -> None:
        self.fatal, self.wrong = fatal, wrong

    def __call__(self, number: int) -> tuple[int, int]:
        if number == self.fatal and multiprocessing.parent_process() is not None:
            os.kill(os.getpid(), signal.SIGTERM)
        if number == self.wrong:
            raise ValueError(f"{number} is wrong")
        return number * number, os.getpid()


def children() -> list[psutil.Process]:
    """Without the one process that Python itself keeps for its bookkeeping."""
    return [child for child in psutil.Process().children() if "resource_tracker" not in " ".join(child.cmdline())]


@pytest.mark.parametrize("processes", [0, 1])
def test_small_work_starts_nothing(processes):
    found = list(all_cores.in_order(Squares, range(5), processes))
    assert found == [(n * n, os.getpid()) for n in range(5)]


def test_results_come_in_order_from_several_processes():
    found = list(all_cores.in_order(Squares, range(40), 2))
    assert [square for square, _ in found] == [n * n for n in range(40)]
    assert os.getpid() not in {pid for _, pid in found}
    assert not children()


def test_what_a_process_that_died_has_left_undone_is_done_all_the_same():
    found = list(all_cores.in_order(partial(Squares, 3), range(10), 2))
    assert [square for square, _ in found] == [n * n for n in range(10)]


def test_an_error_in_a_process_is_raised_here(capfd):
    with pytest.raises(ValueError, match="4 is wrong"):
        list(all_cores.in_order(partial(Squares, -1, 4), range(10), 2))
    assert not children()


def test_a_stop_ends_the_processes_at_once():
    asked = []
    results = all_cores.in_order(Squares, range(10**6), 2, lambda: bool(asked))
    next(results)
    assert len(children()) == 2
    asked.append(1)
    with pytest.raises(Stopped):
        list(results)
    assert not children()


@given(characters=st.integers(0, 10**9))
def test_each_process_has_work_for_its_start_and_a_core(characters):
    count = all_cores.processes_for(characters)
    assert 0 <= count <= all_cores.cores()
    assert count * all_cores.CHARACTERS_A_PROCESS <= characters


SLOW = """
import os, sys, time
from fnet_studio.core import all_cores

class Slow:
    def __call__(self, number):
        time.sleep(0.05)
        return os.getpid()

if __name__ == "__main__":
    for pid in all_cores.in_order(Slow, range(10**6), 2):
        print(pid, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_processes_end_when_the_one_that_started_them_is_killed(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=ROOT)
    ) as it:
        assert it.stdout is not None
        seen = {int(it.stdout.readline()) for _ in range(10)}
        started = psutil.Process(it.pid).children()
        assert seen <= {child.pid for child in started}
        it.kill()
        it.stdout.read()  # its end comes when nobody holds it any more
    _, alive = psutil.wait_procs(started, timeout=30)
    assert not alive
