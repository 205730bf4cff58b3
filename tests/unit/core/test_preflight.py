import pytest

from fnet_studio.core.preflight import Cost, data_problems, ratios, resource_problems, step_problems
from fnet_studio.core.recipe import LANGUAGE_TASKS, Recipe, bundled, bundled_names, from_mapping, load

ADVISED = ("optimisation.class_weights", "optimisation.keep", "optimisation.monitor")


def split(name, texts=100, **changes):
    empty = {"class_counts": [50, 50], "empty": 0, "duplicates": 0, "cut_share": 0.0, "cut_tokens_share": 0.0}
    return {"name": name, "texts": texts, "lengths": {"p95": 300.0}} | empty | changes


def summary(train=None, test=None, validation=None, **report):
    splits = [split("train", **(train or {})), split("validation", **(validation or {})), split("test", **(test or {}))]
    return {
        "class_names": ["neg", "pos"],
        "sequence_length": 128,
        "report": {"splits": splits, "test_overlap": 0, "validation_overlap": 0, "notes": []} | report,
    }


def problems_of(data, /, **sections):
    return data_problems(data, from_mapping(sections))


def test_sound_data_has_no_problem():
    assert problems_of(summary()) == []


@pytest.mark.parametrize(
    ("data", "kind", "severity", "part"),
    [
        (summary(test_overlap=40), "data.overlap", "warning", "40 of the 100"),
        (summary(test_overlap=1), "data.overlap", "note", "1.00%"),
        (summary(validation_overlap=30), "data.validation-overlap", "warning", "30.00%"),
        (summary({"class_counts": [95, 5]}), "data.imbalance", "warning", "95 training texts are neg, 5 pos"),
        (summary({"class_counts": [76, 24]}), "data.imbalance", "warning", "76 training texts are neg, 24 pos"),
        (summary({"class_counts": [100, 0]}), "data.missing-class", "warning", "pos"),
        (summary({"cut_share": 0.3, "cut_tokens_share": 0.2}), "data.cut", "warning", "30%"),
        (summary({"cut_share": 0.02}), "data.cut", "note", "128 tokens"),
        (summary({"empty": 3}), "data.empty-rows", "warning", "3 of the 100 training texts"),
        (summary({"duplicates": 9}), "data.duplicates", "warning", "9 of the 100"),
        (summary(validation={"class_counts": [8, 0]}), "data.unvalidated-class", "warning", "No validation text"),
        (summary(test={"class_counts": [0, 8]}), "data.untested-class", "warning", "No test text is labelled neg"),
        (summary(test={"texts": 0, "class_counts": [0, 0]}), "data.no-test", "note", "no test texts"),
        (summary(notes=["Row 7 was skipped."]), "data.note", "note", "Row 7"),
    ],
)
def test_what_is_wrong_with_data_is_named_with_its_number(data, kind, severity, part):
    (problem,) = problems_of(data)
    assert (problem.kind, problem.severity) == (kind, severity)
    assert part in problem.message
    assert problem.advice or kind == "data.note"


@pytest.mark.parametrize(
    ("optimisation", "advised"),
    [
        ({}, {"optimisation.class_weights", "optimisation.keep", "optimisation.monitor"}),
        ({"class_weights": "balanced"}, {"optimisation.keep", "optimisation.monitor"}),
        ({"class_weights": "balanced", "keep": "best"}, {"optimisation.monitor"}),
        ({"keep": "best", "monitor": "macro-f1"}, {"optimisation.class_weights"}),
        ({"class_weights": "balanced", "patience": 2, "monitor": "macro-f1"}, set()),
    ],
)
def test_on_uneven_classes_only_what_the_recipe_does_not_do_yet_is_advised(optimisation, advised):
    advice = [one.advice for one in problems_of(summary({"class_counts": [90, 10]}), optimisation=optimisation)]
    assert {key for key in ADVISED if any(f"{key}=" in words for words in advice)} == advised
    assert len(advice) == bool(advised)


@pytest.mark.parametrize("counts", [[75, 25], [300, 100]])
def test_classes_up_to_three_times_as_large_as_others_are_even_enough(counts):
    assert problems_of(summary({"class_counts": counts})) == []


@pytest.mark.parametrize(
    ("data", "trained", "stratify"),
    [
        ({}, [50, 3], True),
        ({"split": "stratified"}, [50, 3], False),
        ({"source": "files", "path": "a.csv", "validation_path": "b.csv"}, [50, 3], False),
        ({}, [50, 1], False),
    ],
)
def test_another_split_is_advised_for_a_class_without_validation_texts_where_one_would_help(data, trained, stratify):
    told = problems_of(summary({"class_counts": trained}, validation={"class_counts": [8, 0]}), data=data)
    (problem,) = [one for one in told if one.kind == "data.unvalidated-class"]
    assert "labelled pos" in problem.message
    assert ("data.split=stratified" in problem.advice) == stratify
    assert problem.advice


def test_of_many_classes_without_a_test_text_only_a_few_are_named():
    names = [f"class {number}" for number in range(12)]
    data = summary({"class_counts": [9] * 12}, {"class_counts": [9] * 3 + [0] * 9}, {"class_counts": [2] * 12})
    (problem,) = problems_of(data | {"class_names": names})
    assert "class 7 or of 4 more classes" in problem.message
    assert "class 8" not in problem.message


def steps_of(recipe, texts):
    return step_problems(recipe, texts, -(-texts // recipe.training.batch_size) * recipe.training.epochs)


def test_too_few_steps_are_told_with_a_batch_and_epochs_that_make_a_hundred():
    (problem,) = steps_of(load(bundled("imdb-fnet"), template=True), 48)
    assert (problem.kind, problem.severity) == ("training.few-steps", "warning")
    assert "Only 3 steps" in problem.message
    assert "training.batch_size=8 and training.epochs=17 it takes 102 steps" in problem.advice


@pytest.mark.parametrize(
    ("training", "texts", "advice"),
    [
        ({"batch_size": 4, "epochs": 1}, 48, "with training.epochs=9 it takes 108 steps"),
        ({"batch_size": 64, "epochs": 20}, 100, "with training.batch_size=8 it takes 260 steps"),
        ({"batch_size": 48, "accumulation": 3, "epochs": 2}, 96, "with training.epochs=50 it takes 100 steps"),
        ({"batch_size": 64, "epochs": 25}, 100, None),
    ],
)
def test_only_what_has_to_change_for_more_steps_is_advised(training, texts, advice):
    told = steps_of(from_mapping({"training": training}), texts)
    assert [advice in problem.advice for problem in told] == [True] * (advice is not None)


@pytest.mark.parametrize("name", bundled_names())
def test_a_bundled_recipe_takes_enough_steps_on_the_bundled_reviews_or_on_imdb(name):
    chosen = load(bundled(name), template=True)
    assert steps_of(chosen, 20_000 if chosen.data.source == "imdb" else 128) == []


@pytest.mark.parametrize("task", LANGUAGE_TASKS)
def test_a_language_model_may_take_few_steps(task):
    assert step_problems(Recipe(task=task), 1000, 4) == []


def test_classes_that_differ_in_letter_case_alone_are_named_in_one_warning_and_how_to_join_them():
    counts = {"Sport": 30, "sport": 20, "Wetter": 50}
    data = summary({"class_counts": list(counts.values())})
    (problem,) = problems_of(data | {"class_names": list(counts)})
    assert (problem.kind, problem.severity) == ("data.classes-alike", "warning")
    assert "Sport and sport" in problem.message
    assert "Wetter" not in problem.message
    assert problem.advice.endswith(": sport=Sport.")


def test_the_worst_problem_comes_first():
    found = problems_of(summary({"cut_share": 0.01, "empty": 1}, notes=["a"]))
    assert [problem.severity for problem in found] == ["warning", "note", "note"]


FREE = {
    "memory_free_bytes": 1000,
    "device_free_bytes": 0,
    "disk_free_bytes": 1000,
    "disk_peak_bytes": 10,
    "disk_floor_bytes": 0,
}


@pytest.mark.parametrize(
    ("estimate", "free", "expected"),
    [
        (Cost(memory_bytes=500), {}, []),
        (Cost(memory_bytes=900), {}, [("memory.short", "warning")]),
        (Cost(memory_bytes=1001), {}, [("memory.short", "error")]),
        (Cost(device_memory_bytes=700), {}, []),
        (Cost(device_memory_bytes=700), {"device_free_bytes": 600}, [("device-memory.short", "error")]),
        (Cost(), {"disk_peak_bytes": 1001}, [("disk.short", "error")]),
        (Cost(), {"disk_peak_bytes": 1001, "disk_free_bytes": 0}, []),
        (Cost(), {"disk_floor_bytes": 990}, []),
        (Cost(), {"disk_floor_bytes": 991}, [("disk.short", "error")]),
        (Cost(), {"disk_floor_bytes": 5000, "disk_peak_bytes": 0}, []),
    ],
)
def test_what_there_is_not_enough_of_is_named(estimate, free, expected):
    found = resource_problems(estimate, **FREE | free)
    assert [(problem.kind, problem.severity) for problem in found] == expected


def test_ratios_leave_out_what_one_side_does_not_know():
    estimate = Cost(duration_s=10.0, memory_bytes=100, disk_bytes=50)
    assert ratios(estimate, Cost(duration_s=15.0, disk_bytes=25)) == {"duration_s": 1.5, "disk_bytes": 0.5}
    assert ratios(Cost(), Cost(duration_s=1.0)) == {}
