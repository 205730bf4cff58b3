from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from fnet_studio.core import locks, places, run_store, settings
from fnet_studio.core.errors import UserError
from fnet_studio.ui import window as window_module
from fnet_studio.ui.cards import ConfirmCard
from fnet_studio.ui.rail import PLACES
from fnet_studio.ui.train.plan_card import PlanCard

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.mark.parametrize(("number", "place"), list(enumerate(PLACES, 1)))
def test_control_and_a_digit_go_to_a_page(open_window, number, place):
    driver = open_window()
    driver.wait(driver.window.isActiveWindow)
    QTest.keyClick(driver.window, getattr(Qt.Key, f"Key_{number}"), CONTROL)
    assert driver.window.current == place.key
    assert driver.window.rail.buttons[place.key].isChecked()


def test_two_windows_on_one_home_keep_each_others_settings(open_window):
    one, other = open_window(page="settings").window, open_window(page="settings").window
    one.settings.theme = "dark"
    one.close()
    other.go("data")
    other.close()
    found = settings.load()[0]
    assert (found.theme, found.page) == ("dark", "data")


def test_settings_that_another_window_holds_for_a_moment_are_written_later(open_window, monkeypatch):
    monkeypatch.setattr(window_module, "SAVE_MS", 20)
    driver = open_window(page="settings")
    tries = []
    with locks.alone(places.config() / "settings.lock", UserError("test.busy", "busy", "")):
        driver.window.settings.theme = "dark"
        save = settings.save
        monkeypatch.setattr(settings, "save", lambda *given: tries.append(1) or save(*given))
        driver.wait(lambda: len(tries) > 1)
    driver.wait(lambda: settings.load()[0].theme == "dark")
    assert driver.window.notices.find("error") is None


def test_a_click_on_the_rail_goes_to_a_page(open_window):
    driver = open_window()
    QTest.mouseClick(driver.window.rail.buttons["presets"], Qt.MouseButton.LeftButton)
    assert driver.window.current == "presets"


@pytest.mark.parametrize("page", ["train", "runs", "settings"])
def test_escape_asks_before_it_stops_and_escape_again_goes_on(open_window, page):
    driver = open_window("rate=40")
    driver.wait_ready()
    driver.train_to_steps()
    driver.window.go(page)
    driver.window.setFocus()
    QTest.keyClick(driver.window, Qt.Key.Key_Escape)
    card = driver.window.notices.find("stop")
    assert isinstance(card, ConfirmCard)
    assert driver.supervisor.stop_words == ""
    QTest.keyClick(card, Qt.Key.Key_Escape)
    assert driver.window.notices.find("stop") is None
    assert len(driver.supervisor.long_running) == 1


def test_control_and_enter_start_the_run_of_the_train_page(open_window):
    driver = open_window("rate=200", page="train")
    driver.wait_ready()
    driver.window.setFocus()
    QTest.keyClick(driver.window, Qt.Key.Key_Return, CONTROL)
    page = driver.window.page("train")
    driver.wait(lambda: isinstance(page.message, PlanCard))
    QTest.keyClick(page.message.buttons["start"], Qt.Key.Key_Space)
    driver.wait(lambda: page.run.running)


def test_the_status_line_is_there_on_every_page_while_a_run_is_under_way(open_window):
    driver = open_window("rate=40")
    driver.wait_ready()
    assert not driver.window.status.isVisible()
    driver.train_to_steps()
    for place in PLACES:
        driver.window.go(place.key)
        assert driver.window.status.stop.isVisible()
    driver.wait(lambda: "steps" in driver.window.status.counted.text())


def test_the_status_line_leads_to_the_finished_run(open_window):
    driver = open_window("rate=0,steps=20")
    driver.wait_ready()
    done = []
    driver.train(name="A quick one", on_done=lambda result, _blob: done.append(result))
    driver.wait(lambda: bool(done))
    assert driver.window.status.phase.text().startswith("Finished in")
    driver.window.status.show_run.click()
    assert driver.window.current == "runs"
    page = driver.window.page("runs")
    driver.wait(lambda: page.selected is not None and page.selected.id == done[0].run)


def test_the_title_says_how_far_a_run_is_and_how_it_ended_until_somebody_looks(open_window):
    driver = open_window("rate=100")
    driver.wait_ready()
    titles, done = [], []
    driver.window.windowTitleChanged.connect(titles.append)
    driver.train(on_done=lambda result, _blob: done.append(result))
    driver.wait(lambda: any(title.startswith("Training ") and "%" in title for title in titles))
    other = QWindow()
    other.show()
    other.requestActivate()
    driver.wait(other.isActive)
    driver.wait(lambda: bool(done))
    assert driver.window.windowTitle() == "Finished · FNet Studio"
    driver.window.activateWindow()
    driver.wait(lambda: driver.window.windowTitle() == "FNet Studio")
    shares = [int(title.split()[1]) for title in titles if title.startswith("Training ") and "%" in title]
    assert shares == sorted(shares)
    assert not any(title == following for title, following in pairwise(titles))


def test_a_stopped_run_goes_on_from_the_runs_page(open_window):
    driver = open_window("rate=40")
    driver.wait_ready()
    stopped = []
    driver.train_to_steps(on_stopped=stopped.append)
    driver.window.stopping.ask_stop()
    driver.window.notices.find("stop").buttons["keep"].click()
    driver.wait(lambda: bool(stopped))
    driver.window.show_run(stopped[0].run)
    driver.wait(lambda: driver.window.page("runs").details.resume.isVisible())
    QTest.mouseClick(driver.window.page("runs").details.resume, Qt.MouseButton.LeftButton)
    assert driver.window.current == "train"
    driver.wait(lambda: len(driver.supervisor.long_running) == 1)
    driver.wait(lambda: driver.window.page("train").run.running)


def test_a_failed_run_goes_on_from_the_runs_page_when_the_program_is_opened_again(open_window):
    driver = open_window("rate=200,oom@30")
    driver.wait_ready()
    failed = []
    driver.train(epochs="3", on_failed=failed.append)
    driver.wait(lambda: bool(failed))
    driver.window.close()
    (record,) = run_store.list_runs()[0]
    assert record.status == "failed"
    other = open_window("rate=200")
    other.wait_ready()
    other.window.show_run(record.id)
    details = other.window.page("runs").details
    other.wait(lambda: details.resume.isVisible())
    QTest.mouseClick(details.resume, Qt.MouseButton.LeftButton)
    assert other.window.current == "train"
    other.wait(lambda: run_store.read(record.id).status == "finished")


def test_page_and_size_are_remembered(open_window):
    """The offscreen screen is 800 pixels wide: a stored size is fitted into it, down to the smallest."""
    driver = open_window(page="presets")
    driver.window.resize(960, 700)
    driver.window.go("runs")
    driver.window.close()
    found, problem = settings.load()
    assert problem == ""
    assert found.page == "runs"
    other = open_window(page="")
    assert other.window.current == "runs"
    assert (other.window.width(), other.window.height()) == (960, 700)


def test_f9_hides_what_stands_beside_the_work_and_the_next_start_keeps_it_so(open_window):
    driver = open_window(page="explore")
    driver.wait_ready()
    driver.wait(lambda: driver.window.side is not None)
    page = driver.window.page("explore")
    QTest.keyClick(driver.window, Qt.Key.Key_F9)
    assert not page.answers.isVisible()
    driver.window.close()
    assert settings.load()[0].sides == {"explore": 0}
    other = open_window(page="explore")
    other.wait(lambda: other.window.side is not None)
    assert not other.window.page("explore").answers.isVisible()
    QTest.keyClick(other.window, Qt.Key.Key_F9)
    assert other.window.page("explore").answers.isVisible()
    other.window.go("settings")
    assert other.window.side is None
    QTest.keyClick(other.window, Qt.Key.Key_F9)


def test_a_hidden_recipe_comes_back_when_something_in_it_is_wrong(open_window):
    driver = open_window(page="train")
    driver.wait_ready()
    page = driver.window.page("train")
    editor = page.form.rows["training.batch_size"].editor
    editor.clear()
    QTest.keyClicks(editor, "99999")
    driver.window.side.switch()
    assert not page.form.isVisible()
    page.start_button.click()
    assert page.form.isVisible()


def test_f11_fills_the_screen_and_leaves_it(open_window):
    driver = open_window()
    QTest.keyClick(driver.window, Qt.Key.Key_F11)
    driver.wait(driver.window.isFullScreen)
    QTest.keyClick(driver.window, Qt.Key.Key_F11)
    driver.wait(lambda: not driver.window.isFullScreen())


def test_broken_settings_are_set_aside_and_reported_in_a_card(open_window, home):
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text("theme = \n")
    driver = open_window(page="")
    assert "set aside" in driver.window.notices.find("settings").message.text()


def test_a_worker_command_that_cannot_be_read_is_all_that_is_dropped_of_the_settings(open_window, home):
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text("worker_command = '\"unclosed'\n")
    card = open_window(page="", engine="").window.notices.find("settings")
    assert "The worker of this machine is used" in card.message.text()
    assert not [it for it in card.findChildren(QLabel) if "first start" in it.text()]


def test_the_theme_that_is_chosen_in_the_settings_is_shown_and_kept(open_window):
    driver = open_window()
    driver.wait(lambda: hasattr(driver.window.page("settings"), "themes"))
    before = driver.window.grab().toImage().pixelColor(600, 780).name()
    page = driver.window.page("settings")
    page.themes.button(2).click()
    assert driver.window.grab().toImage().pixelColor(600, 780).name() != before
    driver.window.close()
    assert settings.load()[0].theme == "dark"


def test_no_page_is_wider_than_the_smallest_window(open_window):
    driver = open_window()
    driver.window.resize(driver.window.minimumSize())
    for place in PLACES:
        driver.window.go(place.key)
        driver.qtbot.wait(20)
        frame = driver.window.stack.currentWidget()
        assert frame.horizontalScrollBar().maximum() == 0, place.key


def test_a_key_is_changed_in_the_settings_and_works_at_once_and_after_the_next_start(open_window):
    driver = open_window()
    driver.wait(driver.window.isActiveWindow)
    field = driver.window.page("settings").keys.fields["go-runs"]
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_1, CONTROL)  # taken: told so, and nobody goes anywhere
    driver.wait(lambda: "Go to Explore" in driver.window.page("settings").keys.trouble.text())
    assert driver.window.current == "settings"
    QTest.keyClick(field, Qt.Key.Key_J, CONTROL)
    driver.wait(lambda: driver.window.settings.keys == {"go-runs": "Ctrl+J"})
    assert driver.window.rail.buttons["runs"].toolTip() == "Runs (Ctrl+J)"
    driver.window.setFocus()
    QTest.keyClick(driver.window, Qt.Key.Key_3, CONTROL)
    assert driver.window.current == "settings"
    QTest.keyClick(driver.window, Qt.Key.Key_J, CONTROL)
    assert driver.window.current == "runs"
    driver.window.close()
    other = open_window()
    other.wait(other.window.isActiveWindow)
    QTest.keyClick(other.window, Qt.Key.Key_J, CONTROL)
    assert other.window.current == "runs"
