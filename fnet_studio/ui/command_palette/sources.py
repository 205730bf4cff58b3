"""Where the commands come from: the buttons and tabs in sight, the pages, and what there is to open."""

from collections.abc import Iterable, Iterator
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QPushButton, QRadioButton, QTabBar, QWidget
from shiboken6 import isValid

from fnet_studio.core.catalogue import Entry
from fnet_studio.core.errors import UserError
from fnet_studio.ui.command_palette.commands import Command
from fnet_studio.ui.itemmodels.runs import STATUSES, TASKS, when
from fnet_studio.ui.parts import bring_into_view
from fnet_studio.ui.rail import PLACES
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.settings_page import THEMES
from fnet_studio.ui.train.known_recipes import KnownRecipe


def in_sight(*places: QWidget) -> Iterator[Command]:
    """Each button that could be pressed now and each tab that could be turned to, scrolled away or not."""
    for place in places:
        for button in place.findChildren(QAbstractButton):
            if isinstance(button, QPushButton | QCheckBox | QRadioButton) and _usable(button) and button.text():
                yield _press(button)
        for tabs in place.findChildren(QTabBar):
            for number in range(tabs.count()) if _usable(tabs) else ():
                if tabs.isTabEnabled(number) and number != tabs.currentIndex():
                    yield _turn(tabs, number)


def pages(window: Any) -> Iterator[Command]:
    for place in PLACES:
        if place.key != window.current:
            kind = _kind(window, "Page", f"go-{place.key}")
            yield Command(place.words, kind, place.icon, lambda key=place.key: window.go(key))


def presets(window: Any, entries: Iterable[Entry]) -> Iterator[Command]:
    for entry in entries:
        if entry.usable:
            yield Command(
                entry.title, "Preset · explore with it", "boxes", lambda key=entry.key: window.explore_with(key)
            )


def recipes(window: Any, known: Iterable[KnownRecipe]) -> Iterator[Command]:
    def begin(recipe: KnownRecipe) -> None:
        window.go("train")
        window.page("train").show_form().begin_with(recipe)

    for recipe in known:
        yield Command(recipe.title, f"Recipe · {recipe.line}", "graduation-cap", lambda recipe=recipe: begin(recipe))


def looks(window: Any) -> Iterator[Command]:
    """The page's side, the full screen, and the themes from any page; the settings, which own that choice, have buttons
    for it."""

    def choose(place: int) -> None:
        window.page("settings").themes.button(place).click()

    if window.side is not None:
        yield Command(window.side.switch_words, _kind(window, "Look", "side"), "eye", window.side.switch)
    full = "Leave the full screen" if window.isFullScreen() else "Full screen"
    yield Command(full, _kind(window, "Look", "full-screen"), "eye", window.switch_full_screen)
    for place, (key, words) in enumerate(THEMES):
        if window.current != "settings" and key != window.themes.choice:
            yield Command(f"Theme: {words.lower()}", "Look", "eye", lambda place=place: choose(place))


def runs(window: Any, entries: Iterable[RunEntry]) -> Iterator[Command]:
    for entry in entries:
        record = entry.record
        told = (TASKS.get(str(record.recipe.get("task")), record.task), STATUSES[record.status].words)
        line = " · ".join(("Run", *told, when(record.began)))
        yield Command(entry.name, line, "history", lambda run=entry.id: window.show_run(run))


def _kind(window: Any, kind: str, name: str) -> str:
    """With the key, if there is one."""
    return " · ".join(filter(None, (kind, window.keys.words(name))))


def _usable(widget: QWidget) -> bool:
    return isValid(widget) and widget.isVisible() and widget.isEnabled()


def _require(widget: QWidget, words: str) -> None:
    """A run may end while the list is open, and its Stop with it."""
    if not _usable(widget):
        advice = "It went or was switched off after the list was opened. The list shows what can be done now."
        raise UserError("command.gone", f"“{words}” is not there any more.", advice)


def _press(button: QAbstractButton) -> Command:
    words = button.text().replace("&", "")
    if button.isCheckable() and not isinstance(button, QPushButton):
        kind, icon = "Setting · on" if button.isChecked() else "Setting · off", "sliders-horizontal"
    else:
        kind, icon = "Button", "chevron-right"

    def press() -> None:
        _require(button, words)
        button.setFocus()
        bring_into_view(button)
        if isinstance(button, QPushButton) and button.menu() is not None:
            QTimer.singleShot(0, button, button.showMenu)
        else:
            button.click()

    return Command(words, " · ".join(filter(None, (kind, _told(button)))), icon, press)


def _turn(tabs: QTabBar, number: int) -> Command:
    def turn() -> None:
        _require(tabs, words)
        tabs.setFocus()
        bring_into_view(tabs)
        tabs.setCurrentIndex(number)

    words = tabs.tabText(number).replace("&", "")
    line = " · ".join(filter(None, ("Tab", tabs.tabToolTip(number))))
    return Command(words, line, "layers", turn)


def _told(button: QAbstractButton) -> str:
    """Buttons with one word may say more to a screen reader than to the eye: `Open the folder: Runs`."""
    return button.accessibleName() or button.toolTip().split("\n")[0]
