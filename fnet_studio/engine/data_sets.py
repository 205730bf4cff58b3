"""Data sets that are looked at: read once, kept in memory, and asked about."""

import os
import threading
import time
from collections.abc import Callable

import numpy as np

from fnet_studio.core import data_sets, files, model_files, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import compile_pattern
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.core.recipe import Recipe, from_mapping
from fnet_studio.core.recipe_sections import DataRecipe
from fnet_studio.data import browse
from fnet_studio.data.browse import OpenedParts
from fnet_studio.data.wordpiece import WordPieceTokenizer
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.datasets import progress_of, with_data_here
from fnet_studio.engine.job import Job
from fnet_studio.engine.memory import give_back
from fnet_studio.engine.text_cutter import LearntCutter, TextCutter
from fnet_studio.engine.texts import data_files

MOST_ROWS = 1000
MOST_BINS = 16_384
LENGTH_CHUNK = 128
KEEP_S = 300.0
"""A data set that nobody asks about for so long is forgotten, and read again when somebody does."""
LOCK_S = 0.1
"""How often a question that waits for another to read the data looks whether it was stopped."""


class DataShelf:
    """Owns the data set that was opened last, with what was found out about it; a large one fills much of the memory,
    so there is only one. Questions come from two threads."""

    def __init__(self, cutter: Callable[[str], TextCutter], keep_s: float = KEEP_S) -> None:
        """cutter: of a preset, by name."""
        self._cutter_of, self._keep_s = cutter, keep_s
        self._forgetting = threading.Timer(0, self._forget)
        self._lock = threading.Lock()
        self._key: tuple = ()
        self._inside = 0
        self._opened: OpenedParts | None = None
        self._rows: tuple[tuple, dict[str, np.ndarray]] | None = None
        self._twins: dict[tuple[bool, bool], list[tuple[browse.Place, browse.Place]]] = {}
        self._cutters: dict[tuple, TextCutter] = {}

    def answer(self, command: protocol.Command, job: Job) -> tuple[protocol.Result, bytes]:
        """Raises Stopped, and what the readers raise."""
        try:
            return self._answer(command, job)
        finally:
            self._forgetting.cancel()
            self._forgetting = threading.Timer(self._keep_s, self._forget)
            self._forgetting.daemon = True
            self._forgetting.start()

    def _forget(self) -> None:
        """A question that is just being answered keeps what it works with."""
        with self._lock:
            self._drop()
        give_back()

    def _drop(self) -> None:
        self._opened, self._rows, self._twins, self._key = None, None, {}, ()
        self._cutters = {known: cutter for known, cutter in list(self._cutters.items()) if known[0]}

    def _answer(self, command: protocol.Command, job: Job) -> tuple[protocol.Result, bytes]:
        asked = _Asked(command.data, job)  # type: ignore[attr-defined]
        opened = self._open(asked, isinstance(command, protocol.OpenData))
        match command:
            case protocol.OpenData():
                return self._about(opened, asked), b""
            case protocol.DataRows():
                return self._page(opened, command, asked), b""
            case protocol.DataTwins():
                return self._twin_page(opened, command, asked), b""
            case protocol.DataLengths():
                return self._lengths(opened, command, asked)
            case protocol.PackText():
                return self._packed(opened, command, asked), b""
        raise AssertionError(command)

    def _open(self, asked: "_Asked", look_inside: bool) -> OpenedParts:
        """look_inside: whether files in its folders changed too; for a page of texts that would take too long."""
        while not self._lock.acquire(timeout=LOCK_S):
            asked.job.check()
        try:
            key = _key(asked.recipe.data)
            known = self._opened is not None and key == self._key
            inside = self._inside if known and not look_inside else _inside(asked)
            if not known or inside != self._inside:
                self._drop()
                recipe = with_data_here(asked.recipe, asked.progress, asked.stopped)
                data = recipe.data
                found = browse.open_parts(
                    data.source,
                    data.path,
                    data_files(data),
                    data.validation_split,
                    data.split_seed,
                    data.stratified,
                    asked.progress,
                    asked.stopped,
                )
                self._opened, self._key, self._inside = found, key, inside
            assert self._opened is not None
            return self._opened
        finally:
            self._lock.release()

    def _about(self, opened: OpenedParts, asked: "_Asked") -> protocol.DataOpened:
        within = browse.per_part(self._all_twins(opened, False, False, asked))
        across = browse.per_part(self._all_twins(opened, True, False, asked))
        splits = []
        for name, part in opened.parts.items():
            asked.job.check()
            class_counts, empty = browse.counts(part, len(opened.class_names))
            splits.append(protocol.DataSplit(name, len(part), class_counts, empty, within[name]))
        return protocol.DataOpened(
            tuple(splits),
            opened.class_names,
            opened.content_hash,
            opened.paired,
            across["validation"],
            across["test"],
            opened.notes,
            time.monotonic() - asked.began,
        )

    def _page(self, opened: OpenedParts, command: protocol.DataRows, asked: "_Asked") -> protocol.DataPage:
        label = None
        if command.label:
            if command.label not in opened.class_names:
                raise UserError(
                    "data.labels",
                    f"There is no label {command.label!r}.",
                    f"Known ones: {', '.join(opened.class_names[:20]) or 'none, the texts have no labels'}.",
                )
            label = opened.class_names.index(command.label)
        if command.split and command.split not in opened.parts:
            raise UserError(
                "data.options", f"There is no part {command.split!r}.", f"Choose one of {', '.join(opened.parts)}."
            )
        pattern = compile_pattern(command.pattern, regex=command.regex, case=command.case)
        question = (self._key, command.split, label, pattern, command.empty)
        kept = self._rows
        if kept is None or kept[0] != question:
            found = browse.fitting(
                opened,
                split=command.split,
                label=label,
                pattern=pattern,
                empty=command.empty,
                progress=asked.progress,
                stopped=asked.stopped,
            )
            kept = self._rows = (question, found)
        rows = kept[1]
        first, left = max(command.first, 0), min(max(command.count, 0), MOST_ROWS)
        shown, before = [], 0
        chars = None if command.whole else protocol.CELL_CHARS
        for name, places in rows.items():
            begin = max(first - before, 0)
            for row in places[begin : begin + left - len(shown)].tolist() if len(shown) < left else ():
                shown.append(_row(opened, (name, row), chars))
            before += len(places)
        return protocol.DataPage(before, first, tuple(shown), opened.content_hash)

    def _all_twins(
        self, opened: OpenedParts, across: bool, loosely: bool, asked: "_Asked"
    ) -> list[tuple[browse.Place, browse.Place]]:
        known = self._twins
        if (across, loosely) not in known:
            known[across, loosely] = browse.twins(opened, across, loosely, asked.progress, asked.stopped)
        return known[across, loosely]

    def _twin_page(self, opened: OpenedParts, command: protocol.DataTwins, asked: "_Asked") -> protocol.TwinsFound:
        found = self._all_twins(opened, command.kind == "leaks", command.loosely, asked)
        first = max(command.first, 0)
        shown = found[first : first + min(max(command.count, 0), MOST_ROWS)]
        chars = protocol.TWIN_CHARS
        pairs = tuple((_row(opened, one, chars), _row(opened, other, chars)) for one, other in shown)
        return protocol.TwinsFound(len(found), first, pairs, opened.content_hash)

    # ------------------------------------------------------------------------------------------- tokens

    def _cutter(self, opened: OpenedParts, preset: str, asked: "_Asked") -> TextCutter:
        """Of the preset, or of a vocabulary that is learnt from the training texts and kept."""
        data = asked.recipe.data
        key = (preset, model_files.stamp(preset)) if preset else ("", data.vocabulary_size, opened.content_hash)
        cutter = self._cutters.get(key)
        if cutter is None:
            if preset:
                cutter = self._cutter_of(preset)
            else:
                train = opened.parts["train"]
                learn_from = train.texts + (train.pairs or [])
                tokenizer = WordPieceTokenizer.train(
                    learn_from, data.vocabulary_size, asked.progress, asked.stopped, opened.paired
                )
                cutter = LearntCutter(tokenizer, data.sequence_length or 512)
            self._cutters[key] = cutter
        return cutter

    def _lengths(
        self, opened: OpenedParts, command: protocol.DataLengths, asked: "_Asked"
    ) -> tuple[protocol.LengthsCounted, bytes]:
        cutter = self._cutter(opened, command.preset, asked)
        share = min(1.0, command.most / max(len(opened), 1))
        counts, looked, longest, done = [], [], 0, 0
        total = round(len(opened) * share)
        for part in opened.parts.values():
            rows = np.arange(len(part))
            if share < 1:
                drawn = np.random.default_rng(0).permutation(len(part))[: round(len(part) * share)]
                rows = np.sort(drawn)
            histogram = np.zeros(MOST_BINS, np.int64)
            for first in range(0, len(rows), LENGTH_CHUNK):
                asked.job.check()
                asked.progress("tokenising", done + first, total)
                some = rows[first : first + LENGTH_CHUNK].tolist()
                pairs = None if part.pairs is None else [part.pairs[row] for row in some]
                lengths = cutter.lengths([part.texts[row] for row in some], pairs)
                longest = max(longest, int(lengths.max()))
                histogram += np.bincount(np.minimum(lengths, MOST_BINS - 1), minlength=MOST_BINS)
            done += len(rows)
            counts.append(histogram)
            looked.append(len(rows))
        bins = min(longest + 1, MOST_BINS)
        blob = np.stack(counts)[:, :bins].astype("<u4").tobytes()
        result = protocol.LengthsCounted(
            tuple(opened.parts),
            bins,
            tuple(looked),
            longest,
            cutter.own_length,
            cutter.most_length,
            share < 1,
            cutter.vocabulary_size,
            time.monotonic() - asked.began,
        )
        return result, blob

    def _packed(self, opened: OpenedParts, command: protocol.PackText, asked: "_Asked") -> protocol.TextPacked:
        cutter = self._cutter(opened, command.preset, asked)
        length = command.length or cutter.own_length
        if not 4 <= length <= MOST_BINS:
            raise UserError("data.options", f"A length of {length} tokens is out of range.", "Choose 4 to 16,384.")
        found = cutter.pack(command.text, command.pair, length, asked.recipe.data.cut)
        return protocol.TextPacked(
            tuple(found.tokens),
            tuple(found.segments),
            length,
            length - len(found.tokens),
            tuple(found.cut[: protocol.CUT_TOKENS]),
            tuple(found.cut_segments[: protocol.CUT_TOKENS]),
            len(found.cut),
            sum(token.id == cutter.unknown_id for token in found.tokens),
            cutter.vocabulary_size,
        )


class _Asked:
    """What a question needs beside its words."""

    def __init__(self, data: dict, job: Job) -> None:
        self.recipe: Recipe = from_mapping({"data": data})
        self.job = job
        self.began = time.monotonic()
        self.progress: Progress = progress_of(PhaseClock(job, {}))
        self.stopped: StopCheck = lambda: bool(job.stop_mode)


def _row(opened: OpenedParts, place: browse.Place, chars: int | None) -> protocol.DataRow:
    part, row = opened.parts[place[0]], place[1]
    text, pair = part.texts[row], part.pairs[row] if part.pairs is not None else ""
    label = int(part.labels[row])
    shown = text if chars is None else _plain(text[:chars])
    beside = pair if chars is None else _plain(pair[:chars])
    return protocol.DataRow(place[0], row, label, _sound(shown), _sound(beside), len(text) + len(pair))


def _plain(text: str) -> str:
    return text.replace("\0", "\ufffd")


def _sound(text: str) -> str:
    """Halves of surrogate pairs cannot be sent."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _key(data: DataRecipe) -> tuple:
    """Which texts these are, and whether their files or folders changed on the disk since."""
    settings = tuple(getattr(data, name) for name in data_sets.SETTINGS)
    return (*settings, *(files.stamp(path) for path in _paths(data)))


def _inside(asked: "_Asked") -> int:
    """Another number when a file under the folders changed: 50,000 take a third of a second. Raises Stopped."""
    found, seen = [], set()
    for path in _paths(asked.recipe.data):
        for folder, below, names in os.walk(path, followlinks=True):
            asked.job.check()
            if (real := os.path.realpath(folder)) in seen:
                below.clear()  # a link that leads round in a circle
                continue
            seen.add(real)
            found += [(folder, name, *files.stamp(os.path.join(folder, name))) for name in names]
    return hash(tuple(sorted(found)))


def _paths(data: DataRecipe) -> list[str]:
    return [os.path.expanduser(path) for path in (data.path, data.validation_path, data.test_path)]
