"""The one thread that writes to the wire."""

import threading
from collections.abc import Callable

from fnet_studio.core import protocol
from fnet_studio.worker.outbox import Outbox, Outgoing
from fnet_studio.worker.wire import write_all


class WriterThread(threading.Thread):
    """Empties the outbox into a descriptor; ends the process when nobody reads any more, or when the outbox was
    closed and is empty."""

    def __init__(self, outbox: Outbox, wire: int, leave: Callable[[int], None]) -> None:
        super().__init__(name="writer", daemon=True)
        self._outbox = outbox
        self._wire = wire
        self._leave = leave
        self._numbers = protocol.Writer()

    def run(self) -> None:
        while (items := self._outbox.wait()) is not None:
            try:
                for item in items:
                    write_all(self._wire, self._frame(item))
            except OSError:  # a broken pipe: the parent is gone
                self._leave(protocol.ExitCode.ENDED)
                return
        self._leave(self._outbox.exit_code)

    def _frame(self, item: Outgoing) -> bytes:
        try:
            return self._numbers.frame(item.body, reply_to=item.reply_to, blob=item.blob)
        except ValueError as error:  # over the protocol's size limit
            if isinstance(item.body, protocol.Reply):
                body = protocol.Failed("worker.too-large", f"The answer is too large to send: {error}.")
            else:
                body = protocol.Log("error", f"a {type(item.body).__name__} was too large to send: {error}")
            return self._numbers.frame(body, reply_to=item.reply_to)
