"""A run's model as a preset folder, which the Explore page, another run and KerasHub can load."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from fnet_studio.core import files, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import FROM_SCRATCH, Recipe
from fnet_studio.models.preset import open_preset
from fnet_studio.models.preset_writer import write_preset
from fnet_studio.models.tensors import Stored, backbone_variables, classifier_variables, masked_lm_variables
from fnet_studio.models.text_classifier import FNetTextClassifier

FOLDER = run_store.KEPT_PRESET


def keep(task: Any, folder: Path, weights: str = "float32") -> Path:
    """Write `preset/` under a run's folder beside the old one, compare what is read back, then change places.
    weights: the dtype on disk. UserError when the disk refuses, or `run.unverified`."""
    new, kept, old = folder / f"{FOLDER}.new", folder / FOLDER, folder / f"{FOLDER}.old"
    shutil.rmtree(new, ignore_errors=True)
    write_preset(task, new, weights)
    _verify(task, new, weights)
    try:
        shutil.rmtree(old, ignore_errors=True)
        if kept.exists():
            kept.rename(old)
        new.rename(kept)
    except OSError as error:
        raise files.disk_error(error, kept) from error
    shutil.rmtree(old, ignore_errors=True)
    return kept


def _verify(task: Any, folder: Path, weights: str) -> None:
    opened = open_preset(folder)
    head = classifier_variables(task) if isinstance(task, FNetTextClassifier) else masked_lm_variables(task)
    variables = backbone_variables(task.backbone) | head
    stored: dict[str, Stored] = opened.backbone_tensors(task.backbone.num_layers) | opened.head_tensors()
    for name, variable in variables.items():
        value = np.asarray(variable.value)
        if not np.array_equal(
            stored[name].read(), value if weights == "float32" else value.astype(weights), equal_nan=True
        ):
            raise UserError(
                "run.unverified",
                f"{stored[name].name} in {stored[name].file} does not read back as written.",
                "Check the disk.",
            )


def with_kept_preset(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with the preset that the run in `folder` kept, where it kept one: its vocabulary and length are those
    that the run was trained with, whatever bears the name of the recipe's preset now."""
    kept = folder / FOLDER
    if recipe.task == "classify" or recipe.model.preset == FROM_SCRATCH or not (kept / "config.json").is_file():
        return recipe
    return msgspec.structs.replace(recipe, model=msgspec.structs.replace(recipe.model, preset=str(kept)))


def kept_folder(folder: Path) -> Path:
    """UserError `run.no-model`."""
    if not (folder / FOLDER / "config.json").is_file():
        raise UserError(
            "run.no-model",
            f"The run {folder.name} kept no model ({FOLDER} is missing).",
            "Choose a run that finished, or that was stopped with Stop and keep.",
        )
    return folder / FOLDER
