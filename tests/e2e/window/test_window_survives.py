"""What a broken worker does to the window: a card, and nothing else."""

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fnet_studio.core import protocol, run_store
from fnet_studio.ui.cards import ConfirmCard, ErrorCard


class Ends:
    """Counts how a command ended."""

    def __init__(self):
        self.done, self.failed, self.stopped = [], [], []

    @property
    def callbacks(self):
        return {
            "on_done": lambda result, blob: self.done.append(result),
            "on_failed": self.failed.append,
            "on_stopped": self.stopped.append,
        }

    @property
    def count(self):
        return len(self.done) + len(self.failed) + len(self.stopped)


def test_a_worker_killed_while_it_trains_leaves_a_card_that_restarts_it(open_window):
    driver = open_window()
    driver.wait_ready()
    ends = Ends()
    driver.train_to_steps(**ends.callbacks)
    old = driver.supervisor.pid
    driver.kill_worker()
    driver.wait(lambda: driver.supervisor.state.name == "crashed")
    assert ends.count == 1
    assert "killed by the system" in ends.failed[0].message
    card = driver.window.notices.find("worker")
    assert isinstance(card, ErrorCard)
    assert card.isVisible()
    assert driver.window.rail.worker.words.text() == "Crashed"
    card.action.click()
    driver.wait_ready()
    assert driver.supervisor.pid not in (0, old)
    assert driver.window.notices.find("worker") is None
    again = Ends()
    driver.train_to_steps(**again.callbacks)
    assert again.count == 0
    assert ends.count == 1


def test_a_worker_killed_while_idle_is_replaced_and_the_window_says_so(open_window):
    driver = open_window()
    driver.wait_ready()
    old = driver.supervisor.pid
    driver.kill_worker()
    driver.wait(lambda: driver.supervisor.pid not in (0, old))
    driver.wait_ready()
    assert "new one was started" in driver.window.notices.find("restarted").message.text()


def test_a_worker_that_never_starts_is_tried_four_times_and_then_left_to_the_user(open_window):
    driver = open_window("broken-start")
    driver.wait(lambda: driver.supervisor.state.name == "crashed" and driver.supervisor.pid == 0)
    driver.qtbot.waitUntil(lambda: driver.window.notices.find("worker") is not None, timeout=20_000)
    driver.wait(lambda: len(driver.supervisor._policy._restarted_s) == 3 and driver.supervisor.pid == 0)
    card = driver.window.notices.find("worker")
    assert "could not load" in card.message.text()
    assert "libexample" in card.details.toPlainText()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("crash@5", "crashed"),
        ("garbage-bytes@5", "not the protocol"),
    ],
)
def test_a_broken_worker_fails_its_run_once_and_the_window_says_why(open_window, script, words):
    driver = open_window(script)
    driver.wait_ready()
    ends = Ends()
    driver.train(**ends.callbacks)
    driver.wait(lambda: driver.supervisor.state.name == "crashed")
    assert ends.count == 1
    assert words in ends.failed[0].message
    assert words in driver.window.notices.find("worker").message.text()


@pytest.mark.parametrize(
    ("script", "kind"), [("oom@5", "device.out-of-memory"), ("disk-full@5", "disk.full"), ("nan@5", "train.not-finite")]
)
def test_a_run_that_fails_leaves_the_worker_ready(open_window, script, kind):
    driver = open_window(script)
    driver.wait_ready()
    ends = Ends()
    driver.train(**ends.callbacks)
    driver.wait(lambda: ends.count == 1)
    assert ends.failed[0].kind == kind
    driver.wait_ready()
    assert driver.window.notices.find("worker") is None
    assert driver.window.status.phase.text() == ends.failed[0].message


def test_stop_and_keep_ends_with_a_model_that_is_kept(open_window):
    driver = open_window("rate=40")
    driver.wait_ready()
    ends = Ends()
    driver.train_to_steps(**ends.callbacks)
    QTest.mouseClick(driver.window.status.stop, Qt.MouseButton.LeftButton)
    card = driver.window.notices.find("stop")
    assert isinstance(card, ConfirmCard)
    QTest.mouseClick(card.buttons["keep"], Qt.MouseButton.LeftButton)
    driver.wait(lambda: ends.count == 1)
    assert ends.stopped[0].kept
    assert [record.status for record in run_store.list_runs()[0]] == ["stopped"]


def test_discard_leaves_no_run_behind(open_window):
    driver = open_window("rate=40")
    driver.wait_ready()
    ends = Ends()
    driver.train_to_steps(**ends.callbacks)
    driver.window.stopping.ask_stop()
    driver.window.notices.find("stop").buttons["discard"].click()
    driver.wait(lambda: ends.count == 1)
    assert not ends.stopped[0].kept
    assert run_store.list_runs()[0] == []


def test_a_job_that_does_not_heed_its_stop_loses_its_worker_and_gets_a_new_one(open_window):
    driver = open_window("hang@5,rate=50")
    driver.wait_ready()
    ends = Ends()
    id = driver.train_to_steps(**ends.callbacks)
    old = driver.supervisor.pid
    driver.supervisor.stop(id, "keep")
    assert driver.supervisor.stop_words.startswith("Still training; ends the worker in 10 s.")
    driver.supervisor.stop(id, "keep")
    driver.supervisor.stop(id, "keep")
    driver.wait(lambda: ends.count == 1)
    assert ends.stopped
    driver.wait(lambda: driver.supervisor.pid not in (0, old))
    driver.wait_ready()
    assert driver.supervisor.stop_words == ""


def test_closing_while_a_run_is_under_way_asks_first(open_window):
    driver = open_window("rate=40")
    driver.wait_ready()
    driver.train_to_steps()
    worker = driver.supervisor.pid
    driver.window.close()
    assert driver.window.isVisible()
    card = driver.window.notices.find("stop")
    card.buttons["no"].click()
    driver.qtbot.wait(50)
    assert driver.window.isVisible()
    driver.window.close()
    driver.window.notices.find("stop").buttons["keep"].click()
    driver.wait(lambda: not driver.window.isVisible())
    assert not psutil.pid_exists(worker)
    assert [record.status for record in run_store.list_runs()[0]] == ["stopped"]


def test_asking_without_a_worker_fails_once_in_words(open_window):
    driver = open_window()
    driver.wait_ready()
    driver.supervisor.shutdown()
    ends = Ends()
    assert driver.train(**ends.callbacks) == 0
    assert ends.count == 0
    driver.wait(lambda: ends.count == 1)
    assert ends.failed[0].kind == "worker.lost"


def test_what_was_asked_is_answered_once_across_a_restart(open_window):
    driver = open_window("rate=40")
    driver.wait_ready()
    ends = Ends()
    driver.train_to_steps(**ends.callbacks)
    driver.supervisor.restart()
    assert ends.count == 1
    driver.wait_ready()
    assert ends.count == 1
    assert driver.supervisor.long_running == {}


def test_restarting_during_a_run_asks_first(open_window):
    driver = open_window("rate=40")
    driver.wait_ready()
    driver.train_to_steps()
    old = driver.supervisor.pid
    driver.window.rail.worker.restart.click()
    assert driver.supervisor.pid == old
    driver.window.notices.find("stop").buttons["no"].click()
    assert driver.supervisor.pid == old
    driver.window.rail.worker.restart.click()
    driver.window.notices.find("stop").buttons["restart"].click()
    driver.wait(lambda: driver.supervisor.pid not in (0, old))
    driver.wait_ready()


def test_what_is_asked_the_moment_a_worker_starts_is_answered_too(open_window):
    driver = open_window()
    driver.wait_ready()
    answers = []

    def ask_early(state):
        if state.name == "starting":
            driver.supervisor.ask(
                protocol.Tokenize("fnet_mini_en", "A text."),
                on_done=lambda result, blob: answers.append(result),
                on_failed=lambda failed: answers.append(failed),
            )

    driver.supervisor.state_changed.connect(ask_early)
    driver.supervisor.restart()
    driver.wait(lambda: bool(answers))
    assert isinstance(answers[0], protocol.Tokenized)
