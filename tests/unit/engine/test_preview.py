"""A look at the head of the user's own data."""

import gzip
import json
import unicodedata
import zipfile

import pytest

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.data.plain import read_plain
from fnet_studio.engine.preview import HEAD_BYTES, preview
from fnet_studio.tables.table import read_table


def look(path):
    return preview(protocol.PreviewData(str(path)))


def put(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def test_a_folder_of_classes_gives_its_classes_and_their_sizes(tmp_path):
    for name in ("neg/1", "neg/2", "pos/1"):
        put(tmp_path / f"{name}.txt", f"Text {name}")
    found = look(tmp_path)
    assert (found.path, found.kind) == (str(tmp_path), "classes")
    assert found.columns[1].labels == (("neg", 2), ("pos", 1))
    assert found.samples[0] == ("Text neg/1", "neg")


def test_a_label_is_shown_once_however_its_accents_are_written(tmp_path):
    both = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
    table = put(tmp_path / "a.csv", f"text,label\ngood,{both[0]}\nfine,{both[1]}\nbad,tea\n")
    for name in (*both, "tea"):
        put(tmp_path / "folders" / name / f"{len(name)}.txt", "good")
    for path in (table, tmp_path / "folders"):
        assert look(path).columns[1].labels == (("café", 2), ("tea", 1))


def test_what_a_mac_puts_beside_each_text_is_none(tmp_path):
    for name in ("a/1.txt", "b/2.txt", "plain/1.txt", "plain/2.txt"):
        for path in (tmp_path / name, tmp_path / name.replace("/", "/._"), tmp_path / ".hidden" / name):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"words" if path.name[0] != "." else b"\0\1")
    assert preview(protocol.PreviewData(str(tmp_path / "plain"))).rows == 2
    assert read_plain(tmp_path / "plain").texts == ["words"] * 2
    assert preview(protocol.PreviewData(str(tmp_path))).rows == 4


def test_a_folder_of_tables_tells_which_part_is_which(tmp_path):
    put(tmp_path / "train.tsv", "label\tsentence\n0\tDull.\n1\tA joy.\n")
    put(tmp_path / "dev.tsv", "label\tcontent\n0\tDull.\n")
    found = look(tmp_path)
    assert (found.kind, found.text, found.label) == ("table", "sentence", "label")
    assert set(found.parts) == {"training", "validation"}


def test_a_file_of_several_tables_tells_which_part_is_which(tmp_path):
    rows = [{"sentence": "Dull.", "label": 0}, {"sentence": "A joy.", "label": 1}]
    found = look(put(tmp_path / "a.json", json.dumps({"train": rows, "dev": rows[:1]})))
    assert (found.kind, found.text, found.label, found.rows) == ("table", "sentence", "label", 2)
    assert set(found.parts) == {"training", "validation"}
    with pytest.raises(UserError, match="2 lists of rows: a, b"):
        look(put(tmp_path / "b.json", json.dumps({"a": rows, "b": rows})))


def test_two_texts_a_row_are_seen(tmp_path):
    rows = '{"premise": "A man sleeps.", "hypothesis": "He is awake.", "label": "no"}\n'
    found = look(put(tmp_path / "pairs.jsonl", rows + rows.replace('"no"', '"yes"')))
    assert (found.text, found.pair, found.label) == ("premise", "hypothesis", "label")


def test_plain_text_shows_its_first_lines(tmp_path):
    found = look(put(tmp_path / "words.txt", "One line.\n\nAnother, très long.\n", "cp1252"))
    assert found.kind == "text"
    assert "Windows-1252" in found.format
    assert found.samples == (("One line.",), ("Another, très long.",))


def test_only_the_head_of_a_long_table_is_read(tmp_path):
    row = f"{'word ' * 40},1\n"
    path = put(tmp_path / "long.csv", "text,label\n" + row * (2 * HEAD_BYTES // len(row)))
    found = look(path)
    assert not found.whole
    assert found.rows == pytest.approx(HEAD_BYTES / len(row), rel=0.01)
    assert found.notes == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_a_head_cut_anywhere_is_still_text(tmp_path, encoding):
    path = put(tmp_path / "reviews.csv", "text,label\n" + "Été à Paris,1\nné là,0\n" * 20, encoding)
    for size in range(120, 140):
        table = read_table(path, head_bytes=size)
        assert table.columns["text"][0] == "Été à Paris"
        assert len(table) < 40


def test_a_column_that_is_alone_is_the_text(tmp_path):
    found = look(put(tmp_path / "a.csv", "words\nOne thing.\nAnother thing.\n"))
    assert (found.text, found.pair, found.label) == ("words", "", "")


def test_a_packed_table_tells_how_much_of_it_was_read(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"text,label\n" + b"A long enough line of text,pos\n" * 200_000))
    found = look(path)
    assert not found.whole
    assert 1000 < found.rows < 200_000
    path.write_bytes(gzip.compress(b"text,label\nGood,pos\nBad,neg\n"))
    assert look(path).whole


def test_packed_texts_show_their_first_lines(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"One line.\nAnother.\n"))
    assert look(path).samples == (("One line.",), ("Another.",))


def test_a_zip_archive_that_is_no_table_says_what_it_holds(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cat.png", b"x")
    with pytest.raises(UserError, match="holds no table"):
        look(path)


def test_a_column_of_many_values_holds_no_labels(tmp_path):
    rows = "".join(f"text {number},{number % 3},{number}\n" for number in range(200))
    found = look(put(tmp_path / "many.csv", "text,class,id\n" + rows))
    labels = {column.name: len(column.labels) for column in found.columns}
    assert labels == {"text": 0, "class": 3, "id": 0}


@pytest.mark.parametrize(("name", "kind"), [("picture.png", "data.format"), ("empty/", "data.layout")])
def test_what_is_no_data_is_refused_in_words(tmp_path, name, kind):
    path = tmp_path / name
    path.mkdir() if name.endswith("/") else path.write_bytes(b"\x89PNG")
    with pytest.raises(UserError) as caught:
        look(path)
    assert caught.value.kind == kind
    assert caught.value.advice
