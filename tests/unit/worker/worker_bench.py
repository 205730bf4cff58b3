"""A dispatcher with an engine that does what a test tells it, and ears for what comes out."""

import threading
import time
from collections.abc import Callable

from fnet_studio.core import protocol
from fnet_studio.engine.job import Job
from fnet_studio.worker.dispatch import Dispatcher
from fnet_studio.worker.outbox import Outbox, Outgoing

PATIENCE_S = 20.0
LOADED = protocol.Loaded("p", 1, 1, 1, 1, 1, "none")
TOKENIZED = protocol.Tokenized((), 8, 8)
FINISHED = protocol.RunFinished("r", 0.1, 0.9, 1.0)


class ToldEngine:
    """Answers by functions that the test sets; `gate` holds back its start."""

    name = "told"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.started: Callable[[], protocol.Ready] = lambda: protocol.Ready((), {})
        self.answers: dict[type, Callable] = {
            protocol.Load: lambda command, job: (LOADED, b""),
            protocol.Tokenize: lambda command, job: (TOKENIZED, b""),
        }

    def start(self) -> protocol.Ready:
        self.gate.wait()
        return self.started()

    def device_memory_bytes(self) -> int:
        return 0

    def answer(self, command: protocol.Command, job: Job):
        return self.answers[type(command)](command, job)


class Bench:
    def __init__(self, engine: ToldEngine) -> None:
        self.engine = engine
        self.outbox = Outbox()
        self.dispatcher = Dispatcher(engine.name, lambda: engine, self.outbox, lambda code: None)
        self.heard: list[Outgoing] = []
        self._seq = 0
        self._id = 0

    def send(self, command: protocol.Command) -> int:
        self._seq += 1
        id = 0
        if not isinstance(command, protocol.Credit):
            self._id += 1
            id = self._id
        self.dispatcher.handle(protocol.Envelope(self._seq, id, command))
        return id

    def hello(self) -> int:
        return self.send(protocol.Hello())

    def reply(self, id: int) -> protocol.Reply:
        """Waits for the terminal reply of a command."""
        self.until(lambda: self.replies(id))
        return self.replies(id)[0]

    def replies(self, id: int) -> list:
        return [item.body for item in self.heard if item.reply_to == id and isinstance(item.body, protocol.Reply)]

    def events(self, kind: type) -> list:
        return [item.body for item in self.heard if isinstance(item.body, kind)]

    def until(self, true: Callable[[], object]) -> None:
        end_s = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end_s, f"still waiting; heard {self.heard}"
            self.heard += self.outbox.take()
            time.sleep(0.002)

    def close(self) -> None:
        """Ends the threads, so that no test leaves one behind."""
        self.engine.gate.set()
        self.send(protocol.Shutdown())
        while (items := self.outbox.wait()) is not None:
            self.heard += items


def until_stopped(command: protocol.Command, job: Job):
    """An answer that never comes of itself."""
    while True:
        job.check()
        time.sleep(0.002)
