"""What the tasks share: raw texts in `fit`, `evaluate` and `predict`, presets, and the head's state."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import keras
import numpy as np

from fnet_studio.models.backbone import FNetBackbone
from fnet_studio.models.builtin_presets import Presets
from fnet_studio.models.keras_names import functional, serializable
from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor, FNetTextClassifierPreprocessor
from fnet_studio.models.texts import segments
from fnet_studio.models.tokenizer import FNetTokenizer

for _part in (FNetTokenizer, FNetMaskedLMPreprocessor, FNetTextClassifierPreprocessor):
    serializable(_part)  # here, so that a tokenizer alone can be used without importing Keras

HeadState = Literal["pretrained", "none", "fine-tuned"]


@functional
class Task(keras.Model):
    """A backbone with a head and, perhaps, a preprocessor that turns texts into features.

    head_state: "none" is a random head, from which nothing may be shown; "pretrained" came with the preset;
    "fine-tuned" was trained here or came as a trained classifier. `fit` sets it with the first step, `load_weights` for
    what it read; a training loop of one's own must.
    """

    presets = Presets()
    preprocessor_class: Any = None
    _slots_saved = True
    """Whether the file that this model comes from holds its optimizer's slots."""

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        backbone: FNetBackbone,
        preprocessor: Any,
        head_state: HeadState,
        **kwargs: Any,
    ) -> None:
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        self.dtype_policy = backbone.dtype_policy
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.head_state: HeadState = head_state

    @classmethod
    def from_preset(cls, preset: str | Path, load_weights: bool = True, **kwargs: Any) -> Self:
        """A preset folder as this task. A head that the preset does not hold is random, and `head_state` "none".

        kwargs: arguments of the class; `preprocessor=None` leaves the preprocessor out; `dtype` goes to the backbone.
        UserError when the preset is missing, damaged or foreign, in words that name the file and the tensor.
        """
        from fnet_studio.models.preset import load_task

        return load_task(cls, preset, load_weights, **kwargs)

    def save_to_preset(
        self, preset_dir: str | Path, max_shard_size: float | None = 10, *, weights: str = "float32"
    ) -> None:
        """Write a folder that KerasHub loads: encoder, head, tokenizer, preprocessor settings. weights: the dtype on
        disk; a model loads float16 into its own float32. max_shard_size: taken for KerasHub's sake; the encoder's
        weights are one file, of any size, which KerasHub reads too. What the reader should know, as that a head in
        state "none" was left out, is a warning."""
        from fnet_studio.models.preset_writer import write_preset

        for note in write_preset(self, Path(preset_dir), weights):
            warnings.warn(note, stacklevel=2)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """As Keras' own. The head counts as fine-tuned then, unless it may have been skipped."""
        super().load_weights(filepath, skip_mismatch=skip_mismatch, **kwargs)
        if not skip_mismatch:
            self.head_state = "fine-tuned"

    def save_task_weights(self, filepath: str | Path) -> None:
        """Write the head's weights alone, as KerasHub does. ValueError unless the name ends in .weights.h5; UserError
        `preset.quantized`, and when the disk refuses."""
        from fnet_studio.models.preset_writer import write_task_weights

        write_task_weights(self, _weights_file(filepath))

    def load_task_weights(self, filepath: str | Path) -> None:
        """Read the head's weights that `save_task_weights` wrote, here or in KerasHub. The head counts as fine-tuned
        then. ValueError unless the name ends in .weights.h5; UserError as for a damaged preset."""
        from fnet_studio.models.preset import load_task_weights

        load_task_weights(self, _weights_file(filepath))
        self.head_state = "fine-tuned"

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """As Keras' own, and the backbone by its name or by the one that KerasHub gives a preset's: the graph runs
        through its layers, not through itself."""
        if index is None and name in (self.backbone.name, "f_net_backbone"):
            return self.backbone
        return super().get_layer(name, index)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        sample_weight: Any = None,
        validation_data: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        **kwargs: Any,
    ) -> Any:
        """As Keras' own; x holds texts when there is a preprocessor, or is a tuple of first and second segments, and is
        processed anew in every epoch. shuffle: the rows of texts, or the batches of a `PyDataset`. TypeError for what
        is not texts, ValueError for columns of different lengths."""
        if self.preprocessor is None:
            kwargs |= {"y": y, "batch_size": batch_size, "sample_weight": sample_weight, "shuffle": shuffle}
            kwargs |= {"validation_data": validation_data, "validation_split": validation_split}
        else:
            if validation_split and validation_data is None:
                (x, y, sample_weight), validation_data = _split(_rows(x, y, sample_weight), validation_split)
            if validation_data is not None and not _is_batches(validation_data):
                validation_data = self._batches(*_three(validation_data), batch_size)
            elif validation_data is not None:
                validation_data = self._batches(validation_data, None, None, None)
            x = self._batches(x, y, sample_weight, batch_size, shuffle)
            # rows of texts come shuffled: Keras would only change the order of their batches
            kwargs |= {"validation_data": validation_data, "shuffle": shuffle and not isinstance(x, _Batches)}
        before = self._steps()
        try:
            return super().fit(x, **kwargs)
        finally:  # an interrupted training has changed the head too
            with suppress(RuntimeError):  # stopped inside a step, Keras has lost the weights and the steps with them
                if self._steps() > before:
                    self.head_state = "fine-tuned"

    def _steps(self) -> int:
        optimizer = getattr(self, "optimizer", None)
        return int(optimizer.iterations) if optimizer else 0

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        if self.preprocessor is None or isinstance(x, _Batches):
            return super().evaluate(x, y, batch_size=batch_size, sample_weight=sample_weight, **kwargs)
        return super().evaluate(self._batches(x, y, sample_weight, batch_size), **kwargs)

    def predict(self, x: Any, batch_size: int | None = None, **kwargs: Any) -> Any:
        if self.preprocessor is None:
            return super().predict(x, batch_size=batch_size, **kwargs)
        return super().predict(self._batches(x, None, None, batch_size), **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:
        result = super().train_on_batch(*self._process(x, y, sample_weight), **kwargs)
        self.head_state = "fine-tuned"
        return result

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any) -> Any:
        return super().test_on_batch(*self._process(x, y, sample_weight), **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        return super().predict_on_batch(self._process(x, None, None)[0])

    def _process(self, x: Any, y: Any, sample_weight: Any) -> tuple[Any, ...]:
        """As many of the three as there are: Keras takes a third for weights, even None, and refuses class_weight."""
        if self.preprocessor is not None:
            x, y, sample_weight = _three(self.preprocessor(x, y, sample_weight))
        if sample_weight is not None:
            return x, y, sample_weight
        return (x,) if y is None else (x, y)

    def _batches(self, x: Any, y: Any, sample_weight: Any, batch_size: int | None, shuffle: bool = False) -> Any:
        if _is_batches(x):
            return _Processed(x, self._process) if isinstance(x, keras.utils.PyDataset) else self._stream(x)
        return _Batches(x, y, sample_weight, batch_size or 32, shuffle, self._process)

    def _stream(self, batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            yield self._process(*_three(batch))

    def get_config(self) -> dict[str, Any]:
        return {
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "preprocessor": keras.saving.serialize_keras_object(self.preprocessor),
            "name": self.name,
            # whether the file of the model will hold the optimizer's slots
            "optimizer_built": bool(self.optimizer and self.optimizer.built),
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self._slots_saved and self.optimizer:
            self.optimizer.build(self.trainable_variables)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        config = dict(config)
        for name in ("backbone", "preprocessor"):
            if isinstance(config.get(name), dict):
                config[name] = keras.saving.deserialize_keras_object(config[name])
        slots_saved = config.pop("optimizer_built", True)
        model = cls(**config)
        model._slots_saved = slots_saved
        return model


def _weights_file(filepath: str | Path) -> Path:
    if not str(filepath).endswith(".weights.h5"):
        raise ValueError(f"The name of a file of weights must end in .weights.h5, unlike {filepath}.")
    return Path(filepath)


class _Batches(keras.utils.PyDataset):
    """Rows of texts, processed when a batch is asked for, so that masking differs from epoch to epoch."""

    def __init__(
        self, x: Any, y: Any, sample_weight: Any, batch_size: int, shuffle: bool, process: Callable[..., Any]
    ) -> None:
        super().__init__()
        self._rows = _rows(x, y, sample_weight)
        self._size = batch_size
        self._process = process
        self._count = len(self._rows.segments[0])
        self._order = np.arange(self._count)
        self._random = np.random.default_rng(np.random.randint(2**31)) if shuffle else None
        self.on_epoch_end()

    def __len__(self) -> int:
        return (self._count + self._size - 1) // self._size

    def __getitem__(self, index: int) -> Any:
        chosen = self._order[index * self._size : (index + 1) * self._size]
        return self._process(*self._rows.take(chosen))

    def on_epoch_end(self) -> None:
        if self._random is not None:
            self._random.shuffle(self._order)


class _Processed(keras.utils.PyDataset):
    """Batches of texts of somebody else's `PyDataset`, processed."""

    def __init__(self, source: Any, process: Callable[..., Any]) -> None:
        super().__init__()
        self._source, self._process = source, process

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Any:
        return self._process(*_three(self._source[index]))

    def on_epoch_end(self) -> None:
        self._source.on_epoch_end()


def _is_batches(x: Any) -> bool:
    return isinstance(x, keras.utils.PyDataset | Iterator)


def _three(data: Any) -> tuple[Any, Any, Any]:
    return keras.utils.unpack_x_y_sample_weight(data)


class _Rows(NamedTuple):
    segments: tuple[np.ndarray, ...]
    y: np.ndarray | None
    sample_weight: np.ndarray | None

    def take(self, chosen: np.ndarray) -> tuple[Any, Any, Any]:
        x = tuple(segment[chosen] for segment in self.segments)
        y, weights = (None if part is None else part[chosen] for part in (self.y, self.sample_weight))
        return x[0] if len(x) == 1 else x, y, weights


def _rows(x: Any, y: Any, sample_weight: Any) -> _Rows:
    """TypeError for what is not texts, ValueError unless there is one of each to every text."""
    columns = [np.array([one] if isinstance(one, str) else one, dtype=object) for one in segments(x)]
    count = len(columns[0])
    labels, weights = (None if part is None else np.atleast_1d(np.asarray(part)) for part in (y, sample_weight))
    for part, name in ((labels, "labels"), (weights, "sample weights")):
        if part is not None and len(part) != count:
            raise ValueError(f"{count} texts but {len(part)} {name}.")
    return _Rows(tuple(columns), labels, weights)


def _split(rows: _Rows, share: float) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    """The last rows, `share` of all, are for validation, as in Keras."""
    count = len(rows.segments[0])
    at = int(count * (1 - share))
    if at in (0, count):
        raise ValueError(f"{count} rows cannot be split with validation_split={share}.")
    return rows.take(np.arange(at)), rows.take(np.arange(at, count))
