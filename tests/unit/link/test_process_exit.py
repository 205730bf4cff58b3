import signal

import pytest

from fnet_studio.core.protocol import ExitCode
from fnet_studio.link.exit import KEPT_LINES, ProcessExit, StderrTail


def test_a_kill_by_the_system_is_told_with_its_likely_reason():
    exit = ProcessExit.from_returncode(-signal.SIGKILL)
    assert "killed by the system" in exit.words().title
    assert "memory" in exit.words().title
    assert "smaller batch" in exit.words().advice


@pytest.mark.parametrize(
    "exit",
    [
        ProcessExit.from_returncode(-11),
        ProcessExit.from_returncode(128 + 11),
        ProcessExit.from_qprocess(11, crashed=True),
    ],
    ids=["subprocess", "through a shell", "QProcess"],
)
def test_a_signal_has_its_name_however_it_is_reported(exit):
    assert exit.code is None
    assert "SIGSEGV" in exit.words().title


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (ExitCode.ENGINE_FAILED, "libraries"),
        (ExitCode.VIOLATION, "understand"),
        (127, "could not be started"),
        (255, "connection"),
        (1, "exit code 1"),
    ],
)
def test_every_exit_code_has_words_and_advice(code, word):
    words = ProcessExit.from_returncode(code).words()
    assert word in words.title
    assert words.advice


def test_an_end_that_was_asked_for_is_orderly_even_by_a_signal():
    assert ProcessExit.from_returncode(-signal.SIGKILL, asked=True).orderly
    assert ProcessExit.from_returncode(0).orderly
    assert not ProcessExit.from_returncode(-signal.SIGKILL).orderly
    assert not ProcessExit.from_returncode(1).orderly


def test_an_unknown_signal_has_its_number():
    assert "signal 63" in ProcessExit(None, 63).words().title


def test_the_tail_keeps_the_last_lines_whatever_the_chunks():
    tail = StderrTail(lines=3)
    for data in (b"one\ntw", b"o\nthree\r\n\x1b[31mfo", "ür\x1b[0m\n".encode(), b"unfinished"):
        tail.feed(data)
    assert tail.text() == "two\nthree\nfoür\nunfinished"


def test_the_tail_stays_small_without_line_ends():
    tail = StderrTail()
    for _ in range(100):
        tail.feed(b"x" * 100_000)
    assert len(tail.text()) <= 1000
    tail.feed(b"\n" * 1000 + b"end")
    assert len(tail.text().splitlines()) <= KEPT_LINES + 1
