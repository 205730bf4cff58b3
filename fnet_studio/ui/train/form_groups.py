"""Which settings stand together in the recipe's form, and the words for closed sets of values."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """keys: always shown; more: folded away until wanted. Keys that do not count for the task are left out anyway."""

    title: str
    keys: tuple[str, ...]
    more: tuple[str, ...] = ()


_GROUPS = (
    Group(
        "Data",
        (
            "data.source",
            "data.path",
            "data.text_column",
            "data.pair_column",
            "data.label_column",
            "data.labels",
            "data.validation_path",
            "data.test_path",
            "data.sequence_length",
            "data.cut",
        ),
        ("data.validation_split", "data.split", "data.split_seed", "data.vocabulary_size"),
    ),
    Group(
        "Model",
        (
            "model.preset",
            "model.backbone",
            "model.pooling",
            "model.mixer",
            "model.num_layers",
            "model.hidden_dim",
            "model.num_heads",
        ),
        ("model.intermediate_dim", "model.dropout"),
    ),
    Group(
        "Training",
        ("training.epochs", "training.batch_size", "training.learning_rate"),
        ("training.accumulation", "training.auto_batch", "training.precision", "training.seed"),
    ),
    Group("Pretraining", ("pretraining.steps_per_epoch", "pretraining.short_share", "pretraining.masked")),
    Group("Adapting first", ("adapt.epochs", "adapt.batch_size", "adapt.learning_rate")),
    Group(
        "Stopping",
        ("optimisation.patience", "optimisation.keep", "optimisation.monitor"),
    ),
    Group("Optimisation", ()),
    Group("Watched while it trains", ("observe.probe",)),
    Group("Saving", ()),
)
_HOME = {
    "data": "Data",
    "model": "Model",
    "training": "Training",
    "pretraining": "Pretraining",
    "adapt": "Adapting first",
    "optimisation": "Optimisation",
    "observe": "Watched while it trains",
    "saving": "Saving",
}
"""Where the settings of a section go that no group names."""


def groups(known: Iterable[str]) -> list[Group]:
    """Every known setting in exactly one group."""
    known = list(known)
    named = {key for group in _GROUPS for key in (*group.keys, *group.more)}
    found = []
    for group in _GROUPS:
        more = [key for key in group.more if key in known]
        more += [key for key in known if key not in named and _HOME[key.partition(".")[0]] == group.title]
        found.append(Group(group.title, tuple(key for key in group.keys if key in known), tuple(more)))
    return found


CHOICES: dict[str, tuple[tuple[str, str], ...]] = {
    "data.source": (("sample", "Bundled sample"), ("imdb", "IMDb reviews"), ("files", "Files of your own")),
    "data.split": (("stratified", "Same share of each class"), ("random", "By chance")),
    "data.cut": (("end", "At the end"), ("start", "At the start"), ("middle", "In the middle")),
    "model.mixer": (
        ("fourier", "Fourier (FNet)"),
        ("attention", "Attention"),
        ("hybrid", "Attention on top"),
        ("linear", "Linear, learned"),
        ("random", "Random, fixed"),
        ("identity", "None"),
    ),
    "model.backbone": (("trained", "Trained too"), ("frozen", "Frozen, head only")),
    "model.pooling": (("cls", "First position"), ("mean", "Average of tokens")),
    "model.average": (("all", "All positions"), ("tokens", "Those with tokens")),
    "training.precision": (
        ("float32", "float32"),
        ("mixed_bfloat16", "mixed bfloat16"),
        ("auto", "as the device likes it"),
    ),
    "optimisation.schedule": (("constant", "Constant"), ("linear", "Linear to 0"), ("cosine", "Cosine to 0")),
    "optimisation.class_weights": (("none", "None"), ("balanced", "Balanced")),
    "optimisation.keep": (("last", "Of the last epoch"), ("best", "Of the best epoch")),
    "optimisation.monitor": (
        ("accuracy", "Accuracy"),
        ("loss", "Loss"),
        ("macro-f1", "Macro F1"),
    ),
}
TRUTH = (("False", "No"), ("True", "Yes"))


def choices(key: str, known: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(value, words) of a closed set: every value that the recipe knows, in words where there are some."""
    if known == ("False", "True"):
        return TRUTH
    words = dict(CHOICES.get(key, ()))
    ordered = [value for value in words if value in known] + [value for value in known if value not in words]
    return tuple((value, words.get(value, value)) for value in ordered)
