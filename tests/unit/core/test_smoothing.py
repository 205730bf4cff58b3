"""The smoothed line of the charts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.smoothing import Smoother


def by_the_definition(points, weight):
    state, seen, out = 0.0, 0, []
    for point in points:
        if not np.isfinite(point):
            out.append(np.nan)
            continue
        seen += 1
        state = weight * state + (1 - weight) * point
        out.append(state / (1 - weight**seen) if weight else point)
    return np.array(out)


@given(
    st.lists(st.one_of(st.floats(-1e3, 1e3), st.just(float("nan"))), max_size=700),
    st.sampled_from([0.0, 0.3, 0.6, 0.9, 0.99]),
    st.lists(st.integers(0, 700), max_size=4),
)
def test_the_block_filter_agrees_with_the_definition_however_the_points_arrive(points, weight, cuts):
    smoother = Smoother(weight)
    points = np.array(points, dtype=float)
    for part in np.split(points, sorted(min(cut, len(points)) for cut in cuts)):
        smoother.extend(part)
    np.testing.assert_allclose(smoother.values, by_the_definition(points, weight), rtol=1e-9, atol=1e-9)


def test_a_constant_series_stays_where_it_is_from_its_first_point():
    smoother = Smoother(0.95)
    smoother.extend(np.full(10, 3.0))
    np.testing.assert_allclose(smoother.values, 3.0)


def test_a_weight_of_one_is_refused():
    with pytest.raises(ValueError, match="not in"):
        Smoother(0.5).restart(1.0)
