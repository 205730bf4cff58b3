"""A preset in any format that can be read, written as KerasHub's, Transformers' or Keras' own, and read back."""

import os
import uuid
from pathlib import Path
from typing import Any, Literal, get_args

from fnet_studio.core import files
from fnet_studio.core.comparison import Comparison
from fnet_studio.core.errors import UserError
from fnet_studio.models.new_folder import new_folder, refuse_occupied
from fnet_studio.models.parity import (
    SAME,
    Like,
    compare_keras_file,
    compare_outputs,
    compare_tensors,
    features_of,
    outputs_of,
    whole_model,
)
from fnet_studio.models.preset import locate, open_preset, why_no_vocabulary
from fnet_studio.models.preset_writer import write_preset
from fnet_studio.models.progress import Progress, StopCheck, check, report
from fnet_studio.models.transformers_writer import write_transformers
from fnet_studio.models.written import Written, verified

Target = Literal["kerashub", "transformers", "keras"]
TARGETS = get_args(Target)


def convert(
    source: str | Path,
    destination: str | Path,
    to: Target,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
    replace: bool = False,
) -> Written:
    """Write the preset `source` as the new folder `destination`, or as a new file for `keras`; weights are carried over
    exactly, which is checked by reading it back. replace: of a Keras file of that name, once the new one is whole.

    UserError when the source cannot be used, `convert.target` for an unknown format, `convert.exists` when the
    destination holds anything already, `convert.unverified` when what was written does not read back as it was. After
    any failure, and after Stopped, there is no destination.
    """
    if to not in TARGETS:
        raise UserError("convert.target", f"There is no format {to!r} to convert to.", f"Choose {', '.join(TARGETS)}.")
    target = Path(os.path.expanduser(destination)).absolute()
    if to == "keras" and target.suffix != ".keras":
        raise UserError("convert.target", f"{target.name} is no name of a Keras file.", "Give it the ending .keras.")
    if not (replace and to == "keras" and target.is_file()):
        refuse_occupied(target)  # before a download that would be in vain
    source = locate(source, progress, stopped)
    opened = open_preset(source)
    without = why_no_vocabulary(opened)
    notes = [f"{without} A model without a vocabulary cannot read texts."] if without else []
    model = whole_model(source, opened)
    check(stopped)
    report(progress, "saving")
    if to == "keras":
        return Written([*notes, KERAS_NOTE], _write_keras(model, target, progress, stopped))
    with new_folder(target) as part:
        notes += (write_preset if to == "kerashub" else write_transformers)(model, part)
        check(stopped)
        report(progress, "comparing")
        features, like = features_of(model), Like.of(model)
        outputs, tensors = outputs_of(model, features), compare_tensors(model, open_preset(part), SAME)
        del model  # or there would be two of them in memory
        check(stopped)
        return Written(notes, verified([tensors, compare_outputs(part, like, features, outputs)], target))


KERAS_NOTE = "To open it: import fnet_studio.models, then keras.saving.load_model(file)."


def _write_keras(model: Any, target: Path, progress: Progress | None, stopped: StopCheck | None) -> list[Comparison]:
    target = files.through_links(target)
    part = target.with_name(f".{target.stem}.{uuid.uuid4().hex[:8]}.keras")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        model.save(part)
        check(stopped)
        report(progress, "comparing")
        comparisons = verified(compare_keras_file(part, model, features_of(model)), target)
        part.replace(target)
    except OSError as error:
        raise files.disk_error(error, target) from error
    finally:
        part.unlink(missing_ok=True)
    return comparisons
