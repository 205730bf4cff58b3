"""The terminal that a command was typed in: its keys one by one, and that it may be closed in the middle."""

import contextlib
import errno
import os
import select
import stat
import sys
from typing import Any, TextIO


class Keys:
    """Those that are pressed, without waiting for the end of a line."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def pressed(self) -> list[str]:
        """Since the last call; none while the command is in the background."""
        if not _in_front():
            return []
        if os.name == "nt":
            import msvcrt

            keys = []
            while msvcrt.kbhit():  # type: ignore[attr-defined]
                keys.append(msvcrt.getwch())  # type: ignore[attr-defined]
            return keys
        import termios

        try:
            self._singly()
            if not select.select([sys.stdin], [], [], 0)[0]:
                return []
            return list(os.read(sys.stdin.fileno(), 64).decode(errors="replace"))
        except (OSError, termios.error):  # closed just now
            return []

    def _singly(self) -> None:
        """Each time: a shell that stopped this command, or had it in the background, sets the terminal anew."""
        import termios
        import tty

        modes = termios.tcgetattr(sys.stdin)
        if modes[3] & termios.ICANON:
            self._before = modes
            tty.setcbreak(sys.stdin, termios.TCSANOW)

    def restore(self) -> None:
        """Leave the terminal as it was."""
        if self._before is None or not _in_front():
            return
        import termios

        with contextlib.suppress(termios.error):
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)


def _in_front() -> bool:
    """In the foreground of one: a program in the background that touches the terminal's keys is stopped by it."""
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return False
    if os.name == "nt":
        return True
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # a terminal that does not control this process
        return True


def tell(out: TextIO, words: str, end: str = "\n") -> None:
    """Print at once. That the terminal is gone ends no training."""
    try:
        print(words, end=end, file=out, flush=True)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        hang_up()


def clear_line() -> None:
    """Take a progress bar away, for what is told next."""
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            tell(stream, "\r\x1b[K", end="")


def hang_up() -> None:
    """Nobody reads any more, neither the terminal nor a pipe into what was closed with it: what is told from now on
    goes nowhere, but for what goes into a file."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
