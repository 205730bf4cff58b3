"""A scripted worker as a bare process, for tests that want the bytes."""

import contextlib
import os
import select
import subprocess
import time

from fnet_studio.core import protocol, recipe
from fnet_studio.link import command
from fnet_studio.link.session import Replied, Session, Told

PATIENCE_S = 30.0


def quick_recipe(**changes: str) -> dict:
    return recipe.to_mapping(recipe.load(recipe.bundled("sample-quick"), {"training.epochs": "2"} | changes))


class BareWorker:
    """Reads only when it is told to."""

    def __init__(self, script: str = "", *, pipe_bytes: int = 0) -> None:
        wanted = command.local("scripted", script)
        self.process = subprocess.Popen(
            wanted.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=wanted.full_environment(),
        )
        if pipe_bytes:
            import fcntl

            fcntl.fcntl(
                self.process.stdout,  # type: ignore[arg-type]
                fcntl.F_SETPIPE_SZ,
                pipe_bytes,
            )
        self.session = Session()
        self.happenings: list = []
        self.flush()

    def flush(self) -> None:
        data = memoryview(self.session.take_outgoing())
        while data:
            data = data[self.process.stdin.write(data) :]  # type: ignore[union-attr]

    def send(self, body: protocol.Command) -> int:
        id = self.session.send(body)
        self.flush()
        return id

    def read_for(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self._read(left_s)

    def read_until(self, true) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < until_s, f"still waiting after {self.happenings[-5:]}"
            self._read(0.1)

    def _read(self, wait_s: float) -> None:
        out = self.process.stdout
        assert out is not None
        if select.select([out], [], [], wait_s)[0]:
            self.happenings += self.session.receive(os.read(out.fileno(), 1 << 20))

    def reply(self, id: int) -> protocol.Reply:
        def found() -> list:
            return [it.reply for it in self.happenings if isinstance(it, Replied) and it.id == id]

        self.read_until(found)
        return found()[0]

    def events(self, kind: type) -> list:
        return [it.event for it in self.happenings if isinstance(it, Told) and isinstance(it.event, kind)]

    def rows(self) -> list[tuple[int, float]]:
        """(step, seconds since the run began)"""
        return [pair for m in self.events(protocol.Metrics) for pair in zip(m.step, m.time_s, strict=True)]

    def hung_at(self, step: int) -> bool:
        """The row before was told, and two heartbeats tell of no work since."""
        moved = [beat.moved for beat in self.events(protocol.Heartbeat)[-2:]]
        return bool(self.rows()) and self.rows()[-1][0] == step - 1 and len(moved) == 2 and moved[0] == moved[1]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def alive(pid: int) -> bool:
    """A zombie does not live."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"
    return False


def gone_within(pid: int, seconds: float) -> bool:
    until_s = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > until_s:
            return False
        time.sleep(0.02)
    return True
