"""Where sentences come from: the examples, and what was tried before."""

import time
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.examples import Example, read_examples
from fnet_studio.core.history import History, Prompt
from fnet_studio.ui import parts, timers

SHOWN = 20
"""Prompts without a pin in the menu."""
LONGEST = 64
DWELL_MS = 2000
"""An answer that stood this long is a prompt to remember; what was passed on the way while typing is not."""


class ExamplesButton(QPushButton):
    chosen = Signal(object)
    """A `core.examples.Example`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Examples", parent)
        self.setToolTip("Sentences worth a try")
        self.examples: tuple[Example, ...] = read_examples().example
        menu = QMenu(self)
        for example in self.examples:
            action = menu.addAction(example.text)
            action.setToolTip(example.shows)
            action.setStatusTip(example.shows)
            action.triggered.connect(lambda _=False, example=example: self.chosen.emit(example))
        menu.setToolTipsVisible(True)
        self.setMenu(menu)


class HistoryButton(QPushButton):
    """Owns the history of prompts."""

    chosen = Signal(object)
    """A `core.history.Prompt`."""
    failed = Signal(object)
    """A protocol.Failed: the history could not be read or written."""

    def __init__(self, themes: Any, parent: QWidget | None = None) -> None:
        super().__init__("History", parent)
        parts.follow_icon(self, themes, "history")
        self.setToolTip("Sentences that were tried before, and pinned ones")
        self.history = History()
        self._now: Prompt | None = None
        self._dwell = timers.once(self, DWELL_MS)
        self._dwell.timeout.connect(self.remember)
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._menu.aboutToShow.connect(self.fill)
        self.setMenu(self._menu)

    def see(self, prompt: Prompt | None) -> None:
        """What is on the page now, answered; None when there is no answer to it."""
        self._now = prompt
        if prompt is None:
            self._dwell.stop()
        else:
            self._dwell.start()

    def remember(self) -> None:
        self._dwell.stop()
        now = self._now
        if now is not None:
            self._write(lambda: self.history.add(_dated(now)))

    def fill(self) -> None:
        """Make the menu anew, from what is kept now."""
        self.remember()
        menu = self._menu
        menu.clear()
        current = next((it for it in self.history.prompts if self._now is not None and _same(it, self._now)), None)
        words = "Unpin this sentence" if current is not None and current.pinned else "Pin this sentence"
        pin = menu.addAction(words, lambda: self._pin(current))
        forget = menu.addAction("Forget this sentence", lambda: self._forget(current))
        for action in (pin, forget):
            action.setEnabled(current is not None)
        clear = menu.addAction("Forget all that are not pinned", lambda: self._write(self.history.clear))
        clear.setEnabled(any(not it.pinned for it in self.history.prompts))
        pinned = [it for it in self.history.prompts if it.pinned]
        loose = [it for it in self.history.prompts if not it.pinned][:SHOWN]
        for title, prompts in (("Pinned", pinned), ("Newest first", loose)):
            if prompts:
                menu.addSeparator()
                menu.addAction(title).setEnabled(False)
            for prompt in prompts:
                action = menu.addAction(_line(prompt))
                best = f" It said: {', '.join(prompt.best)}." if prompt.best else ""
                action.setToolTip(f"{prompt.text}\nPreset {prompt.preset}.{best}")
                action.triggered.connect(lambda _=False, prompt=prompt: self.chosen.emit(prompt))
        if not self.history.prompts:
            menu.addSeparator()
            menu.addAction("What you try will be here").setEnabled(False)

    def _pin(self, prompt: Prompt | None) -> None:
        if prompt is not None:
            self._write(lambda: self.history.pin(prompt, not prompt.pinned))

    def _forget(self, prompt: Prompt | None) -> None:
        if prompt is not None:
            self._now = None
            self._write(lambda: self.history.remove(prompt))

    def _write(self, do: Any) -> None:
        try:
            do()
        except UserError as error:
            self.failed.emit(protocol.Failed(error.kind, error.message, error.advice))


def _dated(prompt: Prompt) -> Prompt:
    return Prompt(prompt.text, prompt.preset, prompt.spans, prompt.best, time.time())


def _same(one: Prompt, other: Prompt) -> bool:
    return (one.text, one.preset, one.spans) == (other.text, other.preset, other.spans)


def _line(prompt: Prompt) -> str:
    """The sentence with its hidden words as masks, cut to fit, and what came first."""
    text = prompt.text
    for begin, end in sorted(prompt.spans, reverse=True):
        text = f"{text[:begin]}[MASK]{text[end:]}"
    text = text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} …"
    best = f"  →  {', '.join(prompt.best)}" if prompt.best else ""
    return f"{text}{best}".replace("&", "&&")
