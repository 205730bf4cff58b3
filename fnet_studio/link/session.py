"""The client's half of a link, without any input or output: commands become bytes, bytes become happenings.

Whoever owns the process sends `take_outgoing()`, feeds what arrives to `receive()`, and calls `end()` when the
process is gone. Every command sent gets exactly one `Replied`, whatever goes wrong.
"""

import time
from dataclasses import dataclass
from typing import TypeAlias

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.protocol import Envelope, Failed, ProtocolError
from fnet_studio.link.exit import ProcessExit


@dataclass(frozen=True)
class Replied:
    """The one terminal reply of a command."""

    id: int
    command: protocol.Command
    envelope: Envelope
    blob: bytes = b""

    @property
    def reply(self) -> protocol.Reply:
        assert isinstance(self.envelope.body, protocol.Reply)
        return self.envelope.body


@dataclass(frozen=True)
class Told:
    """An event. id: the command it belongs to, or 0."""

    id: int
    envelope: Envelope
    blob: bytes = b""

    @property
    def event(self) -> protocol.Event:
        assert isinstance(self.envelope.body, protocol.Event)
        return self.envelope.body


@dataclass(frozen=True)
class Closed:
    """The link is of no use any more; the process must be ended if it still lives. Comes once, and last."""

    failure: Failed


Happening: TypeAlias = Replied | Told | Closed


class Session:
    """Owns command numbers and pending commands of one worker process; a restarted worker gets a new one."""

    def __init__(self, client: str = "", *, greet: bool = True) -> None:
        """greet: send `Hello` first, as the protocol demands; a replay sends nothing."""
        self._writer = protocol.Writer()
        self._reader = protocol.Reader()
        self._outgoing: list[bytes] = []
        self._last_id = 0
        self.pending: dict[int, protocol.Command] = {}
        self.welcome: protocol.Welcome | None = None
        self.ready: protocol.Ready | None = None
        self.closed: Failed | None = None
        if greet:
            self.send(protocol.Hello(client=client))

    # ------------------------------------------------------------------------------------ out

    def send(self, command: protocol.Command) -> int:
        """Queue a command; returns its id (0 for `Credit`, which gets no reply). UserError `worker.lost` once the
        link is closed, ValueError for a command over the size limit."""
        if self.closed is not None:
            raise UserError("worker.lost", "The worker is not running.", "Restart it, then try again.")
        protocol.check(command)
        id = 0 if isinstance(command, protocol.Credit) else self._last_id + 1
        self._outgoing.append(self._writer.frame(command, id=id))
        if id:
            self.expect(id, command)
        return id

    def expect(self, id: int, command: protocol.Command) -> None:
        """A command went out with this number; a replay calls it for the commands of its recording."""
        self._last_id = id
        self.pending[id] = command

    def take_outgoing(self) -> bytes:
        data = b"".join(self._outgoing)
        self._outgoing.clear()
        return data

    # ------------------------------------------------------------------------------------- in

    def receive(self, data: bytes) -> list[Happening]:
        """What the worker's bytes say, in order. A violation of the protocol ends with `Closed`; what comes after
        is ignored. Never raises."""
        if self.closed is not None:
            return []
        happenings: list[Happening] = []
        try:
            for envelope, blob in self._reader.feed(data):
                happenings.append(self._understand(envelope, blob))
                refusal = self._refusal(happenings[-1])
                if refusal is not None:
                    return happenings + self._close(refusal)
        except ProtocolError as error:
            happenings += self._close(
                Failed(
                    "link.violation",
                    f"The worker sent something that is not the protocol: {error}.",
                    "Restart the worker. If it happens again, please report it with the worker's log.",
                )
            )
        return happenings

    def end(self, exit: ProcessExit) -> list[Happening]:
        """The process is gone: settles what is pending. Empty when the link was closed before."""
        if self.closed is not None:
            return []
        words = exit.words()
        return self._close(Failed("worker.lost", words.title, words.advice, exit.last_words))

    def _close(self, failure: Failed) -> list[Happening]:
        self.closed = failure
        self._outgoing.clear()
        pending, self.pending = self.pending, {}
        settled: list[Happening] = [
            Replied(id, command, Envelope(0, 0, failure, reply_to=id, time=time.time()))
            for id, command in pending.items()
        ]
        return [*settled, Closed(failure)]

    def _understand(self, envelope: Envelope, blob: bytes) -> Replied | Told:
        body, id = envelope.body, envelope.reply_to
        if isinstance(body, protocol.Reply):
            command = self.pending.get(id)
            if command is None:
                raise ProtocolError(f"a {type(body).__name__} for command {id}, which waits for none")
            expected = protocol.RESULTS[type(command)]
            if isinstance(body, protocol.Done) and type(body.result) is not (expected or type(None)):
                raise ProtocolError(f"{type(command).__name__} answered with {type(body.result).__name__}")
            del self.pending[id]
            if isinstance(body, protocol.Done) and isinstance(body.result, protocol.Welcome):
                self.welcome = body.result
            return Replied(id, command, envelope, blob)
        if isinstance(body, protocol.Event):
            if not 0 <= id <= self._last_id:
                raise ProtocolError(f"an event of command {id}, which was never sent")
            if isinstance(body, protocol.Ready):
                self.ready = body
            return Told(id, envelope, blob)
        raise ProtocolError(f"a {type(body).__name__} from the worker")

    def _refusal(self, happening: Happening) -> Failed | None:
        """Why the two sides cannot work together, said by whichever noticed first."""
        if not (isinstance(happening, Replied) and isinstance(happening.command, protocol.Hello)):
            return None
        if isinstance(happening.reply, Failed):
            return happening.reply
        assert self.welcome is not None
        if self.welcome.version[0] == protocol.VERSION[0]:
            return None
        theirs, ours = (".".join(map(str, v)) for v in (self.welcome.version, protocol.VERSION))
        return Failed(
            "protocol.version",
            f"The worker speaks protocol {theirs}, this program {ours}.",
            "Install the same version of FNet Studio on both sides.",
        )
