import shutil

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


def test_what_a_run_kept_of_another_seed_is_the_same_beginning():
    def halves(seed, **changes):
        first = run_store.RunWriter.create("first", record(seed, **changes).recipe)
        first.finish("finished")
        second = record(seed, task="finetune")
        second.recipe["model"]["preset"] = run_store.RUN + first.record.id
        return second

    runs = [halves(0), halves(1), halves(2, **{"training.epochs": "9"})]
    assert same_but_seed(runs) == [[0, 1]]
    shutil.rmtree(run_store.folder(runs[0].recipe["model"]["preset"].removeprefix(run_store.RUN)))
    assert same_but_seed(runs) == []


def test_settings_that_do_not_count_or_came_later_part_no_runs():
    imdb = {"data.source": "imdb", "data.path": "download"}
    old, new = record(0, **imdb), record(1, **imdb, **{"data.split": "stratified"})
    del old.recipe["data"]["split"]
    assert same_but_seed([old, new]) == [[0, 1]]


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
