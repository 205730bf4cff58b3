import keras
import numpy as np
import pytest

from fnet_studio.models import MixingTrace, build_imdb_classifier, mixing_maps


@pytest.fixture(scope="module")
def fourier():
    return build_imdb_classifier("fourier", 50, 20, 12, 16, num_layers=2)


@pytest.fixture(scope="module")
def attention():
    return build_imdb_classifier("attention", 50, 20, 12, 16, num_layers=2)


IDS = np.random.default_rng(0).integers(1, 50, (1, 20))


def mixing_of_first_layer(model):
    embedded = np.asarray(model.get_layer("embedding")(IDS))[0]
    return np.fft.fft2(embedded).real


def test_exact_values_are_the_mixing_output(fourier):
    wanted = mixing_of_first_layer(fourier)
    np.testing.assert_allclose(MixingTrace(fourier).exact(IDS, 0), wanted, atol=1e-4 * np.abs(wanted).max())


def test_a_map_has_zero_frequency_in_the_middle(fourier):
    wanted = np.log1p(np.abs(np.fft.fftshift(mixing_of_first_layer(fourier))))
    found = mixing_maps(fourier, IDS, 100, 100)
    assert found.shape == (2, 20, 12)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], wanted, atol=1e-4)


def test_without_zero_the_zero_row_and_column_are_gone(fourier):
    whole = mixing_maps(fourier, IDS, 100, 100)
    found = mixing_maps(fourier, IDS, 100, 100, keep_zero=False)
    np.testing.assert_array_equal(found, np.delete(np.delete(whole, 10, 1), 6, 2))


@pytest.mark.parametrize(("pooling", "reduce"), [("max", np.max), ("mean", np.mean)])
def test_pooling_reduces_equal_blocks(fourier, pooling, reduce):
    trace = MixingTrace(fourier)
    whole = trace.maps(IDS, 100, 100)
    found = trace.maps(IDS, 5, 4, pooling=pooling)
    np.testing.assert_allclose(found, reduce(whole.reshape(2, 5, 4, 4, 3), axis=(2, 4)), rtol=1e-5)


def test_pooling_of_uneven_blocks_loses_no_peak(fourier):
    trace = MixingTrace(fourier)
    whole, found = trace.maps(IDS, 100, 100), trace.maps(IDS, 7, 5)
    assert found.shape == (2, 7, 5)
    np.testing.assert_array_equal(found.max((1, 2)), whole.max((1, 2)))


def test_a_map_is_never_enlarged(fourier):
    assert MixingTrace(fourier).maps(IDS[:, :3], 64, 64).shape == (2, 3, 12)


def test_attention_maps_are_probabilities_over_keys(attention):
    trace = MixingTrace(attention)
    assert trace.kind == "attention"
    heads = trace.exact(IDS, 1)
    assert heads.shape == (2, 20, 20)
    np.testing.assert_allclose(heads.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(trace.maps(IDS, 100, 100)[1], heads.mean(0), rtol=1e-5)


def test_attention_leaves_pads_out(attention):
    padded = IDS.copy()
    padded[0, 12:] = 0
    maps = MixingTrace(attention).maps(padded, 100, 100)
    assert maps[:, :, 12:].max() == 0
    assert maps[:, :, :12].min() > 0


@pytest.mark.parametrize("mixer", ["fourier", "attention"])
def test_weights_that_are_passed_in_are_used_and_the_models_own_stay(mixer, fourier, attention):
    model = {"fourier": fourier, "attention": attention}[mixer]
    other = keras.models.clone_model(model)
    trace, before = MixingTrace(model), mixing_maps(model, IDS, 20, 12)
    state = (
        [v.value for v in other.trainable_variables],
        [v.value for v in other.non_trainable_variables],
    )
    np.testing.assert_allclose(
        trace.maps(IDS, 20, 12, state=state), mixing_maps(other, IDS, 20, 12), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(trace.maps(IDS, 20, 12), before)


def test_a_task_is_traced_through_its_backbone(masked_lm):
    prompt = masked_lm.preprocessor.prompt("The capital of France is [MASK].")
    maps = MixingTrace(masked_lm).maps(prompt.features, 16, 16)
    assert maps.shape == (3, 16, 16)
    np.testing.assert_array_equal(maps, mixing_maps(masked_lm.backbone, prompt.features, 16, 16))


def test_a_model_without_blocks_is_refused():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="no encoder block"):
        MixingTrace(model)
