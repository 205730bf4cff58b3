"""Long curves made short."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.thinning import BUCKETS, Extremes, thin


@given(st.integers(0, 60_000), st.integers(0, 2**32 - 1))
def test_extremes_survive_and_the_points_stay_few(count, seed):
    y = np.random.default_rng(seed).normal(size=count)
    x = np.arange(count, dtype=float)
    thin_x, thin_y = thin(x, y, -np.inf, np.inf)
    assert len(thin_x) == len(thin_y) <= 4 * BUCKETS
    assert (np.diff(thin_x) >= 0).all()
    if count:
        assert thin_y.max() == y.max()
        assert thin_y.min() == y.min()
        assert thin_x[0] == 0


def test_zooming_in_brings_every_point_back_and_one_beyond_each_side():
    x = np.arange(1_000_000, dtype=float)
    thin_x, thin_y = thin(x, x * 2, 500.5, 600.5)
    assert list(thin_x) == list(range(500, 602))
    assert list(thin_y) == [2 * value for value in thin_x]


def test_gaps_hide_no_neighbours_and_a_long_gap_stays_one():
    y = np.ones(40_000)
    y[10_000:20_000] = np.nan
    y[5] = np.nan
    _, thin_y = thin(np.arange(40_000.0), y, -np.inf, np.inf)
    assert thin_y[0] == 1
    assert 900 < np.isnan(thin_y).sum() < 1100


@given(st.integers(60_000, 200_000), st.integers(0, 2**32 - 1), st.sampled_from((100, 200)))
def test_a_peak_anywhere_in_a_long_curve_survives_blocks_and_ends(count, seed, buckets):
    random = np.random.default_rng(seed)
    x, y = np.arange(count, dtype=float), np.zeros(count)
    peaks = random.integers(0, count, 3)
    y[peaks] = (1.0, -2.0, 3.0)
    extremes = Extremes()
    extremes.extend_to(y)
    thin_x, thin_y = thin(x, y, -np.inf, np.inf, buckets, extremes)
    assert (thin_y.max(), thin_y.min()) == (y.max(), y.min())
    assert len(thin_x) == len(thin_y) <= 2 * buckets + 64 + 3
    assert (np.diff(thin_x) >= 0).all()
    assert (thin_x[-1], thin_y[-1]) == (x[-1], y[-1])
