import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnet_studio.models import build_imdb_classifier
from fnet_studio.models.ngrams import Gate, MergePositions, NGramEmbedding, RootSum, n_gram_places
from fnet_studio.models.trace import MixingTrace

BEST = {"ngrams": 2, "ngram_buckets": 2048, "embedding_dim": 4, "merge": 4, "bag": True, "average": "tokens"}


def build(mixer="fourier", **changes):
    small = {"vocabulary_size": 50, "sequence_length": 32, "hidden_dim": 8, "intermediate_dim": 12, "num_layers": 2}
    return build_imdb_classifier(mixer, **(small | BEST | changes))


def places(ids, order, buckets=1 << 20):
    return [(np.asarray(where), np.asarray(whole)) for where, whole in n_gram_places(np.array(ids), order, buckets)]


@settings(max_examples=15)
@given(st.lists(st.integers(1, 30_000), min_size=2, max_size=12), st.integers(0, 8))
def test_an_n_gram_has_the_same_place_wherever_it_stands(ids, before):
    """However many words stand before it, and however many pads after."""

    def row(first):
        return places([[*first, *ids, *[0] * (20 - len(first) - len(ids))]], 2)[0][0][0]

    alone, moved = row([]), row([7] * before)
    assert (moved[before : before + len(ids) - 1] == alone[: len(ids) - 1]).all()


def test_an_n_gram_that_reaches_into_the_pads_is_none():
    pairs, triples = places([[5, 6, 7, 0, 0]], 3)
    assert pairs[1].tolist() == [[True, True, False, False, False]]
    assert triples[1].tolist() == [[True, False, False, False, False]]
    assert (pairs[0][~pairs[1]] == 0).all()


def test_order_counts_in_an_n_gram_and_places_are_spread_evenly():
    ids = np.stack(np.meshgrid(np.arange(1, 201), np.arange(1, 201)), axis=-1).reshape(-1, 2)
    found = places(ids, 2, 4096)[0][0][:, 0]
    counts = np.bincount(found, minlength=4096)
    assert len(counts) == 4096
    assert counts.var() < 2 * counts.mean(), "as a Poisson distribution has it"
    there, back = places([[3, 9], [9, 3]], 2)[0][0][:, 0]
    assert there != back


def test_pads_have_no_vector_and_a_pair_adds_its_own():
    layer = NGramEmbedding(20, 4, order=2, buckets=1024)
    x = np.asarray(layer(np.array([[5, 6, 0, 0]])))
    assert (x[0, 2:] == 0).all()
    alone = np.asarray(layer(np.array([[5, 0, 0, 0]])))
    table = np.asarray(layer.n_grams.value)
    place = places([[5, 6]], 2, 1024)[0][0][0, 0]
    np.testing.assert_allclose(x[0, 0] - alone[0, 0], table[place], atol=1e-7)


def test_token_dropout_leaves_vectors_out_in_training_alone_and_keeps_their_mean():
    layer = NGramEmbedding(20, 4, order=1, dropout=0.5)
    ids = np.full((50, 40), 3)
    still, dropped = np.asarray(layer(ids)), np.asarray(layer(ids, training=True))
    assert (still == still[0, 0]).all()
    gone = (dropped == 0).all(axis=-1).mean()
    assert 0.4 < gone < 0.6
    np.testing.assert_allclose(dropped.mean((0, 1)), still[0, 0], rtol=0.15)


def test_merging_sums_neighbours_over_the_square_root_of_their_number():
    x = np.arange(24, dtype="float32").reshape(1, 12, 2)
    merged = np.asarray(MergePositions(4)(x))
    np.testing.assert_allclose(merged[0, 1], x[0, 4:8].sum(0) / 2)
    mask = np.zeros((1, 12), bool)
    mask[0, 5] = True
    assert np.asarray(MergePositions(4)(mask)).tolist() == [[False, True, False]]


def test_a_root_sum_of_nothing_is_zero():
    assert (np.asarray(RootSum()(np.zeros((1, 3, 2), "float32"), np.zeros((1, 3), bool))) == 0).all()


def test_at_first_the_blocks_say_nothing_and_the_gate_can_learn():
    import jax

    assert (np.asarray(Gate()(np.ones((2, 3), "float32"))) == 0).all()
    model = build(num_layers=1)
    ids = np.random.default_rng(0).integers(1, 50, (4, 32))
    rest = [v.value for v in model.non_trainable_variables]

    def loss(values):
        return (model.stateless_call(values, rest, ids, training=False)[0] ** 2).sum()

    gradients = jax.jit(jax.grad(loss))([v.value for v in model.trainable_variables])
    silent = {v.path for v, g in zip(model.trainable_variables, gradients) if not np.abs(g).max() > 0}
    assert not any(path.startswith(("gate", "embedding/")) for path in silent)


@pytest.mark.parametrize("mixer", ["fourier", "attention", "linear", "random", "identity", "hybrid"])
def test_every_mixer_takes_n_grams_and_merged_positions(mixer):
    ids = np.random.default_rng(0).integers(0, 50, (3, 32))
    found = np.asarray(build(mixer)(ids))
    assert found.shape == (3, 1)
    assert np.isfinite(found).all()


def test_pads_take_no_part_in_an_average_over_tokens():
    model = build_imdb_classifier(
        "identity", vocabulary_size=50, sequence_length=16, hidden_dim=8, intermediate_dim=8, num_layers=1,
        average="tokens", embedding_dim=8,
    )  # fmt: skip
    ids = np.array([[7, 8, 9, 10]])
    np.testing.assert_allclose(model(np.pad(ids, ((0, 0), (0, 8)))), model(ids), rtol=1e-5)


def test_the_maps_of_merged_positions_have_the_blocks_own_length():
    trace = MixingTrace(build())
    ids = np.zeros((1, 32), int)
    assert trace.positions(ids) == 8
    assert trace.maps(ids, 100, 100).shape == (2, 8, 8)
    assert MixingTrace(build("attention", merge=2)).positions(ids) == 16


def test_the_blocks_do_not_train_the_vectors_that_the_bag_trains():
    import jax

    model = build(num_layers=1)
    model.get_layer("gate").scale.assign(np.ones(8))
    model.get_layer("probability").kernel.assign(np.vstack([np.zeros((4, 1)), np.ones((8, 1))]))  # the blocks alone
    ids = np.random.default_rng(0).integers(1, 50, (4, 32))
    rest = [v.value for v in model.non_trainable_variables]

    def loss(values):
        return (model.stateless_call(values, rest, ids, training=False)[0] ** 2).sum()

    gradients = jax.jit(jax.grad(loss))([v.value for v in model.trainable_variables])
    moved = {v.path for v, g in zip(model.trainable_variables, gradients) if np.abs(g).max() > 0}
    assert not any(path.startswith("embedding/") for path in moved)
    assert any(path.startswith("encoder_0") for path in moved)
