"""Rows for pretraining, cut from a stream of tokens: windows full of text, and short texts that end with pads."""

from dataclasses import dataclass

import numpy as np

LEAST_TOKENS = 8
"""Shorter ends of documents are left out: they say little, and cost a row."""
MOST_SENTENCES = 3
_CHUNK = 2**22


@dataclass(frozen=True, slots=True)
class Pieces:
    """What the rows need to know of a vocabulary. ends, begins: (vocabulary,) bool, pieces that can end a sentence, and
    such that can begin one."""

    cls: int
    sep: int
    pad: int
    document_end: int
    ends: np.ndarray
    begins: np.ndarray


class PretrainingRows:
    """(seed, step) decide a batch, whatever was asked for before; a resumed run sees the same ones.

    Windows come in passes over all documents, each document cut at another offset and the windows in another order in
    every pass. Nothing crosses the end of a document.
    """

    def __init__(
        self, stream: np.ndarray, pieces: Pieces, length: int, short_share: float, seed: int, openings: float = 0.0
    ) -> None:
        """stream: (tokens,) uint16, each document ended by `pieces.document_end`. openings: so large a share of the
        short texts are first sentences of documents. ValueError when the stream holds no window."""
        self.stream, self.pieces, self.length, self.short_share, self.seed = stream, pieces, length, short_share, seed
        self.openings = openings
        ends = np.flatnonzero(stream == pieces.document_end)
        self.starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64) if len(ends) else ends
        self.ends = ends.astype(np.int64)
        self.sentences = _sentence_starts(stream, pieces) if short_share else np.zeros(0, np.int64)
        self._first_sentences = np.flatnonzero(np.isin(self.sentences, self.starts)) if openings else np.zeros(0, int)
        self._firsts = [0]
        """Number of the first window of each pass that was looked at."""
        self._pass = -1
        self._windows = np.zeros((0, 2), np.int64)
        if not len(self._cut(0)):
            raise ValueError("There is no window.")

    def batch(self, step: int, batch_size: int) -> np.ndarray:
        """(batch_size, length) uint16, `[CLS] tokens [SEP]` and pads. step counts from 0 over the whole run."""
        short = self.short_rows(step, batch_size)
        first = step * batch_size - (int(step * batch_size * self.short_share) if len(self.sentences) else 0)
        spans = [self._window(number) for number in range(first, first + batch_size - short)]
        spans += self._short(step, short)
        return self._rows(spans)

    def short_rows(self, step: int, batch_size: int) -> int:
        """So many of a batch's rows, its last ones, are short texts."""
        before, after = (int(count * batch_size * self.short_share) for count in (step, step + 1))
        return min(after - before, batch_size) if len(self.sentences) else 0

    def validation(self, rows: int) -> np.ndarray:
        """(up to rows, length) uint16: windows drawn once, without short texts."""
        windows = self._cut(0)
        chosen = np.sort(np.random.default_rng([self.seed, 1]).permutation(len(windows))[:rows])
        return self._rows([(int(begin), int(end)) for begin, end in windows[chosen]])

    def _rows(self, spans: list[tuple[int, int]]) -> np.ndarray:
        rows = np.full((len(spans), self.length), self.pieces.pad, np.uint16)
        rows[:, 0] = self.pieces.cls
        for row, (begin, end) in zip(rows, spans, strict=True):
            size = end - begin
            row[1 : size + 1] = self.stream[begin:end]
            row[size + 1] = self.pieces.sep
        return rows

    def _window(self, number: int) -> tuple[int, int]:
        while number >= self._firsts[-1]:
            self._firsts.append(self._firsts[-1] + len(self._cut(len(self._firsts) - 1)))
        at = int(np.searchsorted(self._firsts, number, side="right")) - 1
        if at != self._pass:
            windows = self._cut(at)
            self._windows = windows[np.random.default_rng([self.seed, 2, at]).permutation(len(windows))]
            self._pass = at
        begin, end = self._windows[number - self._firsts[at]]
        return int(begin), int(end)

    def _cut(self, at: int) -> np.ndarray:
        """(windows, 2): begin and end of every window of a pass, in order. The first pass begins at each document's
        beginning."""
        room = self.length - 2
        offset = int(np.random.default_rng([self.seed, 3, at]).integers(room)) if at else 0
        counts = -(-(self.ends - self.starts + offset) // room)
        document = np.repeat(np.arange(len(counts)), counts)
        place = np.arange(len(document)) - np.repeat(np.cumsum(counts) - counts, counts)
        begins = self.starts[document] - offset + place * room
        windows = np.stack(
            [np.maximum(begins, self.starts[document]), np.minimum(begins + room, self.ends[document])], 1
        )
        return windows[windows[:, 1] - windows[:, 0] >= LEAST_TOKENS]

    def _short(self, step: int, count: int) -> list[tuple[int, int]]:
        """One to three sentences in a row each, of one document; some from its beginning."""
        random = np.random.default_rng([self.seed, 4, step])
        chosen = random.integers(len(self.sentences), size=count) if count else np.zeros(0, np.int64)
        many = random.integers(1, MOST_SENTENCES + 1, size=count)
        if len(self._first_sentences):
            opening = random.random(count) < self.openings
            chosen[opening] = self._first_sentences[random.integers(len(self._first_sentences), size=opening.sum())]
        spans = []
        for sentence, sentences in zip(chosen, many, strict=True):
            begin = int(self.sentences[sentence])
            last = int(self.ends[np.searchsorted(self.ends, begin)])
            follower = sentence + sentences
            end = int(self.sentences[follower]) if follower < len(self.sentences) else last
            spans.append((begin, min(end, last, begin + self.length - 2)))
        return spans


def subsampling(stream: np.ndarray, vocabulary_size: int, threshold: float) -> np.ndarray:
    """(vocabulary_size,) float32: min(1, sqrt(threshold / frequency)) for each piece of a stream (tokens,), which keeps
    words like "the" from being most of what is drawn (Mikolov and others, arXiv 1310.4546, section 2.3)."""
    counts = np.zeros(vocabulary_size, np.int64)
    for first in range(0, len(stream), _CHUNK):
        counts += np.bincount(stream[first : first + _CHUNK], minlength=vocabulary_size)
    frequency = np.maximum(counts, 1) / max(len(stream), 1)
    return np.minimum(1.0, np.sqrt(threshold / frequency)).astype(np.float32)


def _sentence_starts(stream: np.ndarray, pieces: Pieces) -> np.ndarray:
    """Where a piece that can begin a sentence follows one that can end it, and at the beginning of each document."""
    found = []
    ends = pieces.ends.copy()
    ends[pieces.document_end] = True
    begins = pieces.begins
    for first in range(0, len(stream), _CHUNK):
        tokens = np.asarray(stream[max(first - 1, 0) : first + _CHUNK])
        here = ends[tokens[:-1]] & (begins[tokens[1:]] | (tokens[:-1] == pieces.document_end))
        found.append(np.flatnonzero(here & (tokens[1:] != pieces.document_end)) + max(first - 1, 0) + 1)
    first_document = [] if not len(stream) or stream[0] == pieces.document_end else [0]
    return np.concatenate([np.array(first_document, np.int64), *found])
