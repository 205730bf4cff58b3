"""From a recipe to a run: an estimate first, then the run, then what follows it."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from fnet_studio.core import chain, protocol
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe

OnReply = Callable[[protocol.Reply], None]


class RunStarter(QObject):
    """Owns the estimate under way. One at a time."""

    changed = Signal()
    """An estimate has begun, moved or ended."""
    planned = Signal(object)
    """`protocol.Planned` that a person should look at before anything starts: it was asked for, or there are problems
    that were not put up with before."""
    refused = Signal(object)
    """`protocol.Failed`: the estimate failed, or what should have followed a run could not."""
    starting = Signal(object, object)
    """(`protocol.Train` or `protocol.Resume` about to be sent, what hears of its reply or None)."""

    def __init__(self, supervisor: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._supervisor = supervisor
        self.command = 0
        """Id of the Plan command, 0 when none is under way."""
        self.phase = protocol.Phase("")
        self.done = 0
        self._train: protocol.Train | None = None
        self._on_reply: OnReply | None = None
        self._planned: protocol.Planned | None = None
        self._put_up_with: set[tuple[str, str]] = set()
        supervisor.message.connect(self._heard)

    @property
    def planning(self) -> bool:
        return bool(self.command)

    def check(self, recipe: Recipe) -> None:
        """Estimate, and show what comes of it whatever it is."""
        self._plan(_train(recipe), None, look=True)

    def start(self, recipe: Recipe) -> None:
        """Estimate, then run; or show what speaks against it."""
        self._plan(_train(recipe), None, look=False)

    def start_command(
        self, train: protocol.Train, on_reply: OnReply, refuse: Callable[[protocol.Planned], None]
    ) -> None:
        """As `start`, for the queue: warnings are put up with, errors refused, and somebody hears of the reply."""
        self._plan(train, on_reply, look=False, refuse=refuse)

    def start_anyway(self) -> None:
        """Run what was estimated last, with all that was said against it."""
        if self._train is not None and self._planned is not None:
            self._put_up_with |= {(problem.kind, problem.message) for problem in self._planned.problems}
            self._send(self._train, self._on_reply)

    def has_estimated(self, recipe: Recipe) -> bool:
        """Whether the last estimate is of this very recipe."""
        return self._train is not None and self._train.recipe == _train(recipe).recipe

    def cancel(self) -> None:
        if self.command:
            self._supervisor.stop(self.command, "discard")

    def follow(self, run: str) -> None:
        """A run has finished: begin what its recipe wants next, if anything."""
        try:
            command = chain.next_after(run)
        except UserError as error:
            self.refused.emit(protocol.Failed(error.kind, error.message, error.advice))
            return
        if command is not None:
            self.starting.emit(command, None)

    def _plan(
        self,
        train: protocol.Train,
        on_reply: OnReply | None,
        *,
        look: bool,
        refuse: Callable[[protocol.Planned], None] | None = None,
    ) -> None:
        if self.command:
            return
        self._train, self._on_reply, self._planned = train, on_reply, None
        self.phase, self.done = protocol.Phase(""), 0

        def done(planned: protocol.Planned, _blob: bytes) -> None:
            self._end()
            self._train = recipes_with(train, planned)
            self._planned = planned
            if refuse is not None:
                if planned.possible:
                    self._send(self._train, on_reply)
                else:
                    refuse(planned)
            elif look or any(self._stands_in_the_way(problem) for problem in planned.problems):
                self.planned.emit(planned)
            else:
                self._send(self._train, on_reply)

        def failed(reply: protocol.Failed) -> None:
            self._end()
            if on_reply is not None:
                on_reply(reply)
            else:
                self.refused.emit(reply)

        def stopped(reply: protocol.Stopped) -> None:
            self._end()
            if on_reply is not None:
                on_reply(reply)

        self.command = self._supervisor.ask(protocol.Plan(train.recipe), done, failed, stopped)
        self.changed.emit()

    def _stands_in_the_way(self, problem: Any) -> bool:
        known = (problem.kind, problem.message) in self._put_up_with
        return problem.severity == "error" or (problem.severity == "warning" and not known)

    def _send(self, train: protocol.Train, on_reply: OnReply | None) -> None:
        self.starting.emit(train, on_reply)

    def _end(self) -> None:
        self.command = 0
        self.changed.emit()

    def _heard(self, envelope: protocol.Envelope, _blob: bytes) -> None:
        if not self.command or envelope.reply_to != self.command:
            return
        if isinstance(envelope.body, protocol.Phase):
            self.phase, self.done = envelope.body, 0
        elif isinstance(envelope.body, protocol.Progress):
            self.done = envelope.body.done
        else:
            return
        self.changed.emit()


def recipes_with(train: protocol.Train, planned: protocol.Planned) -> protocol.Train:
    return protocol.Train(train.recipe, train.name, estimate=planned.estimate, typed=train.typed)


def _train(recipe: Recipe) -> protocol.Train:
    whole = recipes.with_whole_paths(recipe)
    return protocol.Train(recipes.to_mapping(whole), whole.name)
