import json

import pytest

from fnet_studio.cli.main import main
from fnet_studio.core import data_sets, run_store


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("sample", "sample"),
        ("download", "imdb"),
        ("aclImdb_v1.tar.gz", "imdb"),
        ("some.TGZ", "imdb"),
        ("reviews.csv", "files"),
        ("folder", "files"),
    ],
)
def test_the_source_is_told_by_the_path(path, source):
    assert data_sets.source_of(path) == source


def test_a_folder_laid_out_like_imdb_is_imdb(tmp_path):
    for part in ("train", "test"):
        (tmp_path / "aclImdb" / part / "pos").mkdir(parents=True)
    assert data_sets.source_of(str(tmp_path)) == data_sets.source_of(str(tmp_path / "aclImdb")) == "imdb"
    assert data_sets.source_of(str(tmp_path / "aclImdb" / "train")) == "files"


def test_a_table_is_described_in_words_and_as_json(tmp_path, capfd):
    path = tmp_path / "reviews.csv"
    rows = [f"word number {number},{'good' if number % 3 else 'bad'}" for number in range(30)]
    path.write_text("\n".join(["text,label", *rows, rows[0]]) + "\n")
    words = ["data", "inspect", str(path), "--engine", "scripted", "--set", "data.sequence_length=8"]
    assert main([*words, "--json"]) == 0
    before = capfd.readouterr().out
    assert main(["data", "--json", *words[1:]]) == 0
    assert capfd.readouterr().out == before
    found = json.loads(before)
    assert found["train"] + found["validation"] == 31
    assert found["report"]["duplicates"] == 1
    assert main(words) == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["texts", "bad", "good"]
    assert lines[1].startswith("train")
    assert any("cut at 8" in line for line in lines)


def test_a_row_that_is_not_there_is_refused(capfd):
    assert main(["data", "tokens", "sample", "--row", "5000", "--engine", "scripted", "--json"]) == 1
    printed = capfd.readouterr()
    assert json.loads(printed.out)["kind"] == "data.no-row"
    assert "there is no row 5,000" in printed.err


def test_a_file_that_is_not_there_is_named(capfd):
    assert main(["data", "inspect", "/no/such.csv", "--engine", "scripted"]) == 1
    assert "/no/such.csv" in capfd.readouterr().err


@pytest.mark.parametrize("command", ["lengths", "tokens"])
def test_a_length_below_nothing_is_refused_where_it_is_given(command, capfd):
    with pytest.raises(SystemExit):
        main(["data", command, "sample", "--engine", "scripted", "--length", "-5"])
    assert "-5 is not a whole number of 0 or more" in capfd.readouterr().err


def test_a_data_set_of_the_list_is_trained_on_by_its_name(tmp_path, capfd):
    path = tmp_path / "reviews.csv"
    rows = [f"word number {number},{'good' if number % 3 else 'bad'}" for number in range(30)]
    path.write_text("\n".join(["words,stars", *rows]) + "\n")
    told = ["--engine", "scripted"]
    columns = ["--set", "data.text_column=words", "--set", "data.label_column=stars"]
    assert main(["data", "add", str(path), "--name", "My reviews", *columns, *told]) == 0
    assert "my-reviews: 30 texts" in capfd.readouterr().out
    words = ["train", "sample-quick", "--no-plan", "--json", "--set", "training.epochs=1", *told]
    assert main([*words, "--data", "my reviews"]) == 0
    ((record,), _) = run_store.list_runs()
    data = record.recipe["data"]
    assert (data["source"], data["path"], data["label_column"]) == ("files", str(path), "stars")
    capfd.readouterr()
    assert main([*words, "--data", "nothing of it"]) == 1
    assert "my-reviews" in capfd.readouterr().err


def test_a_broken_entry_of_the_list_is_told_beside_json_that_stays_json(home, capsys):
    folder = home / "data" / "data-sets"
    folder.mkdir(parents=True)
    (folder / "bad.json").write_text("{broken")
    assert main(["data", "list", "--json"]) == 0
    told = capsys.readouterr()
    assert [one["id"] for one in json.loads(told.out)] == ["sample"]
    assert "bad.json" in told.err
