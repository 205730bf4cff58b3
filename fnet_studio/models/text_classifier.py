"""The classification task: one of several classes from the pooled output."""

from typing import Any

import keras

from fnet_studio.models.backbone import FNetBackbone, normal_002
from fnet_studio.models.keras_names import serializable
from fnet_studio.models.preprocessor import FNetTextClassifierPreprocessor
from fnet_studio.models.task import HeadState, Task


@serializable
class FNetTextClassifier(Task):
    """{token_ids, segment_ids} (batch, length) -> (batch, num_classes), logits unless there is an activation.

    Arguments and defaults are those of `keras_hub.models.FNetTextClassifier`.
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
        **kwargs: Any,
    ) -> None:
        output_dense = keras.layers.Dense(
            num_classes,
            kernel_initializer=normal_002(),
            activation=activation,
            dtype=backbone.dtype_policy,
            name="logits",
        )
        pooled = backbone.pooled_dense(backbone.encode_at(0)[:, 0, :])
        pooled = keras.layers.Dropout(dropout, dtype=backbone.dtype_policy, name="output_dropout")(pooled)
        super().__init__(inputs=backbone.input, outputs=output_dense(pooled), **kwargs)
        self.backbone = backbone
        self.preprocessor = preprocessor
        self.output_dense = output_dense
        self.num_classes = num_classes
        self.activation = keras.activations.get(activation)
        self.dropout = dropout
        self.head_state = head_state

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "activation": keras.activations.serialize(self.activation),
            "dropout": self.dropout,
            "head_state": self.head_state,
        }
