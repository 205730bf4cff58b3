"""The classifier of Keras' example "Text Classification using FNet", with FNet or with Transformer blocks."""

from typing import Literal

import keras

from fnet_studio.models.embedding import PositionEmbedding, TokenAndPositionEmbedding
from fnet_studio.models.encoder import FNetEncoder
from fnet_studio.models.mixers import layer_mixings
from fnet_studio.models.ngrams import Gate, MergePositions, NGramEmbedding, RootSum, WithoutGradient
from fnet_studio.models.pooling import MaskedAverage, PaddingMask
from fnet_studio.models.transformer_encoder import TransformerEncoder

PAD_ID = 0
"""`[PAD]` is the first piece of the example's WordPiece vocabulary."""


def build_imdb_classifier(
    mixer: Literal["fourier", "attention", "linear", "random", "identity", "hybrid"] = "fourier",
    vocabulary_size: int = 15000,
    sequence_length: int = 512,
    hidden_dim: int = 128,
    intermediate_dim: int = 512,
    num_layers: int = 3,
    num_heads: int = 2,
    dropout: float = 0.1,
    average: Literal["all", "tokens"] = "all",
    ngrams: int = 1,
    ngram_buckets: int = 2**18,
    embedding_dim: int = 0,
    token_dropout: float = 0.0,
    merge: int = 1,
    bag: bool = False,
) -> keras.Model:
    """token_ids (batch, length) int32 -> (batch, 1), the probability of the positive class.

    With the defaults 2,382,337 parameters, or 2,580,481 with attention. In the example pads are masked for
    the Transformer, in attention and in the average, and for FNet nowhere: its blocks let no mask through. "attention"
    is that Transformer; the others are FNet blocks with the paper's other mixers, "hybrid" with attention in the top
    two layers.
    `num_heads` counts for attention alone; `dropout` is that before the last layer.

    What follows is not in the example. average: over all positions, or over those that hold tokens. ngrams,
    ngram_buckets, embedding_dim (0: hidden_dim) and token_dropout: see `NGramEmbedding`, in whose place the example has
    plain embeddings. merge: neighbours that share one position of the blocks. bag: the embeddings' `RootSum` goes to
    the last layer too, beside the blocks' average, which then passes a `Gate` and in training is left out of some texts
    altogether, by `dropout`. The blocks read the embeddings then but do not train them: millions of n-gram vectors are
    learned by heart through anything that is not linear.
    """
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    masked = mixer == "attention" or average == "tokens"
    is_token = PaddingMask(PAD_ID, name="padding_mask")(token_ids) if masked or bag else None
    summed = None
    if ngrams == merge == 1 and not (bag or embedding_dim or token_dropout):
        x = TokenAndPositionEmbedding(vocabulary_size, sequence_length, hidden_dim, name="embedding")(token_ids)
    else:
        size = embedding_dim or hidden_dim
        x = NGramEmbedding(vocabulary_size, size, ngrams, ngram_buckets, token_dropout, name="embedding")(token_ids)
        if bag:
            summed = RootSum(name="bag")(x, is_token)
            x = WithoutGradient(name="read_only")(x)
        if merge > 1:
            x = MergePositions(merge, name="merged")(x)
        if size != hidden_dim:
            x = keras.layers.Dense(hidden_dim, use_bias=False, name="embedding_projection")(x)
        x = x + PositionEmbedding(sequence_length // merge, initializer="zeros", name="position_embedding")(x)
    if masked and merge > 1:
        is_token = MergePositions(merge, name="merged_mask")(is_token)
    for index, mixing in enumerate(layer_mixings(mixer, num_layers)):
        name = f"encoder_{index}"
        if mixer == "attention":
            x = TransformerEncoder(intermediate_dim, num_heads, name=name)(x, is_token)
        else:
            positions = sequence_length // merge
            x = FNetEncoder(intermediate_dim, mixing=mixing, num_heads=num_heads, sequence_length=positions, name=name)(
                x
            )
    if masked:
        x = MaskedAverage(name="average")(x, is_token)
    else:
        x = keras.layers.GlobalAveragePooling1D(name="average")(x)
    if summed is not None:
        gated = keras.layers.Dropout(dropout, noise_shape=(None, 1), name="gate_dropout")(Gate(name="gate")(x))
        x = keras.layers.Concatenate(name="bag_and_blocks")([summed, gated])
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    outputs = keras.layers.Dense(1, activation="sigmoid", name="probability")(x)
    return keras.Model(token_ids, outputs, name=f"imdb_{mixer}")
