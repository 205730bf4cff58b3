import pytest

from fnet_studio.core import queue, recipe, sweep
from fnet_studio.core.errors import UserError


def test_the_mixers_of_the_paper_differ_in_nothing_else():
    found = sweep.recipes("imdb-mixers", {"data.path": "somewhere", "training.epochs": "1"})
    assert [one.model.mixer for one in found] == ["fourier", "attention", "linear", "random", "identity", "hybrid"]
    assert len({one.name for one in found}) == 6
    published = recipe.load(recipe.bundled("imdb-fnet"), {"data.path": "somewhere", "training.epochs": "1"})
    mapped = [recipe.to_mapping(one) for one in (*found, published)]
    for values in mapped:
        values.pop("name")
        values["model"].pop("mixer")
    assert all(values == mapped[0] for values in mapped)


@pytest.mark.parametrize("name", sweep.bundled_names())
def test_every_bundled_sweep_can_wait_for_its_turn(name):
    for one in sweep.recipes(name, {"data.path": "download"}):
        queue.add(recipe.to_mapping(one))
    assert {entry.recipe["data"]["path"] for entry in queue.entries()} == {"download"}


def test_a_sweep_keeps_its_own_setting():
    with pytest.raises(UserError, match=r"model\.mixer"):
        sweep.recipes("imdb-mixers", {"data.path": "somewhere", "model.mixer": "linear"})
