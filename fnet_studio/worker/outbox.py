"""What waits to be sent, in three lanes, so that a window that is slow to read never slows the training.

Control: first in, first out, never dropped. Metrics: rows that become column batches, ten times a second, none
lost; progress and heartbeat ride along, the newest only. Frames: one slot a stream, the newest wins, sent only
on a credit. Whatever a job said before a control message of its own is sent before that message.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from fnet_studio.core import protocol

METRICS_EVERY_S = 0.1
ROWS_A_BATCH = 8192

Row = tuple[int | float, ...]
"""One value for each of `protocol.METRIC_COLUMNS`."""


class Outgoing(NamedTuple):
    body: protocol.Reply | protocol.Event
    reply_to: int = 0
    blob: bytes = b""


class Outbox:
    """Thread-safe; no method waits for the reader except `wait`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._control: deque[Outgoing] = deque()
        self._rows: dict[int, list[Row]] = {}
        self._progress: dict[int, protocol.Progress] = {}
        self._beat: protocol.Heartbeat | None = None
        self._frames: dict[str, Outgoing] = {}
        self._credits: dict[str, int] = {}
        self._watched: dict[str, protocol.Watch] = {}
        self._ticked_s = clock() - METRICS_EVERY_S
        self._closed = False
        self.exit_code: int = protocol.ExitCode.ENDED
        """What the process ends with once the box is closed and empty."""
        self.moved = 0
        """Counts work done: every row, progress, frame and event of a job."""

    # ------------------------------------------------------------------------------------ filling

    def put(self, body: protocol.Reply | protocol.Event, reply_to: int = 0, blob: bytes = b"") -> None:
        """The control lane. TypeError or msgspec.ValidationError for a body that the other side could not read,
        here, where the stack shows who made it."""
        protocol.check(body)
        with self._changed:
            self._seal(reply_to)
            self._control.append(Outgoing(body, reply_to, blob))
            self._changed.notify()

    def finish(self, reply: protocol.Reply, reply_to: int, blob: bytes = b"") -> None:
        """The last word on a command: what it left in the other lanes goes first, or not at all."""
        protocol.check(reply)
        with self._changed:
            self._seal(reply_to)
            for stream in [s for s, frame in self._frames.items() if frame.reply_to == reply_to]:
                frame = self._frames.pop(stream)
                if self._credits.get(stream, 0) > 0:
                    self._credits[stream] -= 1
                    self._control.append(frame)
            self._control.append(Outgoing(reply, reply_to, blob))
            self._changed.notify()

    def row(self, reply_to: int, row: Row) -> None:
        with self._changed:
            self._rows.setdefault(reply_to, []).append(row)
            self.moved += 1

    def progress(self, reply_to: int, progress: protocol.Progress) -> None:
        with self._changed:
            self._progress[reply_to] = progress
            self.moved += 1

    def beat(self, heartbeat: protocol.Heartbeat) -> None:
        with self._changed:
            self._beat = heartbeat

    def frame(self, reply_to: int, frame: protocol.Frame, atlas: bytes) -> None:
        protocol.check(frame)
        if len(atlas) != frame.maps.layers * frame.maps.rows * frame.maps.columns:
            raise ValueError(f"an atlas of {len(atlas)} bytes for {frame.maps}")
        with self._changed:
            self._frames[frame.stream] = Outgoing(frame, reply_to, bytes(atlas))
            self.moved += 1
            self._changed.notify()

    # ----------------------------------------------------------------------------------- watching

    def watch(self, watch: protocol.Watch) -> None:
        """A picture of the old size is dropped; credits given before still count, after a watch that ended too: whoever
        gave them cannot know whether a picture was on its way then."""
        with self._changed:
            self._frames.pop(watch.stream, None)
            if watch.rows > 0:
                self._watched[watch.stream] = watch
            else:
                self._watched.pop(watch.stream, None)

    def credit(self, stream: str) -> None:
        with self._changed:
            self._credits[stream] = self._credits.get(stream, 0) + 1
            self._changed.notify()

    def wanted(self, stream: str) -> protocol.Watch | None:
        with self._changed:
            free = self._credits.get(stream, 0) - (stream in self._frames)
            return self._watched.get(stream) if free > 0 else None

    # ----------------------------------------------------------------------------------- emptying

    def take(self) -> list[Outgoing]:
        """All that may be sent now, in order. Never waits."""
        with self._changed:
            if self._closed or self._clock() - self._ticked_s >= METRICS_EVERY_S:
                self._ticked_s = self._clock()
                for reply_to in list(self._rows.keys() | self._progress.keys()):
                    self._seal(reply_to)
                if self._beat is not None:
                    self._control.append(Outgoing(self._beat))
                    self._beat = None
            for stream in [s for s in self._frames if self._credits.get(s, 0) > 0]:
                self._credits[stream] -= 1
                self._control.append(self._frames.pop(stream))
            items = list(self._control)
            self._control.clear()
            return items

    def wait(self) -> list[Outgoing] | None:
        """Like `take`, but waits for something to send. None once the box is closed and empty."""
        while True:
            if items := self.take():
                return items
            with self._changed:
                if self._closed:
                    return None
                if not self._control:
                    self._changed.wait(METRICS_EVERY_S)

    def close(self) -> None:
        """Nothing more will be put in: `wait` ends when the rest is taken."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _seal(self, reply_to: int) -> None:
        rows = self._rows.pop(reply_to, [])
        for start in range(0, len(rows), ROWS_A_BATCH):
            columns = zip(*rows[start : start + ROWS_A_BATCH], strict=True)
            self._control.append(Outgoing(protocol.Metrics(*columns), reply_to))
        progress = self._progress.pop(reply_to, None)
        if progress is not None:
            self._control.append(Outgoing(progress, reply_to))
