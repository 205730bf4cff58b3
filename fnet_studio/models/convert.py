"""Converting a preset from any format that can be read into KerasHub's or Transformers'."""

from pathlib import Path
from typing import Any, Literal

from fnet_studio.core.errors import UserError
from fnet_studio.models.backbone import FNetBackbone
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.new_folder import new_folder, refuse_occupied
from fnet_studio.models.preset import has_vocabulary, locate, open_preset
from fnet_studio.models.preset_writer import write_preset
from fnet_studio.models.progress import Progress, StopCheck, check, report
from fnet_studio.models.text_classifier import FNetTextClassifier
from fnet_studio.models.transformers_writer import write_transformers

Target = Literal["kerashub", "transformers"]


def convert(
    source: str | Path,
    destination: str | Path,
    to: Target,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> list[str]:
    """Write the preset `source` as the new folder `destination`; weights are carried over exactly.

    Returns what the reader should know, in sentences. UserError when the source cannot be used, `convert.target` for
    an unknown format, `convert.exists` when the destination holds anything already. After any failure, and after
    Stopped, there is no destination.
    """
    if to not in ("kerashub", "transformers"):
        raise UserError(
            "convert.target", f"There is no format {to!r} to convert to.", "Choose kerashub or transformers."
        )
    folder = Path(destination).expanduser().absolute()
    refuse_occupied(folder)  # before a download that would be in vain
    source = locate(source, progress, stopped)
    opened = open_preset(source)
    head = opened.head()
    kwargs: dict[str, Any] = {} if has_vocabulary(opened) else {"preprocessor": None}
    notes = [] if kwargs == {} else ["The source has no vocabulary: add one before the model can read text."]
    if head is not None and head.kind == "classifier":
        model: Any = FNetTextClassifier.from_preset(source, **kwargs)
    elif head is not None or not kwargs:
        model = FNetMaskedLM.from_preset(source, **kwargs)
    else:
        model = FNetBackbone.from_preset(source)
    check(stopped)
    report(progress, "saving")
    with new_folder(folder) as part:
        return notes + (write_preset if to == "kerashub" else write_transformers)(model, part)
