"""The thread that says twice a second that the process lives, and whether its work moves."""

import threading
from collections.abc import Callable

import psutil

from fnet_studio.core import protocol
from fnet_studio.worker.outbox import Outbox

EVERY_S = 0.5


class Heart(threading.Thread):
    def __init__(self, outbox: Outbox, busy_with: Callable[[], int], device_memory_bytes: Callable[[], int]) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._outbox = outbox
        self._busy_with = busy_with
        self._device_memory_bytes = device_memory_bytes
        self._process = psutil.Process()
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(EVERY_S):
            self._outbox.beat(
                protocol.Heartbeat(
                    moved=self._outbox.moved,
                    memory_bytes=self._process.memory_info().rss,
                    device_memory_bytes=self._device_memory_bytes(),
                    busy_with=self._busy_with(),
                )
            )

    def stop(self) -> None:
        self._ended.set()
