"""How fast something arrives, and how long the rest will take: of the last seconds, since networks change."""

import time
from collections import deque

WINDOW_S = 5.0


class Pace:
    """Told (done, in all) now and then; counts only what came since it was made."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self.rate_per_s = 0.0
        self.left_s = -1.0
        """-1 while unknown."""

    def tell(self, done: int, total: int, now_s: float | None = None) -> None:
        now = time.monotonic() if now_s is None else now_s
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()  # it begins anew
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - WINDOW_S:
            self._seen.popleft()
        began, first = self._seen[0]
        took = now - began
        self.rate_per_s = (done - first) / took if took > 0 else 0.0
        self.left_s = (total - done) / self.rate_per_s if self.rate_per_s > 0 and total else -1.0
