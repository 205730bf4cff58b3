"""The surprise of a sentence, asked for a few tokens at a time, so that it fills in as it comes and ends at once."""

import math
from typing import Any

from PySide6.QtCore import QObject, Signal

from fnet_studio.core import protocol
from fnet_studio.core.answer_tables import bits
from fnet_studio.ui import timers
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.widgets.figures import nats

PAUSE_MS = 350
AT_A_TIME = 16
"""Tokens in one question: one to three seconds of a base-size preset, milliseconds of a small one."""


class Sweep(QObject):
    """Follows the focus while it is switched on. A change of text ends it, and what was known is forgotten."""

    changed = Signal()

    def __init__(self, supervisor: Any, focus: Focus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._focus = focus
        self._newest = NewestOnly(supervisor, stop_older=True)
        self._key: tuple = ()
        self._missing: list[int] = []
        self.on = False
        self.tokens: dict[int, protocol.TokenSurprise] = {}
        self.problem = ""
        self._pause = timers.once(self, PAUSE_MS)
        self._pause.timeout.connect(self._begin)
        focus.sentence_changed.connect(self._look)

    @property
    def bits(self) -> dict[int, float] | None:
        """By position, of what is known; None while it is switched off."""
        return {at: bits(token.log_probability) for at, token in self.tokens.items()} if self.on else None

    @property
    def words(self) -> str:
        """How far it is, or what it adds up to."""
        if not self.on or not self._key:
            return ""
        if self.problem:
            return self.problem
        known, left = len(self.tokens), len(self._missing)
        if left or not known:
            return f"Surprise: {known} of {known + left} tokens …" if known else "Surprise: every token in turn …"
        total = math.fsum(token.log_probability for token in self.tokens.values())
        most = max(self.tokens.values(), key=lambda token: -token.log_probability)
        token = self._key[2].tokens[most.position]
        written = self._focus.text[token.begin : token.end].strip() or token.piece
        return (
            f"Pseudo-log-likelihood {nats(total)} nats, {bits(total) / known:.1f} bits a token. Most surprising: "
            f"“{written}”, {bits(most.log_probability):.1f} bits; the model would say “{most.best.text}”."
        )

    def switch(self, on: bool) -> None:
        self.on = on
        self._key = ()
        self._forget()
        if on:
            self._look(pause_ms=0)
        self.changed.emit()

    def _forget(self) -> None:
        self._newest.forget()
        self._pause.stop()
        self.tokens, self._missing, self.problem = {}, [], ""

    def _look(self, pause_ms: int = PAUSE_MS) -> None:
        focus = self._focus
        key = (focus.preset, focus.text, focus.tokenized) if focus.tokenized is not None else ()
        if not self.on or key == self._key:
            return
        self._key = key
        self._forget()
        if key:
            self._pause.start(pause_ms)
        self.changed.emit()

    def _begin(self) -> None:
        if not self._key or self._focus.loaded is None:
            return
        if self._focus.loaded.head == "none":
            self.problem = "No surprise without a head for predicting words."
        else:
            tokens = self._key[2].tokens
            self._missing = [index for index, token in enumerate(tokens) if not token.special]
            self._next()
        self.changed.emit()

    def _next(self) -> None:
        if self._missing:
            preset, text, _ = self._key
            command = protocol.Surprise(preset, text, tuple(self._missing[:AT_A_TIME]))
            self._newest.ask(command, self._has_some, self._failed)

    def _has_some(self, told: protocol.Surprises, _: bytes) -> None:
        found = {token.position: token for token in told.tokens}
        self.tokens |= found
        self._missing = [position for position in self._missing if position not in found]
        self._next()
        self.changed.emit()

    def _failed(self, failed: protocol.Failed) -> None:
        self._missing = []
        self.problem = "" if failed.kind == "worker.lost" else f"No surprise: {failed.message}"
        self.changed.emit()
