"""Phases and time left, measured while a job runs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from fnet_studio.core.errors import UserError
from fnet_studio.engine.job import Job

TELL_EVERY_S = 0.1


class PhaseClock:
    """Tells a job's phases and progress, and adds up the seconds of each phase into `times_s`.

    Time left comes from this phase's own rate, so that compiling is never counted into it.
    """

    def __init__(self, job: Job, times_s: dict[str, float]) -> None:
        self.job, self.times_s = job, times_s
        self.name = self._unit = ""
        self._total = self._first = self._done = 0
        self._began = self._told = 0.0

    def enter(self, name: str, total: int = 0, unit: str = "", done: int = 0) -> None:
        """Go into a phase; of the present one only the total is learnt. done: where its count starts."""
        if name == self.name:
            if total and not self._total:  # now it can be said how far it is, and the count begins
                self._first, self._began, self._told = done, time.monotonic(), 0.0
                self.job.phase(name, total, unit)
            self._total = total
            return
        self._unit, self._done = unit, done
        self.leave()
        self.name, self._total, self._first = name, total, done
        self._began, self._told = time.monotonic(), 0.0
        self.job.phase(name, total, unit)
        if done:
            self.job.progress(done)

    def leave(self) -> None:
        if self.name:
            self.times_s[self.name] = self.times_s.get(self.name, 0.0) + time.monotonic() - self._began
        self.name = ""

    @contextmanager
    def aside(self, name: str = "") -> Iterator[None]:
        """Other phases in between, this one first; the one before then goes on from its own count, at its own rate."""
        before = (self.name, self._total, self._unit, self._done)
        if name:
            self.enter(name)
        try:
            yield
        except UserError:
            self.enter(*before)
            raise
        self.enter(*before)

    def progress(self, done: int) -> None:
        """Ten times a second at most, and at the end."""
        self._done = done
        now = time.monotonic()
        if now - self._told < TELL_EVERY_S and done != self._total:
            return
        self._told = now
        rate = (done - self._first) / max(now - self._began, 1e-9)
        left = (self._total - done) / rate if rate > 0 and self._total else -1.0
        self.job.progress(done, rate, left)
