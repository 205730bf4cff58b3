"""Work in parts on all cores: in processes of their own, since only one thread of a process at a time may run Python.

A process takes about a tenth of a second of a core to start, so small work is done here. The processes end when their
pipe does, so also when this process is killed.
"""

import contextlib
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from fnet_studio.core.progress import StopCheck, check

Part = TypeVar("Part")
Result = TypeVar("Result")
LOOK_S = 0.05
"""How often it is asked whether to stop, at least."""


CHARACTERS_A_PROCESS = 4_000_000
"""To tokenise them is about as much work as to start the process."""


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes_for(characters: int) -> int:
    """To tokenise texts of so many characters in all."""
    return min(cores(), characters // CHARACTERS_A_PROCESS)


def in_order(
    make: Callable[[], Callable[[Part], Result]],
    parts: Sequence[Part],
    processes: int,
    stopped: StopCheck | None = None,
) -> Iterator[Result]:
    """`make()(part)` of each part. make, parts and results go through pickle; each process calls `make` once. With one
    process the work is done here, and so is what a process that died has left undone. Raises Stopped."""
    left, done = deque(enumerate(parts)), {}
    work = make()
    with _Processes(make, processes if processes > 1 else 0) as others:
        for number in range(len(parts)):
            while number not in done:
                check(stopped)
                if others.busy():
                    done.update(others.exchange(left))
                else:
                    first, part = left.popleft()
                    done[first] = work(part)
            yield done.pop(number)


class _Processes:
    """Owns the processes and our ends of their pipes. A part is sent only to a process that waits for one: one that
    sends would wait for us to read, and we for it."""

    def __init__(self, make: Callable, count: int) -> None:
        self._make = make
        self._at: dict[Connection, tuple | None] = {}
        """(number, part) that each is at; None while it starts."""
        self._processes = []
        context = multiprocessing.get_context("spawn")
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            try:
                process.start()
            except OSError:  # no more processes or memory for now: with fewer, or here
                ours.close()
                return
            finally:
                theirs.close()
            self._processes.append(process)
            self._at[ours] = None

    def __enter__(self) -> "_Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._at:
            line.close()
        for process in self._processes:
            process.kill()
            process.join()

    def busy(self) -> bool:
        return bool(self._at)

    def exchange(self, left: deque) -> dict:
        """The results that have come, by number, after a short wait. Who has answered gets the next of the parts left,
        or is let go; what a process did not finish is left again."""
        found = {}
        for line in wait(list(self._at), LOOK_S):
            at = self._at.pop(line)
            try:
                answer = line.recv()
                if at is None:
                    line.send(self._make)
                else:
                    found[at[0]], at = answer, None
                if left:
                    at = left.popleft()
                    line.send(at[1])
                    self._at[line] = at
                    continue
            except (EOFError, OSError):
                if at is not None:
                    left.appendleft(at)
            line.close()
        return found


def _serve(line: Connection) -> None:
    """In a process of its own, until nobody is at the other end."""
    with contextlib.suppress(EOFError, OSError):
        line.send(None)
        work = line.recv()()
        while True:
            line.send(work(line.recv()))
