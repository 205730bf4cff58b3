"""Whether a preset does what its files say: its tensors, its outputs against a second opinion, and what is written of
it against what is read back. No network, nothing is changed."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from fnet_studio.core import files, places
from fnet_studio.core.comparison import Comparison
from fnet_studio.models.backbone import FNetBackbone
from fnet_studio.models.keras_names import activation_name, dtype_name
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.preset import Preset, has_vocabulary, locate, open_preset
from fnet_studio.models.preset_writer import write_preset
from fnet_studio.models.progress import Progress, StopCheck, check, report
from fnet_studio.models.reference import ACTIVATIONS, Reference
from fnet_studio.models.tensors import Stored, backbone_variables, classifier_variables, masked_lm_variables
from fnet_studio.models.text_classifier import FNetTextClassifier

ROWS, MASKS, SEED = 2, 4, 0
LIMIT = 1e-4
"""Allowed difference in float32, as a share of the output's own scale."""
ROUNDING = 4.0
"""Or so many times what rounding alone does in NumPy: a trained model may magnify it beyond the limit, where a norm
follows a mixing whose terms nearly cancel."""
SAME = "what was written, read back"


def whole_model(source: str | Path, opened: Preset, **kwargs: Any) -> Any:
    """A preset as the task that its head is of: a classifier, a masked LM, or the encoder alone."""
    head = opened.head()
    bare: dict[str, Any] = {} if has_vocabulary(opened) else {"preprocessor": None}
    if head is not None and head.kind == "classifier":
        return FNetTextClassifier.from_preset(source, **bare, **kwargs)
    if head is not None or not bare:
        return FNetMaskedLM.from_preset(source, **bare, **kwargs)
    return FNetBackbone.from_preset(source, **kwargs)


def check_preset(
    preset: str | Path, progress: Progress | None = None, stopped: StopCheck | None = None
) -> list[Comparison]:
    """Compared are: every tensor in memory with the files'; the outputs with `Reference`; the outputs with themselves,
    asked again; and the preset written anew, read back. UserError when it cannot be loaded, or the disk refuses."""
    report(progress, "building")
    source = locate(preset, progress, stopped)
    opened = open_preset(source)
    model = whole_model(source, opened, dtype="float32")
    check(stopped)
    report(progress, "comparing")
    found = [compare_tensors(model, opened, "the files")]
    features = features_of(model)
    outputs = outputs_of(model, features)
    found += _against_reference(model, opened, features, outputs, stopped)
    check(stopped)
    found.append(_between("The same outputs", "asked a second time", outputs_of(model, features), outputs))
    check(stopped)
    report(progress, "saving")
    with _scratch() as folder:
        write_preset(model, folder)
        found.append(compare_tensors(model, open_preset(folder), SAME))
        like = Like.of(model)
        del model
        check(stopped)
        found.append(compare_outputs(folder, like, features, outputs))
    return found


class Like(NamedTuple):
    """What of a model, beside its weights, decides about its outputs."""

    dtype: str | None
    head: Any

    @classmethod
    def of(cls, model: Any) -> "Like":
        head: Any = None
        if isinstance(model, FNetMaskedLM):
            head = model.head_settings
        elif isinstance(model, FNetTextClassifier):
            head = (model.pooling, model.pad_id if model.pooling == "mean" else None, activation_name(model.activation))
        backbone = model if isinstance(model, FNetBackbone) else model.backbone
        return cls(dtype_name(backbone.dtype_policy), head)


def compare_outputs(
    folder: Path, like: Like, features: dict[str, np.ndarray], outputs: dict[str, np.ndarray]
) -> Comparison:
    """The outputs of a model made anew from a folder. A head that the folder's format evaluates in its own way (which
    the notes of a conversion say) is left out."""
    model = whole_model(folder, open_preset(folder), dtype=like.dtype)
    expected = outputs if Like.of(model).head == like.head else {k: v for k, v in outputs.items() if k != "head"}
    what = "Outputs of a new model" if len(expected) == len(outputs) else "Outputs of a new model's encoder"
    return _between(what, SAME, outputs_of(model, features), expected)


def compare_keras_file(path: Path, model: Any, features: dict[str, np.ndarray]) -> list[Comparison]:
    again: Any = keras.saving.load_model(path, compile=False)
    pairs = list(zip(model.weights, again.weights, strict=True))
    values = [_difference(np.asarray(new.value), np.asarray(old.value)) for old, new in pairs]
    count = sum(int(np.prod(old.shape)) for old, _ in pairs)
    tensors = Comparison(f"{len(pairs)} tensors", SAME, count, max(values, default=0.0))
    return [tensors, _between("Outputs of a new model", SAME, outputs_of(again, features), outputs_of(model, features))]


def kept_variables(model: Any) -> dict[str, keras.Variable]:
    """All that a preset of the model holds: the encoder's, and those of a head that is not random."""
    if isinstance(model, FNetBackbone):
        return backbone_variables(model)
    found = backbone_variables(model.backbone)
    if model.head_state != "none":
        found |= classifier_variables(model) if isinstance(model, FNetTextClassifier) else masked_lm_variables(model)
    return found


def kept_tensors(model: Any, opened: Preset) -> dict[str, Stored]:
    """Those of a preset that `kept_variables` of such a model are filled with."""
    backbone = model if isinstance(model, FNetBackbone) else model.backbone
    found = dict(opened.backbone_tensors(backbone.num_layers))
    return found | opened.head_tensors() if getattr(model, "head_state", "none") != "none" else found


def compare_tensors(model: Any, opened: Preset, against: str) -> Comparison:
    """Bit for bit, one tensor at a time."""
    variables, stored = kept_variables(model), kept_tensors(model, opened)
    largest, count = 0.0, 0
    for name, variable in variables.items():
        value = np.asarray(variable.value)
        largest = max(largest, _difference(value, stored[name].read().astype(value.dtype)))
        count += value.size
    return Comparison(f"{len(variables)} tensors in memory", against, count, largest)


def features_of(model: Any) -> dict[str, np.ndarray]:
    """Token ids at random, but always the same: no text is as good at reaching all of a model."""
    backbone = model if isinstance(model, FNetBackbone) else model.backbone
    random, length = np.random.default_rng(SEED), backbone.max_sequence_length
    ids = random.integers(0, backbone.vocabulary_size, (ROWS, length), np.int32)
    segments = np.zeros((ROWS, length), np.int32)
    segments[1, length // 2 :] = min(1, backbone.num_segments - 1)
    positions = np.sort(random.integers(0, length, (ROWS, MASKS), np.int32), axis=1)
    return {"token_ids": ids, "segment_ids": segments, "mask_positions": positions}


def outputs_of(model: Any, features: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The encoder's outputs, and those of a head that is not random."""
    ids = {name: features[name] for name in ("token_ids", "segment_ids")}
    backbone = model if isinstance(model, FNetBackbone) else model.backbone
    found = {name: np.asarray(value) for name, value in backbone(ids, training=False).items()}
    if getattr(model, "head_state", "none") == "none":
        return found
    asked = features if isinstance(model, FNetMaskedLM) else ids
    found["head"] = np.asarray(model(asked, training=False))
    return found


def _against_reference(
    model: Any,
    opened: Preset,
    features: dict[str, np.ndarray],
    outputs: dict[str, np.ndarray],
    stopped: StopCheck | None,
) -> list[Comparison]:
    backbone = model if isinstance(model, FNetBackbone) else model.backbone
    tensors = dict(opened.backbone_tensors(backbone.num_layers))
    head = opened.head()
    if head is not None:
        tensors |= opened.head_tensors()
    exact, rough = (Reference(tensors, backbone.num_layers, dtype) for dtype in (np.float64, np.float32))
    encoded = exact.encode(features["token_ids"], features["segment_ids"])
    check(stopped)
    rounded = rough.encode(features["token_ids"], features["segment_ids"])
    check(stopped)
    rows, length = features["token_ids"].shape

    def compared(what: str, output: np.ndarray, expected: np.ndarray, in_float32: np.ndarray) -> Comparison:
        scale = float(np.abs(expected).max())
        limit = max(LIMIT, ROUNDING * _difference(expected, in_float32) / scale if scale else 0.0)
        return _between(what, "plain NumPy in float64, from the files", output, expected, limit)

    found = [
        compared(f"Encoder output, {rows} rows of {length}", outputs["sequence_output"], encoded, rounded),
        compared("Pooled output", outputs["pooled_output"], exact.pooled(encoded), rough.pooled(rounded)),
    ]
    if head is None or "head" not in outputs:
        return found
    if isinstance(model, FNetMaskedLM):
        activation, epsilon = model.head_settings["intermediate_activation"], model.masked_lm_head.layer_norm_epsilon
        if activation in ACTIVATIONS:
            positions = features["mask_positions"]
            pair = [
                it.predictions(states, positions, activation, epsilon)
                for it, states in ((exact, encoded), (rough, rounded))
            ]
            found.append(compared(f"Masked-LM logits at {rows * MASKS} masks", outputs["head"], *pair))
    elif isinstance(model, FNetTextClassifier):
        pad_id = -1 if model.pad_id is None else model.pad_id
        is_token = None if model.pooling == "cls" else features["token_ids"] != pad_id
        pair = [it.class_logits(states, is_token) for it, states in ((exact, encoded), (rough, rounded))]
        if model.activation is not None:
            pair = [np.asarray(model.activation(logits)) for logits in pair]
        found.append(compared("Class outputs", outputs["head"], *pair))
    return found


def _between(what: str, against: str, ours: Any, theirs: Any, limit: float = 0.0) -> Comparison:
    """Of two arrays, or of two dictionaries of arrays with the same names."""
    pairs = [(ours[name], theirs[name]) for name in theirs] if isinstance(theirs, dict) else [(ours, theirs)]
    return Comparison(
        what,
        against,
        sum(one.size for one, _ in pairs),
        max(_difference(one, other) for one, other in pairs),
        max(float(np.abs(other).max(initial=0.0)) for _, other in pairs),
        limit,
    )


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    if one.shape != other.shape:
        return float("inf")
    if np.array_equal(one, other):
        return 0.0
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).max(initial=0.0))


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for what is written and read back, gone afterwards. UserError when the disk refuses."""
    root = places.cache_dir()
    try:
        root.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="check-", dir=root))
    except OSError as error:
        raise files.disk_error(error, root) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
