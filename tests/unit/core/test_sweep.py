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


def begun(**changes):
    return recipe.load(recipe.bundled("finetune"), {"data.source": "sample"} | changes)


def test_a_grid_has_every_pair_of_values_and_changes_nothing_else():
    found = sweep.over(begun(), {"training.learning_rate": ["1e-4", "3e-4"], "training.seed": ["0", "1", "2"]})
    pairs = [(one.training.learning_rate, one.training.seed) for one in found]
    assert pairs == [(1e-4, 0), (1e-4, 1), (1e-4, 2), (3e-4, 0), (3e-4, 1), (3e-4, 2)]
    assert found[1].name == "finetune, learning rate 1e-4, seed 1"
    assert len({one.name for one in found}) == 6
    first = recipe.to_mapping(begun(**{"training.learning_rate": "1e-4", "training.seed": "0"}))
    assert recipe.to_mapping(found[0]) | {"name": first["name"]} == first


def test_a_long_name_keeps_the_values_that_tell_the_runs_apart():
    long = begun(name="a recipe with a name " * 3 + "that is long")
    found = sweep.over(long, {"training.learning_rate": ["1e-4", "3e-4"], "training.seed": ["0", "1"]})
    assert found[0].name[-26:] == "learning rate 1e-4, seed 0"
    assert len({one.name for one in found}) == 4


def test_runs_whose_values_are_too_long_for_a_name_are_numbered():
    columns = [f"{'a very long name of a column ' * 3}{number}" for number in (1, 2)]
    found = sweep.over(begun(**{"data.source": "files", "data.path": "mine.csv"}), {"data.text_column": columns})
    assert [one.name for one in found] == ["finetune, 1 of 2", "finetune, 2 of 2"]
    assert [one.data.text_column for one in found] == columns


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"training.seed": []}, "has no values"),
        ({"training.seed": ["1", "2", "01"]}, "1 is there twice"),
        ({"training.seed": ["1", "many"]}, "many"),
        ({"training.epochs": ["0", "1"]}, "not in range"),
        ({"training.speed": ["1", "2"]}, "no setting 'training.speed'"),
        ({"model.mixer": ["linear", "random"]}, "would be the same"),
        ({"training.seed": [*map(str, range(51))], "training.epochs": ["1", "2"]}, "102 runs"),
    ],
)
def test_values_that_make_no_grid_are_refused_in_words(values, told):
    with pytest.raises(UserError, match=told) as caught:
        sweep.over(begun(), values)
    assert caught.value.advice


@pytest.mark.parametrize(
    ("text", "values"), [("0, 1,2", ["0", "1", "2"]), ("0,1; 0,2", ["0,1", "0,2"]), (" , ", []), ("cls", ["cls"])]
)
def test_values_stand_between_commas_or_semicolons(text, values):
    assert sweep.values_of(text) == values
