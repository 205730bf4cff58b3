"""A machine that nobody touches does not fall asleep while a run is under way. Its screen may."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_awake() -> Iterator[None]:
    """Asks the system by what it has for that: on Linux the desktop's own service. Where there is none, as on a server,
    nothing happens, and no trouble with it is the run's trouble."""
    from wakepy import keep  # brings D-Bus on Linux, which nothing else here needs

    mode = keep.running(on_fail="pass")
    try:
        mode.__enter__()
    except Exception as error:
        print(f"This machine may fall asleep during the run: {error}", file=sys.stderr)
        mode = None
    try:
        yield
    finally:
        if mode is not None:
            try:
                mode.__exit__(None, None, None)
            except Exception as error:  # the desktop may be gone by now, and its hold on sleep with it
                print(f"The machine was not told that it may sleep again: {error}", file=sys.stderr)
