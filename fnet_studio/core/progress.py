"""How every long function reports and is stopped: one signature for all of them."""

from collections.abc import Callable

from fnet_studio.core.errors import Stopped

Progress = Callable[[str, int, int], None]
"""`progress(phase, done, total)`. phase: one of `core.run_state.PHASES`, such as `downloading`. done and
total count whatever the phase is made of (bytes of an archive, files, texts): only their ratio has a meaning."""

StopCheck = Callable[[], bool]
"""`stopped()` is true once somebody asked to stop. Called every few milliseconds of work, so it must be quick."""


def report(progress: Progress | None, phase: str, done: int, total: int) -> None:
    if progress is not None:
        progress(phase, done, total)


def check(stopped: StopCheck | None) -> None:
    """Raises Stopped once a stop was asked for."""
    if stopped is not None and stopped():
        raise Stopped
