"""Layers put together by hand, as a notebook does with KerasHub's."""

import keras
import numpy as np
import pytest
from float64_transformer import Float64Transformer

from fnet_studio.models import ReversibleEmbedding, TokenAndPositionEmbedding, TransformerEncoder

IDS = np.array([[5, 7, 2, 9, 0, 0], [3, 8, 0, 0, 0, 0]], np.int32)


@pytest.fixture(scope="module")
def block():
    keras.utils.set_random_seed(1)
    layer = TransformerEncoder(8, 2, bias_initializer="uniform")
    layer.build((2, 6, 4))
    return layer


def states(seed=0):
    return np.random.default_rng(seed).normal(size=(2, 6, 4)).astype(np.float32)


def test_the_mask_of_an_embedding_reaches_every_block_and_the_average():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6,), dtype="int32")
    embedding = TokenAndPositionEmbedding(20, 6, 4, mask_zero=True, embeddings_initializer="normal", name="embedding")
    x = embedding(inputs)
    for _ in range(3):
        x = TransformerEncoder(8, 2)(x)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(x))
    plain = Float64Transformer(model)
    wanted = [plain.run(plain.embed(row), row)[0][-1][row != 0].mean(0) for row in IDS]
    assert np.allclose(model(IDS), wanted, atol=1e-4)


def test_under_a_causal_mask_no_position_knows_of_later_ones(block):
    x, causal = states(), np.tril(np.ones((6, 6), bool))[None].repeat(2, 0)
    outputs, scores = block(x, attention_mask=causal, return_attention_scores=True)
    assert scores.shape == (2, 2, 6, 6)
    assert not np.asarray(scores)[..., ~causal[0]].any()
    assert np.allclose(np.sum(scores, -1), 1, atol=1e-6)
    x[:, 4:] += 1
    changed = np.abs(np.asarray(block(x, attention_mask=causal)) - np.asarray(outputs)).max((0, 2))
    assert (changed[:4] < 1e-6).all()
    assert (changed[4:] > 1e-3).all()


def test_of_two_masks_both_count(block):
    x, causal = states(), np.tril(np.ones((6, 6), int))[None].repeat(2, 0)
    is_token = IDS != 0
    both = block(x, padding_mask=is_token, attention_mask=causal)
    assert np.allclose(both, block(x, attention_mask=causal * is_token[:, None]), atol=1e-6)


def test_the_scores_are_an_output_of_a_model_too(block):
    inputs = keras.Input((6, 4))
    outputs, scores = block(inputs, return_attention_scores=True)
    model = keras.Model(inputs, [outputs, scores])
    assert scores.shape == (None, 2, 6, 6)
    assert np.allclose(model(states())[1], block(states(), return_attention_scores=True)[1])


@pytest.mark.parametrize("positions", [[3, 2, 1, 0, 5, 4], [[3, 2, 1, 0, 5, 4], [0, 0, 1, 1, 2, 2]]])
def test_positions_may_be_given(positions):
    layer = TokenAndPositionEmbedding(20, 8, 4, embeddings_initializer="normal")
    found = np.asarray(layer(IDS, positions=np.array(positions)))
    tokens, places = (np.asarray(weight.value) for weight in layer.weights)
    assert np.array_equal(found, tokens[IDS] + places[np.array(positions)])


@pytest.mark.parametrize("tied", [True, False])
def test_logits_are_capped_softly_and_in_the_dtype_asked_for(tied):
    layer = ReversibleEmbedding(
        20, 4, tied, dtype="bfloat16", embeddings_initializer="normal", reverse_dtype="float32", logit_soft_cap=0.1
    )
    layer.build((2, 6))
    logits = layer(states(), reverse=True)
    table = np.asarray(layer.weights[-1].value).astype("float32")
    wanted = 0.1 * np.tanh(states() @ (table.T if tied else table) / 0.1)
    assert str(logits.dtype) == "float32"
    assert np.allclose(logits, wanted, atol=1e-6)
    assert layer(keras.KerasTensor((2, 6, 4)), reverse=True).dtype == "float32"
    again = ReversibleEmbedding.from_config(layer.get_config())
    assert (again.reverse_dtype, again.logit_soft_cap) == ("float32", 0.1)
