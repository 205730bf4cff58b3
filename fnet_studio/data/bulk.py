"""Many texts to token ids at once: each distinct word is tokenised once and looked up ever after, in numpy.

A corpus repeats few words many times, so nearly all the work is to cut texts into words and to find each in a table.
Both are done here on whole blocks of bytes. The ids are those of the tokenizer, which a property test holds it to.
"""

from collections.abc import Callable, Sequence

import numpy as np

KEY_BYTES = 16
"""Words up to this many bytes of UTF-8 are found by their bytes; the few longer ones in a dictionary."""

SPACE, ALONE, JOINED = 0, 1, 2
"""What a character does to words: parts them, is one by itself, or goes on with one."""

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_MASKS = np.array([(1 << (8 * count)) - 1 for count in range(9)], np.uint64)


class BulkEncoder:
    """Owns the table of words met so far. kind_of(char): `SPACE`, `ALONE` or `JOINED`. tokenize(word): its ids."""

    def __init__(self, kind_of: Callable[[str], int], tokenize: Callable[[str], list[int]]) -> None:
        self._tokenize = tokenize
        # Bytes from 128 up are parts of longer characters: those that end a word get spaces around them before.
        self._kinds = np.full(256, JOINED, np.uint8)
        self._kinds[:128] = [kind_of(chr(code)) for code in range(128)]
        self._spaced = _Spacing(kind_of)
        self._numbers: dict[bytes, int] = {}
        self._ids = np.zeros(0, np.int32)
        self._bounds = np.zeros(1, np.int64)
        self._clear(2**18)

    def encode(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The ids of all texts in a row, int32, and the offsets (n + 1,) at which each text's ids start.
        A text must hold no zero character: it would look like the end of a word's key."""
        pieces = [text if text.isascii() else text.translate(self._spaced) for text in texts]
        raw = [piece.encode() for piece in pieces]
        joined = b"\n".join(raw)
        starts, ends = self._cut(joined)
        numbers = self._look_up(joined, starts, ends)
        first, counts = self._bounds[numbers], self._bounds[numbers + 1] - self._bounds[numbers]
        before = np.concatenate([[0], np.cumsum(counts)])
        places = np.repeat(first - before[:-1], counts) + np.arange(before[-1])
        text_starts = np.cumsum([0, *(len(one) + 1 for one in raw)])
        return self._ids[places], before[np.searchsorted(starts, text_starts)]

    def _cut(self, joined: bytes) -> tuple[np.ndarray, np.ndarray]:
        """Where words start and end, in bytes."""
        kinds = np.concatenate([[SPACE], self._kinds[np.frombuffer(joined, np.uint8)], [SPACE]])
        in_word = kinds == JOINED
        alone = kinds[1:-1] == ALONE
        starts = np.flatnonzero((in_word[1:-1] & ~in_word[:-2]) | alone)
        ends = np.flatnonzero((in_word[1:-1] & ~in_word[2:]) | alone) + 1
        return starts, ends

    def _look_up(self, joined: bytes, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The number of each word. New words are tokenised and entered on the way."""
        padded = np.frombuffer(joined + bytes(KEY_BYTES), np.uint8)
        eight = np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))
        lengths = ends - starts
        low = eight[starts] & _MASKS[np.minimum(lengths, 8)]
        high = eight[starts + 8 * (lengths > 8)] & _MASKS[np.clip(lengths - 8, 0, 8)]
        numbers = np.full(len(starts), -1, np.int64)
        short = np.flatnonzero(lengths <= KEY_BYTES)
        numbers[short] = self._probe(low[short], high[short])
        new = []
        for place in np.flatnonzero(numbers < 0):
            word = joined[starts[place] : ends[place]]
            if word not in self._numbers:
                self._numbers[word] = len(self._numbers)
                new.append(place)
            numbers[place] = self._numbers[word]
        if new:
            self._learn([joined[starts[place] : ends[place]].decode() for place in new])
            short = np.array([place for place in new if lengths[place] <= KEY_BYTES], np.int64)
            self._enter(low[short], high[short], numbers[short])
        return numbers

    def _learn(self, words: list[str]) -> None:
        ids = [self._tokenize(word) for word in words]
        self._ids = np.concatenate([self._ids, np.array([one for word in ids for one in word], np.int32)])
        self._bounds = np.concatenate([self._bounds, self._bounds[-1] + np.cumsum([len(word) for word in ids])])

    def _probe(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Numbers of the words with these keys, -1 where a word is new: linear probing, all words at once."""
        found = np.full(len(low), -1, np.int64)
        left = np.arange(len(low))
        slots = self._slot(low, high)
        while len(left):
            there = self._table[slots]
            same = (self._low[slots] == low[left]) & (self._high[slots] == high[left]) & (there >= 0)
            found[left[same]] = there[same]
            on = ~same & (there >= 0)
            left, slots = left[on], (slots[on] + 1) % len(self._table)
        return found

    def _slot(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        mixed = (low * _MIX[0]) ^ (high * _MIX[1])
        return ((mixed ^ (mixed >> np.uint64(29))) >> np.uint64(7)) % np.uint64(len(self._table))

    def _enter(self, low: np.ndarray, high: np.ndarray, numbers: np.ndarray) -> None:
        """Put distinct new words into the table, which is kept at most half full."""
        self._entered += len(numbers)
        if self._entered * 2 > len(self._table):
            kept = np.flatnonzero(self._table >= 0)
            low = np.concatenate([self._low[kept], low])
            high = np.concatenate([self._high[kept], high])
            numbers = np.concatenate([self._table[kept], numbers])
            self._clear(4 * max(len(numbers), len(self._table)))
            self._entered = len(numbers)
        size = len(self._table)
        for row, slot in enumerate(self._slot(low, high).tolist()):
            while self._table[slot] >= 0:
                slot = (slot + 1) % size
            self._low[slot], self._high[slot], self._table[slot] = low[row], high[row], numbers[row]

    def _clear(self, size: int) -> None:
        self._entered = 0
        self._low = np.zeros(size, np.uint64)
        self._high = np.zeros(size, np.uint64)
        self._table = np.full(size, -1, np.int64)


class _Spacing(dict[int, str]):
    """For `str.translate`: what stands alone gets spaces around it, what parts words becomes a space."""

    def __init__(self, kind_of: Callable[[str], int]) -> None:
        super().__init__({code: chr(code) for code in range(128)})
        self._kind_of = kind_of

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = (" ", f" {char} ", char)[self._kind_of(char)]
        return self[code]
