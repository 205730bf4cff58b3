"""Training on texts of which few are of one class."""

import numpy as np
import pytest

from fnet_studio.core import by_class, protocol, recipe, run_evaluation, run_store
from fnet_studio.core.errors import Stopped
from fnet_studio.engine import loop, measures, preflight
from fnet_studio.engine.data_sets import DataShelf
from fnet_studio.engine.run_texts import run_texts
from fnet_studio.engine.scripted_text import WordCutter
from fnet_studio.engine.task import load_task
from fnet_studio.engine.train import resume, train

DEVICE = protocol.Device("cpu", "test")


@pytest.fixture
def uneven(tiny, tmp_path):
    """5 of 100 texts are rare. A word stands in most of them, but in more of the common ones: who counts every text
    alike is right to answer always common."""
    random = np.random.default_rng(0)
    for split, count in (("train", 400), ("test", 200)):
        lines = ["text,label"]
        for place in range(count):
            rare = place % 20 == 0
            filler = " ".join(random.choice(["one", "two", "three", "four"], 5))
            told = random.random() < (0.8 if rare else 0.1)
            lines.append(f"{filler}{' odd' if told else ''},{'rare' if rare else 'common'}")
        (tmp_path / f"{split}.csv").write_text("\n".join(lines) + "\n")

    def make(**optimisation):
        mapping = recipe.to_mapping(tiny)
        mapping["data"] |= {
            "source": "files",
            "path": str(tmp_path / "train.csv"),
            "test_path": str(tmp_path / "test.csv"),
            "sequence_length": 8,
            "vocabulary_size": 100,
        }
        mapping["training"] |= {"epochs": 4, "batch_size": 32, "learning_rate": 0.01}
        mapping["optimisation"] |= optimisation
        return mapping

    return make


def started(mapping, job):
    return train(protocol.Train(mapping), job, DEVICE, {}).run


def recall_of_the_rare(run) -> float:
    report = run_evaluation.read(run, "test")
    (found,) = [one for one in by_class.by_class(report.confusion, report.class_names) if one.name == "rare"]
    assert found.recall is not None
    return found.recall


def logged(run):
    names = ("split", "step", "loss", "accuracy", "macro_f1", "gradient_norm", "best")
    return [[row.get(name) for name in names] for row in run_store.read_metrics(run)]


@pytest.mark.parametrize("name", ["classify", "finetune"])
def test_batches_are_weighted_in_training_alone(uneven, preset, name):
    mapping = uneven(class_weights="balanced") | {"task": name}
    mapping["model"]["preset"] = preset
    task = load_task(recipe.from_mapping(mapping), lambda *_: None, lambda: False)
    ordered = list(task.train_batches(1))
    labels, weights = (np.concatenate([getattr(batch, it) for batch in ordered]) for it in ("labels", "weights"))
    of_each = np.bincount(labels, weights)
    assert of_each == pytest.approx([len(task.parts["train"]) / 2] * 2, rel=1e-5)
    for split in ("validation", "test"):
        assert {float(weight) for batch in task.evaluation_batches(split) for weight in batch.weights} <= {0.0, 1.0}


def test_the_epoch_of_the_best_macro_f1_is_kept_and_patience_counts_from_it(uneven, job, monkeypatch):
    labels = np.arange(40) % 20 == 0
    rare = [labels & False, labels | (np.arange(40) % 10 == 0), labels & False, labels & False]
    real, told = loop.Run._measure, iter(zip(rare, (0.4, 0.3, 0.2, 0.1), strict=True))

    def measured(run, split, weights):
        if split == "test":
            return real(run, split, weights)
        answered, loss = next(told)
        probabilities = np.stack([~answered, answered], axis=1).astype(np.float32)
        return measures.Measured(loss, float(np.mean(answered == labels)), 40, labels.astype(int), probabilities)

    monkeypatch.setattr(loop.Run, "_measure", measured)
    mapping = uneven(monitor="macro-f1", patience=2)
    mapping["training"]["epochs"] = 9
    run = started(mapping, job)
    rows = [row for row in run_store.read_metrics(run) if row.get("split") == "validation"]
    assert [row["accuracy"] for row in rows] == [0.95] * 4
    assert [row["macro_f1"] for row in rows] == [by_class.macro_f1(confusion(labels, one)) for one in rare]
    assert [row["best"] for row in rows] == [True, True, False, False]
    assert run_evaluation.read(run, "test").step == rows[1]["step"]
    assert any("epoch 2 is kept: its validation macro F1 was" in getattr(event, "text", "") for event in job.events)


def confusion(labels, answered):
    return np.array([[np.sum((labels == true) & (answered == said)) for said in (0, 1)] for true in (0, 1)])


def test_balanced_weights_find_more_of_a_rare_class_and_go_on_bit_for_bit(uneven, job):
    weighted = uneven(class_weights="balanced", keep="best", monitor="macro-f1")
    alike, balanced = started(uneven(), job), started(weighted, job)
    assert recall_of_the_rare(alike) < 0.2
    assert recall_of_the_rare(balanced) > 0.6
    report = run_evaluation.read(balanced, "test")
    found = run_evaluation.predictions(balanced, report)
    of_labels = found.probabilities[np.arange(len(found.labels)), found.labels]
    assert report.loss == pytest.approx(-np.log(of_labels).mean(), rel=1e-4), "the test's loss is not weighted"
    job.stop_at_step, job.stop_mode, job.asked_mode, job.steps = 14, "", "pause", []
    with pytest.raises(Stopped) as caught:
        train(protocol.Train(weighted), job, DEVICE, {})
    job.stop_at_step, job.stop_mode = 0, ""
    resume(protocol.Resume(caught.value.run), job, DEVICE, {})
    assert logged(caught.value.run) == logged(balanced)


@pytest.fixture
def few(tiny, tmp_path):
    """3 of 40 texts are bad, and none of them among those that Keras' split takes."""
    lines = ["text,label", *(f"text number {row},{'bad' if row % 15 == 1 else 'ok'}" for row in range(40))]
    (tmp_path / "few.csv").write_text("\n".join(lines) + "\n")

    def make(split, **changes):
        mapping = recipe.to_mapping(tiny) | changes
        mapping["data"] |= {"source": "files", "path": str(tmp_path / "few.csv"), "split": split}
        mapping["data"] |= {"sequence_length": 8, "vocabulary_size": 100}
        mapping["training"] |= {"epochs": 1}
        return mapping

    return make


def by_split(found):
    return {one["name"]: list(one["class_counts"]) for one in found["report"]["splits"]}


@pytest.mark.parametrize("task", ["classify", "finetune"])
def test_a_class_that_no_validation_text_is_of_is_told_and_a_stratified_split_of_the_same_file_has_it(
    few, preset, job, task
):
    for split, validation in (("random", [0, 8]), ("stratified", [1, 7])):
        mapping = few(split, task=task)
        mapping["model"]["preset"] = preset
        planned = preflight.plan(protocol.Plan(mapping), job)
        assert by_split(planned.data) == {
            "train": [3 - validation[0], 37 - validation[1]],
            "validation": validation,
            "test": [0, 0],
        }
        kinds = [one.kind for one in planned.problems]
        assert ("data.unvalidated-class" in kinds) == (split == "random")
        assert "training.few-steps" in kinds


def test_texts_that_are_looked_at_are_in_the_part_that_a_run_had_them_in(few, job):
    run = started(few("stratified"), job)
    data = run_store.read(run).recipe["data"]
    shelf = DataShelf(WordCutter)

    def looked_at(part, **changes):
        page, _ = shelf.answer(protocol.DataRows(data | changes, part), job)
        assert isinstance(page, protocol.DataPage)
        return [row.text for row in page.rows]

    for split in ("train", "validation"):
        rows = tuple(range(run_store.read(run).data[split]))
        assert looked_at(split) == list(run_texts(protocol.RunTexts(run, split, rows), job).texts)
    assert set(looked_at("validation", split="random")) != set(looked_at("validation"))
    shelf._forgetting.cancel()
