"""The authors' masked-LM head on a KerasHub preset, which holds the encoder alone."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from fnet_studio.core.errors import UserError
from fnet_studio.models.builtin_presets import BUILTIN_PRESETS
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.new_folder import new_folder, refuse_occupied
from fnet_studio.models.preset import Preset, has_vocabulary, locate, open_preset
from fnet_studio.models.preset_writer import write_preset
from fnet_studio.models.progress import Progress, StopCheck, check, report
from fnet_studio.models.tensors import fill, masked_lm_variables

TOLERANCE = 1e-5
"""Largest difference of two weights that are called the same, as a share of the tensor's largest value."""


def fetch_head(
    preset: str, destination: str | Path, progress: Progress | None = None, stopped: StopCheck | None = None
) -> list[str]:
    """`join_head` for a built-in preset, with its authors' files. UserError `head.unknown-preset`, else as there."""
    if preset not in BUILTIN_PRESETS:
        raise UserError(
            "head.unknown-preset",
            f"It is not known where the authors' head for {preset!r} lies.",
            f"Choose one of {', '.join(BUILTIN_PRESETS)}.",
        )
    return join_head(preset, BUILTIN_PRESETS[preset]["authors_handle"], destination, progress, stopped)


def join_head(
    backbone: str | Path,
    authors: str | Path,
    destination: str | Path,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> list[str]:
    """Write the encoder of one preset with the masked-LM head of another as a new preset folder, whose head is
    `pretrained`, with the activation and the epsilon that it was trained with.

    Both are names, folders or handles. The encoders must agree: max |a - b| <= 1e-5 max |b| for every tensor, since a
    head fits no other encoder than its own. Returns what the reader should know, in sentences. UserError
    `head.present`, `head.missing`, `head.other-model` (naming the tensor), `convert.exists`, or of the presets.
    """
    folder = Path(os.path.expanduser(destination)).absolute()
    refuse_occupied(folder)
    places = [locate(preset, progress, stopped) for preset in (backbone, authors)]
    own, theirs = (open_preset(place) for place in places)
    if own.head() is not None:
        raise UserError("head.present", f"The preset {backbone} holds a head already.", "Use it as it is.")
    head = theirs.head()
    if head is None or head.kind != "masked_lm" or head.state != "pretrained":
        raise UserError(
            "head.missing",
            f"{authors} holds no pretrained masked-LM head.",
            "Choose the authors' files, such as hf://google/fnet-base.",
        )
    _compare(own, theirs, stopped)
    kwargs: dict[str, Any] = {} if has_vocabulary(own) else {"preprocessor": None}
    model = FNetMaskedLM.from_preset(places[0], **head.arguments, **kwargs)
    fill(masked_lm_variables(model), theirs.head_tensors())
    model.head_state = "pretrained"
    check(stopped)
    report(progress, "saving")
    with new_folder(folder) as part:
        return write_preset(model, part)


def _compare(own: Preset, theirs: Preset, stopped: StopCheck | None) -> None:
    mine, others = own.backbone_arguments(), theirs.backbone_arguments()
    for name in ("num_layers", "hidden_dim", "intermediate_dim", "vocabulary_size"):
        if mine[name] != others[name]:
            raise _other_model(own, theirs, f"{name} is {mine[name]} in one and {others[name]} in the other")
    one, two = (preset.backbone_tensors(mine["num_layers"]) for preset in (own, theirs))
    for name in one:
        check(stopped)
        a, b = (np.asarray(stored[name].read(), np.float32) for stored in (one, two))
        place = f"the tensor {one[name].name} ({two[name].name})"
        if a.shape != b.shape:
            raise _other_model(own, theirs, f"{place} has shape {a.shape} in one and {b.shape} in the other")
        difference, scale = (float(np.abs(values).max(initial=0.0)) for values in (a - b, b))
        if not difference <= TOLERANCE * scale:  # "not" for NaN
            raise _other_model(own, theirs, f"{place} differs by up to {difference:.2g}, at a scale of {scale:.2g}")


def _other_model(own: Preset, theirs: Preset, reason: str) -> UserError:
    return UserError(
        "head.other-model",
        f"The head of {theirs.folder.name} does not belong to the encoder of {own.folder.name}: {reason}.",
        "Choose files of one and the same model.",
    )
