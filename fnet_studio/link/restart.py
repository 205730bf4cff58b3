"""When a worker that ended is started again without asking."""

from typing import Literal

Decision = Literal["restart", "ask", "nothing"]


class RestartPolicy:
    """By itself only when it was idle, and at most `limit` times within `window_s`: a worker that dies at once would
    die for ever, and work that was under way belongs to the user to resume."""

    def __init__(self, limit: int = 3, window_s: float = 300.0) -> None:
        self._limit = limit
        self._window_s = window_s
        self._restarted_s: list[float] = []

    def decide(self, now_s: float, *, was_busy: bool, asked: bool = False) -> Decision:
        """now_s: any monotonic clock. asked: the exit was wanted. `restart` counts as one."""
        if asked:
            return "nothing"
        self._restarted_s = [at for at in self._restarted_s if now_s - at < self._window_s]
        if was_busy or len(self._restarted_s) >= self._limit:
            return "ask"
        self._restarted_s.append(now_s)
        return "restart"

    def reset(self) -> None:
        """The user restarted it by hand: count anew."""
        self._restarted_s.clear()
