"""Commands in, terminal replies out: who does what, on which thread. The caller's thread never waits for work."""

import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext

import fnet_studio
from fnet_studio.core import protocol
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.protocol import Done, Failed
from fnet_studio.engine.job import Engine
from fnet_studio.worker.awake import kept_awake
from fnet_studio.worker.failure import failed, not_started
from fnet_studio.worker.job import Request, RunningJob, checked
from fnet_studio.worker.lane import Lane
from fnet_studio.worker.outbox import Outbox

TRAININGS = (protocol.Train, protocol.Resume)
LONG = (
    protocol.Plan,
    *TRAININGS,
    protocol.Evaluate,
    protocol.RepeatSteps,
    protocol.MeasurePreset,
    protocol.Inspect,
)
QUICK = (
    protocol.Load,
    protocol.Tokenize,
    protocol.FillMask,
    protocol.Score,
    protocol.Compare,
    protocol.PreviewData,
    protocol.RunTexts,
    protocol.ForgetDownload,
    protocol.Doctor,
)
MEASURE = (
    protocol.Measure,
    protocol.Surprise,
    protocol.FillMany,
    protocol.Classify,
    protocol.DataLengths,
    protocol.CheckPreset,
    protocol.MapTexts,
)
"""A lane of their own: they take seconds, and a prediction is not to wait for them."""
READ = (
    protocol.OpenData,
    protocol.DataRows,
    protocol.DataTwins,
    protocol.PackText,
    protocol.RunSlice,
    protocol.Relocate,
)
"""Another one: a large data set takes seconds to read, and is looked at while a training runs."""
TRANSFERS = (protocol.Download, protocol.FetchPreset, protocol.FetchHead)
"""One after the other, beside a training: they wait for the network and the disk."""
EXPORTS = (protocol.Convert, protocol.Average)
"""They are not to wait for those. Only one of a hub's handle that was never fetched needs the network itself."""

TERMINATED = 128 + 15
"""As shells report SIGTERM."""
GRACE_S = 2.5
"""A little less than the ladder waits between SIGTERM and SIGKILL (`link.ladder.TERMINATE_S`)."""


class Dispatcher:
    """Owns the jobs. `handle` is called by one thread only, the one that reads."""

    def __init__(
        self, engine_name: str, make_engine: Callable[[], Engine], outbox: Outbox, leave: Callable[[int], None]
    ) -> None:
        self._engine_name = engine_name
        self._make_engine = make_engine
        self._outbox = outbox
        self._leave = leave
        self._engine: Engine | None = None
        self._start_failure: Failed | None = None
        self._opened = threading.Event()
        self._quick = Lane("quick commands", self._opened, self._perform)
        self._lanes = {
            Lane("long commands", self._opened, self._perform): LONG,
            Lane("transfers", self._opened, self._perform): TRANSFERS,
            Lane("exports", self._opened, self._perform): EXPORTS,
            Lane("measurements", self._opened, self._perform): MEASURE,
            Lane("data sets", self._opened, self._perform): READ,
            self._quick: QUICK,
        }
        self._jobs: dict[int, RunningJob] = {}
        self._lock = threading.Lock()
        self._greeted = False
        self._last_id = 0
        self._closing = False

    @property
    def closing(self) -> bool:
        """A shutdown was asked for, or the engine did not start: the process ends by itself."""
        return self._closing

    def busy_with(self) -> int:
        job = next((lane.current for lane in self._lanes if lane.current), None)
        return job.id if job else 0

    def device_memory_bytes(self) -> int:
        return self._engine.device_memory_bytes() if self._engine else 0

    def handle(self, envelope: protocol.Envelope) -> None:
        """ProtocolError when it is not a command with a fresh number."""
        command, id = envelope.body, envelope.id
        if not isinstance(command, protocol.Command):
            raise protocol.ProtocolError(f"a {type(command).__name__} is not a command")
        if isinstance(command, protocol.Credit):
            self._outbox.credit(command.stream)
            return
        if id <= self._last_id:
            raise protocol.ProtocolError(f"command {id} after command {self._last_id}")
        self._last_id = id
        match command:
            case protocol.Hello():
                self._hello(id, command)
            case protocol.Shutdown():
                self._shut_down(id)
            case _ if not self._greeted:
                self._refuse(id, "protocol.no-hello", "The first command must be hello.", "Restart the worker.")
            case protocol.Stop():
                self._stop(id, command)
            case protocol.Pause() | protocol.Continue():
                self._hold(id, command)
            case protocol.CheckpointNow() | protocol.EvaluateNow():
                self._request(id, command)
            case protocol.Watch():
                self._outbox.watch(command)
                self._outbox.finish(Done(), id)
            case _ if self._closing:
                self._refuse(id, "worker.closing", "The worker is shutting down.", "Start it again.")
            case _:
                self._queue(id, command)

    # ------------------------------------------------------------------------------- commands

    def _hello(self, id: int, hello: protocol.Hello) -> None:
        if hello.version[0] != protocol.VERSION[0]:
            theirs, ours = (".".join(map(str, v)) for v in (hello.version, protocol.VERSION))
            self._refuse(
                id,
                "protocol.version",
                f"The worker speaks protocol {ours}, the window {theirs}.",
                "Install the same version of FNet Studio on both sides.",
            )
            return
        versions = {"fnet-studio": fnet_studio.__version__, "python": platform.python_version()}
        welcome = protocol.Welcome(protocol.VERSION, self._engine_name, os.getpid(), versions)
        self._outbox.finish(Done(welcome), id)
        if not self._greeted:
            self._greeted = True
            for lane in self._lanes:
                lane.start()
            threading.Thread(target=self._start_engine, name="engine start", daemon=True).start()

    def _queue(self, id: int, command: protocol.Command) -> None:
        long = isinstance(command, LONG)
        with self._lock:
            busy = long and any(isinstance(job.command, LONG) for job in self._jobs.values())
            if not busy:
                self._jobs[id] = RunningJob(id, command, self._outbox)
        if busy:
            self._refuse(id, "busy", "The worker is at a long task already.", "Wait for it to end, or stop it.")
        else:
            lane = next((lane for lane, kinds in self._lanes.items() if isinstance(command, kinds)), self._quick)
            lane.add(self._jobs[id])

    def _stop(self, id: int, stop: protocol.Stop) -> None:
        """A target that is over, or never was, is no error: it may have ended while the command travelled."""
        with self._lock:
            job = self._jobs.get(stop.target)
        never_began = job is not None and job.request_stop(stop.mode)
        self._outbox.finish(Done(), id)
        if job is not None and never_began:
            self._settle(job, protocol.Stopped())

    def _hold(self, id: int, command: protocol.Pause | protocol.Continue) -> None:
        job = self._training(command.target)
        if job is not None:
            job.hold(isinstance(command, protocol.Pause))
        self._outbox.finish(Done(), id)

    def _request(self, id: int, command: protocol.CheckpointNow | protocol.EvaluateNow) -> None:
        job, request = self._training(command.target), Request(id, command, self._outbox)
        if job is None or not job.add(request):
            request.failed(_over())

    def _training(self, id: int) -> RunningJob | None:
        with self._lock:
            job = self._jobs.get(id)
        return job if job is not None and isinstance(job.command, TRAININGS) else None

    def _shut_down(self, id: int) -> None:
        self._outbox.finish(Done(), id)
        if self._closing:
            return
        self._closing = True
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            if job.request_stop("keep"):
                self._settle(job, protocol.Stopped())
        threading.Thread(target=self._close, name="closing", daemon=True).start()

    def terminate(self) -> None:
        """A signal asks the process to end. What was told to stop before gets no more time; what was not is stopped
        and kept now, in `GRACE_S`. Waits: call it in a thread of its own. Afterwards the outbox is closed."""
        with self._lock:
            jobs = [job for job in self._jobs.values() if not job.stop_mode]
        for job in jobs:
            if job.request_stop("keep"):
                self._settle(job, protocol.Stopped())
        self._closing = True
        end_s = time.monotonic() + GRACE_S
        while jobs and time.monotonic() < end_s and any(job.id in self._jobs for job in jobs):
            time.sleep(0.02)
        self.abandon()
        self._outbox.exit_code = TERMINATED
        self._outbox.close()

    def abandon(self) -> None:
        """What was told to stop and has not: write down what is left of it, as if it had."""
        with self._lock:
            left = [job for job in self._jobs.values() if job.stop_mode]
        for job in left:
            if job.end():
                stopped = job.abandon()
                self._settle(job, protocol.Stopped(stopped.kept, stopped.run, stopped.paused))

    def _close(self) -> None:
        for lane in self._lanes:
            lane.finish()
        if self._opened.is_set():  # else nothing has begun, and an import that takes a minute is not waited for
            for lane in self._lanes:
                lane.join()
        self._outbox.close()

    def _refuse(self, id: int, kind: str, message: str, advice: str) -> None:
        self._outbox.finish(Failed(kind, message, advice), id)

    # ----------------------------------------------------------------------------------- work

    def _start_engine(self) -> None:
        try:
            engine = self._make_engine()
            ready = engine.start()
            self._outbox.put(ready)
            self._engine = engine
        except BaseException as error:  # any failure of any library: it must reach the other side in words
            traceback.print_exc(file=sys.stderr)
            self._start_failure = not_started(error)
            self._opened.set()
            self._closing = True
            self._outbox.exit_code = protocol.ExitCode.ENGINE_FAILED
            self._close()
            return
        self._opened.set()

    def _perform(self, job: RunningJob) -> None:
        blob = b""
        try:
            if self._engine is None:
                assert self._start_failure is not None
                reply: protocol.Reply = self._start_failure
            else:
                with kept_awake() if isinstance(job.command, TRAININGS) else nullcontext():
                    result, blob = self._engine.answer(job.command, job)
                reply = checked(job.command, result)
        except Stopped as stopped:
            reply, blob = protocol.Stopped(stopped.kept, stopped.run, stopped.paused), b""
        except BaseException as error:  # whatever the engine raises, the command gets its one reply
            reply, blob = failed(error), b""
        if job.end():
            self._settle(job, reply, blob)

    def _settle(self, job: RunningJob, reply: protocol.Reply, blob: bytes = b"") -> None:
        # Forget it first: who reads the reply may send the next long command at once.
        with self._lock:
            del self._jobs[job.id]
        while (request := job.take(protocol.Command)) is not None:
            request.failed(_over())
        self._outbox.finish(reply, job.id, blob)


def _over() -> UserError:
    return UserError("run.over", "The training had ended before this could be done.", "Resume it, then ask again.")
