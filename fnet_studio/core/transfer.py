"""One HTTP request that can be stopped: it runs in a thread of its own, since a read that waits for the network cannot
be broken off."""

import contextlib
import queue
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

POLL_S = 0.1
STALL_S = 30.0
"""A connection that brings nothing for so long has failed."""
BLOCK_BYTES = 2**16

Check = Callable[[], None]
"""Raises `core.errors.Stopped` once a stop was asked for."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """What names the user is for the host that was asked, and not for where it sends us."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            request.remove_header("Authorization")
        return request


class Transfer:
    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._request = urllib.request.Request(url, headers=headers)
        self._arrived: queue.Queue[HTTPResponse | bytes | Exception] = queue.Queue(maxsize=64)
        self._abandoned = threading.Event()
        threading.Thread(target=self._run, name="download", daemon=True).start()

    def head(self, check: Check) -> HTTPResponse:
        """Raises what `urllib.request.urlopen` raises."""
        head = self._next(check)
        assert isinstance(head, HTTPResponse)
        return head

    def blocks(self, check: Check) -> Iterator[bytes]:
        """Until the end of the body. Raises Stopped, and what a read raises."""
        while block := self._next(check):
            assert isinstance(block, bytes)
            yield block

    def abandon(self) -> None:
        """The thread ends with the read that it is in."""
        self._abandoned.set()

    def _next(self, check: Check) -> HTTPResponse | bytes:
        while True:
            check()
            with contextlib.suppress(queue.Empty):
                item = self._arrived.get(timeout=POLL_S)
                if isinstance(item, Exception):
                    raise item
                return item

    def _run(self) -> None:
        try:
            opener = urllib.request.build_opener(_Redirects)
            with opener.open(self._request, timeout=STALL_S) as response:
                self._put(response)
                while not self._abandoned.is_set():
                    block = response.read1(BLOCK_BYTES)
                    self._put(block)
                    if not block:
                        return
        except Exception as error:  # told to the thread that waits for it
            self._put(error)

    def _put(self, item: HTTPResponse | bytes | Exception) -> None:
        while not self._abandoned.is_set():
            with contextlib.suppress(queue.Full):
                self._arrived.put(item, timeout=POLL_S)
                return
