"""The one owner of the worker process in the window: native Qt signals, no threads, no waiting."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QElapsedTimer, QObject, QProcess, QProcessEnvironment, QTimer, Signal

from fnet_studio.core import protocol, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.link import liveness
from fnet_studio.link.command import WorkerCommand
from fnet_studio.link.exit import ProcessExit
from fnet_studio.link.ladder import Countdown, Mode, StopLadder
from fnet_studio.link.liveness import Pulse
from fnet_studio.link.restart import RestartPolicy
from fnet_studio.link.session import Closed, Replied, Session, Told
from fnet_studio.ui import timers
from fnet_studio.ui.worker_log import WorkerLog
from fnet_studio.ui.worker_state import Name, WorkerState

LONG = (protocol.Train, protocol.Resume, protocol.Evaluate)
"""Commands whose work belongs to the user: they show in the status line and are never begun again unasked."""
SLOW = (*LONG, protocol.Plan, protocol.Load, protocol.Doctor)
"""Commands during which the worker shows as busy; the quick ones would only make its dot flicker."""

TICK_MS = 250
SLICE_BYTES = 8 * 1024
SLICE_MS = 4
"""How long the event loop is kept at most by reading: a flood waits in the process's buffer."""
SHUTDOWN_MS = 4000
TERMINATE_MS = 1000

OnDone = Callable[[Any, bytes], None]
OnFailed = Callable[[protocol.Failed], None]
OnStopped = Callable[[protocol.Stopped], None]


class _Pending(NamedTuple):
    on_done: OnDone | None
    on_failed: OnFailed | None
    on_stopped: OnStopped | None

    def deliver(self, reply: protocol.Reply, blob: bytes) -> None:
        match reply:
            case protocol.Done(result=result) if self.on_done:
                self.on_done(result, blob)
            case protocol.Failed() if self.on_failed:
                self.on_failed(reply)
            case protocol.Stopped() if self.on_stopped:
                self.on_stopped(reply)


class Supervisor(QObject):
    """Starts the worker, speaks to it, notices its death, and restarts it when nothing is lost by that.

    Every command that `ask` took ends in exactly one of its callbacks, on a later turn of the event loop, whatever
    happens to the process."""

    state_changed = Signal(object)
    """`WorkerState`."""
    message = Signal(object, object)
    """(`protocol.Envelope`, blob as bytes): every event, and every reply just before its callback, as they come.
    `core.run_state.RunState.apply` takes them as they are. (Not named `event`: that is a method of every QObject.)"""
    asked = Signal(int, object)
    """(id, command) of a long command that was just sent."""
    devices_changed = Signal()
    stopping_changed = Signal()
    """`stop_words` has changed: a stop was asked for, went up a rung, counts down, or is over."""
    pulse_changed = Signal(object)
    """`link.liveness.Pulse`, twice a second: memory, and whether the work moves."""
    restarted_by_itself = Signal(object)
    """`WorkerState` of the process that died idle, as a new one starts."""

    def __init__(self, command: WorkerCommand, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.command = command
        self.state = WorkerState.of("stopped")
        self.pulse = Pulse()
        self.log_path: Path | None = None
        self._session: Session | None = None
        self._process: QProcess | None = None
        self._log: WorkerLog | None = None
        self._callbacks: dict[int, _Pending] = {}
        self._policy = RestartPolicy()
        self._ladders: dict[int, StopLadder] = {}
        self._end_wanted = self._ended_by_ladder = self._another_wanted = False
        self._tick = timers.repeating(self, TICK_MS)
        self._tick.timeout.connect(self._ticked)
        self._drain_again = timers.once(self, 0)
        self._drain_again.timeout.connect(self._drain)

    # -------------------------------------------------------------------------------------- what is known

    @property
    def welcome(self) -> protocol.Welcome | None:
        return self._session.welcome if self._session else None

    @property
    def ready(self) -> protocol.Ready | None:
        """None until the engine's imports are done."""
        return self._session.ready if self._session else None

    @property
    def devices(self) -> tuple[protocol.Device, ...]:
        if self.ready is not None:
            return self.ready.devices
        return self.welcome.devices if self.welcome else ()

    @property
    def pid(self) -> int:
        """Of the worker's process, 0 when there is none."""
        return self._process.processId() if self._process is not None else 0

    @property
    def long_running(self) -> dict[int, protocol.Command]:
        """The long commands under way, by id."""
        pending = self._session.pending if self._session else {}
        return {id: command for id, command in pending.items() if isinstance(command, LONG)}

    @property
    def stop_words(self) -> str:
        """Those of `stop_countdown`; empty when no stop is under way."""
        countdown = self.stop_countdown
        return countdown.words if countdown else ""

    @property
    def stop_countdown(self) -> Countdown | None:
        """The stop under way: its rung, the seconds to the next one, the phase that keeps it waiting, and what is kept
        if it comes to the last."""
        found = (ladder.countdown(_now()) for ladder in self._ladders.values())
        return next((countdown for countdown in found if countdown), None)

    # ---------------------------------------------------------------------------------------- the process

    def start(self) -> None:
        """Does nothing while a process lives."""
        if self._process is not None:
            return
        self._end_wanted = self._ended_by_ladder = self._another_wanted = False
        self._session = Session(client="window")
        self._callbacks.clear()
        process = QProcess(self)
        environment = QProcessEnvironment()
        for name, value in self.command.full_environment().items():
            environment.insert(name, value)
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._arrived)
        process.readyReadStandardError.connect(self._read_stderr)
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._error)
        self._process = process
        self.pulse = Pulse.started(_now())
        self._set_state(WorkerState.of("starting"))
        self._tick.start()
        program, *arguments = self.command.argv
        process.start(program, arguments)
        self._flush()

    def restart(self) -> None:
        """End the process, if there is one, and start another. What was pending fails."""
        self._policy.reset()
        if self._process is not None:
            self._end_wanted = True
            self._process.kill()
            self._process.waitForFinished(SHUTDOWN_MS)
        self.start()

    def _renew(self) -> None:
        """Let the process end in order, and start another: memory that a library keeps goes with its process, and so
        does a device's context that is broken."""
        if self._session is not None and self._session.closed is None:
            self._end_wanted = self._another_wanted = True
            self._session.send(protocol.Shutdown())
            self._flush()

    def shutdown(self) -> None:
        """End the worker in order, or kill what does not end in time. Waits: call it when the window is gone."""
        process = self._process
        self._ended_by_ladder = self._another_wanted = False
        if process is None:
            return
        self._end_wanted = True
        if self._session is not None and self._session.closed is None:
            self._session.send(protocol.Shutdown())
            self._flush()
        process.closeWriteChannel()
        if not process.waitForFinished(SHUTDOWN_MS):
            process.terminate()  # what does not heed its stop is written down as stopped
            if not process.waitForFinished(TERMINATE_MS):
                process.kill()
                process.waitForFinished(SHUTDOWN_MS)

    # ------------------------------------------------------------------------------------------- commands

    def ask(
        self,
        command: protocol.Command,
        on_done: OnDone | None = None,
        on_failed: OnFailed | None = None,
        on_stopped: OnStopped | None = None,
    ) -> int:
        """Send a command; exactly one callback follows. Returns its id, or 0 when there is no worker or the command
        cannot be sent: then `on_failed` follows all the same."""
        session = self._session
        try:
            if session is None or self._process is None:
                raise UserError("worker.lost", "The worker is not running.", "Restart it, then try again.")
            id = session.send(command)
        except UserError as error:
            failed = protocol.Failed(error.kind, error.message, error.advice)
            QTimer.singleShot(0, self, lambda: on_failed(failed) if on_failed else None)
            return 0
        self._callbacks[id] = _Pending(on_done, on_failed, on_stopped)
        self._flush()
        self._show_busy()
        if isinstance(command, LONG):
            self._ladders[id] = StopLadder(command)
            self.asked.emit(id, command)
        return id

    def tell(self, command: protocol.Credit | protocol.Watch) -> None:
        """Send what needs no answer; without a worker it is dropped."""
        if self._session is not None and self._session.closed is None and self._process is not None:
            self._session.send(command)
            self._flush()

    def stop(self, id: int, mode: Mode = "keep") -> None:
        """Stop a command that is under way: ask, later terminate, later kill. Asked again, it goes to the next rung
        at once. Without such a command nothing happens. After `pause` another worker is started in the place of this
        one, whose memory, on the device too, is given back with it."""
        session = self._session
        if session is None or id not in session.pending:
            return
        ladder = self._ladders.setdefault(id, StopLadder())
        if ladder.asked:
            self._do(ladder.hurry(_now()))
        else:
            ladder.ask(_now(), mode)
            session.send(protocol.Stop(id, mode))
            self._flush()
        self.stopping_changed.emit()

    # ------------------------------------------------------------------------------------------- plumbing

    def _flush(self) -> None:
        """Commands asked for while the process is about to start wait in the session until it is open."""
        if self._session is not None and self._process is not None and self._process.isOpen():
            self._process.write(self._session.take_outgoing())

    def _arrived(self) -> None:
        """More than one slice in one turn of the loop would hold it for longer than was meant."""
        if not self._drain_again.isActive():
            self._drain()

    def _drain(self) -> None:
        """Read for a few milliseconds; what is left comes on the next turn of the loop."""
        spent = QElapsedTimer()
        spent.start()
        process = self._process
        while process is not None and process is self._process and process.bytesAvailable():
            if spent.elapsed() > SLICE_MS:
                self._drain_again.start()
                return
            self._receive(process.read(SLICE_BYTES).data())

    def _receive(self, data: bytes) -> None:
        session = self._session
        if session is None:
            return
        for happening in session.receive(data):
            self._handle(happening)
            if session is not self._session:  # a callback restarted the worker
                return
        if session.closed is not None and self._process is not None:
            self._process.kill()

    def _handle(self, happening: Replied | Told | Closed) -> None:
        if isinstance(happening, Closed):
            return
        self.pulse = self.pulse.hear(happening, _now())
        envelope, blob = happening.envelope, happening.blob
        if isinstance(happening, Replied):
            self._settle(happening)
            return
        if isinstance(happening.event, protocol.Heartbeat):
            self.pulse_changed.emit(self.pulse)
        if happening.id in self._ladders:
            self._ladders[happening.id].hear(happening.event, _now())
        self.message.emit(envelope, blob)
        if isinstance(happening.event, protocol.Ready):
            self.devices_changed.emit()
            self._judge()

    def _settle(self, replied: Replied) -> None:
        """Deliver the one reply of a command. A command whose stop ladder had to end the process was stopped: that
        is what the user asked for, not a failure."""
        ladder = self._ladders.pop(replied.id, None)
        reply, envelope = replied.reply, replied.envelope
        if ladder is not None:
            if (
                ladder.asked
                and isinstance(reply, protocol.Failed)
                and reply.kind == "worker.lost"
                and self._ended_by_ladder
            ):
                reply = ladder.left()
                if ladder.mode == "discard":
                    run_store.discard(ladder.run)
                envelope = protocol.Envelope(0, 0, reply, reply_to=replied.id, time=time.time())
            ladder.done()
        self.message.emit(envelope, replied.blob)
        callbacks = self._callbacks.pop(replied.id, None)
        if callbacks is not None:
            try:
                callbacks.deliver(reply, replied.blob)
            except Exception:  # a fault of one panel is told; the answers of the others, read with this one, still come
                sys.excepthook(*sys.exc_info())
        if ladder is not None:
            self.stopping_changed.emit()
        freed = isinstance(reply, protocol.Stopped) and reply.paused
        # a run whose folder went still names this process as the one at work on it, when it is back
        broken = isinstance(reply, protocol.Failed) and reply.kind in ("device.lost", "run.folder-gone")
        if (freed or broken) and not self._end_wanted:
            self._renew()
        if isinstance(replied.command, protocol.Hello):
            self.devices_changed.emit()
        self._show_busy()

    def _read_stderr(self) -> None:
        if self._process is not None:
            self._log = self._log or WorkerLog(self._process.processId())
            self._log.feed(self._process.readAllStandardError().data())
            self.log_path = self._log.path

    def _error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._process is not None:
            self._ended(ProcessExit.never_started(self._process.errorString()))

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        process = self._process
        if process is None:
            return
        self._read_stderr()
        while process.bytesAvailable():
            self._receive(process.read(SLICE_BYTES).data())
        last_words = self._log.text() if self._log else ""
        crashed = status is QProcess.ExitStatus.CrashExit
        self._ended(ProcessExit.from_qprocess(code, crashed, last_words, asked=self._end_wanted))

    def _ended(self, exit: ProcessExit) -> None:
        """The process is gone: settle what is pending, then decide whether another one starts by itself."""
        process, session = self._process, self._session
        assert process is not None
        assert session is not None
        was_busy = any(isinstance(command, LONG) for command in session.pending.values())
        self._process = None
        self._tick.stop()
        self._drain_again.stop()
        process.deleteLater()
        if self._log is not None:
            self._log.close()
            self._log = None
        refused = session.closed
        for happening in session.end(exit):
            if isinstance(happening, Replied):
                self._settle(happening)
        self._ladders.clear()
        asked = exit.orderly and refused is None
        self.pulse = self.pulse.ended(crashed=not asked)
        if self._process is not None:  # a callback started another one
            return
        words = exit.words()
        failure = refused or protocol.Failed("worker.lost", words.title, words.advice, exit.last_words)
        gone = WorkerState.of("stopped", exit=exit) if asked else WorkerState.of("crashed", failure, exit)
        decision = self._policy.decide(_now(), was_busy=was_busy or refused is not None, asked=asked)
        self._set_state(gone)
        if self._ended_by_ladder or self._another_wanted:
            self.start()
        elif decision == "restart":
            self.restarted_by_itself.emit(gone)
            self.start()

    # ---------------------------------------------------------------------------------------------- state

    def _ticked(self) -> None:
        for ladder in list(self._ladders.values()):
            self._do(ladder.advance(_now()))
        if any(ladder.asked for ladder in self._ladders.values()):
            self.stopping_changed.emit()
        self._judge()

    def _do(self, action: str | None) -> None:
        if action is None or self._process is None:
            return
        self._end_wanted = self._ended_by_ladder = True
        if action == "terminate":
            self._process.terminate()
        else:
            self._process.kill()

    def _show_busy(self) -> None:
        if self.state.name in ("ready", "busy"):
            self._judge()

    def _judge(self) -> None:
        if self._process is None or self._session is None:
            return
        found = liveness.state(self.pulse, _now())
        name: Name = "ready"
        if found is liveness.State.STARTING:
            name = "starting"
        elif found is liveness.State.NOT_RESPONDING:
            name = "not-responding"
        elif any(isinstance(command, SLOW) for command in self._session.pending.values()):
            name = "busy"
        self._set_state(WorkerState.of(name))

    def _set_state(self, state: WorkerState) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)


def _now() -> float:
    return time.monotonic()
