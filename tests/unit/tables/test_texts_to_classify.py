import json
import unicodedata

import pytest
from workbooks import xlsx

from fnet_studio.core.errors import UserError
from fnet_studio.tables import texts
from fnet_studio.tables.mapping import Columns, find_columns
from fnet_studio.tables.sentences import read_sentences
from fnet_studio.tables.table import read_table
from fnet_studio.tables.texts import read_texts

NAMES = ("neg", "pos")


def read(path, wanted=None, training=None, paired=False):
    return read_texts(path, wanted or Columns(), training or Columns(), class_names=NAMES, paired=paired)


def written(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8")
    return tmp_path / name


@pytest.mark.parametrize(
    ("name", "content", "labels"),
    [
        ("a.txt", "One.\n  Two. \n", ()),
        ("a.csv", "id,text\n1,One.\n2,Two.\n", ()),
        ("alone.csv", "One.\nTwo.\n", ()),
        ("named.csv", "review\nOne.\nTwo.\n", ()),
        ("a.tsv", "label\tsentence\npos\tOne.\nneg\tTwo.\n", ("pos", "neg")),
        ("by content.csv", "words,kind\nOne.,pos\nTwo.,neg\n", ("pos", "neg")),
        ("score.csv", "text,score,gold\nOne.,0.2,pos\nTwo.,0.9,neg\n", ("pos", "neg")),
        ("other case.csv", "text,gold\nOne.,POS\nTwo.,Neg\n", ("pos", "neg")),
        ("answered.csv", "text,predicted\nOne.,pos\nTwo.,neg\n", ()),
        ("a.jsonl", '{"text": "One.", "label": "pos"}\n{"text": "Two.", "label": "other"}\n', ("pos", "other")),
    ],
)
def test_texts_and_labels_are_found_in_lines_tables_and_json(tmp_path, name, content, labels):
    found = read(written(tmp_path, name, content))
    assert found.texts == ("One.", "Two.")
    assert found.labels == labels
    assert found.pairs == ()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_goes_on_to_the_end_of_its_line(tmp_path, end):
    path = tmp_path / "a.txt"
    path.write_bytes(end.join(["A\fpage.", "A\u2028line\x85more.", "Three."]).encode())
    assert read(path).texts == ("A\fpage.", "A\u2028line\x85more.", "Three.")
    assert read_sentences(path).texts == ("A page.", "A line more.", "Three.")


def test_every_row_stays_in_its_place_also_one_without_a_text(tmp_path):
    path = tmp_path / "a.xlsx"
    xlsx(path, {"Mine": [["text", "label"], ["One.", "pos"], [None, "neg"], ["Three.", None]]})
    found = read(path)
    assert found.texts == ("One.", "", "Three.")
    assert found.labels == ("pos", "neg", "")


def test_what_is_neither_text_nor_label_comes_along(tmp_path):
    found = read(written(tmp_path, "a.csv", "id,text,label,when\n1,One.,pos,Monday\n2,Two.,neg,\n"))
    assert {name: list(values) for name, values in found.others.items()} == {"id": ["1", "2"], "when": ["Monday", ""]}
    assert not read(written(tmp_path, "a.txt", "One.\nTwo.\n")).others


def test_the_columns_of_the_training_are_taken_and_those_asked_for_before_them(tmp_path):
    path = written(tmp_path, "a.csv", "text,words,stars,label\nno,One.,5,x\nno,Two.,1,x\n")
    training = Columns("words", "stars", classes={"5": "pos", "1": "neg"})
    found = read(path, training=training)
    assert (found.texts, found.labels) == (("One.", "Two."), ("pos", "neg"))
    found = read(path, Columns(text="text", label="none"), training)
    assert (found.texts, found.labels) == (("no", "no"), ())


def test_numbers_are_labels_however_they_are_written(tmp_path):
    path = written(tmp_path, "a.csv", "text,gold\nOne.,1.0\nTwo.,\nThree.,3\n")
    found = read_texts(path, Columns(label="gold"), Columns(), class_names=("0", "1"), paired=False)
    assert found.labels == ("1", "", "3")
    two = read_texts(path, Columns(label="gold"), Columns(), class_names=("1", "1.00"), paired=False)
    assert two.labels == ("1.0", "", "3"), "which of the two is meant is not known"


def test_an_accent_that_stands_apart_is_the_same_label(tmp_path):
    names = ("beauté", unicodedata.normalize("NFD", "café"), "Café")
    path = written(tmp_path, "a.csv", unicodedata.normalize("NFD", "text,label\nOne.,beauté\n") + "Two.,café\n")
    found = read_texts(path, Columns(), Columns(), class_names=names, paired=False)
    assert found.labels == names[:2]


def test_a_heading_that_was_not_taken_for_one_is_told(tmp_path):
    found = read(written(tmp_path, "a.csv", "phrases\nA long text that is no heading and is not short either.\n"))
    assert found.texts[0] == "phrases"
    assert "'phrases' counts as a text" in found.notes[-1]


def test_a_run_of_pairs_gets_both_texts(tmp_path):
    path = written(tmp_path, "a.csv", "premise,hypothesis,label\nOne.,Two.,pos\n")
    found = read(path, paired=True)
    assert (found.texts, found.pairs, found.labels) == (("One.",), ("Two.",), ("pos",))
    named = written(tmp_path, "b.csv", "a,b\nOne.,Two.\n")
    assert read(named, Columns("a", "", "b"), paired=True).pairs == ("Two.",)
    alone = read(path, paired=False)
    assert (alone.texts, alone.pairs) == (("One.",), ())


@pytest.mark.parametrize("others", ["text", "words", "title,premise,hypothesis"])
def test_beside_the_second_text_that_is_known_the_first_is_the_one_that_training_finds(tmp_path, others):
    path = written(tmp_path, "a.csv", f"{others},text2,label\n{others.upper()},Two.,pos\n")
    known = Columns(pair="text2")
    first = find_columns(read_table(path), known).text
    for found in (read(path, training=known, paired=True), read(path, known, paired=True)):
        assert (found.texts, found.pairs, found.labels) == ((first.upper(),), ("Two.",), ("pos",))


def test_a_blank_line_is_an_empty_text_so_that_rows_are_lines_of_the_file(tmp_path):
    assert read(written(tmp_path, "a.txt", "One.\n\n Two. \n\n\n"), paired=False).texts == ("One.", "", "Two.")


@pytest.mark.parametrize(
    ("name", "content", "paired", "wanted", "kind", "words"),
    [
        ("a.csv", "text,label\nOne.,pos\n", True, Columns(), "data.columns", "two columns of texts"),
        ("a.csv", "text,label\nOne.,pos\n", False, Columns("review"), "data.columns", "'review'"),
        ("a.csv", "text,other\nOne.,x\n", False, Columns(pair="other"), "data.columns", "single texts"),
        ("a.txt", "One.\n", True, Columns(), "texts.pairs", "one text a line"),
        ("a.txt", " \n", False, Columns(), "texts.empty", "no text"),
        ("a.csv", "text,label\n,pos\n,neg\n", False, Columns(), "texts.empty", "no text"),
    ],
)
def test_a_file_that_cannot_be_sorted_says_why(tmp_path, name, content, paired, wanted, kind, words):
    path = written(tmp_path, name, content)
    with pytest.raises(UserError, match=words) as caught:
        read(path, wanted, paired=paired)
    assert caught.value.kind == kind
    assert caught.value.advice


def test_a_folder_a_missing_file_and_one_that_is_too_large_are_refused(tmp_path, monkeypatch):
    for path, kind in ((tmp_path, "data.format"), (tmp_path / "gone.csv", "data.missing")):
        with pytest.raises(UserError) as caught:
            read(path)
        assert caught.value.kind == kind
    monkeypatch.setattr(texts, "MOST_BYTES", 3)
    with pytest.raises(UserError, match="larger"):
        read(written(tmp_path, "a.jsonl", json.dumps({"text": "One."})))
