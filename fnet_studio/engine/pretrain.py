"""Pretraining: a masked-LM preset from scratch, or from another preset, on a corpus that is larger than memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fnet_studio.core import presets
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck, check
from fnet_studio.core.recipe import FROM_SCRATCH, Recipe
from fnet_studio.data import token_shards
from fnet_studio.data.pretraining_rows import Pieces, PretrainingRows, subsampling
from fnet_studio.engine import kept_preset, pretrain_corpus
from fnet_studio.engine.devices import precision_of
from fnet_studio.engine.feed import Batch, Rows
from fnet_studio.engine.masked_lm import MaskedLM
from fnet_studio.engine.plain_text import Windows
from fnet_studio.models import tensors
from fnet_studio.models.backbone import FNetBackbone
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.masking import mask_rows
from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor
from fnet_studio.models.tokenizer import FNetTokenizer
from fnet_studio.models.vocabulary import pieces_by_use

_MASKS = 5
"""In the seeds of random numbers, so that none is used twice (`data.pretraining_rows` has the others)."""


class Epoch:
    """So many rows are trained between two validations; they are cut when they are wanted."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return self.rows


def load(recipe: Recipe, progress: Progress, stopped: StopCheck) -> "Pretrain":
    """Phases: those of `pretrain_corpus.prepare`, and `unpacking`. Raises Stopped, and UserError."""
    folder = pretrain_corpus.prepare(recipe, progress, stopped)
    corpus = token_shards.read_corpus(folder)
    train, validation = (
        token_shards.open_tokens(folder, corpus, split, progress, stopped) for split in ("train", "validation")
    )
    check(stopped)
    tokenizer = FNetTokenizer(folder / token_shards.VOCABULARY)
    return Pretrain(recipe, tokenizer, corpus, train, validation)


class Pretrain(MaskedLM):
    """Implements `engine.task.Task`. An epoch is a number of steps, not a pass over the corpus."""

    def __init__(
        self,
        recipe: Recipe,
        tokenizer: FNetTokenizer,
        corpus: token_shards.Corpus,
        train: np.ndarray,
        validation: np.ndarray,
    ) -> None:
        """train, validation: (tokens,) uint16."""
        self.corpus, options, seed = corpus, recipe.pretraining, recipe.training.seed
        self.first = None if recipe.model.preset == FROM_SCRATCH else presets.folder(recipe.model.preset)
        length = recipe.data.sequence_length or _own_length(recipe)
        self.room = -int(-options.masked * (length - 2) // 1)
        preprocessor = FNetMaskedLMPreprocessor(
            tokenizer, length, mask_selection_rate=options.masked, mask_selection_length=self.room
        )
        ends, sentence_begins, word_begins = (np.array(flags) for flags in pieces_by_use(tokenizer))
        pieces = Pieces(
            tokenizer.cls_token_id,
            tokenizer.sep_token_id,
            tokenizer.pad_token_id,
            corpus.document_end,
            ends,
            sentence_begins,
        )
        self._word_begins = word_begins
        self._unselectable = np.zeros(tokenizer.vocabulary_size(), bool)
        self._unselectable[[*tokenizer.special_token_ids, corpus.document_end]] = True
        self._chances = np.ones(tokenizer.vocabulary_size(), np.float32)
        if options.subsampling:
            self._chances = subsampling(train, tokenizer.vocabulary_size(), options.subsampling)
        try:
            self.rows = PretrainingRows(train, pieces, length, options.short_share, seed, options.openings)
            held_out = PretrainingRows(validation, pieces, length, 0.0, seed).validation(options.validation_rows)
        except ValueError:
            raise UserError("data.empty", "The texts hold too few tokens.", "Choose more or longer texts.") from None
        nothing = Rows(_inputs(held_out[:0]), np.zeros(0, np.int32))
        parts = {
            "train": Epoch(options.steps_per_epoch * recipe.training.batch_size),
            "validation": Rows(_inputs(held_out), np.zeros(len(held_out), np.int32)),
            "test": nothing,
        }
        super().__init__(recipe, self.first or Path(), preprocessor, Windows(parts, corpus.content_hash, 0, ()))

    def summary(self) -> dict[str, Any]:
        tokens = {f"{split}_tokens": self.corpus.tokens(split) for split in self.corpus.shards}
        return {**super().summary(), "texts": sum(self.corpus.documents.values()), **tokens}

    def build(self) -> keras.Model:
        keras.utils.set_random_seed(self.recipe.training.seed)
        part, precision = self.recipe.model, precision_of(self.recipe)
        arguments: dict[str, Any] = {
            "vocabulary_size": self.preprocessor.tokenizer.vocabulary_size(),
            "num_layers": part.num_layers,
            "hidden_dim": part.hidden_dim,
            "intermediate_dim": part.intermediate_dim,
            "max_sequence_length": self.sequence_length,
        }
        before = None
        if self.first is not None:
            before = FNetMaskedLM.from_preset(self.first)
            arguments |= before.backbone.preset_config() | {"max_sequence_length": self.sequence_length}
        backbone = FNetBackbone(**arguments | {"dropout": part.dropout, "dtype": precision})
        head = {} if before is None else _head_arguments(before)
        model = FNetMaskedLM(backbone, self.preprocessor, **head)
        if before is not None:
            _take_over(model, before)
        model.backbone.pooled_dense.trainable = False
        return model

    def train_batches(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        options, size = self.recipe.pretraining, self.recipe.training.batch_size
        for step in range(first_step, options.steps_per_epoch):
            overall = epoch * options.steps_per_epoch + step
            rows = self.rows.batch(overall, size)
            done = mask_rows(
                rows,
                np.random.default_rng([self.recipe.training.seed, _MASKS, overall]),
                rate=options.masked,
                room=self.room,
                mask_token_id=self.preprocessor.tokenizer.mask_token_id,
                unselectable=self._unselectable,
                word_begins=self._word_begins if options.whole_words else None,
                chances=self._chances_in(rows, self.rows.short_rows(overall, size)),
            )
            segments = np.zeros(done.token_ids.shape, np.int32)
            inputs = {"token_ids": done.token_ids, "segment_ids": segments, "mask_positions": done.positions}
            yield Batch(inputs, done.labels, done.weights)

    def _chances_in(self, rows: np.ndarray, short: int) -> np.ndarray | None:
        """(rows, length) float32, how likely each place is masked; the last `short` rows are short texts."""
        options = self.recipe.pretraining
        if not (options.subsampling or options.one_piece):
            return None
        chances = self._chances[rows]
        if options.one_piece:
            ends_word = np.roll(self._word_begins[rows] | self._unselectable[rows], -1, axis=1)
            chances *= self._word_begins[rows] & ends_word
        chances[: len(rows) - short] = 1.0
        return chances

    def keep(self, model: keras.Model, folder: Path) -> Path:
        model.head_state = "pretrained"
        return kept_preset.keep(model, folder, self.recipe.saving.weights)


def _inputs(token_ids: np.ndarray) -> dict[str, np.ndarray]:
    return {"token_ids": token_ids, "segment_ids": np.zeros(token_ids.shape, np.uint8)}


def _own_length(recipe: Recipe) -> int:
    return FNetMaskedLMPreprocessor.from_preset(presets.folder(recipe.model.preset)).sequence_length


def _head_arguments(before: FNetMaskedLM) -> dict[str, Any]:
    settings = before.head_settings
    return {
        "head_activation": settings["intermediate_activation"],
        "head_layer_norm_epsilon": settings["layer_norm_epsilon"],
    }


def _take_over(model: FNetMaskedLM, before: FNetMaskedLM) -> None:
    """All weights of a preset; where there are more positions than it had, its own are repeated."""
    old = tensors.backbone_variables(before.backbone) | tensors.masked_lm_variables(before)
    new = tensors.backbone_variables(model.backbone) | tensors.masked_lm_variables(model)
    for name, variable in new.items():
        if name.startswith("head/") and before.head_state == "none":
            continue
        value = np.asarray(old[name].value)
        if name == "position_embedding":
            value = np.resize(value, variable.shape)
        variable.assign(value)
