"""Keys and signals that control a training of the command line."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from fnet_studio.cli.terminal import Keys, clear_line, hang_up, tell
from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.remedies import after_failure
from fnet_studio.link.blocking import OnEvent, Worker

HELP = """\
while a training runs:
  Ctrl+C              stop and keep the model so far; again: end the worker, then kill it
  p                   pause in place, all memory kept; p again: go on
  f                   pause and free: save, end and give all memory back; later: fnet-studio resume RUN
  c                   write a checkpoint now
  e                   measure on the validation texts now
  SIGTERM, SIGHUP     as f, exit status 143; a terminal that is closed sends SIGHUP
  SIGUSR1, SIGUSR2    as c and e, for a training without a terminal"""

SIGNALS = {"SIGTERM": "f", "SIGHUP": "f", "SIGUSR1": "c", "SIGUSR2": "e"}


def parser(commands: argparse._SubParsersAction, name: str, help: str) -> argparse.ArgumentParser:
    """With the keys and signals at the end of its own help."""
    kind = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(name, help=help, epilog=HELP, formatter_class=kind)


def follow(worker: Worker, command: protocol.Command, on_event: OnEvent) -> Any:
    """`worker.call` for a training, under the control of keys and signals. Returns the result; a failure says what to
    type next."""
    id, runs = worker.post(command), []

    def listen(envelope: protocol.Envelope, blob: bytes) -> None:
        if isinstance(envelope.body, protocol.RunStarted):
            runs.append(envelope.body.run)
        on_event(envelope, blob)

    controls = Controls(worker, id, sys.stderr)
    try:
        with controls.listening():
            return worker.result(id, listen, controls.turn)[0]
    except UserError as error:
        record, found = after_failure(error.kind, runs[-1] if runs else "")
        if record is None or not found:
            raise
        commands = " or: ".join(remedy.command(record) for remedy in found if not remedy.warning)
        error.advice = f"{error.advice} Type: {commands}"
        raise
    finally:
        clear_line()


class Controls:
    """The keys pressed and signals received while `Worker.result` waits for a training; `turn` acts on them there."""

    def __init__(self, worker: Worker, id: int, out: TextIO) -> None:
        self._worker, self._id, self._out = worker, id, out
        self._terminal = Keys()
        self._keys: list[str] = []
        self._held = False
        self._asked: dict[int, str] = {}
        self._said = ""

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Signals only append to a list; one that was ignored when this command began, as by nohup, still is."""
        before = {}
        for name, key in SIGNALS.items():
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, lambda *_, name=name, key=key: self._signalled(name, key))
        try:
            yield
        finally:
            self._terminal.restore()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signalled(self, name: str, key: str) -> None:
        if name == "SIGHUP":
            hang_up()
        self._keys.append(key)

    def turn(self) -> None:
        self._keys += self._terminal.pressed()
        keys, self._keys = self._keys, []
        for key in keys:
            self._do(key.lower())
        for id in list(self._asked):
            if (reply := self._worker.taken(id)) is not None:
                self._told(self._asked.pop(id), reply)
        countdown = self._worker.countdown
        if countdown is not None:
            words = countdown.words if self._out.isatty() else countdown.rung.value
            if words != self._said:
                self._said = words
                self._say(countdown.words, stay=False)

    def _do(self, key: str) -> None:
        match key:
            case "p":
                self._held = not self._held
                if self._held:
                    self._post(protocol.Pause(self._id), "pause")
                else:
                    self._post(protocol.Continue(self._id), "end of the pause")
            case "c":
                self._post(protocol.CheckpointNow(self._id), "checkpoint")
            case "e":
                self._post(protocol.EvaluateNow(self._id), "evaluation")
            case "f":
                if self._worker.countdown is None:
                    self._worker.stop(self._id, "pause")

    def _post(self, command: protocol.Command, what: str) -> None:
        if self._worker.session.closed is None:
            self._asked[self._worker.post(command)] = what

    def _told(self, what: str, reply: protocol.Reply) -> None:
        match reply:
            case protocol.Done(result=protocol.Checkpointed(step=step)):
                self._say(f"Checkpoint at step {step}.")
            case protocol.Done(result=protocol.Evaluation(loss=loss, accuracy=accuracy)):
                self._say(f"Validation loss {loss:.4f}, accuracy {accuracy:.2%}.")
            case protocol.Failed(message=message, advice=advice):
                self._say(f"No {what}: {message} {advice}")

    def _say(self, words: str, stay: bool = True) -> None:
        """On a terminal in the place of the progress bar, which comes back below what stays."""
        if self._out.isatty():
            tell(self._out, f"\r\x1b[K{words}", end="\n" if stay else "")
        else:
            tell(self._out, f"fnet-studio: {words}")
