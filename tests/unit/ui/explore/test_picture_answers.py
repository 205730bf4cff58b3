"""Asking for measurements: one at a time, and only for what is still wanted."""

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal

from fnet_studio.core import measurements, protocol
from fnet_studio.ui.explore.pictures.answers import Answer, Answers


class Desk(QObject):
    """Takes commands as a supervisor does, and answers when told to."""

    message = Signal(object, object)

    def __init__(self):
        super().__init__()
        self.commands = []
        self.callbacks = []

    def ask(self, command, on_done=None, on_failed=None, on_stopped=None):
        self.commands.append(command)
        self.callbacks.append((on_done, on_failed, on_stopped))
        return len(self.commands)

    def answer(self, index):
        measured = protocol.Measured((measurements.Array("share", (1, 2)),))
        self.callbacks[index][0](measured, np.array([[index, 1]], np.float32).tobytes())


def question(text):
    return protocol.Measure("p", text, measurements.MixingShare())


@pytest.fixture
def desk(qapp):
    return Desk()


@pytest.fixture
def answers(desk):
    return Answers(desk)


def test_questions_go_out_one_after_the_other_and_are_asked_once(desk, answers):
    one, two = question("one"), question("two")
    answers.want([one, two])
    assert desk.commands == [one]
    desk.answer(0)
    assert desk.commands == [one, two]
    desk.answer(1)
    answers.want([two, one])
    assert len(desk.commands) == 2
    assert answers.get(two).arrays["share"].tolist() == [[1, 1]]


def test_a_newer_question_stops_an_older_one_that_is_no_longer_wanted(desk, answers):
    old, new = question("old"), question("new")
    answers.want([old])
    answers.want([new])
    assert desk.commands == [old, protocol.Stop(1)], "the newer one waits for the lane to be free"
    desk.callbacks[0][2](protocol.Stopped())
    assert desk.commands[-1] == new
    assert answers.get(old) is None


def test_an_answer_that_comes_in_spite_of_the_stop_is_kept_for_later(desk, answers):
    answers.want([question("old")])
    answers.want([])
    desk.answer(0)
    assert answers.get(question("old")) is not None
    assert not answers.busy


def test_a_failure_is_told_and_asked_again_when_it_is_wanted_again(desk, answers):
    answers.want([question("one")])
    desk.callbacks[0][1](protocol.Failed("measure.no-mask", "No word is hidden."))
    assert answers.problem(question("one")).message == "No word is hidden."
    answers.want([question("one")])
    assert len(desk.commands) == 2


def test_progress_is_told_in_words(qtbot, desk, answers):
    told = []
    answers.progressed.connect(told.append)
    answers.want([question("one")])
    desk.message.emit(protocol.Envelope(1, 0, protocol.Phase("measuring", 20, "passes"), reply_to=1), b"")
    desk.message.emit(protocol.Envelope(2, 0, protocol.Progress(3, 1.0, 17.0), reply_to=1), b"")
    desk.message.emit(protocol.Envelope(3, 0, protocol.Progress(9, 1.0, 17.0), reply_to=7), b"")
    assert told[-1] == "Pass 3 of 20, 17 s left"


def test_an_answer_whose_bytes_do_not_fit_is_refused():
    with pytest.raises(ValueError, match="3 numbers came where 4 were announced"):
        Answer(protocol.Measured((measurements.Array("x", (2, 2)),)), bytes(12))


def test_the_first_answer_of_its_kind_says_that_it_compiles_and_then_how_far_it_is(desk, answers):
    said = []
    answers.progressed.connect(said.append)
    answers.want([question("one")])
    for body in (protocol.Phase("compiling"), protocol.Phase("measuring", 20, "passes"), protocol.Progress(3)):
        desk.message.emit(protocol.Envelope(1, 0, body, reply_to=1), b"")
    assert said == ["Measuring …", "Compiling for this device …", "Pass 3 of 20"]
    desk.answer(0)
    assert said[-1] == ""
