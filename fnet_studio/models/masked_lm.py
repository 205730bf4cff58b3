"""The masked-LM task: which words fit at the masked positions."""

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from fnet_studio.models.backbone import FNetBackbone
from fnet_studio.models.initializers import normal_002
from fnet_studio.models.keras_names import activation_name, serializable
from fnet_studio.models.masked_lm_head import MaskedLMHead
from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor
from fnet_studio.models.task import HeadState, Task


@serializable
class FNetMaskedLM(Task):
    """{token_ids, segment_ids (batch, length), mask_positions (batch, masks)} -> logits (batch, masks, vocabulary).

    backbone and preprocessor as in `keras_hub.models.FNetMaskedLM`. head_activation and head_layer_norm_epsilon
    default to KerasHub's head; the authors' (and Transformers') is "gelu_approximate" with 1e-12. With
    next_sentence_head there is pretraining's other head too, beside the graph: it is not trained, only kept,
    evaluated and exported. compile: with the defaults of `compile`.
    """

    preprocessor_class = FNetMaskedLMPreprocessor

    def __init__(
        self,
        backbone: FNetBackbone,
        preprocessor: FNetMaskedLMPreprocessor | None = None,
        head_activation: Any = "gelu",
        head_layer_norm_epsilon: float = 1e-5,
        head_state: HeadState = "none",
        next_sentence_head: bool = False,
        compile: bool = True,
        **kwargs: Any,
    ) -> None:
        head = MaskedLMHead(
            vocabulary_size=backbone.vocabulary_size,
            token_embedding=backbone.token_embedding,
            intermediate_activation=head_activation,
            layer_norm_epsilon=head_layer_norm_epsilon,
            kernel_initializer=normal_002(),
            dtype=backbone.dtype_policy,
            name="mlm_head",
        )
        inputs = {
            **dict(backbone.input),
            "mask_positions": keras.Input((None,), dtype="int32", name="mask_positions"),
        }
        outputs = head(backbone.encode_at(inputs["mask_positions"]))
        super().__init__(inputs, outputs, backbone, preprocessor, head_state, **kwargs)
        self.masked_lm_head = head
        self.next_sentence_dense: keras.layers.Dense | None = None
        if next_sentence_head:
            self.next_sentence_dense = keras.layers.Dense(
                2, kernel_initializer=normal_002(), dtype=backbone.dtype_policy, name="next_sentence"
            )
            self.next_sentence_dense.build((None, backbone.hidden_dim))
        self._jitted_log_probabilities = jax.jit(self._log_probabilities)
        if compile:
            self.compile()

    def compile(
        self, optimizer: Any = "auto", loss: Any = "auto", *, weighted_metrics: Any = "auto", **kwargs: Any
    ) -> None:
        """As Keras' own. "auto": Adam(5e-5), the crossentropy of the ids under the masks, and their accuracy."""
        if optimizer == "auto":
            optimizer = keras.optimizers.Adam(5e-5)
        if loss == "auto":
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        if weighted_metrics == "auto":
            weighted_metrics = [keras.metrics.SparseCategoricalAccuracy()]
        super().compile(optimizer=optimizer, loss=loss, weighted_metrics=weighted_metrics, **kwargs)

    @property
    def head_settings(self) -> dict[str, Any]:
        """What a preset stores of the head beside its weights."""
        head = self.masked_lm_head
        return {
            "intermediate_activation": activation_name(head.intermediate_activation),
            "layer_norm_epsilon": head.layer_norm_epsilon,
        }

    def probabilities(self, features: dict[str, Any]) -> np.ndarray:
        """(batch, masks, vocabulary) float32 probabilities: see `log_probabilities`."""
        return np.exp(self.log_probabilities(features))

    def log_probabilities(self, features: dict[str, Any]) -> np.ndarray:
        """(batch, masks, vocabulary) float32 natural logarithms of probabilities, without training, compiled once for
        each length and each batch size.

        The number of masks is rounded up to a power of two inside, so that few programs are compiled.
        """
        positions = np.asarray(features["mask_positions"], np.int32)
        count = positions.shape[1]
        room = max(1 << max(count - 1, 0).bit_length(), 4)
        ready = {name: jnp.asarray(features[name], jnp.int32) for name in ("token_ids", "segment_ids")}
        ready["mask_positions"] = jnp.asarray(np.pad(positions, ((0, 0), (0, room - count))))
        weights = [[v.value for v in part] for part in (self.trainable_variables, self.non_trainable_variables)]
        return np.asarray(self._jitted_log_probabilities(*weights, ready))[:, :count]

    def next_sentence_logits(self, features: dict[str, Any]) -> np.ndarray:
        """(batch, 2): whether the second segment follows the first, and whether it is a random one. ValueError when
        the preset held no such head."""
        if self.next_sentence_dense is None:
            raise ValueError("This model has no next-sentence head.")
        ready = {name: features[name] for name in ("token_ids", "segment_ids")}
        return np.asarray(self.next_sentence_dense(self.backbone(ready)["pooled_output"]))

    def _log_probabilities(self, trainable: Any, non_trainable: Any, features: Any) -> jax.Array:
        logits = self.stateless_call(trainable, non_trainable, features, training=False)[0]
        return jax.nn.log_softmax(logits.astype(jnp.float32), axis=-1)

    def get_config(self) -> dict[str, Any]:
        settings = self.head_settings
        return {
            **super().get_config(),
            "head_activation": settings["intermediate_activation"],
            "head_layer_norm_epsilon": settings["layer_norm_epsilon"],
            "head_state": self.head_state,
            "next_sentence_head": self.next_sentence_dense is not None,
        }
