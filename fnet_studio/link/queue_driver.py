"""Works the queue off (`core.queue`), for whoever owns a worker: no process, no timer and no thread in here.

    driver = QueueDriver()
    while command := driver.next():                  # claims an entry, or goes on with the second half of one
        id = supervisor.ask(command, ...)            # or Worker.call
        ...                                          # meanwhile, for each event of that id: driver.heard(event)
        driver.replied(reply)                        # Done, Failed (a lost worker too) or Stopped

After a failure simply call `next` again: the failed entry keeps its words, and the one after it has its turn. After a
`Stopped` the owner decides: the person who stopped a run usually means the queue too, so the window and the command
line leave it there, and `next` goes on when the queue is started again. What became of an entry is kept until the
queue's file has it, so that a full disk costs nobody a turn: see `settle`.

The queue's file is read again at each call, so entries may be added, moved and removed while one is at work, by this
program or another.
"""

from fnet_studio.core import chain, protocol, queue
from fnet_studio.core.errors import UserError
from fnet_studio.core.preflight import Problem
from fnet_studio.core.queue import Entry


class QueueDriver:
    """Owns nothing but which entry is at work. Methods raise UserError `queue.…` when the file cannot be used."""

    def __init__(self) -> None:
        self.entry: Entry | None = None
        self.run = ""
        """Of the entry at work, once it has one."""
        self._following: protocol.Train | protocol.Resume | None = None
        self._unwritten: tuple[str, queue.State, dict[str, str] | None] | None = None

    @property
    def settled(self) -> bool:
        """The queue's file has what became of the last entry."""
        return self._unwritten is None

    def settle(self) -> None:
        """Write what became of the last entry, if that could not be written before."""
        if self._unwritten is not None:
            queue.end(*self._unwritten)
            self._unwritten = None

    def next(self) -> protocol.Train | protocol.Resume | None:
        """What to send now; None when nothing waits. RuntimeError while an entry is at work."""
        if self._following is not None:
            command, self._following = self._following, None
            return command
        if self.entry is not None:
            raise RuntimeError(f"{self.entry.id} is at work")
        self.settle()
        self.entry = queue.claim()
        self.run = self.entry.run if self.entry else ""
        return queue.command_of(self.entry) if self.entry else None

    def heard(self, event: protocol.Event) -> None:
        """Every event of the command that `next` gave."""
        if self.entry is not None and isinstance(event, protocol.RunStarted):
            self.run = event.run
            queue.note_run(self.entry.id, event.run)

    def replied(self, reply: protocol.Reply) -> None:
        """Its terminal reply. Afterwards `next` may be called."""
        if self.entry is None:
            return
        match reply:
            case protocol.Done():
                try:
                    self._following = chain.next_after(self.run) if self.run else None
                except UserError as error:
                    self._end("failed", protocol.Failed(error.kind, error.message, error.advice))
                    return
                if self._following is None:
                    self._end("done")
            case protocol.Stopped():
                self._end("stopped")
            case protocol.Failed():
                self._end("failed", reply)

    def refuse(self, problem: Problem) -> None:
        """Its plan says that it cannot work (`protocol.Planned.possible`): it fails without being started."""
        self._end("failed", protocol.Failed(problem.kind, problem.message, problem.advice))

    def _end(self, state: queue.State, failed: protocol.Failed | None = None) -> None:
        entry, self.entry, self.run = self.entry, None, ""
        assert entry is not None
        words = {"kind": failed.kind, "message": failed.message, "advice": failed.advice} if failed else None
        self._unwritten = (entry.id, state, words)
        self.settle()
