"""The texts behind a run's measures: read again from its data, by the same split."""

from functools import lru_cache

import msgspec
import numpy as np

from fnet_studio.core import protocol, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import from_mapping
from fnet_studio.core.recipe_sections import DataRecipe
from fnet_studio.core.run_store import RunRecord
from fnet_studio.data.corpus import LabelledTexts
from fnet_studio.data.sources import parts_of, read_corpus
from fnet_studio.engine.job import Job
from fnet_studio.engine.texts import data_files


def run_texts(command: protocol.RunTexts, job: Job) -> protocol.Texts:
    """UserError `run.no-texts` for a language model's run, or a place that the split does not have; and what reading
    the data raises."""
    record = run_store.read(command.run)
    recipe = from_mapping(record.recipe)
    require_classifier(record)
    job.check()
    part = _parts(msgspec.json.encode(recipe.data))[command.split]
    beyond = [row for row in command.rows if not 0 <= row < len(part)]
    if beyond:
        raise UserError(
            "run.no-texts",
            f"The {command.split} texts have no row {beyond[0]}; there are {len(part)}.",
            "The data may have changed since the run. Measure the model again.",
        )
    pairs = tuple(part.pairs[row] for row in command.rows) if part.pairs is not None else ()
    return protocol.Texts(tuple(part.texts[row] for row in command.rows), pairs)


def require_classifier(record: RunRecord) -> None:
    """UserError `run.no-texts` for a language model's run."""
    if not record.classifies:
        raise UserError("run.no-texts", f"The run {record.id} classified no texts.", "Choose a classifier's run.")


def require_pairs(record: RunRecord, command: protocol.Classify) -> None:
    """UserError `run.pairs` where a model of pairs is asked about single texts, or the other way round. What a run of
    before this was kept has learnt is not known."""
    paired = record.data.get("paired")
    if command.pairs and len(command.pairs) != len(command.texts):
        raise UserError(
            "run.pairs",
            f"There are {len(command.texts)} texts and {len(command.pairs)} second texts.",
            "Give each text its second one.",
        )
    if paired and not command.pairs:
        raise UserError(
            "run.pairs", f"The run {record.id} learnt to sort pairs of texts.", "Give the second text as well."
        )
    if paired is False and command.pairs:
        raise UserError("run.pairs", f"The run {record.id} learnt to sort single texts.", "Leave the second text out.")


def spread(texts: int, most: int) -> np.ndarray:
    """At most `most` places, evenly over all."""
    return np.unique(np.linspace(0, texts - 1, min(texts, max(most, 1))).round().astype(int))


@lru_cache(maxsize=1)
def _parts(data: bytes) -> dict[str, LabelledTexts]:
    """Those of the last run that was asked about stay in memory: an archive takes seconds to read."""
    recipe = msgspec.json.decode(data, type=DataRecipe)
    corpus = read_corpus(recipe.source, recipe.path, data_files(recipe))
    return parts_of(corpus, recipe.validation_split, recipe.split_seed)
