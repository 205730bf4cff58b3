"""The FNet encoder: embeddings, blocks and pooler, without a head."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import keras

from fnet_studio.models.builtin_presets import Presets
from fnet_studio.models.embedding import PositionEmbedding, ReversibleEmbedding
from fnet_studio.models.encoder import FNetEncoder
from fnet_studio.models.initializers import normal_002
from fnet_studio.models.keras_names import dtype_name, functional, gelu_approximate, serializable
from fnet_studio.models.mixers import layer_mixings

PRETRAINED_EPSILON = 1e-12


@functional
@serializable
class FNetBackbone(keras.Model):
    """{token_ids, segment_ids} (batch, length) int32 -> {sequence_output (batch, length, hidden_dim), pooled_output
    (batch, hidden_dim)}.

    Arguments and defaults are those of `keras_hub.models.FNetBackbone`. There is no padding mask: pads are tokens like
    any other, so that the length that a text is padded to changes the result.

    initializer: for kernels, embeddings and biases; None gives normal(0.02). mixing: for models from scratch, the
    paper's other mixers, for all layers or by layer, or "hybrid"; num_heads is for attention alone (hidden_dim / 64).
    """

    presets = Presets()

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        hidden_dim: int,
        intermediate_dim: int,
        dropout: float = 0.1,
        max_sequence_length: int = 512,
        num_segments: int = 4,
        dtype: Any = None,
        initializer: Any = None,
        mixing: str | Sequence[str] = "fourier",
        num_heads: int | None = None,
        **kwargs: Any,
    ) -> None:
        mixings = layer_mixings(mixing, num_layers)
        num_heads = num_heads or max(hidden_dim // 64, 1)

        def initial() -> Any:
            return normal_002() if initializer is None else initializer

        def dense(name: str, activation: Any = None) -> keras.layers.Dense:
            return keras.layers.Dense(
                hidden_dim,
                activation=activation,
                kernel_initializer=initial(),
                bias_initializer=initial(),
                dtype=dtype,
                name=name,
            )

        token_embedding = ReversibleEmbedding(
            vocabulary_size, hidden_dim, embeddings_initializer=initial(), dtype=dtype, name="token_embedding"
        )
        position_embedding = PositionEmbedding(
            max_sequence_length, initializer=initial(), dtype=dtype, name="position_embedding"
        )
        segment_embedding = keras.layers.Embedding(
            num_segments, hidden_dim, embeddings_initializer=initial(), dtype=dtype, name="segment_embedding"
        )
        embeddings_layer_norm = keras.layers.LayerNormalization(
            epsilon=PRETRAINED_EPSILON, dtype=dtype, name="embeddings_layer_norm"
        )
        embedding_projection = dense("embedding_projection")
        encoders = [
            FNetEncoder(
                intermediate_dim,
                dropout=dropout,
                activation=gelu_approximate,
                layer_norm_epsilon=PRETRAINED_EPSILON,
                kernel_initializer=initial(),
                bias_initializer=initial(),
                mixing=mixings[index],
                num_heads=num_heads,
                sequence_length=max_sequence_length,
                dtype=dtype,
                name=f"f_net_layer_{index}",
            )
            for index in range(num_layers)
        ]
        pooled_dense = dense("pooled_dense", activation="tanh")

        token_ids = keras.Input((None,), dtype="int32", name="token_ids")
        segment_ids = keras.Input((None,), dtype="int32", name="segment_ids")
        tokens = token_embedding(token_ids)
        x = keras.layers.Add(dtype=dtype, name="embeddings_add")(
            (tokens, position_embedding(tokens), segment_embedding(segment_ids))
        )
        x = embedding_projection(embeddings_layer_norm(x))
        x = keras.layers.Dropout(dropout, dtype=dtype, name="embeddings_dropout")(x)
        for encoder in encoders:
            x = encoder(x)
        super().__init__(
            inputs={"token_ids": token_ids, "segment_ids": segment_ids},
            outputs={"sequence_output": x, "pooled_output": pooled_dense(x[:, 0, :])},
            **kwargs,
        )
        if dtype is not None:
            self.dtype_policy = keras.dtype_policies.get(dtype)  # a functional model ignores the argument
        self.token_embedding = token_embedding
        self.position_embedding = position_embedding
        self.segment_embedding = segment_embedding
        self.embeddings_layer_norm = embeddings_layer_norm
        self.embedding_projection = embedding_projection
        self.transformer_layers = encoders
        self.pooled_dense = pooled_dense
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.dropout = dropout
        self.max_sequence_length = max_sequence_length
        self.num_segments = num_segments
        self.mixings = mixings
        self.num_heads = num_heads

    @classmethod
    def from_preset(cls, preset: str | Path, load_weights: bool = True, **kwargs: Any) -> Self:
        """A preset's encoder, whatever head it was saved with. kwargs override its configuration (`dtype`, …).

        UserError when the preset is missing, damaged or foreign, in words that name the file and the tensor.
        """
        from fnet_studio.models.preset import load_backbone

        return load_backbone(cls, preset, load_weights, **kwargs)

    def save_to_preset(self, preset_dir: str | Path, max_shard_size: float | None = 10) -> None:
        """Write a KerasHub preset folder, without a tokenizer and a head. LoRA is merged into the weights.
        max_shard_size: taken for KerasHub's sake; the weights are one file, of any size, which KerasHub reads too.
        UserError `preset.quantized` for a quantized model."""
        from fnet_studio.models.preset_writer import write_preset

        write_preset(self, Path(preset_dir))

    def default_lora_layer_names(self) -> list[str]:
        """The token embedding, the dense layers of the blocks, and the queries and values of blocks with attention."""
        return ["token_embedding", "intermediate_dense", "output_dense", "query", "value"]

    def enable_lora(self, rank: int, target_layer_names: Sequence[str] | None = None) -> None:
        """Freeze all layers but those of the given names, `default_lora_layer_names()` by default, and let these learn
        two factors of the given rank in place of their tables and kernels; their biases go on learning. Compile the
        model afterwards. ValueError when it is done twice, or when no layer has such a name.

        KerasHub's default, queries and values alone, would leave a model without attention nothing to learn.
        """
        names = self.default_lora_layer_names() if target_layer_names is None else target_layer_names
        layers = self._flatten_layers(include_self=False)
        chosen = [layer for layer in layers if layer.name in names and hasattr(layer, "enable_lora")]
        if not chosen:
            raise ValueError(f"No layer that LoRA could adapt has one of the names {', '.join(names)}.")
        if any(layer.lora_enabled for layer in chosen):
            raise ValueError("LoRA is enabled already. It can be enabled once.")
        self.trainable = True
        for layer in layers:
            layer.trainable = False
        for layer in chosen:
            layer.trainable = True
            layer.enable_lora(rank)

    def encode_at(self, positions: Any) -> Any:
        """The graph's sequence output at some positions only, (batch, places, hidden_dim): the last block's
        feed-forward part is left out everywhere else. positions: a tensor (batch, places), or one place for all."""
        last = self.transformer_layers[-1]  # its `input` is that of its first call, in this graph
        trunk = keras.Model(self.input, last.input, name="trunk")
        return last(trunk(self.input), positions=positions)

    def preset_config(self) -> dict[str, Any]:
        """The arguments that a preset stores."""
        names = ("vocabulary_size", "num_layers", "hidden_dim", "intermediate_dim", "dropout")
        return {name: getattr(self, name) for name in (*names, "max_sequence_length", "num_segments")}

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_name(self.dtype_policy),
            **self.preset_config(),
            "mixing": list(self.mixings),
            "num_heads": self.num_heads,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Self:
        config = dict(config)
        trainable = config.pop("trainable", True)
        backbone = cls(**{**config, "dtype": dtype_name(config.get("dtype"))})
        backbone.trainable = trainable
        return backbone
