"""A gzip file read forwards, unpacked ahead: zlib works without the interpreter's lock, so on a core of its own."""

import tarfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

BLOCK_BYTES = 4 * 2**20
"""Large enough that a thread's wait for the lock, 5 ms, stays small beside the unpacking of a block."""
_READ_BYTES = 2**18


class Unzipped:
    """What `tarfile` needs of a file. raw: a gzip file at its start, read by nobody else. most_bytes: a single
    read of more is refused, and one of negative size, which means everything: a forged header asks for such.

    Raises EOFError where the file is cut, zlib.error where it is damaged, tarfile.ReadError for a refused read.
    """

    def __init__(self, raw: BinaryIO, most_bytes: int) -> None:
        self._raw, self._most_bytes = raw, most_bytes
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._packed = b""
        self._block, self._place, self._before = b"", 0, 0
        self._thread = ThreadPoolExecutor(1)
        self._ahead = self._thread.submit(self._unpack)

    def __enter__(self) -> "Unzipped":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def tell(self) -> int:
        return self._before + self._place

    def seek(self, place: int) -> None:
        """Forwards alone; beyond the end it stays at the end."""
        if place < self.tell():
            raise tarfile.ReadError("a header points backwards")
        while place > self._before + len(self._block):
            if not self._next_block():
                return
        self._place = place - self._before

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self._most_bytes:
            raise tarfile.ReadError(f"a header asks for {size} bytes")
        found = self._block[self._place : self._place + size]
        self._place += len(found)
        while len(found) < size and self._next_block():
            more = self._block[: size - len(found)]
            self._place = len(more)
            found += more
        return found

    def _next_block(self) -> bool:
        """False at the end, where the last block stays."""
        block = self._ahead.result()
        if not block:
            self._place = len(self._block)
            return False
        self._before += len(self._block)
        self._block, self._place = block, 0
        self._ahead = self._thread.submit(self._unpack)
        return True

    def _unpack(self) -> bytes:
        """The next block; empty at the end. A gzip file may be several in a row, with zeros after them."""
        while True:
            packed = self._packed or self._raw.read(_READ_BYTES)
            if self._zlib.eof:
                if not packed:
                    return b""
                self._packed = packed.lstrip(b"\0")
                if self._packed:
                    self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 16)
                continue
            block = self._zlib.decompress(packed, BLOCK_BYTES)
            self._packed = self._zlib.unused_data or self._zlib.unconsumed_tail
            if block:
                return block
            if not packed:
                raise EOFError("it ends in the middle")
