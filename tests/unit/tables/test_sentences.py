import gzip
import json

import pytest
from workbooks import xlsx

from fnet_studio.core.errors import UserError
from fnet_studio.tables import sentences
from fnet_studio.tables.sentences import read_sentences


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "One [MASK].\n\n  Two   [MASK]. \r\n"),
        ("a.csv", 'id,Text\n1,"One [MASK]."\n2,Two [MASK].\n'),
        ("headless.csv", '"One [MASK].",x\nTwo [MASK].,y\n'),
        ("a.tsv", "sentence\tid\nOne [MASK].\t1\nTwo [MASK].\t2\n"),
        ("a.jsonl", '{"text": "One [MASK]."}\n"Two [MASK]."\n'),
        ("bom.txt", "\ufeffOne [MASK].\nTwo [MASK]."),
        ("semicolons.csv", "id;text\n1;One [MASK].\n2;Two [MASK].\n"),
        ("alone.csv", "One [MASK].\nTwo [MASK].\n"),
        ("a.json", '[{"id": 1, "prompt": "One [MASK]."}, {"id": 2, "prompt": "Two [MASK]."}]'),
        ("other.json", '[{"first": "One [MASK]."}, {"first": "Two [MASK]."}]'),
    ],
)
def test_sentences_are_read_from_lines_tables_and_json(tmp_path, name, content):
    (tmp_path / name).write_text(content, "utf-8")
    assert read_sentences(tmp_path / name).texts == ("One [MASK].", "Two [MASK].")


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("a.txt", b"\0\1\2", "data.binary", "not a text file"),
        ("a.csv", b"", "data.empty", "no rows"),
        ("a.csv.gz", b"no gzip", "data.unreadable", "unpacked"),
        ("a.xlsx", b"no workbook", "data.unreadable", "spreadsheet"),
        ("a.csv", b"One, two [MASK].\nThree [MASK].\nFour, [MASK], five.\n", "data.rows", "left out"),
        ("a.txt", b" \n\n", "sentences.empty", "no sentence"),
        ("a.jsonl", b'{"text": "x"}\n{"label": 1}\n', "sentences.format", "Line 2"),
        ("a.jsonl", b"{\n", "sentences.format", "Line 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(tmp_path, name, content, kind, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=words) as caught:
        read_sentences(tmp_path / name)
    assert caught.value.kind == kind
    assert caught.value.advice


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"There is no file .*gone\.txt") as caught:
        read_sentences(tmp_path / "gone.txt")
    assert caught.value.advice


def test_sentences_are_read_from_packed_files_spreadsheets_and_other_encodings(tmp_path):
    both = ("Schön [MASK].", "Öde [MASK].")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress("\n".join(both).encode()))
    (tmp_path / "a.txt").write_bytes("\n".join(both).encode("cp1252"))
    (tmp_path / "a.csv").write_bytes(("text;id\n" + ";1\n".join(both) + ";2\n").encode("utf-16"))
    xlsx(tmp_path / "a.xlsx", {"One": [["id", "Text"], *([number, text] for number, text in enumerate(both))]})
    for path in sorted(tmp_path.iterdir()):
        assert read_sentences(path).texts == both, path.name


def test_it_is_told_what_was_guessed_and_what_was_not_read(tmp_path):
    rows = [["text"], ["One [MASK]."]]
    xlsx(tmp_path / "a.xlsx", {"One": rows, "Two": rows})
    (tmp_path / "a.txt").write_bytes("Schön [MASK].".encode("cp1252"))
    (tmp_path / "b.txt").write_bytes("Schön [MASK].".encode())
    assert "and not: Two" in read_sentences(tmp_path / "a.xlsx").notes[0]
    assert "Windows-1252" in read_sentences(tmp_path / "a.txt").notes[0]
    assert read_sentences(tmp_path / "b.txt").notes == ()


def test_a_line_separator_inside_a_string_of_json_ends_no_line(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps("One\u2028two [MASK].", ensure_ascii=False), "utf-8")
    assert read_sentences(tmp_path / "a.jsonl").texts == ("One two [MASK].",)


def test_too_many_sentences_are_refused_with_their_number(tmp_path, monkeypatch):
    monkeypatch.setattr(sentences, "MOST_SENTENCES", 3)
    (tmp_path / "a.txt").write_text("A line.\n" * 4)
    with pytest.raises(UserError, match="4 sentences") as caught:
        read_sentences(tmp_path / "a.txt")
    assert caught.value.kind == "sentences.too-large"
