import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def opened(open_window):
    """Opens a window at a page, and its field by Ctrl+K."""

    def open_(page="settings"):
        driver = open_window(page=page)
        driver.wait_ready()
        driver.wait(driver.window.isActiveWindow)
        driver.wait(lambda: page in driver.window._pages)
        press(driver)
        return driver

    return open_


def press(driver):
    focused = driver.window.focusWidget() or driver.window
    QTest.keyClick(focused, Qt.Key.Key_K, CONTROL)
    assert driver.window._palette.isVisible()


def type_(driver, words):
    field = driver.window._palette.field
    field.clear()
    QTest.keyClicks(field, words)


def rows(driver):
    rows_of = driver.window._palette.list
    return [rows_of.item(number).text() for number in range(rows_of.count())]


def enter(driver):
    QTest.keyClick(driver.window._palette.field, Qt.Key.Key_Return)
    assert not driver.window._palette.isVisible()


def test_a_page_is_opened_by_a_part_of_its_name(opened):
    driver = opened()
    type_(driver, "pres")
    enter(driver)
    assert driver.window.current == "presets"


def test_it_opens_over_a_text_that_is_being_typed_and_escape_goes_back_there(opened):
    driver = opened("explore")
    QTest.keyClick(driver.window._palette.field, Qt.Key.Key_Escape)
    text = driver.window.page("explore").sentence.box
    text.setFocus()
    before = text.toPlainText()
    press(driver)
    assert not text.hasFocus()
    QTest.keyClick(driver.window._palette.field, Qt.Key.Key_Escape)
    assert not driver.window._palette.isVisible()
    assert driver.window.focusWidget() is text
    assert text.toPlainText() == before


def test_a_button_of_the_page_is_pressed_and_one_that_is_off_is_not_offered(opened):
    driver = opened("train")
    form = driver.window.page("train").form
    type_(driver, "reset all")
    assert "Reset all" not in rows(driver)
    type_(driver, "copy as command")
    enter(driver)
    assert form.picker.copy.text() == "Copied"


def test_a_tab_that_is_scrolled_away_is_turned_to(opened):
    driver = opened("explore")
    driver.window.resize(driver.window.minimumSize())
    type_(driver, "impulse")
    enter(driver)
    tabs = driver.window.page("explore").pictures.tabs
    assert tabs.tabText(tabs.currentIndex()) == "Impulse"


def test_a_recipe_fills_the_form(opened):
    driver = opened()
    type_(driver, "example: trans")
    enter(driver)
    assert driver.window.current == "train"
    assert driver.window.page("train").form.picker.current.key == "imdb-transformer"


def test_a_preset_is_explored_and_a_run_opened(opened):
    driver = opened()
    done = []
    driver.train(name="A quick one", epochs="1", on_done=lambda result, _blob: done.append(result))
    driver.wait(lambda: bool(done))
    QTest.keyClick(driver.window._palette.field, Qt.Key.Key_Escape)
    press(driver)
    type_(driver, "quick one")
    driver.wait(lambda: "A quick one" in rows(driver))
    enter(driver)
    page = driver.window.page("runs")
    driver.wait(lambda: page.selected is not None and page.selected.id == done[0].run)
    press(driver)
    type_(driver, "fnet_mini")
    driver.wait(lambda: "fnet_mini_en" in rows(driver))
    enter(driver)
    assert driver.window.current == "explore"
    driver.wait(lambda: driver.window.page("explore").preset == "fnet_mini_en")


def test_a_theme_is_chosen_from_any_page_and_the_settings_say_so(opened):
    driver = opened("runs")
    driver.window.themes.set_choice("light")
    type_(driver, "theme dark")
    enter(driver)
    assert driver.window.themes.current.dark
    assert driver.window.settings.theme == "dark"
    assert driver.window.page("settings").themes.button(2).isChecked()


def test_arrows_choose_and_what_fits_nothing_is_said_and_does_nothing(opened):
    driver = opened()
    palette = driver.window._palette
    type_(driver, "page ctrl")
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentRow() == 1
    assert palette.field.accessibleDescription().startswith(rows(driver)[1])
    type_(driver, "xyzzy")
    assert rows(driver) == []
    assert "xyzzy" in palette.nothing.text()
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    assert driver.window.current == "settings"


def test_a_click_elsewhere_closes_it_and_the_rail_opens_it(opened):
    driver = opened("runs")
    driver.window.page("runs").setFocus()
    driver.window.rail.buttons["runs"].setFocus()
    assert not driver.window._palette.isVisible()
    QTest.mouseClick(driver.window.rail.find, Qt.MouseButton.LeftButton)
    assert driver.window._palette.isVisible()
    assert driver.window.current == "runs"


def test_what_an_arrow_chose_stays_chosen_while_runs_come_in_and_the_keyboard_s_old_place_may_go(opened):
    driver = opened()
    palette = driver.window._palette
    type_(driver, "page ctrl")
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    chosen = palette.list.currentItem().text()
    palette._runs.changed.emit()
    assert palette.list.currentItem().text() == chosen
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    gone = QPushButton(driver.window)
    gone.show()
    gone.setFocus()
    press(driver)
    shiboken6.delete(gone)
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()


@pytest.mark.parametrize("goes", [shiboken6.delete, lambda button: button.setEnabled(False)])
def test_a_button_that_went_while_the_list_was_open_is_said_to_be_gone(opened, goes):
    driver = opened()
    QTest.keyClick(driver.window._palette.field, Qt.Key.Key_Escape)
    pressed = []
    button = QPushButton("Short-lived", driver.window.page("settings"))
    button.clicked.connect(lambda: pressed.append(1))
    button.show()
    press(driver)
    type_(driver, "short-lived")
    goes(button)
    enter(driver)
    assert "“Short-lived” is not there any more" in driver.window.notices.find("error").message.text()
    assert pressed == []
