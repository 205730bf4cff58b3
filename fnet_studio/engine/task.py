"""What the loop of a run asks of its task: data in rows, a model, and how the model is kept and brought back."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import keras

from fnet_studio.core.recipe import Recipe
from fnet_studio.data.progress import Progress, StopCheck
from fnet_studio.engine.feed import Batch, Inputs, Rows
from fnet_studio.engine.measures import Measured
from fnet_studio.engine.objectives import Objective

Measure = Callable[[Iterator[Batch]], Measured]
"""Loss and accuracy of the model over batches of the shape of `Task.evaluation_batches`."""


class Task(Protocol):
    """The data of a recipe, ready for its model. Made by `load_task`."""

    recipe: Recipe
    objective: Objective
    parts: dict[str, Rows]
    """`train`, `validation` and `test`; the last may be empty."""
    class_names: tuple[str, ...]
    sequence_length: int
    content_hash: str

    def summary(self) -> dict[str, Any]:
        """What the run's record and the window keep of the data."""
        ...

    def build(self) -> keras.Model:
        """The model before its first step, the same for the same recipe."""
        ...

    def train_batches(self, epoch: int, first_step: int = 0) -> Iterator[Batch]:
        """Decided by (seed, epoch) alone."""
        ...

    def evaluation_batches(self, split: str) -> Iterator[Batch]:
        """In order, the same at each call."""
        ...

    def further_measures(self, split: str, measure: Measure) -> dict[str, float]:
        """Figures by name that need batches of their own; measured once, at the end."""
        ...

    def inputs_of(self, text: str) -> Inputs:
        """One text, (1, length) each."""
        ...

    def keep(self, model: keras.Model, folder: Path) -> Path:
        """Write the model for use into a run's folder, verified. UserError when the disk refuses."""
        ...


class Stored(NamedTuple):
    """A run's kept model."""

    model: keras.Model
    objective: Objective
    class_names: Sequence[str]
    encode: Callable[[Sequence[str]], Inputs]
    """Texts to rows of the model's length."""


def load_task(recipe: Recipe, progress: Progress, stopped: StopCheck) -> Task:
    """Read and tokenise the recipe's data. Raises Stopped, and UserError for what is wrong with it."""
    from fnet_studio.engine import classifier, finetune, masked_lm

    loaders: dict[str, Callable[[Recipe, Progress, StopCheck], Task]] = {
        "classify": classifier.load,
        "finetune": finetune.load,
        "masked-lm": masked_lm.load,
    }
    return loaders[recipe.task](recipe, progress, stopped)


def bring_back(recipe: Recipe, folder: Path) -> Stored:
    """UserError `run.no-model` or `run.unreadable`."""
    from fnet_studio.engine import classifier, finetune, masked_lm

    if recipe.task == "classify":
        return classifier.bring_back(recipe, folder)
    return finetune.bring_back(folder) if recipe.task == "finetune" else masked_lm.bring_back(folder)
