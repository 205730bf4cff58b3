"""The tour of the Settings page, and of the field that finds commands."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fnet_studio.ui.hand import CONTROL, Hand


def see_settings(hand: Hand) -> None:
    window = hand.window
    hand.say("\nSettings")
    hand.go("settings")
    page = window.page("settings")
    hand.click(page.check)
    hand.wait(lambda: page.health.count() > 0, "the machine can be checked", 60)
    hand.say("        " + ", ".join(fact.accessibleName() for fact in page.facts_of(page.health)))
    hand.snap("6-settings")
    hand.click(page.themes.button(2))
    hand.expect(window.themes.current.name == "dark", "the dark theme is shown at once")
    hand.click(page.themes.button(1))
    hand.expect(window.themes.current.name == "light", "and the light one")


def see_find(hand: Hand) -> None:
    window = hand.window
    hand.say("\nFind")
    hand.key(Qt.Key.Key_K, CONTROL)
    field = window.focusWidget()
    hand.snap("7-find")
    QTest.keyClicks(field, "mini")
    hand.settle()
    hand.snap("7-find-preset")
    hand.key(Qt.Key.Key_Return)
    hand.expect(window.current == "explore", "a preset that was typed is explored")
