"""A process exit as a value with words."""

import re
import signal
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from fnet_studio.core.protocol import ExitCode

KEPT_LINES = 40
_SHELL_SIGNAL_BASE = 128


class Words(NamedTuple):
    title: str
    advice: str


@dataclass(frozen=True)
class ProcessExit:
    """How a worker ended. code: its exit code, None when a signal ended it. signal: that signal's number, or 0.
    asked: this program had told it to end, or killed it on purpose."""

    code: int | None
    signal: int = 0
    last_words: str = ""
    """The last lines of its stderr."""
    asked: bool = False

    @classmethod
    def from_returncode(cls, returncode: int, last_words: str = "", *, asked: bool = False) -> "ProcessExit":
        """From `subprocess`, where a signal is negative. A shell or ssh in between reports 128 + signal."""
        if returncode < 0:
            return cls(None, -returncode, last_words, asked)
        if _SHELL_SIGNAL_BASE < returncode < _SHELL_SIGNAL_BASE + 32:
            return cls(None, returncode - _SHELL_SIGNAL_BASE, last_words, asked)
        return cls(returncode, 0, last_words, asked)

    @classmethod
    def from_qprocess(cls, code: int, crashed: bool, last_words: str = "", *, asked: bool = False) -> "ProcessExit":
        """From `QProcess.finished`: after a crash its code is the signal's number on POSIX."""
        if crashed and 0 < code < 65:
            return cls(None, code, last_words, asked)
        return cls.from_returncode(code, last_words, asked=asked)

    @classmethod
    def never_started(cls, reason: str) -> "ProcessExit":
        """The program could not be run at all."""
        return cls(127, 0, reason)

    @property
    def orderly(self) -> bool:
        return self.code == ExitCode.ENDED or self.asked

    def words(self) -> Words:
        """What happened and what to do, for a card in the window."""
        if self.asked or self.code == ExitCode.ENDED:
            return Words("The worker has ended.", "Start it again to go on.")
        if self.signal:
            return self._signal_words()
        match self.code:
            case ExitCode.ENGINE_FAILED:
                return Words(
                    "The worker could not load its libraries.",
                    "Read its last lines below, and run: fnet-studio doctor.",
                )
            case ExitCode.VIOLATION:
                return Words("The worker did not understand this program.", "Restart it, and please report this.")
            case 127:
                return Words("The worker could not be started.", "Check the installation: run fnet-studio doctor.")
            case 255:
                return Words(
                    "The connection to the worker's machine ended.",
                    "Check the host's name and that ssh reaches it without a password.",
                )
        return Words(
            f"The worker ended with exit code {self.code}.",
            "Restart it. If it happens again, please report it with the lines below.",
        )

    def _signal_words(self) -> Words:
        name = _signal_name(self.signal)
        if name == "SIGKILL":
            return Words(
                "The worker was killed by the system, perhaps because memory ran out.",
                "Close other programs, or choose a smaller batch, length or model; then restart the worker.",
            )
        if name in ("SIGTERM", "SIGHUP", "SIGINT"):
            return Words(f"The worker was ended from outside ({name}).", "Restart it to go on.")
        return Words(
            f"The worker crashed ({name}).",
            "Restart it. If it happens again, please report it with the lines below.",
        )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class StderrTail:
    """The last lines of a stream of bytes, without terminal colours."""

    def __init__(self, lines: int = KEPT_LINES) -> None:
        self._lines: deque[str] = deque(maxlen=lines)
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-4096:]  # a stream without line ends must not grow
        self._lines.extend(_plain(line) for line in whole)

    def text(self) -> str:
        lines = list(self._lines)
        if self._rest:
            lines.append(_plain(self._rest))
        return "\n".join(lines).strip()


_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def _plain(line: bytes) -> str:
    return _ESCAPES.sub("", line.decode("utf-8", "replace").rstrip("\r"))[:1000]
