"""Which settings of a stored recipe count, and that nothing tells of the others."""

import pytest

from fnet_studio.core import recipe as recipes
from fnet_studio.core import recipe_diff, recipe_scope
from fnet_studio.core.recipe import LANGUAGE_TASKS, Recipe, from_mapping, to_mapping
from fnet_studio.core.recipe_descriptions import description


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


def test_class_weights_are_told_of_tasks_that_know_classes_and_older_runs_had_none():
    told = {task: recipe_scope.counting({"task": task}) for task in ("classify", "finetune", *LANGUAGE_TASKS)}
    assert [told[task].get("optimisation.class_weights") for task in told] == ["none", "none", None, None]


def test_a_setting_that_came_after_a_run_has_its_default_there_and_differs_from_another_value_alone():
    now = to_mapping(Recipe(task="finetune"))
    before = {section: dict(known) if isinstance(known, dict) else known for section, known in now.items()}
    del before["data"]["cut"], before["optimisation"]
    assert recipe_diff.differences([before, now]) == []
    now["optimisation"]["optimiser"] = "muon"
    assert [one.values for one in recipe_diff.differences([before, now])] == [("adam", "muon")]


def test_a_record_without_a_recipe_tells_no_settings():
    assert recipe_scope.counting({}) == {}


def test_pretraining_from_scratch_tells_only_what_it_reads():
    data = {"source": "files", "path": "corpus", "sequence_length": 64}
    told = recipe_scope.counting(
        to_mapping(from_mapping({"task": "pretrain", "data": data, "model": {"preset": "none"}}))
    )
    assert [key for key in told if key.startswith(("data.", "model."))] == [
        "data.source",
        "data.path",
        "data.validation_path",
        "data.vocabulary_size",
        "data.sequence_length",
        "model.preset",
        "model.num_layers",
        "model.hidden_dim",
        "model.intermediate_dim",
        "model.dropout",
    ]


def test_a_task_has_words_of_its_own_only_for_settings_that_count_for_it():
    fields = recipes.fields()
    for task in ("classify", "finetune", *LANGUAGE_TASKS):
        values = {"data.source": "files", "model.preset": "none" if task == "pretrain" else "fnet_small_en"}
        own = {key for key, field in fields.items() if description(field, task) != field.description}
        assert all(recipe_scope.counts(key, task, values) for key in own)
        assert bool(own) == (task in LANGUAGE_TASKS)


def test_imdb_is_split_as_in_the_published_example_whatever_is_asked():
    told = {}
    for source in ("sample", "imdb", "files"):
        asked = from_mapping({"data": {"source": source, "path": "x", "split": "stratified"}})
        told[source] = (asked.data.stratified, recipe_scope.counting(to_mapping(asked)).get("data.split"))
    assert told == {"sample": (True, "stratified"), "imdb": (False, None), "files": (True, "stratified")}


def test_what_no_classes_are_known_for_is_not_stratified_and_older_runs_were_split_at_random():
    told = {task: recipe_scope.counting({"task": task}) for task in ("classify", "finetune", *LANGUAGE_TASKS)}
    assert [told[task].get("data.split") for task in told] == ["random", "random", None, None]
