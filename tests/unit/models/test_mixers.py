import keras
import numpy as np
import pytest

from fnet_studio.core.errors import UserError
from fnet_studio.models import FNetBackbone, FNetEncoder, FNetMaskedLM, MixingTrace, build_imdb_classifier

ALL = ["fourier", "attention", "linear", "random", "identity"]
X = np.random.default_rng(0).standard_normal((2, 10, 8)).astype(np.float32)


def block(mixing, **kwargs):
    layer = FNetEncoder(12, mixing=mixing, num_heads=2, sequence_length=10, **kwargs)
    layer.build((None, 10, 8))
    return layer


@pytest.mark.parametrize("mixing", ALL)
def test_every_mixer_keeps_the_shape(mixing):
    assert block(mixing)(X).shape == X.shape


@pytest.mark.parametrize("mixing", ALL)
def test_a_block_comes_back_from_its_config(mixing):
    layer = block(mixing)
    again = FNetEncoder.from_config(layer.get_config())
    again.build((None, 10, 8))
    for one, two in zip(again.variables, layer.variables, strict=True):
        one.assign(two.value)
    np.testing.assert_array_equal(again(X), layer(X))


def test_learned_and_fixed_matrices_multiply_from_both_sides():
    for mixing, learned in (("linear", 2), ("random", 0)):
        layer = block(mixing)
        matrices = layer.mixing_layer
        wanted = np.asarray(matrices.sequence_matrix.value) @ X @ np.asarray(matrices.hidden_matrix.value)
        np.testing.assert_allclose(layer.mix(X), wanted, rtol=1e-4, atol=1e-5)
        assert len(matrices.trainable_variables) == learned


def test_without_mixing_every_position_is_on_its_own():
    layer = block("identity")
    changed = X.copy()
    changed[:, 4] += 1
    same = [i for i in range(10) if i != 4]
    np.testing.assert_allclose(np.asarray(layer(changed))[:, same], np.asarray(layer(X))[:, same], rtol=1e-5)


def test_a_matrix_mixer_refuses_another_length():
    with pytest.raises(ValueError, match="10 positions"):
        block("linear")(X[:, :7])


@pytest.mark.parametrize(("mixing", "kwargs"), [("linear", {}), ("attention", {}), ("wavelet", {})])
def test_a_mixer_that_lacks_something_is_refused(mixing, kwargs):
    with pytest.raises(ValueError):
        FNetEncoder(12, mixing=mixing, **kwargs)


def test_the_hybrid_has_attention_in_its_top_two_layers():
    backbone = FNetBackbone(30, 4, 8, 12, max_sequence_length=10, mixing="hybrid", num_heads=2)
    assert backbone.mixings == ["fourier", "fourier", "attention", "attention"]
    assert FNetBackbone.from_config(backbone.get_config()).mixings == backbone.mixings


def test_a_mixing_for_too_few_layers_is_refused():
    with pytest.raises(ValueError, match="3 of the former"):
        FNetBackbone(30, 3, 8, 12, mixing=["fourier", "linear"])


def test_another_mixing_is_no_fnet_preset(tmp_path):
    model = FNetMaskedLM(FNetBackbone(30, 2, 8, 12, max_sequence_length=10, mixing="linear"), head_state="fine-tuned")
    with pytest.raises(UserError, match="linear"):
        model.save_to_preset(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mixing", ["linear", "random", "identity", "hybrid"])
def test_the_example_learns_with_every_mixer(mixing):
    keras.utils.set_random_seed(0)
    model = build_imdb_classifier(mixing, 20, 8, 16, 16, num_layers=2, dropout=0.0)
    ids = np.random.default_rng(0).integers(1, 20, (32, 8))
    labels = (ids == 7).any(1).astype(int)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(ids, labels, epochs=40, batch_size=16, verbose=0).history
    assert history["loss"][-1] < 0.5 * history["loss"][0]


@pytest.mark.parametrize(("mixing", "shape"), [("hybrid", (3, 8, 8)), ("linear", (3, 8, 16))])
def test_mixing_maps_of_every_kind(mixing, shape):
    model = build_imdb_classifier(mixing, 20, 8, 16, 16, num_layers=3)
    trace = MixingTrace(model)
    found = trace.maps(np.arange(8)[None], 99, 99)
    assert found.shape == shape
    if mixing == "hybrid":
        assert trace.kinds == ["fourier", "attention", "attention"]
        np.testing.assert_allclose(found[1].sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize("positions", [0, 7, np.array([[3, 9, 3], [0, 1, 5]])])
def test_a_block_asked_for_some_positions_gives_what_it_gives_there(positions):
    layer = block("fourier")
    whole = np.asarray(layer(X))
    wanted = whole[:, [positions]] if isinstance(positions, int) else np.take_along_axis(whole, positions[..., None], 1)
    np.testing.assert_allclose(layer(X, positions=positions), wanted, rtol=1e-5, atol=1e-6)
