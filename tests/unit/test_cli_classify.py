"""`fnet-studio classify`, over the scripted engine."""

import contextlib
import csv
import io
import json

import pytest

from fnet_studio.cli.main import main
from fnet_studio.core import places, protocol, run_store
from fnet_studio.core.recipe import Recipe, to_mapping


@pytest.fixture
def run():
    writer = run_store.RunWriter.create("one", to_mapping(Recipe()))
    writer.record.data = {"class_names": ["negative", "positive"], "paired": False}
    writer.finish("finished")
    return writer.record.id


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("text,label\n" + "".join(f"text {number},positive\n" for number in range(70)))
    return path


def classify(*words):
    return main(["classify", "--engine", "scripted", *map(str, words)])


def test_answers_are_written_in_the_form_that_the_ending_names(run, texts, tmp_path, capsys):
    assert classify(run, texts) == 0
    printed = capsys.readouterr()
    table = list(csv.DictReader(io.StringIO(printed.out)))
    assert len(table) == 70
    assert "of 70 labels right" in printed.err
    for ending, read in (
        (".csv", lambda text: list(csv.DictReader(io.StringIO(text)))),
        (".tsv", lambda text: list(csv.DictReader(io.StringIO(text), delimiter="\t"))),
        (".json", json.loads),
        (".jsonl", lambda text: [json.loads(line) for line in text.splitlines()]),
    ):
        target = tmp_path / f"out{ending}"
        assert classify(run, texts, "-o", target) == 0
        found = read(target.read_text())
        assert [row["predicted"] for row in found] == [row["predicted"] for row in table]


def test_the_name_of_a_class_may_hold_the_end_of_a_line(run, texts, capsys, monkeypatch):
    class Answering:
        def call(self, command):
            return protocol.Classified(("two\nlines", "one"), ((0.75, 0.25),) * len(command.texts)), b""

    monkeypatch.setattr("fnet_studio.cli.classify.Worker", lambda **_: contextlib.nullcontext(Answering()))
    assert classify(run, texts) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["p(two\nlines)"] for row in rows] == ["0.75"] * 70


@pytest.mark.parametrize(
    ("target", "words"),
    [("out.parquet", "no table"), ("texts.csv", "the file that is read"), (".", "is a folder"), ("no/out.csv", "no")],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(run, texts, tmp_path, capsys, target, words):
    before = texts.read_bytes()
    assert classify(run, texts, "-o", tmp_path / target) == 1
    assert words in capsys.readouterr().err
    assert texts.read_bytes() == before


def test_a_language_models_run_is_refused(texts, capsys):
    writer = run_store.RunWriter.create("words", to_mapping(Recipe(task="masked-lm")))
    writer.finish("finished")
    assert classify(writer.record.id, texts) == 1
    assert "knows no classes" in capsys.readouterr().err


def a_preset(name, architecture):
    folder = places.presets() / name
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "fnet", "architectures": [architecture]}))


def test_a_preset_that_classifies_is_asked_as_a_run_is(run, texts, capsys):
    a_preset("named", "FNetForSequenceClassification")
    assert classify("named", texts) == 0
    by_preset = capsys.readouterr()
    assert classify(run, texts) == 0
    assert by_preset.out == capsys.readouterr().out
    assert "of 70 labels right" in by_preset.err
    assert classify(f"run:{run}", texts) == 0
    assert capsys.readouterr().out == by_preset.out
    assert main(["evaluate", "named"]) == 1
    assert "named is a preset" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [["classify", "NAME", "texts.csv"], ["evaluate", "NAME", "--text", "Good."]])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody", "There is no run 'nobody'"),
        ("folder", "There is no run 'folder'"),
        ("bare", "The preset bare has no classifier's head"),
        ("words", "The preset words has no classifier's head"),
    ],
)
def test_a_name_that_sorts_no_texts_is_told_for_what_it_is(tmp_path, monkeypatch, capsys, asked, name, words):
    a_preset("bare", "FNetModel")
    a_preset("words", "FNetForMaskedLM")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main([word.replace("NAME", name) for word in asked]) == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data", "my file.csv"], "fnet-studio classify NAME 'my file.csv'"),
        (["--text", "Good.", "--data", "my.csv"], "--data belongs to --task masked-lm"),
        (["--windows", "4"], "--windows belongs to --task masked-lm"),
        (["--tokens", "4"], "--tokens belongs to --task masked-lm"),
        (["--split", "train", "--text", "Good."], "Leave one of them out"),
        (["--split", "test", "--pair", "Good."], "Leave one of them out"),
        (["--task", "masked-lm", "--data", "my.txt", "--text", "Good."], "--text does not belong to --task masked-lm"),
        (["--task", "masked-lm", "--data", "my.txt", "--split", "test"], "--split does not belong to --task masked-lm"),
    ],
)
def test_an_option_of_another_question_is_refused(run, capsys, options, words):
    assert main(["evaluate", run, *options]) == 1
    printed = capsys.readouterr()
    assert words.replace("NAME", run) in printed.err
    assert printed.out == ""


def test_predictions_are_measured_of_a_runs_preset_too(run, capsys):
    assert main(["evaluate", "--task", "masked-lm", "--data", "my.txt", run]) == 1
    assert f"The run {run} kept no preset" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("A fine one, really.\nAnd a dull one.\n", ["A fine one, really.", "And a dull one."]),
        ('text,label\n"Good, too.",positive\nbad,negative\n', ["Good, too.", "bad"]),
        ("label\ttext\npositive\tgood\n", ["good"]),
        ('{"text": "good"}\n{"text": "bad"}\n', ["good", "bad"]),
        ("\ufeffnumber;Inhalt\n1;good\n", ["good"]),
        ("Inhalt\ngood\nbad\n", ["good", "bad"]),
        ("\n\ntext,label\ngood,positive\n", ["good"]),
        ('[{"text": "good"}, {"text": "bad"}]', ["good", "bad"]),
        ("[MASK] was good.\n{so} bad\n", ["[MASK] was good.", "{so} bad"]),
    ],
)
def test_texts_come_from_standard_input_as_lines_or_as_a_table(run, given, texts, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
    assert classify(run, "-", "--json", *(["--text-column", "Inhalt"] if "Inhalt" in given else [])) == 0
    assert [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()] == texts


def test_nothing_on_standard_input_is_refused(run, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    assert classify(run, "-") == 1
    assert "has no text in it" in capsys.readouterr().err


def test_a_data_set_from_standard_input_is_refused_in_words(capsys):
    assert main(["data", "inspect", "-"]) == 1
    assert "standard input" in capsys.readouterr().err
