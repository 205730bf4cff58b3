"""Which settings of a stored recipe count, and that nothing tells of the others."""

import pytest

from fnet_studio.core import recipe_diff, recipe_scope
from fnet_studio.core.recipe import LANGUAGE_TASKS, Recipe, from_mapping, to_mapping


def test_a_fine_tuned_preset_brings_its_own_size_and_vocabulary():
    tuned = recipe_scope.counting(to_mapping(Recipe(task="finetune")))
    assert "model.preset" in tuned
    assert not {"model.num_layers", "model.num_heads", "data.vocabulary_size", "pretraining.masked"} & set(tuned)


def test_a_classifier_from_scratch_has_a_size_and_no_preset():
    scratch = recipe_scope.counting(to_mapping(Recipe(task="classify")))
    assert scratch["model.num_layers"] == Recipe().model.num_layers
    assert "model.preset" not in scratch


def test_compared_recipes_show_no_value_where_a_setting_does_not_count():
    both = [to_mapping(Recipe(task=task)) for task in ("classify", "finetune")]
    found = {one.key: one.values for one in recipe_diff.differences(both)}
    assert found["model.num_layers"] == (str(Recipe().model.num_layers), "–")
    assert found["model.preset"] == ("–", Recipe().model.preset)


@pytest.mark.parametrize("task", LANGUAGE_TASKS)
def test_label_smoothing_is_told_of_tasks_that_predict_words(task):
    both = [
        to_mapping(
            from_mapping(
                {"task": task, "data": {"source": "files", "path": "x"}, "optimisation": {"label_smoothing": share}}
            )
        )
        for share in (0.0, 0.1)
    ]
    assert [(one.key, one.values) for one in recipe_diff.differences(both)] == [
        ("optimisation.label_smoothing", ("0", "0.1"))
    ]
