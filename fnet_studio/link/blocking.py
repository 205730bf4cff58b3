"""A worker for programs without an event loop: the command line, and tests.

with Worker() as worker:
    filled, _ = worker.call(FillMask("fnet_small_en", "The capital of France is [MASK]."))
"""

import contextlib
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from fnet_studio.core import places, protocol, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.protocol import Envelope
from fnet_studio.link import command as commands
from fnet_studio.link.exit import ProcessExit, StderrTail
from fnet_studio.link.ladder import Action, Countdown, Mode, Rung, StopLadder
from fnet_studio.link.recording import Recorder
from fnet_studio.link.session import Replied, Session, Told

OnEvent = Callable[[Envelope, bytes], None]
OnTurn = Callable[[], None]
POLL_S = 0.1
SHUTDOWN_S = 5.0
TERMINATE_S = 1.0
KEPT_LOGS = 20


class WorkerFailure(UserError):
    """A command failed in the worker. traceback: its text, empty when the words say all."""

    def __init__(self, failed: protocol.Failed) -> None:
        super().__init__(failed.kind, failed.message, failed.advice)
        self.traceback = failed.traceback


class Worker:
    """Owns one worker process. Use it from one thread. Leaving the block shuts the process down."""

    def __init__(
        self,
        engine: commands.EngineName = "jax",
        script: str = "",
        *,
        command: commands.WorkerCommand | None = None,
        record_to: Path | None = None,
    ) -> None:
        self.command = command or commands.local(engine, script)
        self.session = Session(client="blocking")
        self.exit: ProcessExit | None = None
        self.log_path: Path | None = None
        self._tail = StderrTail()
        self._arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._replies: dict[int, Replied] = {}
        self._interrupts = 0
        self._unheeded = False
        """Ctrl+C was pressed during a call that was answered all the same: it counts for what follows."""
        self._ladder = StopLadder()
        self._asked_to_end = False
        self._recorder = Recorder(record_to) if record_to else None
        try:
            self.process = subprocess.Popen(
                self.command.argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=self.command.full_environment(),
            )
        except OSError as error:
            words = ProcessExit.never_started(str(error)).words()
            raise UserError("worker.not-started", f"{words.title} {error}", words.advice) from error
        self._threads = [
            threading.Thread(target=self._read, name="worker's stdout", daemon=True),
            threading.Thread(target=self._read_stderr, name="worker's stderr", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self._send()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---------------------------------------------------------------------------------- commands

    def call(self, command: protocol.Command, on_event: OnEvent | None = None) -> tuple[Any, bytes]:
        """Send a command, wait for its reply, return (result, blob). on_event hears of every event meanwhile, also of
        those that belong to no command.

        UserError for a `Failed` or a lost worker, `core.errors.Stopped` after a stop. Ctrl+C is `stop`."""
        id = self.post(command)
        return self.result(id, on_event)

    def post(self, command: protocol.Command) -> int:
        """Send a command without waiting. `result` gets its reply. Raises Stopped where Ctrl+C came too late for the
        command before."""
        if self._unheeded:
            self._unheeded = False
            raise Stopped
        id = self.session.send(command)
        self._send()
        return id

    def result(self, id: int, on_event: OnEvent | None = None, on_turn: OnTurn | None = None) -> tuple[Any, bytes]:
        """Wait for the reply of a posted command: see `call`. on_turn is called ten times a second at least."""
        self._ladder = ladder = StopLadder(self.session.pending.get(id))

        def listen(envelope: Envelope, blob: bytes) -> None:
            if envelope.reply_to == id and not isinstance(envelope.body, protocol.Reply):
                ladder.hear(envelope.body, time.monotonic())  # type: ignore[arg-type]
            if on_event is not None:
                on_event(envelope, blob)

        with self._ctrl_c_is_counted():
            handled = 0
            while id not in self._replies:
                if not self._hear(listen):
                    raise _lost()
                for _ in range(self._interrupts - handled):
                    self.stop(id)
                handled = self._interrupts
                if id not in self._replies:
                    self._climb(ladder.advance(time.monotonic()))
                if on_turn is not None:
                    on_turn()
        replied = self._replies.pop(id)
        reply = replied.reply
        lost = isinstance(reply, protocol.Failed) and reply.kind == "worker.lost"
        if lost and ladder.rung is Rung.KILLING:
            reply = ladder.left()
            if ladder.mode == "discard":
                run_store.discard(ladder.run)
        ladder.done()
        self._unheeded = self._interrupts > 0 and isinstance(reply, protocol.Done)
        return _outcome(reply, replied.blob)

    def taken(self, id: int) -> protocol.Reply | None:
        """The reply of a posted command if it has come, once."""
        replied = self._replies.pop(id, None)
        return None if replied is None else replied.reply

    @property
    def countdown(self) -> Countdown | None:
        """The stop under way in `result`."""
        return self._ladder.countdown(time.monotonic())

    def stop(self, id: int, mode: Mode = "keep") -> None:
        """Stop the command that `result` waits for: ask, later terminate, later kill. Asked again, it goes to the next
        rung at once."""
        if self.session.closed is not None:
            return
        if self._ladder.asked:
            self._climb(self._ladder.hurry(time.monotonic()))
            return
        self._ladder.ask(time.monotonic(), mode)
        self.session.send(protocol.Stop(id, mode))
        self._send()

    def _climb(self, action: Action | None) -> None:
        if action is None:
            return
        self._asked_to_end = True
        if action == "terminate":
            self.process.terminate()
        else:
            self.process.kill()

    def wait_ready(self, on_event: OnEvent | None = None) -> protocol.Ready:
        """Until the engine is imported. UserError when it cannot be."""
        while self.session.ready is None:
            if self.session.closed is not None:
                raise WorkerFailure(self.session.closed)
            if not self._hear(on_event):
                raise _lost()
        return self.session.ready

    def close(self) -> None:
        """Shut down in order, or kill what does not end in time. Safe to call twice."""
        if self.process.poll() is None and self.session.closed is None:
            self._asked_to_end = True
            self.session.send(protocol.Shutdown())
            self._send()
            for end, wait_s in ((lambda: None, SHUTDOWN_S), (self.process.terminate, TERMINATE_S)):
                end()  # what does not heed its stop is written down as stopped when the process is terminated
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(wait_s)
                    break
        self.kill()

    def kill(self) -> None:
        """End the process at once and reap it."""
        if self.process.poll() is None:
            self._asked_to_end = True
            self.process.kill()
        self.process.wait()
        while self._hear():
            pass
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        if self._recorder is not None:
            self._recorder.close()

    # ---------------------------------------------------------------------------------- plumbing

    def _send(self) -> None:
        data = self.session.take_outgoing()
        if self._recorder is not None:
            self._recorder.sent(data)
        # A worker that is gone is noticed where its output ends.
        with contextlib.suppress(OSError):
            _write_all(self.process.stdin, data)

    def _hear(self, on_event: OnEvent | None = None) -> bool:
        """Wait a moment for what the worker sends. False once its stream has ended and all was heard."""
        if self.exit is not None:
            return False
        try:
            data = self._arrived.get(timeout=POLL_S)
        except queue.Empty:
            return True
        if data:
            if self._recorder is not None:
                self._recorder.received(data)
            happenings = self.session.receive(data)
            if self.session.closed is not None:
                self.process.kill()
        else:
            happenings = self.session.end(self._reap())
        for happening in happenings:
            if isinstance(happening, Replied):
                self._replies[happening.id] = happening
            elif isinstance(happening, Told) and on_event is not None:
                on_event(happening.envelope, happening.blob)
        return True

    def _reap(self) -> ProcessExit:
        try:
            code = self.process.wait(SHUTDOWN_S)
        except subprocess.TimeoutExpired:  # it closed its output but lives on: of no use
            self.process.kill()
            code = self.process.wait()
        self._threads[1].join(SHUTDOWN_S)
        self.exit = ProcessExit.from_returncode(code, self._tail.text(), asked=self._asked_to_end)
        if self._recorder is not None:
            self._recorder.ended(self.exit)
        return self.exit

    def _read(self) -> None:
        assert self.process.stdout is not None
        for data in _chunks(self.process.stdout):
            self._arrived.put(data)
        self._arrived.put(b"")

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        log = None
        for data in _chunks(self.process.stderr):
            self._tail.feed(data)
            with contextlib.suppress(OSError):  # a full disk must not block the worker's stderr
                log = log or self._open_log()
                log.write(data)
        if log is not None:
            with contextlib.suppress(OSError):
                log.close()

    def _open_log(self) -> BinaryIO:
        folder = places.logs()
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.glob("worker-*.log"))[: -KEPT_LOGS + 1]:
            old.unlink(missing_ok=True)
        self.log_path = folder / f"worker-{time.strftime('%Y%m%d-%H%M%S')}-{self.process.pid}.log"
        return open(self.log_path, "ab", buffering=0)

    # ------------------------------------------------------------------------------------ ctrl+c

    @contextlib.contextmanager
    def _ctrl_c_is_counted(self) -> Iterator[None]:
        """An exception between two bytes would lose the stream's place, so the signal only counts here. In another
        thread than the main one signals are not ours."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._interrupts = 0

        def count(*_: object) -> None:
            self._interrupts += 1

        before = signal.signal(signal.SIGINT, count)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _lost() -> UserError:
    return UserError("worker.lost", "The worker is not running.", "Start it again.")


def _outcome(reply: protocol.Reply, blob: bytes) -> tuple[Any, bytes]:
    match reply:
        case protocol.Done(result=result):
            return result, blob
        case protocol.Failed() as failed:
            raise WorkerFailure(failed)
        case protocol.Stopped(kept=kept, run=run, paused=paused):
            raise Stopped(kept, run, paused)
    raise AssertionError


def _chunks(stream: Any) -> Iterator[bytes]:
    """Until the end of an unbuffered pipe, or until it is closed under us."""
    while True:
        try:
            data = stream.read(1 << 16)
        except (OSError, ValueError):
            return
        if not data:
            return
        yield data


def _write_all(stream: Any, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[stream.write(view) :]
