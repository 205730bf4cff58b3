import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from fnet_studio.models import FNetBackbone, FNetMaskedLM, FNetTextClassifier, LayerProbe, build_imdb_classifier
from fnet_studio.models.influence import Influence

LENGTH, HIDDEN = 9, 6


@pytest.fixture(scope="module")
def model():
    backbone = FNetBackbone(30, 2, HIDDEN, 10, max_sequence_length=16)
    for block in backbone.transformer_layers:  # larger weights than at the start, so that effects can be seen
        for dense in (block.intermediate_dense, block.output_dense):
            dense.kernel.assign(dense.kernel.value * 20)
    return FNetMaskedLM(backbone)


@pytest.fixture(scope="module")
def probe(model):
    return LayerProbe(model)


@pytest.fixture(scope="module")
def influence(probe):
    return Influence(probe)


@pytest.fixture(scope="module")
def features():
    ids = np.random.default_rng(3).integers(0, 30, (1, LENGTH)).astype(np.int32)
    return {"token_ids": ids, "segment_ids": np.zeros_like(ids), "mask_positions": np.array([[2, 5]])}


def states(model, features):
    """Each block's input and the last output, by calling layer after layer."""
    b = model.backbone
    tokens = b.token_embedding(features["token_ids"])
    x = tokens + b.position_embedding(tokens) + b.segment_embedding(features["segment_ids"])
    found = [b.embedding_projection(b.embeddings_layer_norm(x))]
    for block in b.transformer_layers:
        found.append(block(found[-1]))
    return [np.asarray(state)[0] for state in found]


def test_spectra_are_the_power_of_each_layers_input(model, probe, features):
    wanted = [(np.abs(np.fft.rfft(state, axis=0)) ** 2).mean(1) for state in states(model, features)[:-1]]
    np.testing.assert_allclose(probe.spectra(features), wanted, rtol=1e-3)


def test_shares_compare_the_mixing_with_what_it_is_added_to(model, probe, features):
    wanted = []
    for state in states(model, features)[:-1]:
        own = np.linalg.norm(state, axis=1)
        mixed = np.linalg.norm(np.fft.fft2(state).real, axis=1)
        wanted.append(mixed / (own + mixed))
    np.testing.assert_allclose(probe.shares(features), wanted, rtol=1e-3)


@pytest.mark.parametrize("layer", [0, -1])
def test_exact_influence_is_the_norm_of_the_jacobian(model, influence, features, layer):
    embedded = jnp.asarray(states(model, features)[0])
    blocks = model.backbone.transformer_layers
    blocks = blocks[:1] if layer == 0 else blocks

    def forward(e):
        x = e[None]
        for block in blocks:
            x = block(x)
        return x[0]

    jacobian = np.asarray(jax.jacfwd(forward)(embedded))  # (i, unit, j, unit)
    wanted = np.sqrt((jacobian**2).sum((1, 3)))
    np.testing.assert_allclose(influence.of(features, layer=layer, directions=None), wanted, rtol=1e-3)


def test_sampled_influence_comes_near_the_exact_one(influence, features):
    exact = influence.of(features, directions=None)
    np.testing.assert_allclose(influence.of(features, directions=400, seed=1), exact, rtol=0.3)


def test_influence_on_chosen_tokens_alone(influence, features):
    exact = influence.of(features, directions=None)
    np.testing.assert_allclose(influence.of(features, [4, 1], directions=None), exact[[4, 1]], rtol=1e-4)


def test_occlusion_is_the_change_that_a_replaced_token_makes(model, influence, features):
    found = influence.occlusion(features, replacement_id=7)
    changed = {**features, "token_ids": features["token_ids"].copy()}
    changed["token_ids"][0, 3] = 7
    wanted = np.linalg.norm(states(model, changed)[-1] - states(model, features)[-1], axis=1)
    np.testing.assert_allclose(found[-1, 3], wanted, rtol=1e-2, atol=1e-4)


def test_replacing_a_token_by_itself_changes_nothing(influence, features):
    same = int(features["token_ids"][0, 4])
    assert np.abs(influence.occlusion(features, same)[:, 4]).max() < 1e-5


def test_the_lens_ends_with_the_models_own_answer(model, probe, features):
    lens = probe.lens(features)
    assert lens.shape == (3, 2, 30)
    np.testing.assert_allclose(lens.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(lens[-1], model.probabilities(features)[0], rtol=1e-4)
    assert np.abs(lens[0] - lens[-1]).max() > 1e-4


def test_no_ablation_changes_nothing_and_a_full_one_stops_the_mixing(model, probe, features):
    plain = np.asarray(model(features))
    np.testing.assert_allclose(probe.ablated(features, np.ones((2, LENGTH))), plain, rtol=1e-4, atol=1e-5)
    nothing = np.zeros((2, LENGTH))
    without = probe.ablated(features, nothing)
    elsewhere = {**features, "token_ids": features["token_ids"].copy()}
    elsewhere["token_ids"][0, 8] = (elsewhere["token_ids"][0, 8] + 1) % 30
    assert np.abs(np.asarray(model(elsewhere)) - plain).max() > 1e-3
    np.testing.assert_allclose(probe.ablated(elsewhere, nothing), without, rtol=1e-5, atol=1e-6)


def test_an_ablation_leaves_the_model_as_it_was(model, probe, features):
    before = np.asarray(model(features))
    probe.ablated(features, np.zeros((2, LENGTH)))
    np.testing.assert_array_equal(model(features), before)


def test_bands_are_chosen_by_cycles_a_sequence(probe):
    kept = probe.band_gains(8, 1, 2, layers=[1])
    assert kept[0].tolist() == [1] * 8
    assert kept[1].tolist() == [0, 1, 1, 0, 0, 0, 1, 1]
    assert probe.band_gains(8, 1, 2, drop=True)[0].tolist() == [1, 0, 0, 1, 1, 1, 0, 0]


def test_a_classifier_is_probed_too():
    model = build_imdb_classifier("fourier", 30, 12, 8, 12, num_layers=2)
    probe = LayerProbe(model)
    ids = np.arange(12)[None]
    assert probe.spectra(ids).shape == (2, 7)
    np.testing.assert_allclose(probe.ablated(ids, np.ones((2, 12))), model(ids), rtol=1e-5)
    with pytest.raises(ValueError, match="masked-LM"):
        probe.lens({"token_ids": ids})


def test_a_finetuned_task_is_ablated_through_its_own_head():
    backbone = FNetBackbone(30, 2, HIDDEN, 10, max_sequence_length=16)
    model = FNetTextClassifier(backbone, 3)
    features = {"token_ids": np.arange(9)[None], "segment_ids": np.zeros((1, 9), int)}
    found = LayerProbe(model).ablated(features, np.ones((2, 9)))
    np.testing.assert_allclose(found, model(features), rtol=1e-4, atol=1e-6)


def test_a_model_without_encoder_blocks_is_refused():
    with pytest.raises(ValueError, match="no encoder block"):
        LayerProbe(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))
