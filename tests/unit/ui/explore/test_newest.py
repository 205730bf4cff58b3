"""One question at a time, and only the newest answer counts."""

import pytest

from fnet_studio.core import protocol
from fnet_studio.ui.newest import NewestOnly


class SlowWorker:
    """Takes commands and answers when the test says so."""

    def __init__(self):
        self.asked = []

    def ask(self, command, on_done=None, on_failed=None, on_stopped=None):
        self.asked.append((command, on_done, on_failed, on_stopped))
        return len(self.asked)

    def texts(self):
        return [command.text for command, *_ in self.asked]


@pytest.fixture
def worker():
    return SlowWorker()


@pytest.fixture
def answers():
    return []


@pytest.fixture
def ask(worker, answers):
    newest = NewestOnly(worker)

    def ask(text):
        newest.ask(
            protocol.Tokenize("p", text),
            lambda result, blob: answers.append(result),
            lambda failed: answers.append(failed.kind),
        )

    ask.newest = newest
    return ask


def test_only_one_question_is_out_at_a_time(worker, ask):
    for text in ("a", "ab", "abc"):
        ask(text)
    assert worker.texts() == ["a"]


def test_the_newest_question_follows_and_those_between_are_never_asked(worker, ask):
    for text in ("a", "ab", "abc"):
        ask(text)
    worker.asked[0][1]("answer to a", b"")
    assert worker.texts() == ["a", "abc"]


def test_an_older_answer_never_overwrites_a_newer_question(worker, ask, answers):
    ask("a")
    ask("ab")
    worker.asked[0][1]("answer to a", b"")
    assert answers == []
    worker.asked[1][1]("answer to ab", b"")
    assert answers == ["answer to ab"]


def test_a_failure_of_an_older_question_is_passed_over_too(worker, ask, answers):
    ask("a")
    ask("ab")
    worker.asked[0][2](protocol.Failed("crash", "x"))
    worker.asked[1][1]("answer to ab", b"")
    assert answers == ["answer to ab"]


def test_what_is_forgotten_is_not_shown_and_the_next_question_works(worker, ask, answers):
    ask("a")
    ask.newest.forget()
    worker.asked[0][1]("answer to a", b"")
    assert answers == []
    ask("b")
    worker.asked[1][1]("answer to b", b"")
    assert answers == ["answer to b"]


def test_a_stopped_question_makes_room_for_the_next(worker, ask, answers):
    ask("a")
    worker.asked[0][3](protocol.Stopped())
    ask("b")
    worker.asked[1][2](protocol.Failed("text.too-long", "x"))
    assert answers == ["text.too-long"]


def test_a_question_that_nobody_waits_for_any_more_is_stopped_in_the_worker(worker, answers):
    newest = NewestOnly(worker, stop_older=True)
    for text in ("a", "ab"):
        newest.ask(protocol.Tokenize("p", text), lambda result, _: answers.append(result), lambda _: None)
    commands = [command for command, *_ in worker.asked]
    assert commands == [protocol.Tokenize("p", "a"), protocol.Stop(1)]
    worker.asked[0][3](protocol.Stopped())
    assert worker.asked[2][0].text == "ab"
    worker.asked[2][1]("answer", b"")
    newest.forget()
    assert answers == ["answer"]
    assert len(worker.asked) == 3
