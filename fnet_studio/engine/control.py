"""What holds a training up while it is at work: what somebody asks of it, and a disk without room."""

import contextlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from fnet_studio.core import protocol
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.run_store import RunWriter
from fnet_studio.engine.job import Job, Request
from fnet_studio.engine.space import DiskFloor

LOOK_EVERY_S = 1.0
Result = TypeVar("Result")


class Controlled(Protocol):
    """A training, between two of its steps."""

    began: float
    """When its clock started, of `time.monotonic`: moved on by what it was held."""
    writer: RunWriter

    def aside(self, phase: str = "") -> AbstractContextManager[None]:
        """Other phases in between, this one first; afterwards the one before goes on."""
        ...

    def is_saved(self) -> bool:
        """The newest checkpoint is of this very step."""
        ...

    def checkpoint(self) -> protocol.Checkpointed:
        """UserError when the disk refuses; the training itself is none the worse."""
        ...

    def evaluate(self) -> protocol.Evaluation:
        """On the validation texts, told as an event too."""
        ...

    def annotate(self, kind: str, text: str = "") -> None: ...


def hold_early(job: Job, aside: Callable[[str], AbstractContextManager[None]]) -> None:
    """Call while the data of a run is made ready, when there is nothing to save or to measure yet. A stop ends it."""
    if job.held and not job.stop_mode:
        with aside("paused"):
            while job.held and not job.stop_mode:
                job.wait(LOOK_EVERY_S)


class Control:
    """Heeds what comes about one training. No step is another one for it."""

    def __init__(self, job: Job, run: Controlled, floor: DiskFloor) -> None:
        self.job, self.run, self.floor = job, run, floor
        self._answering = False

    def heed(self, *, evaluating: bool = False) -> float:
        """Call between two steps, and between two batches of an evaluation (evaluating), where another evaluation has
        to wait. Returns for how many seconds the run was held, or waited for room. Raises Stopped."""
        self.job.check()
        if self._answering:  # the evaluation that somebody asked for
            return 0.0
        before = self.run.began
        self._answer(evaluating)
        if self.job.held:
            self._hold()
        if self.floor.low():
            self._await_room(lambda: None)
        return self.run.began - before

    def written(self, write: Callable[[], Result]) -> Result:
        """What `write` returns, which writes into the run's folder; where the disk is full, it is tried again when
        there is room. A run that is about to stop does not wait: UserError `disk.full`. Raises Stopped, UserError
        `run.folder-gone`."""
        try:
            self.run.writer.require_folder()
            return write()
        except UserError as error:
            if error.kind != "disk.full" or self.job.stop_mode:
                raise
        return self._await_room(write)

    def _hold(self) -> None:
        began = time.monotonic()
        if not self.run.is_saved():  # nobody knows what happens to the machine meanwhile
            with contextlib.suppress(UserError), self.run.aside():  # such as a full disk
                self.run.checkpoint()
        with self.run.aside("paused"):
            self.run.annotate("paused")
            while self.job.held:
                self.job.wait(LOOK_EVERY_S)
                self.job.check()
                self._answer(evaluating=False)  # who holds an evaluation, and asks for one, waits for it
        self.run.began += time.monotonic() - began
        self.run.annotate("continued")

    def _await_room(self, write: Callable[[], Result]) -> Result:
        """`write` is tried again: a quota may be used up where the disk is not."""
        began = time.monotonic()
        with self.run.aside("waiting"):
            words = self.floor.words()
            self.run.annotate("disk-low", words)
            self.job.tell(protocol.Log("warning", words))
            while True:
                self.job.wait(LOOK_EVERY_S)
                self.job.check()
                if self.floor.low(now=True):
                    continue
                try:
                    with self.run.aside():
                        self.run.writer.require_folder()
                        result = write()
                    break
                except UserError as error:
                    if error.kind != "disk.full":
                        raise
        self.run.began += time.monotonic() - began
        self.run.annotate("disk-freed")
        return result

    def _answer(self, evaluating: bool) -> None:
        while (request := self.job.take(protocol.CheckpointNow)) is not None:
            self._settle(request)
        while not evaluating and (request := self.job.take(protocol.EvaluateNow)) is not None:
            self._settle(request)

    def _settle(self, request: Request) -> None:
        self._answering = True
        try:
            with self.run.aside():
                saving = isinstance(request.command, protocol.CheckpointNow)
                result = self.run.checkpoint() if saving else self.run.evaluate()
        except UserError as error:  # a full disk, say: the run goes on
            request.failed(error)
        except BaseException as error:
            over = UserError("run.over", "The training was stopped before this was done.", "Resume it, then ask again.")
            request.failed(over if isinstance(error, Stopped) else error)
            raise
        else:
            request.done(result)
        finally:
            self._answering = False
