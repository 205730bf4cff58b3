"""A file of a hub: what has arrived of it stays, and the next call goes on there. And questions to a hub, asked through
its library."""

import contextlib
import queue
import threading
import time
import urllib.error
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import TypeVar

from fnet_studio.core.transfer import POLL_S, Transfer
from fnet_studio.models.hub_progress import Tracker
from fnet_studio.models.progress import StopCheck, check

ATTEMPTS = 5
"""How often a connection may break off without having brought anything."""


ANSWER_S = 60.0
"""A hub that does not answer a question for so long is not there."""
Answer = TypeVar("Answer")


class Broken(Exception):
    """The connection failed or broke off; what has arrived is there."""


class NotTheFile(Exception):
    """Something else answered, such as the login page of a network; what has arrived is there."""


def asked(question: Callable[[], Answer], stopped: StopCheck | None) -> Answer:
    """What a library says. It runs in a thread of its own, since nothing can break it off while it waits: it must not
    write anything, for after a stop it goes on. Raises Stopped, Broken, and what the question raises."""
    answers: queue.Queue[tuple[Answer | None, BaseException | None]] = queue.Queue()

    def ask() -> None:
        try:
            answers.put((question(), None))
        except BaseException as error:  # raised again where it is waited for
            answers.put((None, error))

    threading.Thread(target=ask, name="question", daemon=True).start()
    until = time.monotonic() + ANSWER_S
    while time.monotonic() < until:
        check(stopped)
        with contextlib.suppress(queue.Empty):
            answer, error = answers.get(timeout=POLL_S)
            if error is not None:
                raise error
            return answer  # type: ignore[return-value]
    raise Broken("no answer")


def fetch_file(
    url: str, headers: dict[str, str], part: Path, size: int | None, tracker: Tracker, stopped: StopCheck | None
) -> None:
    """Bring `part` to `size` bytes; where nobody knows it, to the end of what comes. Whoever calls has told the tracker
    what of it is there already. Raises Stopped, Broken, NotTheFile, `urllib.error.HTTPError`, OSError."""
    arrived = tracker.grew if size is None else tracker.arrived
    left = ATTEMPTS
    while (here := _size(part)) != size:
        try:
            _transfer(url, headers, part, size, here, arrived, stopped)
            if size is None:
                return
        except urllib.error.HTTPError as error:
            error.close()
            if not here or error.code != 416:
                raise
            _restart(part, here, arrived)  # longer than it should be
        except (urllib.error.URLError, TimeoutError, HTTPException, ConnectionError, ValueError) as error:
            left = left - 1 if _size(part) == here else ATTEMPTS
            if not left:
                reason = error.reason if isinstance(error, urllib.error.URLError) else error
                raise Broken(str(reason) or type(error).__name__) from error
            continue
        if size is not None and _size(part) > size:
            _restart(part, _size(part), arrived)
        left = left - 1 if _size(part) == here else ATTEMPTS
        if not left:
            raise Broken("nothing more arrived")


def _transfer(
    url: str,
    headers: dict[str, str],
    part: Path,
    size: int | None,
    here: int,
    arrived: Callable[[int], None],
    stopped: StopCheck | None,
) -> None:
    asked = {**headers, "Accept-Encoding": "identity"} | ({"Range": f"bytes={here}-"} if here else {})
    transfer = Transfer(url, asked)
    try:
        head = transfer.head(lambda: check(stopped))
        resumed = head.status == 206 and head.headers.get("Content-Range", "").startswith(f"bytes {here}-")
        if _is_another(head, size, here if resumed else 0, here):
            raise NotTheFile
        if here and not resumed:
            arrived(-here)
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab" if resumed else "wb") as out:
            for block in transfer.blocks(lambda: check(stopped)):
                out.write(block)
                arrived(len(block))
        if size is None and head.length:  # bytes of this answer that are still to come
            raise ConnectionError("the connection broke off")
    finally:
        transfer.abandon()


def _is_another(head: HTTPResponse, size: int | None, start: int, here: int) -> bool:
    """Whether what answers from the byte `start` on is not the file of which `here` bytes have arrived."""
    if head.headers.get_content_type() == "text/html":
        return True
    if size is None:
        return False
    length = head.headers.get("Content-Length", "")
    if length.isdecimal():
        return int(length) != size - start
    return start != here  # nothing says that it is the file, and it would be written over


def _restart(part: Path, here: int, arrived: Callable[[int], None]) -> None:
    part.unlink()
    arrived(-here)


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0
