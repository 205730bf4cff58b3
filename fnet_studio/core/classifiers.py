"""What sorts texts when it is asked by name: the model of a stored run, or a preset with a classifier's head."""

from typing import NamedTuple

from fnet_studio.core import presets, run_models, run_store
from fnet_studio.core.errors import UserError


class Classifier(NamedTuple):
    """One of the two is empty."""

    run: str = ""
    """An id; its model may also be one that knows no classes."""
    preset: str = ""


def find(name: str) -> Classifier:
    """By a run's id, or by what a preset is asked for by (`presets.folder`). UserError `run.missing` where there is
    neither, `preset.no-classifier`, and what `presets.folder` raises."""
    if run_models.is_run(name):
        return Classifier(run=run_models.run_of(name))
    if run_store.is_id(name) or not _is_preset(name):
        run_store.folder(name)
        return Classifier(run=name)
    if presets.read_card(presets.folder(name)).head != "fine-tuned":
        raise UserError(
            "preset.no-classifier",
            f"The preset {name} has no classifier's head, so it knows no classes.",
            "Choose a classifier's run, or a preset of which `fnet-studio presets` says that it classifies; or "
            "fine-tune this one.",
        )
    return Classifier(preset=name)


def _is_preset(name: str) -> bool:
    try:
        return (presets.folder(name) / "config.json").is_file()
    except UserError as error:
        if error.kind != "preset.missing":
            raise
        return False
