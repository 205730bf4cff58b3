"""The commands without a window, all of them over the same worker as the window."""

import argparse
import contextlib
import io
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

from fnet_studio import __version__
from fnet_studio.cli import (
    classify,
    convert,
    data,
    doctor,
    evaluate,
    fill_mask,
    gpu,
    presets,
    queue,
    report,
    runs,
    train,
    update,
)
from fnet_studio.cli.show import tell_failure, tell_last_lines
from fnet_studio.cli.terminal import hang_up
from fnet_studio.core.errors import Stopped, UserError

STOPPED = 130
"""Exit status after Ctrl+C, as shells have it."""

PAUSED = 143
"""Exit status after SIGTERM, which pauses a training and frees its memory."""

DESCRIPTION = """\
Explore, fine-tune and teach FNet: language models that mix tokens by a Fourier transform.
Without a command, the window opens."""

OTHERS = """\
other commands:
  tour                drive the real window through its pages and save a picture of each
  worker              speak the protocol on stdin and stdout (started by the window)"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="fnet-studio",
        description=DESCRIPTION,
        epilog=OTHERS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"FNet Studio {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (
        fill_mask,
        train,
        queue,
        evaluate,
        classify,
        presets,
        data,
        convert,
        runs,
        report,
        doctor,
        gpu,
        update,
    ):
        module.add_to(commands)
    return top


def main(words: list[str]) -> int:
    _open_output()
    options = parser().parse_args(words, argparse.Namespace(typed=words))
    try:
        with _ended_by_signals():
            return _run(options)
    except Stopped as stopped:
        print(f"fnet-studio: {_left(stopped)}", file=sys.stderr)
        return PAUSED if stopped.paused else STOPPED
    except KeyboardInterrupt:  # outside of what the worker does
        print("fnet-studio: stopped.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        sys.stderr.close()
        return 1


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and a terminal that is closed end a command as Ctrl+C does: what has been answered is written, and what
    was begun is taken away. A training listens to them in its own way (`controls`); one that is ignored, as SIGHUP by
    nohup, still is."""

    def end(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGTERM:
            hang_up()
        raise SystemExit(128 + number)  # as shells have it

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _run(options: argparse.Namespace) -> int:
    try:
        _refuse_other_encodings(options.typed)
        return options.run(options)
    except UserError as error:
        print(f"fnet-studio: {error.message}", file=sys.stderr)
        if error.advice:
            print(f"  {error.advice}", file=sys.stderr)
        tell_last_lines(error)
        if getattr(options, "json", False):
            tell_failure(error)
        return 1


def _open_output() -> None:
    """Whatever letters the answers and the texts of a user have, they can be written: into files and pipes as UTF-8,
    unless PYTHONIOENCODING asks for something else, and `?` where a terminal has no such letter."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # who started this command had closed it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        chosen = sys.stdout.isatty() or bool(os.environ.get("PYTHONIOENCODING"))
        sys.stdout.reconfigure(encoding=None if chosen else "utf-8", errors="replace")


def _refuse_other_encodings(words: list[str]) -> None:
    """Python gives bytes that are no UTF-8 as halves of letters, which no message to the worker can hold."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            shown = word.encode("utf-8", "replace").decode()
            raise UserError(
                "command.encoding",
                f"{shown} is not written in UTF-8.",
                "Give the file another name, or type the text in a terminal that is set to UTF-8.",
            ) from None


def _left(stopped: Stopped) -> str:
    if not stopped.run:
        return "stopped."
    done = "paused, all memory given back" if stopped.paused else "stopped and kept"
    return f"{done}. Go on with: fnet-studio resume {stopped.run}"
