import numpy as np
import pytest

from fnet_studio.models import build_imdb_classifier


@pytest.fixture(scope="module")
def tiny():
    def build(mixer):
        return build_imdb_classifier(
            mixer, vocabulary_size=50, sequence_length=16, hidden_dim=8, intermediate_dim=12, num_layers=2
        )

    return build


@pytest.mark.parametrize(("mixer", "parameters"), [("fourier", 2_382_337), ("attention", 2_580_481)])
def test_parameters_are_those_of_the_published_example(mixer, parameters):
    assert build_imdb_classifier(mixer).count_params() == parameters


@pytest.mark.parametrize("mixer", ["fourier", "attention"])
def test_it_gives_a_probability_for_each_review(tiny, mixer):
    model = tiny(mixer)
    ids = np.random.default_rng(0).integers(0, 50, (5, 16))
    found = np.asarray(model(ids))
    assert found.shape == (5, 1)
    assert ((found > 0) & (found < 1)).all()


def test_the_transformer_does_not_look_at_pads(tiny):
    model = tiny("attention")
    ids = np.array([[7, 8, 9, 10]])
    padded = np.pad(ids, ((0, 0), (0, 9)))
    np.testing.assert_allclose(model(padded), model(ids), rtol=1e-5)


def test_fnet_does_mix_pads(tiny):
    model = tiny("fourier")
    ids = np.array([[7, 8, 9, 10]])
    assert abs(float(model(np.pad(ids, ((0, 0), (0, 9))))[0, 0] - model(ids)[0, 0])) > 1e-4


def test_a_review_of_pads_alone_gives_a_number(tiny):
    assert np.isfinite(np.asarray(tiny("attention")(np.zeros((1, 16), int)))).all()


def test_an_unknown_mixer_is_refused():
    with pytest.raises(ValueError, match="attention"):
        build_imdb_classifier("convolution")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("mixer", ["fourier", "attention"])
def test_every_weight_gets_a_gradient(tiny, mixer):
    import jax

    model = tiny(mixer)
    ids = np.random.default_rng(0).integers(1, 50, (4, 16))
    weights = [v.value for v in model.trainable_variables]
    rest = [v.value for v in model.non_trainable_variables]

    def loss(values):
        return (model.stateless_call(values, rest, ids, training=False)[0] ** 2).sum()

    gradients = jax.grad(loss)(weights)
    silent = [v.path for v, g in zip(model.trainable_variables, gradients) if not np.abs(g).max() > 0]
    # A bias on the keys adds the same to every score of a query, which softmax takes away again.
    assert [path for path in silent if "/key/bias" not in path] == []
