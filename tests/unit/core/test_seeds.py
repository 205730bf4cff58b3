import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import recipe, run_store
from fnet_studio.core.seeds import same_but_seed, spread


def record(seed, status="finished", **changes):
    chosen = recipe.load(recipe.bundled("sample-quick"), {"training.seed": str(seed), "name": f"seed {seed}"} | changes)
    return run_store.RunRecord(id=str(seed), name="", status=status, recipe=recipe.to_mapping(chosen), began=0.0)


def test_finished_runs_that_differ_in_their_seed_alone_belong_together():
    other = {"training.epochs": "3"}
    runs = [record(0), record(5, **other), record(1), record(7, "failed"), record(2), record(6, **other)]
    assert same_but_seed(runs) == [[0, 2, 4], [1, 5]]
    assert same_but_seed(runs[:2]) == []


def test_a_seed_that_is_there_twice_counts_once():
    assert same_but_seed([record(0), record(0), record(1)]) == [[0, 2]]
    assert same_but_seed([record(0), record(0)]) == []


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_the_spread_is_the_mean_and_the_samples_standard_deviation(values):
    found = spread(values)
    assert found == pytest.approx((np.mean(values), np.std(values, ddof=1)), abs=1e-12)


def test_figures_that_are_not_all_known_have_no_spread():
    assert spread([0.5, None, 0.6]) is None
    assert spread([None, None]) is None


def test_a_spread_is_worded_in_percent_or_as_it_is():
    found = spread([0.84, 0.86])
    assert (str(found), found.percent) == ("0.8500 ± 0.0141", "85.00 ± 1.41 %")
