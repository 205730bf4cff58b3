"""`fnet-studio runs` and `fnet-studio report`: what the Runs page does, without a window."""

import csv
import io
import json

import numpy as np
import pytest

from fnet_studio.cli.main import main
from fnet_studio.core import run_notes, run_store
from fnet_studio.core.recipe import Recipe, from_mapping, to_mapping
from fnet_studio.engine import measures


@pytest.fixture
def runs():
    found = []
    for seed in (0, 1):
        recipe = to_mapping(Recipe(name="one"))
        recipe["training"]["seed"] = seed
        writer = run_store.RunWriter.create("one", recipe)
        writer.append({"step": 1, "loss": 0.5, "accuracy": 0.5, "tokens_per_s": 1.0, "time_s": 1.0})
        writer.record.test_accuracy = 0.8 + seed / 100
        writer.finish("finished")
        found.append(writer.record.id)
    return found


def test_a_run_is_exported_and_imported(runs, tmp_path, capsys):
    target = tmp_path / "one.fnetrun"
    assert main(["runs", "export", runs[0], "-o", str(target)]) == 0
    assert main(["runs", "import", str(target)]) == 0
    assert len(run_store.list_runs()[0]) == 3
    target.write_bytes(target.read_bytes()[:50])
    assert main(["runs", "import", str(target)]) == 1
    assert "is not a run of FNet Studio" in capsys.readouterr().err


def test_runs_are_deleted_brought_back_and_deleted_for_good(runs, capsys):
    assert main(["runs", "remove", *runs]) == 0
    assert run_store.list_runs()[0] == []
    assert f"fnet-studio runs restore {runs[0]}" in capsys.readouterr().out
    assert main(["runs", "restore", runs[0]]) == 0
    assert [record.id for record in run_store.list_runs()[0]] == [runs[0]]
    assert main(["runs", "remove", "--for-good", *runs]) == 0
    assert run_store.list_runs()[0] == []
    for run in runs:
        assert main(["runs", "restore", run]) == 1
    assert "may be in the system's trash" in capsys.readouterr().err
    assert main(["runs", "remove", "nosuch"]) == 1
    assert "There is no run" in capsys.readouterr().err


def test_a_run_that_is_under_way_is_not_deleted(capsys):
    writer = run_store.RunWriter.create("one", to_mapping(Recipe(name="one")))
    assert main(["runs", "remove", "--for-good", writer.record.id]) == 1
    assert "is under way" in capsys.readouterr().err
    assert run_store.read(writer.record.id)


def test_a_run_that_was_deleted_and_imported_again_can_be_deleted_again(runs, tmp_path, capsys):
    target = tmp_path / "one.fnetrun"
    main(["runs", "export", runs[0], "-o", str(target)])
    main(["runs", "remove", runs[0]])
    main(["runs", "import", str(target)])
    assert main(["runs", "restore", runs[0]]) == 1
    assert "There is a run" in capsys.readouterr().err
    assert main(["runs", "remove", runs[0]]) == 0
    assert main(["runs", "restore", runs[0]]) == 0


def test_a_run_is_told_where_its_files_are_now_and_those_beside_are_found(tmp_path, capsys):
    data = {"source": "files", "path": "/gone/train.csv", "test_path": "/gone/test.csv"}
    writer = run_store.RunWriter.create("one", to_mapping(from_mapping({"data": data})))
    writer.finish("finished")
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("text,label\n")
    words = ["runs", "relocate", writer.record.id, "--engine", "scripted"]
    assert main([*words, str(tmp_path / "train.csv")]) == 0
    assert f"data.test_path: {tmp_path / 'test.csv'}" in capsys.readouterr().out
    assert run_store.read(writer.record.id).recipe["data"]["path"] == str(tmp_path / "train.csv")
    assert main([*words, "data.labels=x"]) == 1
    assert "data.labels" in capsys.readouterr().err


def test_a_folder_to_write_to_gets_the_usual_name(runs, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words, ending in ((["runs", "export"], ".fnetrun"), (["report"], ".html")):
        assert main([*words, runs[0], "-o", "."]) == 0
        assert (tmp_path / f"{runs[0]}{ending}").is_file()


def test_a_name_that_is_no_utf_8_is_refused_in_words(capsys):
    assert main(["data", "inspect", "caf\udce9.csv"]) == 1
    assert "is not written in UTF-8" in capsys.readouterr().err


def test_a_run_of_the_real_engine_is_repeated_and_one_without_checkpoints_is_refused(runs, capsys):
    tiny = ["training.epochs=2", "data.sequence_length=32", "data.vocabulary_size=400", "model.hidden_dim=16"]
    settings = [word for change in tiny for word in ("--set", change)]
    assert main(["train", "sample-quick", "--no-plan", *settings]) == 0
    run = run_store.list_runs()[0][0].id
    capsys.readouterr()
    assert main(["runs", "repeat", run]) == 0
    shown = capsys.readouterr().out
    assert "ok    Weights" in shown
    assert "exactly where it was" in shown
    assert main(["runs", "repeat", run, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"]
    assert main(["runs", "repeat", runs[0]]) == 1
    assert "no checkpoint" in capsys.readouterr().err


@pytest.mark.usefixtures("one_worker")
def test_slices_of_a_run_are_told_as_text_csv_and_json(runs, capsys):
    tiny = ["training.epochs=1", "data.sequence_length=32", "data.vocabulary_size=400", "model.hidden_dim=16"]
    settings = [word for change in tiny for word in ("--set", change)]
    assert main(["train", "sample-quick", "--no-plan", *settings]) == 0
    run = run_store.list_runs()[0][0].id
    capsys.readouterr()
    assert main(["runs", "slices", run, "--holds", "the", "--holds", "xyzzy", "--json"]) == 0
    every, *parts, held, nowhere = json.loads(capsys.readouterr().out)["slices"]
    assert every["texts"] == sum(one["texts"] for one in parts)
    assert every["right"] == sum(one["right"] for one in parts)
    assert every["accuracy"] == pytest.approx(run_store.read(run).test_accuracy)
    assert 0 < held["texts"] <= every["texts"]
    assert nowhere["texts"] == 0
    assert (every["difference"], nowhere["difference"]) == (None, None)
    assert main(["runs", "slices", run, "--regex", "--holds", "good|bad", "--csv"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.startswith("slice,texts,right,accuracy")
    assert lines[-1].startswith("Fits good|bad,")
    assert main(["runs", "slices", run]) == 0
    assert "All test texts" in capsys.readouterr().out
    assert main(["runs", "slices", run, run, "--holds", "the", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["difference"] for row in rows[-2:]] == ["", "0.0"]
    assert [int(row["right"]) for row in rows[-2:]] == [held["right"]] * 2
    assert main(["runs", "slices", run, run]) == 0
    assert "no clear difference" in capsys.readouterr().out
    assert main(["runs", "slices", run, run, "--split", "train"]) == 1
    assert "measure it on the train texts" in capsys.readouterr().err
    assert main(["runs", "slices", run, "--split", "train"]) == 1
    assert "--split train" in capsys.readouterr().err
    assert main(["runs", "slices", run, "--regex", "--holds", "("]) == 1
    assert "not complete" in capsys.readouterr().err


def test_runs_are_compared_as_text_and_as_json(runs, capsys):
    assert main(["runs", "compare", *runs]) == 0
    shown = capsys.readouterr().out
    assert "80.00%" in shown
    lines = [line for line in shown.splitlines() if line.startswith("one, ")]
    assert len({line[:32] for line in lines}) == 2  # both are called "one"
    assert "training.seed" in shown
    assert main(["runs", "compare", *runs, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["test_accuracy"] for one in found["runs"]] == [0.8, 0.81]
    assert [one["name"] for one in found["runs"]] == ["one", "one"]
    assert [one["key"] for one in found["settings"]] == ["training.seed"]
    assert found["agreement"] == []


def test_runs_that_differ_in_their_seed_have_a_mean_and_a_deviation(runs, capsys):
    assert main(["runs", "compare", *runs]) == 0
    shown = capsys.readouterr().out
    assert "of 2 seeds" in shown
    assert "test accuracy                80.50 ± 0.71 %" in shown
    assert main(["runs", "compare", *runs, "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)["seeds"]
    assert found["runs"] == runs
    assert found["test_accuracy"] == pytest.approx({"mean": 0.805, "deviation": 0.01 / np.sqrt(2)})
    assert found["train_accuracy"] is found["test_macro_f1"] is None


def test_macro_f1_stands_beside_the_accuracy_where_the_test_was_measured_by_class(runs, capsys):
    record = run_store.read(runs[0])
    record.confusion = [[95, 0], [4, 1]]
    run_store.RunWriter(record, run_store.folder(runs[0])).save()
    expected = (2 * 95 / (2 * 95 + 4) + 2 / (2 + 4)) / 2
    assert main(["runs", "compare", *runs]) == 0
    assert f"{expected:.4f}" in capsys.readouterr().out.splitlines()[1]
    for words in (["runs", "compare", *runs, "--json"], ["runs", "--json"]):
        assert main(words) == 0
        told = json.loads(capsys.readouterr().out)
        found = [one["test_macro_f1"] for one in (told["runs"] if "compare" in words else told)]
        assert sorted(found, key=str) == [pytest.approx(expected), None]


def test_runs_measured_on_the_same_texts_are_compared_text_by_text(runs, capsys):
    labels = np.zeros(10, np.int64)
    for run, right in zip(runs, (6, 8)):
        probabilities = np.where((np.arange(10) < right)[:, None] == [True, False], 0.9, 0.1)
        measured = measures.Measured(0.3, right / 10, 10, labels, probabilities)
        measures.write(run_store.folder(run), "test", measured, ("no", "yes"))
    assert main(["runs", "compare", *runs]) == 0
    assert "no clear difference (" in capsys.readouterr().out
    assert main(["runs", "compare", *runs, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["agreement"]
    assert (found["run"], found["split"], found["texts"]) == (runs[1], "test", 10)
    assert [found[key] for key in ("both_right", "only_first_right", "only_this_right", "both_wrong")] == [6, 0, 2, 2]
    assert found["difference"] == pytest.approx(0.2)
    assert found["interval"][0] < 0.2 < found["interval"][1]


def test_a_run_that_was_given_a_name_is_listed_and_compared_under_it(runs, capsys):
    run_notes.write(runs[0], run_notes.RunNotes(name="The first try"))
    assert main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith("  The first try") for line in lines if line.startswith(tuple(runs))] in (
        [True, False],
        [False, True],
    )
    assert main(["runs", "compare", *runs]) == 0
    assert [line[:14].strip() for line in capsys.readouterr().out.splitlines()[1:3]] == ["The first try", "one"]


def test_the_list_is_what_it_was_without_a_word_more(runs, capsys):
    assert main(["runs", "--json"]) == 0
    assert {one["id"] for one in json.loads(capsys.readouterr().out)} == set(runs)
    for what in ("runs", "data", "queue", "presets"):
        told = []
        for words in ([what], [what, "list"], [what, "--json"], [what, "list", "--json"], [what, "--json", "list"]):
            assert main(words) == 0
            told.append(capsys.readouterr().out)
        assert told[0] == told[1]
        assert told[2] == told[3] == told[4]
        json.loads(told[2])


def test_a_run_that_was_cut_off_has_lasted_nobody_knows_how_long(runs, capsys):
    writer = run_store.RunWriter.create("lost", to_mapping(Recipe(name="lost")))
    writer.record.pid = 2**22 + 1
    writer.save()
    assert main(["runs"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "interrupted" in line)
    assert line.split()[3] == "–"


def test_a_report_is_one_file(runs, tmp_path, capsys):
    assert main(["report", runs[0], "-o", str(tmp_path / "r.html")]) == 0
    assert "fnet-studio train" in (tmp_path / "r.html").read_text("utf-8")
    assert main(["report", "nothing-like-it"]) == 1
    assert "There is no run" in capsys.readouterr().err
