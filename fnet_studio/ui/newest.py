"""Asking while somebody types: one question at a time, and only the newest answer counts."""

from collections.abc import Callable
from typing import Any

from fnet_studio.core import protocol

Answered = Callable[[Any, bytes], None]


class NewestOnly:
    """Owns at most one outstanding command. A newer one waits for it, replaces any that waited, and makes the answer
    of the older one of no account: it is neither shown nor reported."""

    def __init__(self, supervisor: Any, *, stop_older: bool = False) -> None:
        """stop_older: the questions may take seconds; one whose answer is no longer wanted is stopped in the worker."""
        self._supervisor = supervisor
        self._stop_older = stop_older
        self._id = 0
        self._outstanding = 0
        self._serial = 0
        self._waiting: tuple | None = None

    @property
    def busy(self) -> bool:
        return self._outstanding != 0

    @property
    def id(self) -> int:
        """Of the outstanding command that was not given up, else 0."""
        return self._id

    def ask(
        self,
        command: protocol.Command,
        on_done: Answered,
        on_failed: Callable[[protocol.Failed], None],
    ) -> None:
        self._waiting = (command, on_done, on_failed)
        if self.busy:
            self._stop()
        else:
            self._send()

    def forget(self) -> None:
        """What was asked is no longer wanted: its answer will be passed over."""
        self._waiting = None
        self._serial += 1
        self._stop()

    def _stop(self) -> None:
        if self._stop_older and self._id:
            self._supervisor.ask(protocol.Stop(self._id))
            self._id = 0

    def _send(self) -> None:
        if self._waiting is None:
            return
        command, on_done, on_failed = self._waiting
        self._waiting = None
        self._serial += 1
        mine = self._outstanding = self._serial

        def ended(deliver: Callable[[], None]) -> None:
            if self._outstanding != mine:
                return
            self._outstanding = self._id = 0
            if self._waiting is not None:
                self._send()
            elif self._serial == mine:
                deliver()

        self._id = self._supervisor.ask(
            command,
            on_done=lambda result, blob: ended(lambda: on_done(result, blob)),
            on_failed=lambda failed: ended(lambda: on_failed(failed)),
            on_stopped=lambda *_: ended(lambda: None),
        )
