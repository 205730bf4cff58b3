import csv
import importlib
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.tables.encodings import decode_file, sniff
from fnet_studio.tables.table import read_table

ROWS = [("pos", "A wonderful film, and short."), ("neg", 'He said "dull"; I agree.'), ("pos", "Zwei\nZeilen, schön")]


def refused(path, **options) -> UserError:
    with pytest.raises(UserError) as caught:
        read_table(path, **options)
    assert path.name in caught.value.message
    assert caught.value.advice
    return caught.value


def write_csv(path, rows, delimiter=",", encoding="utf-8", header=("label", "text")):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows(([header] if header else []) + list(rows))
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_a_csv_is_read_whatever_its_delimiter_and_encoding(tmp_path, delimiter, encoding):
    table = read_table(write_csv(tmp_path / "a.csv", ROWS, delimiter, encoding))
    assert table.columns == {"label": [row[0] for row in ROWS], "text": [row[1] for row in ROWS]}
    assert table.encoding == encoding
    assert len(table.notes) == (encoding == "cp1252")
    assert all("Windows-1252" in note and "a.csv" in note for note in table.notes)


cells = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_whatever_a_csv_writer_writes_is_read_back(tmp_path_factory, rows):
    path = write_csv(tmp_path_factory.mktemp("csv") / "a.csv", rows)
    table = read_table(path, header=True, delimiter=",")
    assert list(zip(table.columns["label"], table.columns["text"], strict=True)) == rows


@given(rows=st.lists(st.dictionaries(st.sampled_from(["text", "label", "id"]), cells, min_size=1), min_size=1))
def test_json_lines_are_read_back_with_missing_values_empty(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("json") / "a.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    table = read_table(path)
    for number, row in enumerate(rows):
        assert {name: values[number] for name, values in table.columns.items() if values[number]} == row


def test_stray_quotes_in_tab_separated_text_swallow_no_rows(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('label\ttext\n1\t" a stray quote\n0\tanother " one\n1\t"and a third\n')
    assert read_table(path).columns["text"] == ['" a stray quote', 'another " one', '"and a third']


def test_tab_separated_text_that_is_quoted_throughout_loses_its_quotes(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('label\ttext\n1\t"one, ""two"""\n0\t"three"\n')
    assert read_table(path).columns["text"] == ['one, "two"', "three"]


@pytest.mark.parametrize(
    ("first", "names"),
    [
        (("label", "text"), ["label", "text"]),
        (("pos", "a film that I liked"), ["column 1", "column 2"]),
        (("1", "good"), ["column 1", "column 2"]),
        (("", "review"), ["column 1", "review"]),
        (("label", "x" * 60), ["column 1", "column 2"]),
    ],
)
def test_a_header_is_told_from_a_first_row(tmp_path, first, names):
    rows = [("pos", "one"), ("neg", "two"), ("pos", "three")]
    table = read_table(write_csv(tmp_path / "a.csv", rows, header=first))
    assert list(table.columns) == names
    assert len(table) == (3 if names != ["column 1", "column 2"] else 4)


def test_the_user_may_overrule_the_guess_about_the_header(tmp_path):
    path = write_csv(tmp_path / "a.csv", ROWS)
    assert len(read_table(path, header=False)) == 4
    assert list(read_table(path, header=True).columns) == ["label", "text"]


def test_a_few_odd_rows_are_left_out_and_counted(tmp_path):
    lines = ["label,text", *(f"{n % 2},text {n}" for n in range(30)), "1,one,too many", *("0,more" for _ in range(5))]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    table = read_table(path)
    assert len(table) == 35
    assert "1 row was left out" in table.notes[0]
    assert "line 32" in table.notes[0]


def test_a_tenth_of_the_rows_may_be_odd_and_no_more(tmp_path):
    path = tmp_path / "a.csv"
    rows = ["text,label", *(f"words {number},pos" for number in range(90)), *["too,many,fields"] * 10]
    path.write_text("\n".join(rows))
    assert len(read_table(path)) == 90
    path.write_text("\n".join([*rows, "too,many,fields"]))
    assert refused(path).kind == "data.rows"


def test_many_odd_rows_refuse_the_file_with_the_first_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("label,text\n1,fine\n1,not, fine\n0,also, not\n")
    error = refused(path)
    assert error.kind == "data.rows"
    assert "line 3" in error.message
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"text": "fine"}\n{"text": \n[1]\n')
    assert "line 2" in refused(lines).message


def test_numbers_truth_values_and_lists_of_json_become_text(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1, "b": 2.0, "c": 2.5, "d": true, "e": null, "f": ["x"]}]')
    assert {name: values[0] for name, values in read_table(path).columns.items()} == {
        "a": "1",
        "b": "2",
        "c": "2.5",
        "d": "true",
        "e": "",
        "f": '["x"]',
    }


@pytest.mark.parametrize(
    "document",
    [
        [{"text": "Good", "label": 1}, {"text": "Bad", "label": 0}],
        {"version": 2, "data": [{"text": "Good", "label": 1}, {"text": "Bad", "label": 0}]},
        {"text": ["Good", "Bad"], "label": [1, 0]},
        {"text": {"0": "Good", "1": "Bad"}, "label": {"0": 1, "1": 0}},
    ],
    ids=["a list", "a list in an object", "columns", "columns of pandas"],
)
def test_json_is_a_table_however_it_is_laid_out(tmp_path, document):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document, indent=1))
    assert read_table(path).columns == {"text": ["Good", "Bad"], "label": ["1", "0"]}


def test_a_json_file_may_hold_lines(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"text": "Good"}\n{"text": "Bad"}\n')
    assert read_table(path).columns == {"text": ["Good", "Bad"]}


def test_objects_within_an_object_become_columns(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"data": {"text": "Good", "by": {"name": "A"}}, "label": 1}\n{"label": 0}')
    assert read_table(path).columns == {"data.text": ["Good", ""], "data.by.name": ["A", ""], "label": ["1", "0"]}


def test_lines_that_are_nested_too_deeply_are_left_out_and_the_others_are_read(tmp_path):
    path = tmp_path / "a.jsonl"
    # Python 3.11 and 3.12 do not even parse the deeper ones; 3.13 does, and then cannot follow them
    deep = ['{"a": ' * depth + "1" + "}" * depth for depth in (*range(850, 1000, 2), 1500, 5000, 100_000)]
    path.write_text("\n".join(['{"text": "Good"}'] * 1000 + deep))
    table = read_table(path)
    assert table.columns["text"][:1000] == ["Good"] * 1000
    assert "left out" in table.notes[0]


def test_a_name_that_heads_two_columns_is_numbered(tmp_path):
    rows = [("Good", "pos", "a"), ("Bad", "neg", "b")]
    table = read_table(write_csv(tmp_path / "a.csv", rows, header=("text", "label", "text")))
    assert table.columns == {"text": ["Good", "Bad"], "label": ["pos", "neg"], "text (2)": ["a", "b"]}


def test_a_line_separator_inside_a_json_string_ends_no_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "one\u2028two"}, ensure_ascii=False), "utf-8")
    assert read_table(path).columns["text"] == ["one\u2028two"]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", b"", "data.empty"),
        ("a.csv", b"label,text\n", "data.empty"),
        ("a.jsonl", b"\n\n", "data.empty"),
        ("a.csv", b"\x00\x01\x02", "data.binary"),
        ("a.csv", "ab".encode("utf-16") + b"\x00\xd8", "data.encoding"),
        ("a.docx", b"PK", "data.format"),
        ("a.json", b'"a word"', "data.rows"),
        ("a.json", b"[1, 2", "data.rows"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, name, content, kind):
    path = tmp_path / name
    path.write_bytes(content)
    assert refused(path).kind == kind


def test_no_such_file_is_said(tmp_path):
    assert refused(tmp_path / "nowhere.csv").kind == "data.missing"


def test_parquet_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    error = refused(path)
    assert error.kind == "data.no-parquet"
    assert "pip install pyarrow" in error.advice
    monkeypatch.setattr("sys.frozen", True, raising=False)
    error = refused(path)
    assert "pip" not in error.advice, "nothing can be installed into the packaged program"
    assert "to_csv('a.csv'" in error.advice


def test_parquet_is_read_with_the_class_names_that_it_carries(tmp_path):
    pytest.importorskip("pyarrow", reason="pyarrow is optional and not installed")
    pyarrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    features = {"info": {"features": {"label": {"names": ["neg", "pos"]}, "text": {"dtype": "string"}}}}
    table = pyarrow.table({"text": ["dull", "fine"], "label": [0, 1]})
    table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    parquet.write_table(table, tmp_path / "a.parquet")
    found = read_table(tmp_path / "a.parquet")
    assert found.columns == {"text": ["dull", "fine"], "label": ["0", "1"]}
    assert found.class_names == {"label": ["neg", "pos"]}
    (tmp_path / "bad.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-9])
    assert refused(tmp_path / "bad.parquet").kind == "data.rows"


def test_a_stop_ends_the_reading(tmp_path):
    path = write_csv(tmp_path / "a.csv", [("1", f"text {number}") for number in range(5000)])
    asked = []
    with pytest.raises(Stopped):
        read_table(path, stopped=lambda: asked.append(1) or len(asked) > 2)
    assert len(asked) == 3


@given(st.text())
def test_any_utf8_text_is_recognised(text):
    assert sniff(text.encode()) in ("utf-8", "utf-8-sig")


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused_in_words(raw):
    try:
        text, notes = decode_file(raw, "some/file.txt")
    except UserError:
        return
    assert isinstance(text, str)
    assert all("file.txt" in note for note in notes)


def test_a_quote_that_is_never_closed_is_refused_with_the_line_where_it_stands(tmp_path):
    rows = [f"pos,a fine text {number}" for number in range(200)]
    rows[50] = 'pos,"' + rows[50]
    (tmp_path / "a.csv").write_text("\n".join(["label,text", *rows, ""]))
    assert "never closed in line 52" in refused(tmp_path / "a.csv").advice


def test_the_first_line_that_excel_writes_is_no_row(tmp_path):
    (tmp_path / "a.csv").write_text(
        "sep=;\r\ntext;label\r\nfine, really;pos\r\nbad, really;neg\r\nodd\r\n" + "x;pos\r\n" * 20
    )
    table = read_table(tmp_path / "a.csv")
    assert (table.columns["text"][:2], table.columns["label"][:2]) == (["fine, really", "bad, really"], ["pos", "neg"])
    assert "(the first in line 5)" in table.notes[0]


def test_half_a_letter_in_json_becomes_the_replacement_character(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "cut \\ud83d", "label": "a"}\n{"text": ["\\udc00é"], "label": "b"}\n')
    assert read_table(tmp_path / "a.jsonl").columns["text"] == ["cut \ufffd", '["\ufffdé"]']


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_separator_at_the_end_of_each_row_makes_no_column(tmp_path, delimiter):
    rows = [["text", "label", ""], ["One.", "a", ""], ["Two.", "b", ""], ["Three.", "", ""]]
    path = tmp_path / "a.csv"
    path.write_text("".join(delimiter.join(row) + "\n" for row in rows))
    assert read_table(path).columns == {"text": ["One.", "Two.", "Three."], "label": ["a", "b", ""]}


def test_as_many_columns_as_a_table_may_have_are_named_at_once(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(",".join(["same"] * 20_000) + "\n" + ",".join("x" * 20_000) + "\n")
    names = list(read_table(path, header=True).columns)
    assert (names[0], names[1], names[-1]) == ("same", "same (2)", "same (20000)")
