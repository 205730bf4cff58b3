"""The from-scratch text classifier of a recipe: its data, its model, and the model on disk."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from safetensors.numpy import load_file

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.core.recipe import Recipe
from fnet_studio.core.run_models import VOCABULARY, WEIGHTS
from fnet_studio.data.dataset import Dataset, Split
from fnet_studio.data.wordpiece import PAD_ID, WordPieceTokenizer
from fnet_studio.engine import datasets, naive_bayes
from fnet_studio.engine.devices import precision_of
from fnet_studio.engine.feed import Batch, Inputs, Rows, batches, training_batches
from fnet_studio.engine.objectives import Binary, Objective, Softmax
from fnet_studio.engine.task import Measure, Stored
from fnet_studio.models import tensor_file
from fnet_studio.models.imdb_classifier import build_imdb_classifier


def load(recipe: Recipe, progress: Progress | None, stopped: StopCheck | None) -> "Classifier":
    return Classifier(recipe, datasets.load(recipe, progress, stopped))


class Classifier:
    """Implements `engine.task.Task` over WordPiece tokens."""

    def __init__(self, recipe: Recipe, dataset: Dataset) -> None:
        self.recipe, self.dataset = recipe, dataset
        self.class_names, self.content_hash = dataset.class_names, dataset.content_hash
        self.sequence_length = dataset.sequence_length
        self.objective = objective(len(self.class_names))
        splits: dict[str, Split] = {name: getattr(dataset, name) for name in ("train", "validation", "test")}
        self.parts = {name: Rows(split.token_ids, split.labels) for name, split in splits.items()}

    def summary(self) -> dict[str, Any]:
        return datasets.summary(self.dataset)

    def build(self) -> keras.Model:
        return build(self.recipe, len(self.dataset.vocabulary), len(self.class_names))

    def train_batches(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        return training_batches(self.recipe, self.parts["train"], len(self.class_names), epoch, first_step)

    def evaluation_batches(self, split: str) -> Iterator[Batch]:
        return batches(self.parts[split], self.recipe.training.batch_size, shuffle=False)

    def further_measures(self, split: str, measure: Measure) -> dict[str, float]:
        return naive_bayes.measures(self.parts, split, len(self.class_names), PAD_ID)

    def further_batches(self, split: str) -> int:
        return 0

    def inputs_of(self, text: str) -> Inputs:
        return self.dataset.encode(text).token_ids[None, :].astype(np.int32)

    def keep(self, model: keras.Model, folder: Path) -> Path:
        keep(model, self.dataset, folder)
        return folder / WEIGHTS


def objective(classes: int) -> Objective:
    return Binary() if classes == 2 else Softmax()


def build(recipe: Recipe, vocabulary_size: int, classes: int = 2) -> keras.Model:
    """An untrained classifier: (batch, length) token ids to (batch, 1), the probability of the second class; to
    (batch, classes) logits of more than two."""
    keras.utils.set_random_seed(recipe.training.seed)
    part, precision = recipe.model, precision_of(recipe)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)  # of this thread alone
    try:
        model = build_imdb_classifier(
            mixer=part.mixer,
            vocabulary_size=vocabulary_size,
            sequence_length=recipe.data.sequence_length,
            hidden_dim=part.hidden_dim,
            intermediate_dim=part.intermediate_dim,
            num_layers=part.num_layers,
            num_heads=part.num_heads,
            dropout=part.dropout,
            average=part.average,
            ngrams=part.ngrams,
            ngram_buckets=part.ngram_buckets,
            embedding_dim=part.embedding_dim,
            token_dropout=part.token_dropout,
            merge=part.merge,
            bag=part.bag,
        )
    finally:
        keras.config.set_dtype_policy(before)
    if classes == 2 and precision == "float32":
        return model
    # a head of its own, always in float32: bfloat16 knows no probability between 0.996 and 1
    pooled = model.get_layer("dropout").output
    name, activation, units = ("probability", "sigmoid", 1) if classes == 2 else ("logits", None, classes)
    outputs = keras.layers.Dense(units, activation=activation, dtype="float32", name=name)(pooled)
    return keras.Model(model.input, outputs, name=model.name)


def keep(model: keras.Model, dataset: Dataset, folder: Path) -> None:
    """Write weights and vocabulary, then read the weights back and compare. UserError when the disk refuses, or
    `run.unverified` when what was read differs."""
    tensors = {weight.path: np.asarray(weight.value) for weight in model.weights}
    files.write_atomically(folder / VOCABULARY, ("\n".join(dataset.vocabulary) + "\n").encode())
    files.write_json(folder / "classes.json", dataset.class_names)
    files.write_parts_atomically(folder / WEIGHTS, tensor_file.parts(tensors))
    written = load_file(folder / WEIGHTS)
    if any(not np.array_equal(value, written[name], equal_nan=True) for name, value in tensors.items()):
        raise UserError(
            "run.unverified", f"{WEIGHTS} in {folder.name} does not read back as written.", "Check the disk."
        )


def words_and_classes(folder: Path) -> tuple[list[str], list[str]]:
    """The vocabulary and the names of the classes that a run kept. UserError `run.no-model` or `run.unreadable`."""
    try:
        vocabulary = (folder / VOCABULARY).read_text("utf-8").split("\n")[:-1]
        return vocabulary, json.loads((folder / "classes.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise _no_model(folder, error) from None
    except (OSError, ValueError) as error:
        raise UserError(
            "run.unreadable", f"The model of run {folder.name} cannot be read: {error}.", "Train it again."
        ) from None


def _no_model(folder: Path, error: FileNotFoundError) -> UserError:
    return UserError(
        "run.no-model",
        f"The run {folder.name} kept no model ({Path(str(error.filename)).name} is missing).",
        "Choose a run that finished, or that was stopped with Stop and keep.",
    )


def bring_back(recipe: Recipe, folder: Path) -> Stored:
    """UserError `run.no-model` or `run.unreadable`."""
    vocabulary, class_names = words_and_classes(folder)
    try:
        tensors: dict[str, Any] = load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise _no_model(folder, error) from None
    except Exception as error:  # safetensors raises a type of its own for a damaged file
        raise UserError(
            "run.unreadable", f"The model of run {folder.name} cannot be read: {error}.", "Train it again."
        ) from None
    model = build(recipe, len(vocabulary), len(class_names))
    for weight in model.weights:
        name = weight.path
        if name not in tensors or tensors[name].shape != tuple(weight.shape):
            raise UserError(
                "run.unreadable",
                f"{WEIGHTS} of run {folder.name} does not hold tensor {name} {tuple(weight.shape)}.",
                "The file was changed, or comes from another version: train again.",
            )
        weight.assign(tensors[name])
    tokenizer, length, cut = WordPieceTokenizer(vocabulary), recipe.data.sequence_length, recipe.data.cut
    return Stored(
        model,
        objective(len(class_names)),
        class_names,
        lambda texts, pairs: tokenizer.encode_batch(texts, length, pairs=pairs, cut=cut)[0].astype(np.int32),
    )
