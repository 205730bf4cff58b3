"""Every picture's numbers on the golden presets, against NumPy in float64."""

import numpy as np
import pytest
from float64_fnet import Float64FNet, mixing

from fnet_studio.core.errors import Stopped
from fnet_studio.models import FNetMaskedLM, LayerProbe
from fnet_studio.models.influence import Influence
from fnet_studio.models.probe import changes
from fnet_studio.models.trace import pictures

pytestmark = pytest.mark.usefixtures("optimised_programs")

PRESETS = ["kerashub_masked_lm", "transformers_masked_lm"]
STEP = 1e-5


class Case:
    def __init__(self, folder):
        self.model = FNetMaskedLM.from_preset(folder)
        self.probe = LayerProbe(self.model)
        self.influence = Influence(self.probe)
        self.exact = Float64FNet(self.model)
        length, vocabulary = self.model.backbone.max_sequence_length, self.model.backbone.vocabulary_size
        self.ids = np.full(length, 3)
        self.ids[:7] = np.random.default_rng(5).integers(4, vocabulary, 7)
        self.features = self.as_features(self.ids)
        self.states = self.probe.states(self.features)
        self.hidden, self.mixed = self.exact.run(self.exact.embed(self.ids))

    @staticmethod
    def as_features(ids):
        return {"token_ids": ids[None].astype(np.int32), "segment_ids": np.zeros((1, len(ids)), np.int32)}


@pytest.fixture(scope="module", params=PRESETS)
def case(request, golden, others):
    return Case((golden if request.param.startswith("kerashub") else others) / request.param)


def agree(found, wanted, tolerance=1e-4):
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()


def test_hidden_states_and_mixing_outputs(case):
    agree(case.states.hidden, case.hidden)
    agree(case.states.mixed, case.mixed)


@pytest.mark.parametrize("keep_zero", [True, False])
def test_mixing_maps(case, keep_zero):
    wanted = np.log1p(np.abs(np.fft.fftshift(case.mixed, axes=(1, 2))))
    if not keep_zero:
        wanted = np.delete(np.delete(wanted, wanted.shape[1] // 2, 1), wanted.shape[2] // 2, 2)
    agree(pictures(case.states.mixed, 9999, 9999, keep_zero), wanted)
    rows, columns = wanted.shape[1] // 3, wanted.shape[2] // 5
    bins = [np.arange(size) * to // size for size, to in zip(wanted.shape[1:], (rows, columns))]
    pooled = np.array(
        [[each[bins[0] == row][:, bins[1] == column].max() for row in range(rows) for column in range(columns)]
         for each in wanted]
    )  # fmt: skip
    agree(pictures(case.states.mixed, rows, columns, keep_zero), pooled.reshape(len(wanted), rows, columns))


def test_spectrum(case):
    wanted = [(np.abs(np.fft.rfft(x, axis=0)) ** 2).mean(1) for x in case.hidden[:-1]]
    agree(case.probe.spectra(case.features), wanted)


def test_mixing_share(case):
    own, other = (np.linalg.norm(part, axis=-1) for part in (case.hidden[:-1], case.mixed))
    agree(case.probe.shares(case.features), other / (own + other))


def test_layer_lens(case):
    wanted = [[case.exact.head(state[position]) for position in (2, 5)] for state in case.hidden]
    agree(case.probe.head(case.states.hidden, [2, 5]), wanted)


def jacobian(case, token, layer):
    """(length, hidden, hidden): d h[i] / d e[token] by central differences in float64; [i, :, unit of e]."""
    start = case.exact.embed(case.ids)
    columns = []
    for unit in range(start.shape[1]):
        ends = []
        for step in (STEP, -STEP):
            moved = start.copy()
            moved[token, unit] += step
            ends.append(case.exact.run(moved, layer)[0][-1])
        columns.append((ends[0] - ends[1]) / (2 * STEP))
    return np.stack(columns, -1)


@pytest.mark.parametrize("layer", [0, -1])
def test_influence_is_the_norm_of_finite_differences(case, layer):
    layers = len(case.hidden) - 1
    found = case.influence.of(case.features, range(7), layer, directions=None)
    for token in (0, 4, len(case.ids) - 1):
        wanted = np.linalg.norm(jacobian(case, token, layer % layers), axis=(1, 2))[:7]
        agree(found[:, token], wanted, 1e-3)


def test_an_estimated_influence_comes_near_the_exact_one(case):
    exact = case.influence.of(case.features, [1, 6], directions=None)
    found = case.influence.of(case.features, [1, 6], directions=60, seed=2)
    np.testing.assert_allclose(found, exact, rtol=0.5)
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.8


def test_occlusion(case):
    found = case.influence.occlusion(case.features, 6, [3])
    ids = case.ids.copy()
    ids[3] = 6
    other, _ = case.exact.run(case.exact.embed(ids))
    agree(found[:, 0], np.linalg.norm(other - case.hidden, axis=-1)[1:], 1e-3)


def test_impulse_response(case):
    directions, seed, position = 3, 9, 2
    vectors = np.random.default_rng(seed).standard_normal((directions, case.hidden.shape[-1]), dtype=np.float32)
    start, wanted = case.exact.embed(case.ids), 0.0
    for vector in vectors.astype(np.float64):
        step = np.zeros_like(start)
        step[position] = STEP * vector / np.linalg.norm(vector)
        difference = (case.exact.run(start + step)[0] - case.exact.run(start - step)[0]) / (2 * STEP)
        wanted = wanted + (difference**2).sum(-1) / directions
    agree(case.influence.impulse(case.features, position, directions, seed), wanted, 2e-3)


def test_padding_sensitivity(case):
    length = 7
    short, _ = case.exact.run(case.exact.embed(case.ids[:length]))
    found = case.probe.states(case.as_features(case.ids[:length])).hidden[-1]
    agree(found, short[-1])


@pytest.mark.parametrize(("low", "high", "drop"), [(0, 0, True), (1, 3, True), (0, 2, False)])
def test_spectral_ablation(case, low, high, drop):
    frequency = np.abs(np.fft.fftfreq(len(case.ids), 1 / len(case.ids)))
    inside = (low <= frequency) & (frequency <= high)
    gain = (~inside if drop else inside)[:, None]
    exact = Float64FNet(case.model, lambda layer, x: mixing(x) * gain if layer == 1 else mixing(x))
    wanted, _ = exact.run(exact.embed(case.ids))
    other = case.probe.states(case.features, case.probe.band_gains(len(case.ids), low, high, [1], drop))
    agree(other.hidden, wanted)
    moved = np.linalg.norm(wanted - case.hidden, axis=-1) / np.linalg.norm(case.hidden, axis=-1)
    assert np.abs(changes(case.states, other) - moved).max() < 1e-3


def test_ablating_no_band_changes_nothing_and_ablating_all_of_them_is_a_mixing_of_zero(case):
    length = len(case.ids)
    nothing = case.probe.states(case.features, case.probe.band_gains(length, 1, 0, drop=True))
    np.testing.assert_array_equal(nothing.hidden, case.states.hidden)
    exact = Float64FNet(case.model, lambda layer, x: 0 * x)
    everything = case.probe.states(case.features, case.probe.band_gains(length, 0, length, drop=True))
    agree(everything.hidden, exact.run(exact.embed(case.ids))[0])
    np.testing.assert_array_equal(np.asarray(everything.mixed), 0)


def test_mixing_swapped_for_the_identity(case):
    exact = Float64FNet(case.model, lambda layer, x: x if layer == 0 else mixing(x))
    agree(case.probe.states(case.features, swap="identity", layers=[0]).hidden, exact.run(exact.embed(case.ids))[0])


def test_random_mixing_is_as_strong_as_the_fourier_mixing_of_noise_and_always_the_same(case):
    first, again = (case.probe.states(case.features, swap="random").mixed for _ in range(2))
    np.testing.assert_array_equal(first, again)
    x = np.asarray(case.states.hidden[0], np.float64)
    noise = np.random.default_rng(0).standard_normal(x.shape) * np.sqrt((x**2).mean())
    assert np.linalg.norm(np.asarray(first[0])) == pytest.approx(np.linalg.norm(mixing(noise)), rel=0.25)


def test_a_measurement_of_many_passes_can_be_stopped_between_two(case):
    told = []

    def stop(done, total):
        told.append((done, total))
        raise Stopped

    with pytest.raises(Stopped):
        case.influence.of(case.features, range(40), on_chunk=stop)
    assert told == [(32, 40)]
