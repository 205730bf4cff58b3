import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.ui.data.overview_tab import BINS, binned
from fnet_studio.ui.widgets.length_histogram import STEPS, step_of


@given(st.integers(1, 10**9))
def test_the_numbers_beside_the_bars_are_round_few_and_at_least_one(most):
    step = step_of(most)
    assert 1 <= most // step <= STEPS
    assert str(step).rstrip("0") in ("1", "2", "5")


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=400))
def test_bars_are_of_one_width_and_hold_every_text(counts):
    edges, bars = binned(np.array(counts))
    assert len(bars) == len(edges) - 1 <= BINS + 1
    assert len(set(np.diff(edges).tolist())) == 1
    assert sum(bars) == sum(counts)
