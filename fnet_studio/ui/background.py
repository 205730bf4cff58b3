"""Reading and writing beside the event loop: a thread does the work, the window gets what came of it."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from fnet_studio.core.errors import Stopped, UserError

STOPPED = "task.stopped"
TELL_S = 0.05


class Progress(QObject):
    """What a thread tells of its work, and how it is told to stop. Called with (done, in all)."""

    moved = Signal(float)
    """The share that is done, at most twenty times a second."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stopped = False
        self._told_at = 0.0

    def stop(self) -> None:
        self._stopped = True

    def asked_to_stop(self) -> bool:
        """For work that raises Stopped by itself."""
        return self._stopped

    def __call__(self, done: int, total: int) -> None:
        """UserError `task.stopped` once somebody asked for it."""
        if self._stopped:
            raise UserError(STOPPED, "It was stopped.", "Nothing was written.")
        now = time.monotonic()
        if now - self._told_at >= TELL_S:
            self._told_at = now
            self.moved.emit(done / max(total, 1))


class CommandProgress(Progress):
    """Of a command at the worker: Stop asks for its end."""

    def __init__(self, on_stop: Callable[[], object], parent: Any) -> None:
        super().__init__(parent)
        self._on_stop = on_stop

    def stop(self) -> None:
        super().stop()
        self._on_stop()


class Background(QObject):
    """Owns the questions that are still open. Work must not touch widgets."""

    _ended = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._open: dict[int, tuple[str, Callable[[Any], object], Callable[[UserError], object] | None]] = {}
        self._ended.connect(self._deliver)

    @property
    def busy(self) -> bool:
        return bool(self._open)

    def run(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[UserError], object] | None = None,
        key: str = "",
    ) -> None:
        """done gets what work returns, failed the UserError that it raises, both on the window's thread. key: a later
        question of the same key takes the place of an earlier one, whose answer is then passed over."""
        if key:
            self._open = {number: one for number, one in self._open.items() if one[0] != key}
        number = next(self._numbers)
        self._open[number] = (key, done, failed)
        threading.Thread(target=self._work, args=(number, work), daemon=True, name=f"background {key}").start()

    def _work(self, number: int, work: Callable[[], Any]) -> None:
        result, error = None, None
        try:
            result = work()
        except UserError as raised:
            error = raised
        except Stopped:
            error = UserError(STOPPED, "It was stopped.", "What has arrived is kept.")
        except Exception as raised:
            error = UserError("background.failed", f"Something went wrong: {raised!r}.", "Try again.")
        with contextlib.suppress(RuntimeError):  # the window has been closed meanwhile
            self._ended.emit(number, result, error)

    def _deliver(self, number: int, result: Any, error: UserError | None) -> None:
        _, done, failed = self._open.pop(number, ("", None, None))
        if done is None:
            return
        if error is None:
            done(result)
        elif failed is not None:
            failed(error)
