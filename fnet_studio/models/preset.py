"""Opening a preset in whatever format it is, and building models from it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from fnet_studio.core import presets
from fnet_studio.core.errors import UserError
from fnet_studio.models import hub
from fnet_studio.models.builtin_presets import BUILTIN_PRESETS
from fnet_studio.models.progress import Progress, StopCheck

if TYPE_CHECKING:
    from fnet_studio.models.tensors import Stored

HeadKind = Literal["masked_lm", "classifier"]


class StoredHead(NamedTuple):
    kind: HeadKind
    state: Literal["pretrained", "none", "fine-tuned"]
    arguments: dict[str, Any]
    """Arguments of the task class that build this very head."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Of a classifier; classes that it does not name are numbered."""
        return tuple(self.arguments.get("class_names") or map(str, range(self.arguments.get("num_classes", 0))))


class Preset(Protocol):
    """A preset folder of one format. Nothing of it is imported or unpickled by a name that it gives."""

    folder: Path

    def backbone_arguments(self) -> dict[str, Any]: ...

    def backbone_dtype(self) -> str | None: ...

    def head(self) -> StoredHead | None: ...

    def backbone_tensors(self, num_layers: int) -> "dict[str, Stored]": ...

    def head_tensors(self) -> "dict[str, Stored]": ...

    def vocabulary(self) -> Path | bytes:
        """A SentencePiece model's file, or its bytes where another file holds it. UserError when there is none."""
        ...

    def preprocessor_settings(self, cls: type) -> dict[str, Any]: ...


def open_preset(preset: str | Path) -> Preset:
    """By name (the user's own, bundled, then built-in ones), by path, or by handle (`hf://…`, `kaggle://…`), of which
    the last two are downloaded at first use: a folder of KerasHub or Transformers, or a Flax checkpoint with its
    vocabulary beside it. UserError `preset.missing`, `preset.missing-file`, `preset.bad-config`, `hub.…`"""
    from fnet_studio.core.json_files import read_json
    from fnet_studio.models.flax_preset import FlaxPreset, find_checkpoint
    from fnet_studio.models.kerashub_preset import KerasHubPreset
    from fnet_studio.models.transformers_preset import TransformersPreset

    folder = locate(preset)
    presets.refuse_keras_file(folder)
    config = folder / "config.json"
    if config.is_file():
        return TransformersPreset(folder) if "model_type" in read_json(config) else KerasHubPreset(folder)
    checkpoint = find_checkpoint(folder)
    if checkpoint is None:
        raise UserError(
            "preset.missing-file",
            f"{folder.name} holds no config.json, so it is not a preset.",
            "Choose the folder that holds config.json, or a Flax checkpoint file.",
        )
    return FlaxPreset(checkpoint)


def require_readable(folder: Path) -> None:
    """That its configuration, vocabulary and weights can be opened; the weights' numbers are not read. UserError what
    `open_preset` and a damaged preset raise."""
    from fnet_studio.models.tokenizer import FNetTokenizer

    opened = open_preset(folder)
    FNetTokenizer(opened.vocabulary())
    opened.backbone_tensors(opened.backbone_arguments()["num_layers"])
    if opened.head() is not None:
        opened.head_tensors()


def locate(preset: str | Path, progress: Progress | None = None, stopped: StopCheck | None = None) -> Path:
    """Where the preset lies on this machine, after a download if need be. UserError `preset.missing`, `hub.…`"""
    path, name = Path(os.path.expanduser(preset)), str(preset)
    if os.path.isfile(path):
        return path
    if hub.is_handle(name):
        return hub.fetch(name, progress, stopped)
    try:
        return presets.folder(name)
    except UserError:
        if name not in BUILTIN_PRESETS:
            raise
    return hub.fetch(BUILTIN_PRESETS[name]["kaggle_handle"], progress, stopped)


def has_vocabulary(opened: Preset) -> bool:
    return not why_no_vocabulary(opened)


def why_no_vocabulary(opened: Preset) -> str:
    """In a sentence; empty where there is one."""
    try:
        opened.vocabulary()
    except UserError as error:
        return error.message
    return ""


def load_backbone(cls: Any, preset: str | Path, load_weights: bool = True, **kwargs: Any) -> Any:
    """The encoder of a preset as `cls`, a FNetBackbone."""
    return _build_backbone(cls, open_preset(preset), load_weights, kwargs)


def _build_backbone(cls: Any, opened: Preset, load_weights: bool, kwargs: dict[str, Any]) -> Any:
    from fnet_studio.models.initializers import Unset, initialised_as_usual
    from fnet_studio.models.tensors import backbone_variables, fill

    arguments = {"dtype": opened.backbone_dtype(), **opened.backbone_arguments(), **kwargs}
    if not load_weights:
        return cls(**arguments)
    stored = opened.backbone_tensors(arguments["num_layers"])
    backbone = cls(**arguments, initializer=Unset())
    fill(backbone_variables(backbone), stored)
    initialised_as_usual(backbone.layers)
    return backbone


def load_task(cls: Any, preset: str | Path, load_weights: bool = True, **kwargs: Any) -> Any:
    """A task class from a preset: its encoder, its head where it holds one of that kind, its preprocessor."""
    from fnet_studio.models.backbone import FNetBackbone
    from fnet_studio.models.tensors import classifier_variables, fill, masked_lm_variables
    from fnet_studio.models.text_classifier import FNetTextClassifier

    opened = open_preset(preset)
    kind: HeadKind = "classifier" if issubclass(cls, FNetTextClassifier) else "masked_lm"
    head = opened.head()
    if head is None or head.kind != kind or "num_classes" in kwargs:
        head = None
    if kind == "classifier" and head is None and "num_classes" not in kwargs:
        raise UserError(
            "preset.no-classifier",
            f"The preset {opened.folder.name} holds no classifier, so that its number of classes is not known.",
            "Give num_classes to put a new, untrained classifier on it.",
        )
    if "preprocessor" not in kwargs:
        kwargs["preprocessor"] = cls.preprocessor_class.from_preset(opened.folder)
    _check_vocabulary(opened, kwargs["preprocessor"])
    backbone_kwargs = {"dtype": kwargs.pop("dtype")} if "dtype" in kwargs else {}
    backbone = _build_backbone(FNetBackbone, opened, load_weights, backbone_kwargs)
    task = cls(backbone, **{**(head.arguments if head else {}), **kwargs})
    if head and load_weights:
        variables = classifier_variables(task) if kind == "classifier" else masked_lm_variables(task)
        fill(variables, opened.head_tensors())
        task.head_state = head.state
    return task


def load_task_weights(task: Any, path: Path) -> None:
    """The head's weights from a file of a head alone. UserError as `kerashub_preset.task_weights`, or
    `preset.wrong-shape`, `preset.not-finite`."""
    from fnet_studio.models.kerashub_preset import task_weights
    from fnet_studio.models.tensors import classifier_variables, fill, masked_lm_variables
    from fnet_studio.models.text_classifier import FNetTextClassifier

    classifies = isinstance(task, FNetTextClassifier)
    stored = task_weights(path, "classifier" if classifies else "masked_lm")
    variables = classifier_variables(task) if classifies else masked_lm_variables(task)
    fill({name: variables[name] for name in stored}, stored)


def _check_vocabulary(opened: Preset, preprocessor: Any) -> None:
    if preprocessor is None:
        return
    has, room = preprocessor.tokenizer.vocabulary_size(), opened.backbone_arguments()["vocabulary_size"]
    if has > room:
        raise UserError(
            "preset.vocabulary-size",
            f"The vocabulary of {opened.folder.name} has {has} pieces, but its model knows only {room}.",
            "Use the vocabulary that the model was trained with.",
        )
