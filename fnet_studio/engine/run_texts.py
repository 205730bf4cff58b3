"""The texts behind a run's measures: read again from its data, by the same split."""

import threading

import numpy as np

from fnet_studio.core import protocol, run_models, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import compile_pattern
from fnet_studio.core.recipe import from_mapping
from fnet_studio.core.recipe_sections import DataRecipe
from fnet_studio.core.run_store import RunRecord
from fnet_studio.data.browse import OpenedParts, fitting
from fnet_studio.data.corpus import LabelledTexts
from fnet_studio.data.sources import parts_of, read_corpus
from fnet_studio.engine.clock import PhaseClock
from fnet_studio.engine.datasets import progress_of, require_same_data
from fnet_studio.engine.failures import naming_new_place
from fnet_studio.engine.job import Job
from fnet_studio.engine.texts import data_files


def run_texts(command: protocol.RunTexts, job: Job) -> protocol.Texts:
    """UserError `run.no-texts` for a language model's run, or a place that the split does not have;
    `run.data-changed`; and what reading the data raises."""
    part = _part(command, job)
    beyond = [row for row in command.rows if not 0 <= row < len(part)]
    if beyond:
        raise UserError(
            "run.no-texts",
            f"The {command.split} texts have no row {beyond[0]}; there are {len(part)}.",
            "The data may have changed since the run. Measure the model again.",
        )
    pairs = tuple(part.pairs[row] for row in command.rows) if part.pairs is not None else ()
    return protocol.Texts(tuple(part.texts[row] for row in command.rows), pairs)


def run_slice(command: protocol.RunSlice, job: Job) -> tuple[protocol.TextSlice, bytes]:
    """Letters of both texts where they are pairs. UserError `run.no-texts` for a language model's run,
    `run.data-changed`, `pattern.invalid`, and what reading the data and `browse.fitting` raise. Raises Stopped."""
    pattern = compile_pattern(command.pattern, regex=command.regex, case=command.case)
    part = _part(command, job)
    clock = PhaseClock(job, {})

    def searched(phase: str, done: int, total: int) -> None:
        clock.enter(phase, total, "texts")
        clock.progress(done)

    opened = OpenedParts({command.split: part}, (), "")
    rows = fitting(opened, pattern=pattern, progress=searched, stopped=lambda: bool(job.stop_mode))[command.split]
    clock.leave()
    letters = np.array([len(part.texts[row]) for row in rows], np.int64)
    if part.pairs is not None:
        letters += [len(part.pairs[row]) for row in rows]
    return protocol.TextSlice(len(rows), len(part)), np.stack([rows, letters]).astype("<i4").tobytes()


def _part(command: protocol.RunTexts | protocol.RunSlice, job: Job) -> LabelledTexts:
    record = run_store.read(command.run)
    require_classifier(record)
    data = from_mapping(record.recipe).data
    with naming_new_place(record):
        parts, content_hash = _last_read.parts(data, job)
        if content_hash != record.data.get("content_hash", content_hash):
            parts, content_hash = _last_read.parts(data, job, again=True)  # the files may have changed since
    require_same_data(record, content_hash)
    return parts[command.split]


def content_hash_of(data: DataRecipe, job: Job) -> str:
    """Of a classifier's texts, read anew. Raises Stopped, and what the readers raise."""
    return _last_read.parts(data, job, again=True)[1]


def require_classifier(record: RunRecord) -> None:
    """UserError `run.no-texts` for a language model's run."""
    if not record.classifies:
        raise UserError("run.no-texts", f"The run {record.id} classified no texts.", "Choose a classifier's run.")


def require_pairs(record: RunRecord | None, command: protocol.Classify) -> None:
    """UserError `run.pairs` where a model of pairs is asked about single texts, or the other way round. What a run of
    before this was kept has learnt is not known, nor what a preset has, which has no record."""
    if command.pairs and len(command.pairs) != len(command.texts):
        raise UserError(
            "run.pairs",
            f"There are {len(command.texts)} texts and {len(command.pairs)} second texts.",
            "Give each text its second one.",
        )
    if record is None:
        return
    paired = run_models.paired(record)
    if paired and not command.pairs:
        raise UserError(
            "run.pairs", f"The run {record.id} learnt to sort pairs of texts.", "Give the second text as well."
        )
    if paired is False and command.pairs:
        raise UserError("run.pairs", f"The run {record.id} learnt to sort single texts.", "Leave the second text out.")


def spread(texts: int, most: int) -> np.ndarray:
    """At most `most` places, evenly over all."""
    return np.unique(np.linspace(0, texts - 1, min(texts, max(most, 1))).round().astype(int))


class _LastRead:
    """Owns the texts of the last run that was asked about: an archive takes seconds to read. Asked from two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._data: DataRecipe | None = None
        self._parts: dict[str, LabelledTexts] = {}
        self._content_hash = ""

    def parts(self, data: DataRecipe, job: Job, *, again: bool = False) -> tuple[dict[str, LabelledTexts], str]:
        """By the names of the splits, and their content's hash. Raises Stopped, and what the readers raise."""
        job.check()
        with self._lock:
            if again or data != self._data:
                self._data, self._parts = None, {}
                clock = PhaseClock(job, {})
                corpus = read_corpus(
                    data.source, data.path, data_files(data), progress_of(clock), lambda: bool(job.stop_mode)
                )
                clock.leave()
                self._parts = parts_of(corpus, data.validation_split, data.split_seed, data.stratified)
                self._data, self._content_hash = data, corpus.content_hash
            return self._parts, self._content_hash


_last_read = _LastRead()
