"""A thread that does one command after the other."""

import queue
import threading
from collections.abc import Callable

from fnet_studio.worker.job import RunningJob


class Lane(threading.Thread):
    """Waits for `opened`, then performs jobs in the order in which they came, until `finish`."""

    def __init__(self, name: str, opened: threading.Event, perform: Callable[[RunningJob], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._opened = opened
        self._perform = perform
        self._queue: queue.SimpleQueue[RunningJob | None] = queue.SimpleQueue()
        self.current: RunningJob | None = None

    def add(self, job: RunningJob) -> None:
        self._queue.put(job)

    def finish(self) -> None:
        """End after the jobs that are queued."""
        self._queue.put(None)

    def run(self) -> None:
        self._opened.wait()
        while (job := self._queue.get()) is not None:
            if job.begin():
                self.current = job
                self._perform(job)
                self.current = None
