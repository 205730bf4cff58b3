"""What is told of a run whose model has learned nothing."""

import pytest

from fnet_studio.core import outcome, run_report, run_store
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.run_evaluation import EvaluationReport


def finished(confusion=None, train=(45, 435), task="finetune", train_loss=0.3, validation=None, **optimisation):
    """validation: the matrix of a run without test texts."""
    mapping = to_mapping(Recipe(task=task))
    mapping["optimisation"] |= optimisation
    mapping["training"]["learning_rate"] = 0.03
    names = [] if task == "masked-lm" else ["neg", "pos"]
    writer = run_store.RunWriter.create("one", mapping)
    record = writer.record
    record.data = {"class_names": names, "report": {"splits": [{"name": "train", "class_counts": list(train)}]}}
    record.train_loss, record.confusion, record.validation_confusion = train_loss, confusion, validation
    record.test_accuracy = accuracy(confusion) if confusion else None
    record.validation_accuracy = accuracy(validation) if validation else None
    writer.finish("finished")
    return record


def accuracy(confusion):
    return sum(row[at] for at, row in enumerate(confusion)) / sum(map(sum, confusion))


def words(record, report=None) -> str:
    found = outcome.trouble(record, report)
    assert found is not None
    return f"{found.message} {found.advice}"


def test_a_model_that_always_answers_the_commonest_class_is_told_with_what_helps_uneven_classes():
    record = finished([[0, 7], [0, 93]])
    assert words(record) == (
        "On the test texts the model is no better than always answering pos (93.0 %). The training texts are uneven. "
        "Balance the class weights (optimisation.class_weights=balanced). Keep the best epoch by macro F1 "
        "(optimisation.keep=best, optimisation.monitor=macro-f1)."
    )
    assert "no better than always answering pos" in run_report.write(record.id)


def test_a_model_that_knows_less_than_the_commonest_class_of_even_texts_needs_more_of_them():
    assert words(finished(validation=[[3, 3], [6, 8]], train=(40, 40))) == (
        "On the validation texts the model is no better than always answering pos (70.0 %). It may need more epochs, "
        "more texts or another learning rate."
    )


@pytest.mark.parametrize(
    "record",
    [
        lambda: finished([[1, 6], [0, 93]]),
        lambda: finished(validation=[[3, 3], [2, 12]]),
        lambda: finished([[12, 8], [15, 965]]),  # a little less accurate, and finds most of the rare ones
        lambda: finished([[1, 0], [1, 1]]),
        lambda: finished([[0, 0], [1, 9]]),  # one class alone is there
        lambda: finished([[30, 5], [60, 385]], class_weights="balanced"),  # less accurate for the sake of the rare
        lambda: finished(task="masked-lm", train_loss=9.0),
    ],
)
def test_nothing_is_told_of_a_model_that_has_learned_or_of_which_nothing_can_be_said(record):
    found = record()
    assert outcome.trouble(found) is None
    assert "no better than" not in run_report.write(found.id)


def test_advice_that_was_followed_is_not_given_again():
    followed = {"class_weights": "balanced", "monitor": "macro-f1", "keep": "best"}
    assert "always answering pos (70.0 %). It may need more epochs" in words(
        finished(validation=[[0, 6], [0, 14]], **followed)
    )


def test_another_part_that_was_measured_is_judged_by_its_own_matrix():
    report = EvaluationReport("validation", 0.6, 0.8, 10, class_names=("neg", "pos"), confusion=((8, 0), (2, 0)))
    learned = finished([[40, 5], [5, 40]])
    assert outcome.trouble(learned) is None
    assert "On the validation texts the model is no better than always answering neg (80.0 %)." in words(
        learned, report
    )


def test_a_training_that_ran_away_is_told_instead():
    assert words(finished([[0, 50], [0, 50]], train_loss=280.4)) == (
        "The training loss, 280.4, is above that of guessing (0.69): the learning rate is probably too high. "
        "Start it again with training.learning_rate=0.01 or with optimisation.clip_norm=1.0."
    )
    assert "no better" in words(finished([[0, 50], [0, 50]], train_loss=0.72)), "as of a first epoch"


def test_nothing_is_told_of_a_run_that_has_not_ended_or_whose_recipe_cannot_be_read():
    record = finished([[0, 7], [0, 93]])
    record.status = "stopped"
    assert outcome.trouble(record) is None
    record.status, record.recipe = "finished", {"from": "another version"}
    assert outcome.trouble(record) is None
