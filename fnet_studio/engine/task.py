"""What the loop of a run asks of its task: data in rows, a model, and how the model is kept and brought back."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import keras

from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.core.recipe import Recipe
from fnet_studio.engine.datasets import with_data_here
from fnet_studio.engine.feed import Batch, Inputs
from fnet_studio.engine.measures import Measured
from fnet_studio.engine.objectives import Objective

Measure = Callable[[Iterator[Batch]], Measured]
"""Loss and accuracy of the model over batches of the shape of `Task.evaluation_batches`."""


class Task(Protocol):
    """The data of a recipe, ready for its model. Made by `load_task`."""

    recipe: Recipe
    objective: Objective
    class_names: tuple[str, ...]
    sequence_length: int
    content_hash: str

    @property
    def parts(self) -> Mapping[str, Sized]:
        """`train`, `validation` and `test`, by the number of their rows; the last may be empty."""
        ...

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
        """Figures by name that are no sums over the evaluation's batches; measured once, at the end."""
        ...

    def further_batches(self, split: str) -> int:
        """How many batches `further_measures` takes."""
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
    encode: Callable[[Sequence[str], Sequence[str] | None], Inputs]
    """Texts, and the second text of each if there is one, to rows of the model's length."""


def load_task(recipe: Recipe, progress: Progress, stopped: StopCheck) -> Task:
    """Fetch where it says so, read and tokenise the recipe's data. Raises Stopped, and UserError for what is wrong with
    it."""
    recipe = with_data_here(recipe, progress, stopped)
    if recipe.task == "classify":
        from fnet_studio.engine import classifier

        return classifier.load(recipe, progress, stopped)
    if recipe.task == "finetune":
        from fnet_studio.engine import finetune

        return finetune.load(recipe, progress, stopped)
    if recipe.task == "pretrain":
        from fnet_studio.engine import pretrain

        return pretrain.load(recipe, progress, stopped)
    from fnet_studio.engine import masked_lm

    return masked_lm.load(recipe, progress, stopped)


def bring_back(recipe: Recipe, folder: Path) -> Stored:
    """UserError `run.no-model` or `run.unreadable`."""
    if recipe.task == "classify":
        from fnet_studio.engine import classifier

        return classifier.bring_back(recipe, folder)
    if recipe.task == "finetune":
        from fnet_studio.engine import finetune

        return finetune.bring_back(folder)
    from fnet_studio.engine import masked_lm

    return masked_lm.bring_back(folder)
