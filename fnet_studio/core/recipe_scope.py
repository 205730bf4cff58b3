"""Which settings count: a classifier from scratch has no preset, a preset brings its own size, the sample has no path.

A setting that does not count is not shown, and keeps the value of the recipe that one began with.
"""

from collections.abc import Mapping
from typing import Any

from fnet_studio.core import recipe as recipes
from fnet_studio.core.recipe_sections import DOWNLOAD

DATA_PLACES = ("data.path", "data.validation_path", "data.test_path")
"""Settings that name files or folders."""
_FROM_SCRATCH = frozenset(
    {
        "data.vocabulary_size",
        "model.mixer",
        "model.num_layers",
        "model.hidden_dim",
        "model.intermediate_dim",
        "model.num_heads",
        "model.average",
        "model.ngrams",
        "model.ngram_buckets",
        "model.embedding_dim",
        "model.token_dropout",
        "model.merge",
        "model.bag",
    }
)
_ON_A_PRESET = frozenset({"model.preset", "model.backbone", "model.pooling"})
_OF_LABELS = frozenset(
    {
        "data.cut",
        "data.pair_column",
        "data.label_column",
        "data.labels",
        "data.split",
        "model.backbone",
        "model.pooling",
        "model.dropout",
        "optimisation.class_weights",
    }
)
"""What masked-LM training has no use for: it has no classes and no head of its own."""
_NOT_IN_PRETRAINING = frozenset(
    {
        "data.url",
        "data.test_path",
        "data.text_column",
        "data.validation_split",
        "data.split_seed",
        "model.mixer",
        "model.num_heads",
        "model.pooling",
        "model.average",
        "model.ngrams",
        "model.ngram_buckets",
        "model.embedding_dim",
        "model.token_dropout",
        "model.merge",
        "model.bag",
    }
)
"""What pretraining has no use for either: it reads plain text of one's own, has no test, makes presets as they are
published, with a vector for each token alone, and mixes by Fourier transforms."""
OF_FILES = frozenset(
    {
        "data.validation_path",
        "data.test_path",
        "data.text_column",
        "data.pair_column",
        "data.label_column",
        "data.labels",
    }
)
"""How files of one's own are read."""


def counts(key: str, task: str, values: Mapping[str, str]) -> bool:
    """Whether a setting changes anything for a task, given the values of the others as text, by dotted key."""
    source = values.get("data.source", "")
    if task == "pretrain":
        return _counts_in_pretraining(key, values)
    if key.startswith("pretraining.") or key == "saving.weights":
        return False
    if task == "classify" and key in _ON_A_PRESET:
        return False
    if task != "classify" and key in _FROM_SCRATCH:
        return False
    if task == "masked-lm" and key in _OF_LABELS:
        return False
    if key.startswith("adapt."):
        return task == "finetune" and (key == "adapt.epochs" or values.get("adapt.epochs", "0").strip() != "0")
    if key in OF_FILES:
        return source == "files"
    if key == "data.split":
        return source != "imdb"
    if key == "data.path":
        return source != "sample"
    if key == "data.url":
        return source == "imdb" and values.get("data.path", "").strip().lower() == DOWNLOAD
    if key == "model.ngram_buckets":
        return values.get("model.ngrams", "1").strip() != "1"
    if key == "model.num_heads":
        return values.get("model.mixer") in ("attention", "hybrid")
    if key == "optimisation.monitor":
        return values.get("optimisation.keep") == "best" or values.get("optimisation.patience", "0").strip() != "0"
    return True


def _counts_in_pretraining(key: str, values: Mapping[str, str]) -> bool:
    """Its size is a preset's where it starts from one. A vocabulary comes with a preset too."""
    if key == "data.validation_path" or key == "model.dropout":
        return True
    if key in _OF_LABELS or key in _NOT_IN_PRETRAINING or key.startswith("adapt."):
        return False
    if key == "pretraining.vocabulary_lines" or key in _FROM_SCRATCH:
        return values.get("model.preset", "").strip() == "none"
    if key == "optimisation.monitor":
        return values.get("optimisation.keep") == "best" or values.get("optimisation.patience", "0").strip() != "0"
    return True


def counting(stored: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a stored recipe (`recipe.to_mapping`) that count, by dotted key, in the order of the form.

    What it does not hold came later, and has the default, as `core.migrations` says. An empty recipe tells nothing.
    """
    if not stored:
        return {}
    task = str(stored.get("task", ""))
    values = {}
    for key, field in recipes.fields().items():
        section, name = key.split(".")
        values[key] = stored.get(section, {}).get(name, field.default)
    texts = {key: str(value) for key, value in values.items()}
    return {key: value for key, value in values.items() if counts(key, task, texts)}
