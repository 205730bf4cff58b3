"""`fnet-studio fill-mask`, over the scripted engine."""

import csv
import io
import json

import pytest

from fnet_studio.cli.main import main


def fill_mask(*words):
    return main(["fill-mask", "--engine", "scripted", *map(str, words)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["--joint"], ["--left-to-right"]),
        (["--transformers"], ["--against-preset", "fnet_small_en"]),
        (["--transformers"], ["--candidates", "sea,day"]),
        (["--transformers"], ["--surprise"]),
        (["--joint"], ["--against-preset", "fnet_small_en"]),
        (["--left-to-right"], ["--candidates", "sea,day"]),
        (["--surprise"], ["--candidates", "sea,day"]),
        (["--candidates", "sea,day"], ["--against", "The [MASK]."]),
        (["--mask", "day"], ["--surprise"]),
    ],
)
def test_options_that_would_be_dropped_are_refused(one, other, capsys):
    assert fill_mask("A [MASK] day.", *other, *one) == 1
    assert f"{one[0]} and {other[0]} exclude each other" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--transformers", "--joint"],
        ["--mask", "day", "--left-to-right"],
        ["--against", "The [MASK].", "--against-preset", "fnet_small_en"],
    ],
)
def test_options_that_work_together_are_taken(options, capsys):
    assert fill_mask("A [MASK] day.", *options) == 0
    assert "[MASK] day." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "column"),
    [
        (["--joint"], "answer"),
        (["--left-to-right"], "answer"),
        (["--transformers"], "answer"),
        (["--candidates", "sea,day"], "problem"),
        (["--against-preset", "fnet_small_en"], "answer"),
    ],
)
def test_a_sentence_of_a_file_without_a_mask_is_told_in_its_row(options, column, tmp_path, capsys):
    path = tmp_path / "s.txt"
    path.write_text("One [MASK].\nNo gap.\nTwo [MASK].\n")
    assert fill_mask("--file", path, "--csv", "--top", "1", *options) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(dict.fromkeys(row["text"] for row in rows)) == ["One [MASK].", "No gap.", "Two [MASK]."]
    assert ["no mask" in row[column] for row in rows] == [row["text"] == "No gap." for row in rows]
    assert fill_mask("--file", path, "--json", *options) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["no mask" in one.get("problem", "") for one in told] == [False, True, False]


def test_a_sentence_of_a_file_without_the_word_to_hide_is_told_in_its_row(tmp_path, capsys):
    (tmp_path / "s.txt").write_text("A red day.\nA blue sea.\n")
    assert fill_mask("--file", tmp_path / "s.txt", "--mask", "red") == 0
    assert "A blue sea.\n  (“red” is not a word of “A blue sea.”.)" in capsys.readouterr().out


def test_what_is_wrong_with_all_sentences_ends_the_command(tmp_path, capsys):
    (tmp_path / "s.txt").write_text("One [MASK].\n")
    assert fill_mask("--file", tmp_path / "s.txt", "--joint", "--preset", "nothing") == 1
    assert "nothing" in capsys.readouterr().err


def test_a_candidate_without_a_figure_has_null_for_it(capsys):
    assert fill_mask("A [MASK].", "--candidates", ",sea", "--json") == 0
    empty, sea = json.loads(capsys.readouterr().out)["candidates"]
    assert (empty["log_probability"], empty["rank"], empty["method"]) == (None, None, None)
    assert sea["log_probability"] < 0


def test_a_file_that_is_not_there_is_said_not_to_be(capsys):
    assert fill_mask("--file", "typo.txt") == 1
    assert "There is no file typo.txt" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given",
    [
        "One [MASK].\nTwo [MASK].\n",
        "id,prompt\n1,One [MASK].\n2,Two [MASK].\n",
        '{"text": "One [MASK]."}\n"Two [MASK]."',
    ],
)
def test_sentences_come_from_standard_input(given, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
    assert fill_mask("--file", "-", "--json") == 0
    texts = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert texts == ["One [MASK].", "Two [MASK]."]
