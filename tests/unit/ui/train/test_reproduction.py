"""Which runs stand beside the published example."""

import pytest

from fnet_studio.core import recipe as recipes
from fnet_studio.core.run_store import RunRecord
from fnet_studio.ui.train.reproduction import PUBLISHED, newest, of_record, reproduces


def recipe(name, changes=None):
    changes = {"data.path": "/somewhere/aclImdb.tar.gz"} | (changes or {})
    return recipes.to_mapping(recipes.load(recipes.bundled(name), changes))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_bundled_recipe_reproduces_itself_whatever_its_seed_and_place(name):
    assert reproduces(name, recipe(name, {"training.seed": "7", "name": "mine"}))


@pytest.mark.parametrize("change", [("training.epochs", "1"), ("model.num_layers", "2"), ("optimisation.ema", "0.9")])
def test_another_recipe_does_not_pass_for_the_example(change):
    assert not reproduces("imdb-fnet", recipe("imdb-fnet", dict([change])))
    assert not reproduces("imdb-transformer", recipe("imdb-fnet"))


def test_a_finished_run_is_shown_rather_than_a_newer_one_that_was_stopped():
    def run(id, status, **more):
        return RunRecord(id=id, name=id, began=1.0, status=status, recipe=recipe("imdb-fnet"), **more)

    stopped, finished = run("b", "stopped"), run("a", "finished", test_accuracy=0.85, training_s=100.0, steps=1000)
    assert newest("imdb-fnet", [stopped, finished]) is finished
    assert newest("imdb-fnet", [stopped]) is stopped
    assert newest("imdb-transformer", [stopped, finished]) is None
    assert of_record("imdb-fnet", finished).cells[2:7] == ("1 min 40 s", "100 ms", "–", "–", "85.00 %")
