"""The keys that can be changed: which there are, which were chosen, and what they do where they are bound."""

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from fnet_studio.core.errors import UserError
from fnet_studio.core.settings import Settings
from fnet_studio.ui.parts import with_key
from fnet_studio.ui.rail import PLACES


class Key(NamedTuple):
    words: str
    usual: str
    """As Qt writes it on every system."""


KEYS = {
    **{f"go-{place.key}": Key(f"Go to {place.words}", f"Ctrl+{number}") for number, place in enumerate(PLACES, 1)},
    "find": Key("Find anything by its name", "Ctrl+K"),
    "refresh": Key("Read the page's files again", "F5"),
    "side": Key("Hide or show what stands beside the work", "F9"),
    "full-screen": Key("Full screen", "F11"),
    "pause": Key("Train: hold the run, or let it go on", "Ctrl+P"),
    "free": Key("Train: pause and free the memory", "Ctrl+Shift+P"),
    "checkpoint": Key("Train: save all of the run now", "Ctrl+Shift+S"),
    "evaluate": Key("Train: measure the model now", "Ctrl+E"),
}
FIXED = {
    **dict.fromkeys(("Ctrl+Return", "Ctrl+Enter"), "the page's main button"),
    **dict.fromkeys(("Ctrl+Tab", "Ctrl+Shift+Tab"), "the next tab"),
    **dict.fromkeys(("Alt+Up", "Alt+Down"), "the order of the queue"),
    **dict.fromkeys(("Ctrl+A", "Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+Y", "Ctrl+Z", "Ctrl+Shift+Z"), "editing texts"),
    "F1": "the explanation of a picture",
    "Alt+F4": "closing the window",
}
"""By key, whose it is for good."""
MODIFIERS = (Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.MetaModifier)


class Keys(QObject):
    """`Settings.keys` holds those that differ from the usual ones, `""` for none."""

    changed = Signal()

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        while wrong := next((name for name in settings.keys if not self._holds(name)), ""):
            del settings.keys[wrong]  # written by hand, or by another version

    def of(self, name: str) -> QKeySequence:
        return QKeySequence(self._settings.keys.get(name, KEYS[name].usual))

    def words(self, name: str) -> str:
        """As this system's own menus write it."""
        return self.of(name).toString(QKeySequence.SequenceFormat.NativeText)

    def choose(self, name: str, sequence: QKeySequence) -> None:
        """Empty: no key. UserError `keys.taken` or `keys.plain`; then nothing has changed."""
        text = self._checked(name, sequence)
        if text == self._text(name):
            return
        others = {key: value for key, value in self._settings.keys.items() if key != name}
        self._settings.keys = others if text == KEYS[name].usual else {**others, name: text}
        self.changed.emit()

    def reset(self) -> None:
        """All as usual."""
        self._settings.keys = {}
        self.changed.emit()

    def bind(self, name: str, widget: QWidget, do: Callable[[], object], *, page: bool = False) -> None:
        """page: only while the widget or something in it has the focus."""
        shortcut = QShortcut(self.of(name), widget)
        if page:
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(do)
        self.changed.connect(lambda: shortcut.setKey(self.of(name)))

    def follow(self, name: str, tell: Callable[[str], object]) -> None:
        """Tell what the key is called, now and whenever it changes."""
        tell(self.words(name))
        self.changed.connect(lambda: tell(self.words(name)))

    def tip(self, name: str, *widgets: QWidget) -> None:
        """Let their tooltips name the key."""
        tips = [(widget, widget.toolTip()) for widget in widgets]

        def tell(key: str) -> None:
            for widget, tip in tips:
                widget.setToolTip(with_key(tip, key))

        self.follow(name, tell)

    def _text(self, name: str) -> str:
        return self.of(name).toString(QKeySequence.SequenceFormat.PortableText)

    def _holds(self, name: str) -> bool:
        try:
            return name in KEYS and self._checked(name, self.of(name)) == self._settings.keys[name]
        except UserError:
            return False

    def _checked(self, name: str, sequence: QKeySequence) -> str:
        text = sequence.toString(QKeySequence.SequenceFormat.PortableText)
        if not text:
            return ""
        pressed, called = sequence[0], sequence.toString(QKeySequence.SequenceFormat.NativeText)
        function = Qt.Key.Key_F1 <= pressed.key() <= Qt.Key.Key_F35
        if sequence.count() > 1 or not (function or any(pressed.keyboardModifiers() & one for one in MODIFIERS)):
            raise UserError(
                "keys.plain",
                f"{called} alone would be typed into texts.",
                "Press it together with Ctrl or Alt, or take one of the keys F2 to F12.",
            )
        others = (key.words for one, key in KEYS.items() if one != name and self.of(one) == sequence)
        other = FIXED.get(text) or next(others, "")
        if other:
            raise UserError(
                "keys.taken",
                f"{called} is taken: {other}.",
                "Press another one, or change that one first.",
            )
        return text
