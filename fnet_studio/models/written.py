"""What became of a preset that was written, read back."""

from pathlib import Path
from typing import NamedTuple

from fnet_studio.core.comparison import Comparison
from fnet_studio.core.errors import UserError
from fnet_studio.models.keras_names import activation_name
from fnet_studio.models.text_classifier import FNetTextClassifier


class Written(NamedTuple):
    notes: list[str]
    """What the reader should know, in sentences."""
    comparisons: list[Comparison]
    """What was written, read back."""


def verified(comparisons: list[Comparison], target: Path) -> list[Comparison]:
    """The same, when all of them passed. UserError `convert.unverified`."""
    for it in comparisons:
        if not it.passed:
            raise UserError(
                "convert.unverified",
                f"{target.name} does not read back as it was written: {it.what.lower()}, {it.words}.",
                "Nothing was kept. Check the disk, then try again.",
            )
    return comparisons


def differences(task: FNetTextClassifier, library: str) -> list[str]:
    """What the library that a classifier is written for does in another way, in sentences."""
    notes = []
    if task.pooling != "cls":
        notes.append(
            f"{library} classifies by the first position, which this model, trained with the average over the tokens, "
            "never learnt to use: its answers there will be wrong. For a model to be used there, train with Pooling: "
            "First position (model.pooling=cls)."
        )
    if task.preprocessor is not None and task.preprocessor.cut != "end":
        notes.append(
            f"{library} cuts long texts at the end, not at the {task.preprocessor.cut}: its answers to them will "
            "differ."
        )
    if library == "Transformers":
        activation = activation_name(task.activation)
        if activation not in ("linear", "softmax", "sigmoid"):
            notes.append(f"Transformers has no place for the activation {activation}: its answers will lack it.")
        if task.preprocessor is not None and task.preprocessor.truncate == "waterfall":
            notes.append(
                "Transformers cuts pairs that are too long at the longer text first, not at the second one: its "
                "answers to them will differ."
            )
    return notes
