"""Masked-LM training: go on with a preset's pretraining on plain text, masked anew in every epoch."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from fnet_studio.core import presets
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.core.recipe import Recipe
from fnet_studio.engine import kept_preset
from fnet_studio.engine.devices import precision_of
from fnet_studio.engine.feed import Batch, Inputs, Rows, batches
from fnet_studio.engine.objectives import Objective, Softmax
from fnet_studio.engine.packed import own_length
from fnet_studio.engine.plain_text import Windows, load_windows
from fnet_studio.engine.task import Measure, Stored
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.masking import MaskedLMMaskGenerator
from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor

PSEUDO_TOKENS = 1000
"""Tokens of a split that the pseudo-perplexity is estimated from: each costs a forward pass."""
_EVALUATING, _SAMPLING = 2**31, 2**31 + 1
"""In the place of an epoch, so that no epoch's masks are those of an evaluation."""


class MaskedSoftmax(Softmax):
    """Logits (batch, masks, vocabulary). Nobody looks at the probabilities of a whole vocabulary."""

    def probabilities(self, outputs: jax.Array) -> jax.Array:
        return jnp.zeros((outputs.shape[0], 0), jnp.float32)


def load(recipe: Recipe, progress: Progress, stopped: StopCheck) -> "MaskedLM":
    folder = presets.folder(recipe.model.preset)
    preprocessor = FNetMaskedLMPreprocessor.from_preset(folder, **own_length(recipe, folder))
    return MaskedLM(recipe, folder, preprocessor, load_windows(recipe, preprocessor, progress, stopped))


class MaskedLM:
    """Implements `engine.task.Task`. How much is masked, and how, are the preset's own settings."""

    def __init__(self, recipe: Recipe, folder: Path, preprocessor: FNetMaskedLMPreprocessor, windows: Windows) -> None:
        self.recipe, self.folder, self.preprocessor, self.windows = recipe, folder, preprocessor, windows
        self.objective: Objective = MaskedSoftmax()
        self.parts, self.content_hash = windows.parts, windows.content_hash
        self.class_names: tuple[str, ...] = ()
        self.sequence_length = preprocessor.sequence_length

    def summary(self) -> dict[str, Any]:
        return {
            **{name: len(part) for name, part in self.parts.items()},
            "class_names": [],
            "texts": self.windows.texts,
            "vocabulary_size": self.preprocessor.tokenizer.vocabulary_size(),
            "vocabulary_hash": self.preprocessor.tokenizer.vocabulary_hash,
            "sequence_length": self.sequence_length,
            "content_hash": self.content_hash,
            "notes": list(self.windows.notes),
        }

    def build(self) -> keras.Model:
        return build(self.recipe, self.folder, preprocessor=self.preprocessor)

    def train_batches(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        training = self.recipe.training
        ordered = batches(self.parts["train"], training.batch_size, training.seed, epoch, first_step=first_step)
        for step, batch in enumerate(ordered, first_step):
            yield self._masked(batch, epoch, step)

    def evaluation_batches(self, split: str) -> Iterator[Batch]:
        ordered = batches(self.parts[split], self.recipe.training.batch_size, shuffle=False)
        for step, batch in enumerate(ordered):
            yield self._masked(batch, _EVALUATING, step)

    def _masked(self, batch: Batch, epoch: int, step: int) -> Batch:
        """Masks that (seed, epoch, step) decide, so that a resumed run sees the same ones."""
        seeds = np.random.SeedSequence([self.recipe.training.seed, epoch, step])
        settings = self.preprocessor.masker.get_config() | {"seed": int(seeds.generate_state(1)[0])}
        done = MaskedLMMaskGenerator(**settings)(batch.inputs["token_ids"])
        inputs = {
            "token_ids": done["token_ids"],
            "segment_ids": batch.inputs["segment_ids"],
            "mask_positions": done["mask_positions"].astype(np.int32),
        }
        weights = done["mask_weights"].astype(np.float32) * batch.weights[:, None]
        return Batch(inputs, done["mask_ids"].astype(np.int32), weights)

    def further_measures(self, split: str, measure: Measure) -> dict[str, float]:
        """Pseudo-perplexity (arXiv 1910.14659): each token masked alone, over a sample of `PSEUDO_TOKENS` tokens."""
        if not len(self.parts[split]):
            return {}
        return {"pseudo_perplexity": math.exp(min(measure(self.one_mask_each(split)).loss, 700.0))}

    def further_batches(self, split: str) -> int:
        return math.ceil(PSEUDO_TOKENS / self.recipe.training.batch_size) if len(self.parts[split]) else 0

    def one_mask_each(self, split: str, tokens: int = PSEUDO_TOKENS) -> Iterator[Batch]:
        """A row for each of a sample of a split's tokens, which alone is masked in it."""
        part, size = self.parts[split], self.recipe.training.batch_size
        assert isinstance(part.inputs, dict)
        tokenizer, room = self.preprocessor.tokenizer, self.preprocessor.masker.mask_selection_length
        assert room is not None
        rows, places = np.nonzero(~np.isin(part.inputs["token_ids"], tokenizer.special_token_ids))
        random = np.random.default_rng([self.recipe.training.seed, _SAMPLING])
        chosen = np.sort(random.choice(len(rows), min(tokens, len(rows)), replace=False))
        rows, places = rows[chosen], places[chosen]
        for batch in batches(Rows(np.arange(len(rows))[:, None], np.zeros(len(rows), np.int32)), size, shuffle=False):
            which = batch.inputs[:, 0]
            inputs: Any = part.take(rows[which])
            labels, weights, positions = (np.zeros((size, room), kind) for kind in (np.int32, np.float32, np.int32))
            across = np.arange(size)
            positions[:, 0], labels[:, 0] = places[which], inputs["token_ids"][across, places[which]]
            inputs["token_ids"][across, places[which]] = tokenizer.mask_token_id
            weights[:, 0] = batch.weights
            yield Batch({**inputs, "mask_positions": positions}, labels, weights)

    def inputs_of(self, text: str) -> Inputs:
        token_ids, segment_ids = self.preprocessor.pack([text])
        return {"token_ids": token_ids, "segment_ids": segment_ids}

    def keep(self, model: keras.Model, folder: Path) -> Path:
        model.head_state = "fine-tuned"
        return kept_preset.keep(model, folder)


def build(recipe: Recipe, folder: Path, **kwargs: Any) -> FNetMaskedLM:
    """The preset of a folder as training begins with it: one without a masked-LM head gets a new one. What the loss
    does not reach is left as it is. kwargs: as for `FNetMaskedLM.from_preset`."""
    keras.utils.set_random_seed(recipe.training.seed)
    model = FNetMaskedLM.from_preset(folder, dtype=precision_of(recipe), **kwargs)
    model.backbone.pooled_dense.trainable = False
    if model.next_sentence_dense is not None:
        model.next_sentence_dense.trainable = False
    return model


def bring_back(folder: Path) -> Stored:
    """UserError `run.no-model`, or what a damaged preset raises."""
    model = FNetMaskedLM.from_preset(kept_preset.kept_folder(folder))

    def refuse(texts: Any, pairs: Any) -> Inputs:
        raise UserError(
            "run.no-classifier",
            f"The run {folder.name} trained a masked-LM model, which knows no classes.",
            "Load its preset on the Explore page, or fine-tune it.",
        )

    return Stored(model, MaskedSoftmax(), (), refuse)
