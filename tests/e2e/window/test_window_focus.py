"""Who has the keyboard's focus once a button that was pressed can be pressed no more."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fnet_studio.core import queue
from fnet_studio.core import recipe as recipes
from fnet_studio.ui.widgets.predictions import PredictionRow

SPACE = Qt.Key.Key_Space


@pytest.fixture
def open_page(open_window):
    def open_(page, script=""):
        driver = open_window(script, page=page)
        driver.window.activateWindow()
        driver.wait_ready()
        return driver, driver.window.page(page)

    return open_


def press(button):
    button.setFocus()
    QTest.keyClick(button, SPACE)


def focused():
    return QApplication.focusWidget()


def test_a_second_space_on_pause_lets_the_run_go_on(open_page):
    driver, page = open_page("train", "steps=2000,rate=50")
    driver.train_to_steps()
    controls = page.controls
    driver.wait(controls.checkpoint.isEnabled)
    press(controls.pause)
    driver.wait(controls.go_on.isVisible)
    assert focused() is controls.go_on
    QTest.keyClick(focused(), SPACE)
    driver.wait(controls.pause.isVisible)
    assert focused() is controls.pause
    assert page.run.running


def test_the_focus_of_a_button_at_work_waits_and_comes_back(open_page):
    driver, page = open_page("settings")
    restarts = []
    page.restart_wanted.connect(lambda: restarts.append(True))
    press(page.check)
    assert not page.check.isEnabled()
    QTest.keyClick(focused(), SPACE)
    driver.wait(lambda: page.health.count() > 0)
    driver.wait(page.check.isEnabled)
    assert focused() is page.check
    assert restarts == []


def test_a_preset_that_is_being_checked_keeps_the_focus_on_its_card(open_page):
    driver, page = open_page("presets")
    driver.wait(lambda: page.library.loaded)
    page.select("fnet_mini_en")
    driver.wait(lambda: "check" in page.details.buttons)
    press(page.details.buttons["check"])
    driver.wait(lambda: not page.details.buttons["check"].isEnabled())
    QTest.keyClick(focused(), SPACE)
    driver.wait(page.details.checks.isVisible)
    assert driver.window.current == "presets"
    driver.wait(lambda: focused() is page.details.buttons["check"])


def test_a_queue_that_waits_opens_no_window_of_its_own(open_page):
    queue.add(recipes.to_mapping(recipes.load(recipes.bundled("sample-quick"), {})), "waits")
    _driver, page = open_page("train")
    assert page.queue_panel.isVisible()


def test_tab_goes_through_explore_as_it_is_seen(open_page):
    driver, page = open_page("explore")
    driver.wait(lambda: bool(page.sentence.chips.chips() and page.predictions.findChildren(PredictionRow)))
    wanted = [page.examples, page.history, page.from_file, page.sentence.preset, page.sentence.box]
    page.examples.setFocus()
    seen = [focused()]
    while len(seen) < 40 and not isinstance(seen[-1], PredictionRow):
        QTest.keyClick(seen[-1], Qt.Key.Key_Tab)
        seen.append(focused())
    assert seen[: len(wanted)] == wanted
    assert seen[len(wanted)] in page.sentence.chips.chips()
    assert seen[len(wanted) + 1] is page.sentence.whole
    assert isinstance(seen[-1], PredictionRow)
    assert page.pictures.tabs not in seen
