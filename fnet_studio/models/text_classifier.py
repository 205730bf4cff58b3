"""The classification task: one of several classes from the pooled output, or from the average over the tokens."""

from collections.abc import Sequence
from typing import Any

import keras

from fnet_studio.models.backbone import FNetBackbone
from fnet_studio.models.initializers import normal_002
from fnet_studio.models.keras_names import serializable
from fnet_studio.models.pooling import MaskedAverage, PaddingMask, Pooling
from fnet_studio.models.preprocessor import FNetTextClassifierPreprocessor
from fnet_studio.models.task import HeadState, Task


@serializable
class FNetTextClassifier(Task):
    """{token_ids, segment_ids} (batch, length) -> (batch, num_classes), logits unless there is an activation.

    Arguments and defaults are those of `keras_hub.models.FNetTextClassifier`, but for those from `pooling` on: "mean"
    classifies by the average over all tokens but pads, and leaves the pooler unused. A preset that was never trained
    on its first position, as those of masked-LM training alone, says little there. pad_id: the preprocessor's; without
    one, pads count as tokens. class_names: one a class, in their order, for presets to keep; ValueError for another
    number. regression: the outputs are quantities, not logits of classes to choose among. compile: with the defaults of
    `compile`.
    """

    preprocessor_class = FNetTextClassifierPreprocessor

    def __init__(
        self,
        backbone: FNetBackbone,
        num_classes: int,
        preprocessor: FNetTextClassifierPreprocessor | None = None,
        activation: Any = None,
        dropout: float = 0.1,
        head_state: HeadState = "none",
        pooling: Pooling = "cls",
        pad_id: int | None = None,
        class_names: Sequence[str] = (),
        regression: bool = False,
        compile: bool = True,
        **kwargs: Any,
    ) -> None:
        if len(class_names) not in (0, num_classes):
            raise ValueError(f"{len(class_names)} class names for {num_classes} classes.")
        output_dense = keras.layers.Dense(
            num_classes,
            kernel_initializer=normal_002(),
            activation=activation,
            dtype=backbone.dtype_policy,
            name="logits",
        )
        if pad_id is None and preprocessor is not None:
            pad_id = preprocessor.tokenizer.pad_token_id
        if pooling == "cls":
            pooled = backbone.pooled_dense(backbone.encode_at(0)[:, 0, :])
        else:
            is_token = PaddingMask(-1 if pad_id is None else pad_id, name="padding_mask")(backbone.input["token_ids"])
            average = MaskedAverage(dtype=backbone.dtype_policy, name="average")
            pooled = average(backbone.output["sequence_output"], is_token)
        pooled = keras.layers.Dropout(dropout, dtype=backbone.dtype_policy, name="output_dropout")(pooled)
        super().__init__(backbone.input, output_dense(pooled), backbone, preprocessor, head_state, **kwargs)
        self.output_dense = output_dense
        self.num_classes = num_classes
        self.activation = keras.activations.get(activation)
        self.dropout = dropout
        self.pooling: Pooling = pooling
        self.pad_id = pad_id
        self.class_names = tuple(class_names)
        self.regression = regression
        if compile:
            self.compile()

    def compile(self, optimizer: Any = "auto", loss: Any = "auto", *, metrics: Any = "auto", **kwargs: Any) -> None:
        """As Keras' own. "auto": Adam(5e-5), the crossentropy of class numbers, and their accuracy, or that which fits
        a loss of one's own; for regression the mean squared error alone."""
        if optimizer == "auto":
            optimizer = keras.optimizers.Adam(5e-5)
        if self.regression:
            loss, metrics = ("mse" if loss == "auto" else loss), (None if metrics == "auto" else metrics)
        if metrics == "auto":
            metrics = [keras.metrics.SparseCategoricalAccuracy() if loss == "auto" else "accuracy"]
        if loss == "auto":
            from_logits = self.activation is not keras.activations.softmax
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "head_state": self.head_state,
            "pooling": self.pooling,
            "pad_id": self.pad_id,
            "class_names": list(self.class_names),
            "regression": self.regression,
        }
