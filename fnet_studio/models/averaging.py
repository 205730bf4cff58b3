"""The mean of the weights of presets that were trained on from the same weights, a model soup (arXiv 2203.05482). It is
often better than each of them, and costs no more than one when it is asked."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fnet_studio.core import presets
from fnet_studio.core.catalogue import licence_of
from fnet_studio.core.errors import UserError
from fnet_studio.models.new_folder import new_folder, refuse_occupied
from fnet_studio.models.parity import SAME, compare_tensors, kept_tensors, kept_variables, whole_model
from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor, FNetTextClassifierPreprocessor
from fnet_studio.models.preset import Preset, StoredHead, has_vocabulary, locate, open_preset
from fnet_studio.models.preset_writer import write_preset
from fnet_studio.models.progress import Progress, StopCheck, check, report
from fnet_studio.models.tokenizer import FNetTokenizer
from fnet_studio.models.written import Written, verified


def average(
    sources: Sequence[str | Path],
    destination: str | Path,
    weights: str = "same",
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> Written:
    """Write the new folder `destination` in KerasHub's format, read back to check it. weights: the dtype on
    disk, float32 or float16; `same` for float16 where all of the sources have it, else float32.

    UserError when a source cannot be used, `average.few` for less than two, `average.different` when they differ in
    more than their weights, `convert.exists` when the destination holds anything already. After any failure, and after
    Stopped, there is no destination.
    """
    if len(sources) < 2:
        raise UserError("average.few", "An average needs two presets at least.", "Name another one.")
    target = Path(os.path.expanduser(destination)).absolute()
    refuse_occupied(target)
    opened = [open_preset(locate(source, progress, stopped)) for source in sources]
    for source, other in zip(sources[1:], opened[1:], strict=True):
        _refuse_different(str(sources[0]), opened[0], str(source), other)
    names = list(dict.fromkeys(told for it in opened if (told := _class_names(it))))  # who tells none fits any
    if len(names) > 1:
        raise UserError(
            "average.different",
            f"They name their classes differently: {', '.join(names[0][:10])} and {', '.join(names[1][:10])}.",
            "Average presets that were trained on the same classes in the same order.",
        )
    report(progress, "building")
    model = whole_model(locate(sources[0]), opened[0], dtype="float32")
    tensors = [kept_tensors(model, it) for it in opened]
    if weights == "same":
        halves = all(stored["token_embedding"].read().dtype == np.float16 for stored in tensors)
        weights = "float16" if halves else "float32"
    for name, variable in kept_variables(model).items():
        check(stopped)
        mean = np.mean([stored[name].read().astype(np.float64) for stored in tensors], axis=0)
        variable.assign(mean.astype(weights).astype(np.float32))
    if names:
        model.class_names = names[0]
    report(progress, "saving")
    with new_folder(target) as part:
        notes = write_preset(model, part, weights)
        (part / "README.md").write_text(_card(target.name, sources), encoding="utf-8")
        check(stopped)
        report(progress, "comparing")
        return Written(notes, verified([compare_tensors(model, open_preset(part), SAME)], target))


def _card(name: str, sources: Sequence[str | Path]) -> str:
    """The model card. Of sources given as paths the folders' names alone, since presets are passed on."""
    cards = [presets.read_card(locate(source)) for source in sources]
    licences = sorted({licence_of(it.model_card) or "not stated" for it in cards})
    lines = [f"- {Path(source).name}" for source in map(str, sources)]
    return (
        f"# {name}\n\nThe mean of the weights of these presets, a model soup (arXiv 2203.05482):\n\n"
        + "\n".join(lines)
        + f"\n\nLicence: {', '.join(licences)}.\n"
    )


def _preprocessing(opened: Preset) -> dict[str, Any]:
    """How texts are cut for it, by the words for that: the mean takes it from the first one."""
    head = opened.head()
    classifies = head is not None and head.kind == "classifier"
    found = opened.preprocessor_settings(FNetTextClassifierPreprocessor if classifies else FNetMaskedLMPreprocessor)
    names = {"length of texts": "sequence_length", "cut of long texts": "cut", "cut of pairs": "truncate"}
    usual = {"cut": "end", "truncate": "round_robin"}
    return {words: found.get(name, usual.get(name)) for words, name in names.items()}


def _class_names(opened: Preset) -> tuple[str, ...]:
    head = opened.head()
    return head.arguments.get("class_names", ()) if head is not None else ()


def _unnamed(head: StoredHead | None) -> StoredHead | None:
    return head and head._replace(arguments=head.arguments | {"class_names": ()})


def _refuse_different(first_name: str, first: Preset, name: str, other: Preset) -> None:
    both = (first, other)
    heads, arguments = [_unnamed(it.head()) for it in both], [it.backbone_arguments() for it in both]
    vocabularies = [FNetTokenizer(it.vocabulary()).proto if has_vocabulary(it) else b"" for it in both]
    different = sorted(key for key in arguments[0] if arguments[0][key] != arguments[1].get(key))
    if vocabularies[0] != vocabularies[1]:
        different.append("vocabulary")
    if heads[0] != heads[1]:
        different.append("head")
    ways = [_preprocessing(it) for it in both]
    different += [words for words in ways[0] if ways[0][words] != ways[1][words]]
    if different:
        raise UserError(
            "average.different",
            f"{first_name} and {name} differ in more than their weights: {', '.join(different)}.",
            "Average presets that were trained on from the same one.",
        )
