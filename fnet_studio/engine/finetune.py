"""Fine-tuning: a preset's encoder with a new classifier, on texts or pairs of texts."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras

from fnet_studio.core import files, presets
from fnet_studio.core.errors import UserError
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.core.recipe import Recipe
from fnet_studio.engine import kept_preset, naive_bayes
from fnet_studio.engine.devices import precision_of
from fnet_studio.engine.feed import Batch, Inputs, batches, training_batches
from fnet_studio.engine.objectives import Objective, Softmax
from fnet_studio.engine.packed import Packed, load_packed, own_length
from fnet_studio.engine.task import Measure, Stored
from fnet_studio.models.preprocessor import FNetTextClassifierPreprocessor
from fnet_studio.models.preset import open_preset
from fnet_studio.models.text_classifier import FNetTextClassifier

CLASSES = "classes.json"


def load(recipe: Recipe, progress: Progress, stopped: StopCheck) -> "FineTuning":
    folder = presets.folder(recipe.model.preset)
    preprocessor = FNetTextClassifierPreprocessor.from_preset(folder, **own_length(recipe, folder), cut=recipe.data.cut)
    return FineTuning(recipe, folder, preprocessor, load_packed(recipe, preprocessor, progress, stopped))


class FineTuning:
    """Implements `engine.task.Task` over a preset's own tokens, at its own length unless another is asked for."""

    def __init__(
        self, recipe: Recipe, folder: Path, preprocessor: FNetTextClassifierPreprocessor, packed: Packed
    ) -> None:
        self.recipe, self.folder, self.preprocessor, self.packed = recipe, folder, preprocessor, packed
        self.objective: Objective = Softmax()
        self.parts, self.class_names, self.content_hash = packed.parts, packed.class_names, packed.content_hash
        self.sequence_length = preprocessor.sequence_length

    def summary(self) -> dict[str, Any]:
        return {
            **{name: len(part) for name, part in self.parts.items()},
            "class_names": list(self.class_names),
            "paired": self.packed.paired,
            "vocabulary_size": self.preprocessor.tokenizer.vocabulary_size(),
            "vocabulary_hash": self.preprocessor.tokenizer.vocabulary_hash,
            "sequence_length": self.sequence_length,
            "content_hash": self.content_hash,
            "report": self.packed.report.to_mapping(),
        }

    def build(self) -> keras.Model:
        return build(self.recipe, self.folder, len(self.class_names), self.preprocessor)

    def train_batches(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        return training_batches(self.recipe, self.parts["train"], len(self.class_names), epoch, first_step)

    def evaluation_batches(self, split: str) -> Iterator[Batch]:
        return batches(self.parts[split], self.recipe.training.batch_size, shuffle=False)

    def further_measures(self, split: str, measure: Measure) -> dict[str, float]:
        return naive_bayes.measures(self.parts, split, len(self.class_names), self.preprocessor.tokenizer.pad_token_id)

    def further_batches(self, split: str) -> int:
        return 0

    def inputs_of(self, text: str) -> Inputs:
        return self.preprocessor([text])

    def keep(self, model: keras.Model, folder: Path) -> Path:
        files.write_json(folder / CLASSES, self.class_names)
        model.head_state, model.class_names = "fine-tuned", tuple(self.class_names)
        return kept_preset.keep(model, folder)


def build(
    recipe: Recipe, folder: Path, classes: int, preprocessor: FNetTextClassifierPreprocessor | None = None
) -> FNetTextClassifier:
    """The preset of a folder with a new classifier, as training begins with it."""
    keras.utils.set_random_seed(recipe.training.seed)
    model = FNetTextClassifier.from_preset(
        folder,
        num_classes=classes,
        preprocessor=preprocessor,
        dropout=recipe.model.dropout,
        pooling=recipe.model.pooling,
        dtype=precision_of(recipe),
    )
    model.backbone.trainable = recipe.model.backbone == "trained"
    if recipe.model.pooling == "mean":
        model.backbone.pooled_dense.trainable = False  # unused, and weight decay would wear it away
    return model


def bring_back(folder: Path) -> Stored:
    """UserError `run.no-model`, `run.unreadable`, or what a damaged preset raises."""
    kept = kept_preset.kept_folder(folder)
    try:
        class_names = json.loads((folder / CLASSES).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            "run.unreadable", f"{CLASSES} of run {folder.name} cannot be read: {error}.", "Train it again."
        ) from None
    return _stored(FNetTextClassifier.from_preset(kept), class_names)


def of_preset(folder: Path) -> Stored:
    """A preset that has a classifier's head; classes that it does not name are numbered. UserError
    `preset.no-classifier`, also for one whose outputs are no choice among classes, or what a damaged preset raises."""
    head = open_preset(folder).head()
    told = head.arguments if head else {}
    classes, activation = told.get("num_classes", 0), told.get("activation") or "linear"
    quantities = told.get("regression", False)
    if head and head.kind == "classifier" and (quantities or classes < 2 or activation not in ("linear", "softmax")):
        raise UserError(
            "preset.no-classifier",
            f"The head of the preset {folder.name} does not choose among classes: it has {classes} "
            f"output{'s' * (classes > 1)} {'for regression' if quantities else f'with the activation {activation}'}.",
            "Choose a preset whose head gives logits or softmax probabilities of two classes or more.",
        )
    model = FNetTextClassifier.from_preset(folder, activation=None)  # the objective takes logits
    return _stored(model, model.class_names or list(map(str, range(classes))))


def _stored(model: FNetTextClassifier, class_names: Sequence[str]) -> Stored:
    def encode(texts: Sequence[str], pairs: Sequence[str] | None) -> Inputs:
        return model.preprocessor(list(texts) if pairs is None else (list(texts), list(pairs)))

    return Stored(model, Softmax(), class_names, encode)
