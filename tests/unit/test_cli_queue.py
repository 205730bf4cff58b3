import contextlib
import json

import pytest

from fnet_studio.cli.main import main
from fnet_studio.core import data_sets, protocol, queue
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import DataRecipe


def test_a_sweep_takes_its_data_from_the_list_and_the_name_it_is_given(tmp_path):
    path = str(tmp_path / "reviews.csv")
    data_sets.add("Mine", DataRecipe(source="files", path=path, label_column="stars"))
    words = ["--data", "Mine", "--name", "ours", "--set", "data.label_column=grade"]
    assert main(["queue", "add", "imdb-mixers", *words]) == 0
    entries = queue.entries()
    assert [entry.name for entry in entries][:2] == ["ours-fourier", "ours-attention"]
    for entry in entries:
        data = entry.recipe["data"]
        assert (data["source"], data["path"], data["label_column"]) == ("files", path, "grade")


def test_what_was_queued_is_told_as_json_wherever_that_is_asked_for(capfd):
    for words in (["--json", "add", "sample-quick"], ["add", "sample-quick", "--json"]):
        assert main(["queue", *words]) == 0
        assert json.loads(capfd.readouterr().out)["type"] == "queued"


def test_a_run_that_fails_is_named_in_a_line_of_json(capfd, monkeypatch):
    def fails(worker, driver, command, as_json):
        driver.heard(protocol.RunStarted("the run", "", {}, 0, protocol.Device("cpu", "test"), 1, 1))
        raise UserError("disk.full", "The disk is full.", "Make room.")

    monkeypatch.setattr("fnet_studio.cli.queue.Worker", lambda **_: contextlib.nullcontext())
    monkeypatch.setattr("fnet_studio.cli.queue._follow", fails)
    assert main(["queue", "add", "sample-quick", "--run", "--no-plan", "--json"]) == 1
    queued, failed = map(json.loads, capfd.readouterr().out.splitlines())
    words = {"kind": "disk.full", "message": "The disk is full.", "advice": "Make room."}
    assert failed == {"type": "failed", "entry": queued["id"], "run": "the run", **words}


def test_data_that_is_not_in_the_list_is_refused_for_a_sweep_too(capfd):
    assert main(["queue", "add", "imdb-mixers", "--data", "nonsense"]) == 1
    assert "nonsense" in capfd.readouterr().err
    assert queue.entries() == []


@pytest.mark.parametrize("name", ["finetune", "imdb-mixers"])
def test_a_folder_that_is_called_like_a_bundled_recipe_does_not_hide_it(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["queue", "add", name, "--set", "data.source=imdb", "--set", "data.path=download"]) == 0
    assert queue.entries()


def sets(*changes):
    return [word for change in changes for word in ("--set", change)]


@pytest.mark.parametrize("recipe", ["sample-quick", "finetune", "masked-lm"])
@pytest.mark.parametrize("key", ["data.path", "data.validation_path", "data.test_path"])
def test_a_file_that_would_not_be_read_is_refused_before_the_sample_takes_its_place(recipe, key, capfd):
    assert main(["queue", "add", recipe, *sets(f"{key}=mine.csv")]) == 1
    told = capfd.readouterr().err
    assert f"{key} names mine.csv, but data.source is sample" in told
    assert "--set data.source=files" in told
    assert main(["train", recipe, *sets(f"{key}=mine.csv"), "--plan"]) == 1
    assert key in capfd.readouterr().err
    assert queue.entries() == []


def test_an_archive_that_would_not_be_read_is_said_to_be_imdbs(capfd):
    assert main(["queue", "add", "finetune", *sets("data.path=download")]) == 1
    assert "--set data.source=imdb" in capfd.readouterr().err


@pytest.mark.parametrize("recipe", ["imdb-fnet", "imdb-mixers"])
def test_imdb_is_not_measured_in_the_place_of_a_test_file(recipe, capfd):
    assert main(["queue", "add", recipe, *sets("data.path=download", "data.test_path=test.csv")]) == 1
    assert "data.test_path names test.csv, but data.source is imdb" in capfd.readouterr().err
    assert queue.entries() == []


def test_a_recipes_files_without_their_source_are_said_not_to_be_read_but_where_a_source_is_asked_for(tmp_path, capfd):
    recipe = tmp_path / "mine.toml"
    recipe.write_text('name = "mine"\n[data]\npath = "mine.csv"\n')
    assert main(["queue", "add", str(recipe)]) == 0
    assert "data.path names mine.csv" in capfd.readouterr().err
    assert main(["queue", "add", str(recipe), *sets("data.source=sample")]) == 0
    assert main(["queue", "add", str(recipe), *sets("data.source=files")]) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("recipe", "change"),
    [("finetune", "model.mixer=attention"), ("sample-quick", "model.backbone=frozen"), ("masked-lm", "data.cut=start")],
)
def test_a_setting_that_does_not_count_is_said_to_change_nothing(recipe, change, capfd):
    assert main(["queue", "add", recipe, *sets(change, "training.epochs=2")]) == 0
    (told,) = capfd.readouterr().err.splitlines()
    assert f"{change.partition('=')[0]} changes nothing" in told


def test_a_setting_that_counts_in_one_run_of_a_sweep_is_not_said_to_change_nothing(capfd):
    words = sets("data.path=download", "model.num_heads=4", "model.backbone=frozen")
    assert main(["queue", "add", "imdb-mixers", *words]) == 0
    (told,) = capfd.readouterr().err.splitlines()
    assert "model.backbone" in told


def test_a_run_waits_for_each_combination_of_values(capfd):
    words = ["--name", "mine", "--over", "training.seed=0,1", "--over", "training.epochs=1,2"]
    assert main(["queue", "add", "sample-quick", *words]) == 0
    trained = [entry.recipe["training"] for entry in queue.entries()]
    assert [(one["seed"], one["epochs"]) for one in trained] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert queue.entries()[-1].name == "mine, seed 1, epochs 2"
    assert capfd.readouterr().out.count("mine, seed") == 4


@pytest.mark.parametrize("words", [["imdb-mixers", "--over", "training.seed=0,1"], ["sample-quick", "--over", "seed"]])
def test_values_that_cannot_be_gone_through_add_nothing(words, capfd):
    assert main(["queue", "add", *words]) == 1
    assert "--over" in capfd.readouterr().err
    assert queue.entries() == []
