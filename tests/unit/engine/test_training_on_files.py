"""Files of one's own: any number of classes, no test part, and what an evaluation leaves behind."""

import csv
import json
import math

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fnet_studio.core import protocol, recipe, run_evaluation, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_models import WEIGHTS
from fnet_studio.core.run_store import RunWriter
from fnet_studio.engine import run_texts, stored_run, text_map
from fnet_studio.engine.classifying import Classifying
from fnet_studio.engine.relocate import relocate
from fnet_studio.engine.train import resume, train

DEVICE = protocol.Device("cpu", "test")
WORDS = {"a": "apple pear plum fruit", "b": "river lake sea water", "c": "iron steel zinc metal"}


@pytest.fixture
def tables(tmp_path):
    """Three classes that are told apart by their words."""
    random = np.random.default_rng(0)
    for name, count in (("train", 60), ("test", 15)):
        with (tmp_path / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["sentence", "label"])
            for row in range(count):
                label = "abc"[row % 3]
                writer.writerow([" ".join(random.choice(WORDS[label].split(), 6)), label])
    return tmp_path


def mapping(tables, **data):
    return {
        "data": {"source": "files", "path": str(tables / "train.csv"), "vocabulary_size": 200, "sequence_length": 16}
        | data,
        "model": {"num_layers": 1, "hidden_dim": 16, "intermediate_dim": 16, "dropout": 0.0},
        "training": {"epochs": 8, "batch_size": 8, "learning_rate": 0.01},
    }


def start(values, job):
    return train(protocol.Train(values), job, DEVICE, {})


@pytest.mark.parametrize("task", ["classify", "masked-lm"])
def test_a_finished_run_is_told_where_its_files_are_now_and_takes_no_others(task, tables, job, preset, monkeypatch):
    before, after = tables / "before", tables / "after"
    before.mkdir()
    for name in ("train.csv", "test.csv"):
        (tables / name).rename(before / name)
    values = mapping(before, test_path=str(before / "test.csv"))
    values["task"], values["model"]["preset"], values["training"]["epochs"] = task, preset, 1
    values["data"]["sequence_length"] = 16 if task == "classify" else 0
    run = start(values, job).run
    measured = stored_run.evaluate(protocol.Evaluate(run), job)
    before.rename(after)
    with pytest.raises(UserError) as missing:
        stored_run.evaluate(protocol.Evaluate(run), job)
    assert f"fnet-studio runs relocate {run} data.path=" in missing.value.advice
    monkeypatch.chdir(after)
    places = {"data.path": "train.csv", "data.test_path": "test.csv"}
    content = (after / "test.csv").read_text()
    (after / "test.csv").write_text(content.replace("river", "brook"))
    with pytest.raises(UserError) as changed:
        relocate(protocol.Relocate(run, places), job)
    assert changed.value.kind == "run.data-changed"
    assert run_store.read(run).recipe["data"]["path"] == str(before / "train.csv")
    (after / "test.csv").write_text(content)
    relocate(protocol.Relocate(run, places), job)
    assert run_store.read(run).status == "finished"
    monkeypatch.chdir(tables)
    assert stored_run.evaluate(protocol.Evaluate(run), job).loss == measured.loss


def test_files_of_a_second_half_have_to_be_there(tables, job, preset):
    values = mapping(tables, validation_path=str(tables / "test.csv"))
    values["task"], values["model"]["preset"], values["data"]["sequence_length"] = "finetune", preset, 0
    values["training"]["epochs"], values["adapt"] = 1, {"epochs": 1}
    run = start(values, job).run
    before = run_store.read(run).then
    with pytest.raises(UserError, match=r"nowhere\.csv"):
        relocate(protocol.Relocate(run, {"data.validation_path": str(tables / "nowhere.csv")}), job)
    assert run_store.read(run).then == before


def test_three_classes_are_learned_measured_and_told_apart(tables, job):
    names = "a=fruit, b=water, c=metal"
    finished = start(mapping(tables, test_path=str(tables / "test.csv"), labels=names), job)
    assert finished.test_accuracy > 0.9
    record = run_store.read(finished.run)
    assert record.data["class_names"] == ["fruit", "metal", "water"]
    assert np.sum(record.confusion) == 15
    answer = Classifying().classify(protocol.Classify(finished.run, ("zinc steel iron metal", "sea lake water river")))
    assert [answer.class_names[int(np.argmax(row))] for row in answer.probabilities] == ["metal", "water"]
    folder = run_store.folder(finished.run)
    report = json.loads((folder / "evaluation-test.json").read_text())
    assert report["confusion"] == record.confusion
    assert report["accuracy"] == record.test_accuracy
    with (folder / "predictions-test.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 15
    assert np.mean([row["label"] == row["predicted"] for row in rows]) == pytest.approx(record.test_accuracy)
    assert all(sum(float(row[f"p({name})"]) for name in report["class_names"]) == pytest.approx(1) for row in rows)


def test_without_a_test_file_nothing_is_tested_and_the_result_says_so(tables, job):
    finished = start(mapping(tables), job)
    assert math.isnan(finished.test_accuracy)
    record = run_store.read(finished.run)
    assert (record.status, record.data["test"], record.test_accuracy) == ("finished", 0, None)
    assert "testing" not in job.phases
    with pytest.raises(UserError, match="no test texts"):
        stored_run.evaluate(protocol.Evaluate(finished.run, "test"), job)
    again = stored_run.evaluate(protocol.Evaluate(finished.run, "validation"), job)
    assert again.accuracy == record.validation_accuracy
    assert again.counted == "texts"


def test_a_model_is_not_measured_on_texts_that_have_changed_since(tables, job):
    """Their vocabulary would be another one: the figure would look like one and mean nothing."""
    finished = start(mapping(tables), job)
    stored_run.evaluate(protocol.Evaluate(finished.run, "validation"), job)
    report = run_store.folder(finished.run) / "evaluation-validation.json"
    before = report.read_bytes()
    path = tables / "train.csv"
    path.write_text(path.read_text().replace("apple", "apricot melon"))
    for ask in (
        lambda: stored_run.evaluate(protocol.Evaluate(finished.run, "validation"), job),
        lambda: text_map.text_map(protocol.MapTexts(finished.run, "validation"), job),
        lambda: run_texts.run_texts(protocol.RunTexts(finished.run, "validation", (0,)), job),
        lambda: run_texts.run_slice(protocol.RunSlice(finished.run, "validation", "pear"), job),
    ):
        with pytest.raises(UserError) as caught:
            ask()
        assert caught.value.kind == "run.data-changed"
    assert report.read_bytes() == before


def test_data_that_was_put_back_or_trained_on_anew_is_read_again(tables, job):
    def texts(run):
        return run_texts.run_texts(protocol.RunTexts(run, "validation", (0,)), job).texts

    short = mapping(tables)
    short["training"]["epochs"] = 1
    first, path = start(short, job).run, tables / "train.csv"
    before, old = texts(first), path.read_bytes()
    path.write_bytes(old.replace(b"apple", b"apricot"))
    assert texts(start(short, job).run)
    with pytest.raises(UserError, match="not what the run"):
        texts(first)
    path.write_bytes(old)
    assert texts(first) == before


def test_a_run_is_not_asked_about_classes_in_another_order_than_it_learnt(tables, job):
    """As a run of before labels such as nan had their place."""
    finished = start(mapping(tables), job)
    writer = RunWriter.reopen(finished.run)
    writer.record.data["class_names"] = ["b", "a", "c"]
    writer.finish("stopped")
    for ask in (
        lambda: stored_run.evaluate(protocol.Evaluate(finished.run, "validation"), job),
        lambda: text_map.text_map(protocol.MapTexts(finished.run, "validation"), job),
        lambda: resume(protocol.Resume(finished.run), job, DEVICE, {}),
    ):
        with pytest.raises(UserError, match="now they are a, b, c, then they were b, a, c") as caught:
            ask()
        assert caught.value.kind == "run.data-changed"
    assert len(run_texts.run_texts(protocol.RunTexts(finished.run, "validation", (0,)), job).texts) == 1


def test_a_model_without_numbers_leaves_no_figures_behind(tables, job):
    finished = start(mapping(tables), job)
    path = run_store.folder(finished.run) / WEIGHTS
    save_file({name: np.full_like(one, np.nan) for name, one in load_file(path).items()}, path)
    with pytest.raises(UserError) as caught:
        stored_run.evaluate(protocol.Evaluate(finished.run, "validation"), job)
    assert caught.value.kind == "run.not-a-number"
    assert "validation" not in run_evaluation.evaluated(finished.run)


def test_files_without_a_path_and_labels_without_names_are_refused():
    with pytest.raises(UserError, match=r"data\.path is empty"):
        recipe.from_mapping({"data": {"source": "files"}})
    with pytest.raises(UserError, match="label=name"):
        recipe.from_mapping({"data": {"labels": "0=bad, good"}})


def test_a_column_that_is_not_there_is_named(tables, job):
    with pytest.raises(UserError, match="verdict"):
        start(mapping(tables, label_column="verdict"), job)
    assert run_store.list_runs() == ([], [])
