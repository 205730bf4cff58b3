"""What has to be compiled before it runs: said, and left at once when it is no longer wanted."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, Protocol, TypeVar

LOOK_EVERY_S = 0.05
Result = TypeVar("Result")


class Heeds(Protocol):
    """The part of `engine.job.Job` that a quick answer needs."""

    def check(self) -> None: ...

    def phase(self, name: str, total: int = 0, unit: str = "") -> None: ...


class Nobody:
    """Asked, and nobody listens."""

    def check(self) -> None: ...

    def phase(self, name: str, total: int = 0, unit: str = "") -> None: ...


NOBODY = Nobody()


class FirstCalls:
    """Knows which programs of one model have run. The compiler cannot be interrupted: a first call is made in a thread
    of its own, which a stop leaves behind. It compiles to its end, so that the next call finds the program."""

    def __init__(self) -> None:
        self._made: set[Hashable] = set()

    def make(self, program: Hashable, job: Heeds, call: Callable[[], Result]) -> Result:
        """What `call` returns or raises. program: what it compiles depends on. Raises Stopped."""
        if program in self._made:
            return call()
        job.phase("compiling")
        result = _beside(call, job.check)
        self._made.add(program)
        return result


def _beside(call: Callable[[], Result], check: Callable[[], None]) -> Result:
    ended = threading.Event()
    found: list[Any] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            found.append(call())
        except BaseException as error:
            raised.append(error)
        finally:
            ended.set()

    threading.Thread(target=work, daemon=True, name="first call").start()
    while not ended.wait(LOOK_EVERY_S):
        check()
    if raised:
        raise raised[0]
    return found[0]
