"""The pictures of the comparison's Transformer, against NumPy in float64."""

import jax
import numpy as np
import pytest
from float64_transformer import Float64Transformer

from fnet_studio.models.imdb_classifier import build_imdb_classifier
from fnet_studio.models.influence import Influence
from fnet_studio.models.probe import LayerProbe, shares
from fnet_studio.models.trace import MixingTrace

pytestmark = pytest.mark.usefixtures("optimised_programs")

LENGTH, TOKENS, STEP = 12, 7, 1e-5


class Case:
    def __init__(self):
        sizes = {"vocabulary_size": 40, "sequence_length": LENGTH, "hidden_dim": 8, "intermediate_dim": 16}
        self.model = build_imdb_classifier("attention", **sizes, num_layers=3, num_heads=2)
        random = np.random.default_rng(3)
        for weight in self.model.trainable_variables:  # biases and norms too: none of them at rest
            weight.assign(weight.value + random.normal(0, 0.4, weight.shape))
        self.ids = np.zeros(LENGTH, np.int32)
        self.ids[:TOKENS] = random.integers(1, 40, TOKENS)
        self.inputs = {"token_ids": self.ids[None]}
        self.probe = LayerProbe(self.model)
        self.exact = Float64Transformer(self.model)
        self.hidden, self.attention, self.gathered = self.exact.run(self.exact.embed(self.ids), self.ids)


@pytest.fixture(scope="module")
def case():
    return Case()


def agree(found, wanted, tolerance=1e-4):
    assert np.shape(found) == wanted.shape
    assert np.abs(np.asarray(found) - wanted).max() <= tolerance * np.abs(wanted).max()


def test_attention_of_every_layer_and_head(case):
    for layer in range(3):
        agree(case.probe.attention(case.inputs, layer), case.attention[layer])
        agree(MixingTrace(case.model).exact(case.ids[None], layer), case.attention[layer])
    assert np.abs(case.attention[0, 0] - case.attention[0, 1]).max() > 0.05, "the heads differ"


def test_a_row_adds_up_to_one_and_no_pad_is_looked_at(case):
    found = case.probe.attention(case.inputs, 2)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)
    assert found[:, :, TOKENS:].max() == 0


def test_hidden_states_and_what_attention_gathers(case):
    states = case.probe.states(case.inputs)
    agree(states.hidden, case.hidden)
    agree(states.mixed, case.gathered)
    own, other = np.linalg.norm(case.hidden[:-1], axis=-1), np.linalg.norm(case.gathered, axis=-1)
    agree(shares(states), other / (own + other))


def test_influence_against_finite_differences(case):
    found = Influence(case.probe).of(case.inputs, range(TOKENS), directions=None)
    embedded = case.exact.embed(case.ids)
    wanted = np.zeros((LENGTH, LENGTH))
    for at in range(LENGTH):
        for unit in range(8):
            moved = [embedded.copy(), embedded.copy()]
            moved[0][at, unit] += STEP
            moved[1][at, unit] -= STEP
            high, low = (case.exact.run(x, case.ids)[0][-1] for x in moved)
            wanted[:, at] += ((high - low) / (2 * STEP)).__pow__(2).sum(-1)
    agree(found, np.sqrt(wanted)[:TOKENS], 1e-3)
    assert found[:, TOKENS:].max() == 0, "what is masked has no influence"


def test_occlusion_and_impulse(case):
    influence = Influence(case.probe)
    found = influence.occlusion(case.inputs, 1, range(TOKENS))
    ids = case.ids.copy()
    ids[4] = 1
    other = case.exact.run(case.exact.embed(ids), ids)[0]
    agree(found[:, 4], np.linalg.norm(other[1:] - case.hidden[1:], axis=-1), 1e-3)
    energy = influence.impulse(case.inputs, 2, directions=1)
    vector = np.random.default_rng(0).standard_normal((1, 8), dtype=np.float32)[0]
    tangent = np.zeros_like(case.hidden[0])
    tangent[2] = STEP * vector / np.linalg.norm(vector)
    states = [case.exact.run(case.exact.embed(case.ids) + sign * tangent, case.ids)[0] for sign in (1, -1)]
    agree(energy, (((states[0] - states[1]) / (2 * STEP)) ** 2).sum(-1), 1e-3)


def test_mixing_can_be_swapped_for_nothing(case):
    states = case.probe.states(case.inputs, swap="identity", layers=[1])
    agree(states.hidden[:2], case.hidden[:2])
    np.testing.assert_allclose(states.mixed[1], states.hidden[1], rtol=1e-6)


def test_a_random_mixing_is_as_strong_as_the_attention_that_it_replaces(case):
    states = case.probe.states(case.inputs, swap="random", layers=[1])
    own, random = (np.linalg.norm(each[1]) for each in (case.gathered, np.asarray(states.mixed)))
    assert random == pytest.approx(own, rel=1e-4)
    assert np.abs(np.asarray(states.mixed)[1] - case.gathered[1]).max() > 0.5 * np.abs(case.gathered[1]).max()
    agree(states.mixed[0], case.gathered[0])


def test_a_hybrid_has_attention_in_its_top_layers_alone():
    sizes = {"vocabulary_size": 40, "sequence_length": LENGTH, "hidden_dim": 8, "intermediate_dim": 16}
    probe = LayerProbe(build_imdb_classifier("hybrid", **sizes, num_layers=3))
    assert probe.mixings == ("fourier", "attention", "attention")
    ids = jax.random.randint(jax.random.key(0), (1, LENGTH), 0, 40)
    assert probe.attention(ids, 2).shape == (2, LENGTH, LENGTH)
    with pytest.raises(ValueError, match="not by attention"):
        probe.attention(ids, 0)
