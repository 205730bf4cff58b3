"""The real worker beside a window that does not read."""

import os
import select
import statistics
import subprocess
import time

from fnet_studio.core import protocol, recipe
from fnet_studio.link import command
from fnet_studio.link.session import Session, Told

WINDOW_S = 2.0
PAIRS = 5
ROUNDS = 3


class Reader:
    """A window made of one loop: it reads, paints (gives credit back) or does nothing, as it is told."""

    def __init__(self) -> None:
        wanted = command.local("jax")
        self.process = subprocess.Popen(
            wanted.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=wanted.full_environment(),
        )
        self.session = Session()
        self.rows: list[tuple[int, float]] = []
        """(step, seconds since the run began)"""
        self.began = 0.0
        """When the run began, on this process's clock."""
        self.frames = 0

    def send(self, body: protocol.Command) -> None:
        self.session.send(body)
        self.flush()

    def flush(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(self.session.take_outgoing())

    def read_for(self, seconds: float) -> None:
        assert self.process.stdout is not None
        until = time.time() + seconds
        while (left := until - time.time()) > 0:
            if select.select([self.process.stdout], [], [], min(left, 0.05))[0]:
                for happening in self.session.receive(os.read(self.process.stdout.fileno(), 1 << 20)):
                    if isinstance(happening, Told):
                        self.hear(happening.envelope)

    def hear(self, envelope: protocol.Envelope) -> None:
        if isinstance(envelope.body, protocol.Frame):
            self.frames += 1
            self.session.send(protocol.Credit("maps"))
            self.flush()
        if isinstance(envelope.body, protocol.Metrics):
            self.rows += zip(envelope.body.step, envelope.body.time_s, strict=True)
            if not self.began:
                self.began = envelope.time - envelope.body.time_s[-1]

    def steps_between(self, first: float, last: float) -> int:
        """Steps done in a span of the wall clock."""
        return sum(first <= self.began + at < last for _, at in self.rows)

    def stalled_over_read(self) -> float:
        """Steps in spans of not reading over steps in the spans of reading beside them: the median of some pairs."""
        spans = []
        for _ in range(PAIRS):
            began = time.time()
            self.read_for(WINDOW_S)
            between = time.time()
            time.sleep(WINDOW_S)
            spans.append((began, between, time.time()))
            self.read_for(0.5)  # what waited is read outside of both spans
        self.read_for(1.0)
        return statistics.median(self.steps_between(b, c) / max(1, self.steps_between(a, b)) for a, b, c in spans)


def test_a_stalled_window_slows_training_by_less_than_a_tenth():
    """A training that waits for its reader falls short in every round; a busy machine disturbs one."""
    reader = Reader()
    try:
        chosen = recipe.load(recipe.bundled("sample-quick"), {"training.epochs": "1000"})
        reader.send(protocol.Watch("maps", 96, 128))
        reader.send(protocol.Credit("maps"))
        reader.send(protocol.Train(recipe.to_mapping(chosen)))
        while len(reader.rows) < 50:
            reader.read_for(0.2)
            assert reader.session.closed is None
        ratios = []
        while len(ratios) < ROUNDS and max(ratios, default=0) <= 0.9:
            ratios.append(reader.stalled_over_read())
        assert max(ratios) > 0.9, f"steps while stalled over steps while read, in each round: {ratios}"
        assert [step for step, _ in reader.rows] == list(range(1, len(reader.rows) + 1)), "a step's metrics were lost"
        assert reader.frames > PAIRS
    finally:
        reader.process.kill()
        reader.process.communicate()
