"""The window after a queue that it worked off."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


@pytest.fixture
def asked(open_window):
    """A window whose queue is done, and that was told to close then."""
    driver = open_window("rate=0,steps=40", "train")
    driver.wait_ready()
    page = driver.window.page("train")
    page.enqueue()
    choice = page.queue_panel.when_done
    choice.setCurrentIndex(choice.findData("close"))
    page.queue_panel.run.click()
    driver.wait(lambda: driver.window.notices.find("when-done") is not None)
    return driver


def test_the_window_closes_after_the_queue_if_that_was_chosen_and_nobody_says_no(asked):
    assert asked.window.isVisible()
    asked.window.notices.find("when-done").answer("now")
    asked.wait(lambda: not asked.window.isVisible())
    asked.wait(lambda: not asked.supervisor.state.alive)


def test_esc_on_any_page_keeps_it_open(asked):
    asked.window.go("settings")
    QTest.keyClick(asked.window, Qt.Key.Key_Escape)
    assert asked.window.notices.find("when-done") is None
    assert asked.window.isVisible()
    assert asked.window.when_done.escape() is False
