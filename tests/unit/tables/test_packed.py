"""Tables and texts that are packed, as data sets are passed around."""

import bz2
import gzip
import lzma
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.errors import UserError
from fnet_studio.data.browse import is_plain
from fnet_studio.data.plain import read_plain
from fnet_studio.tables import packed
from fnet_studio.tables.table import is_table, read_table

TABLE = b"text,label\nGood,pos\nBad,neg\n"
PACK = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def refused(path, kind="data.unreadable", **options):
    with pytest.raises(UserError) as caught:
        read_table(path, **options)
    assert caught.value.kind == kind
    assert path.name in caught.value.message
    assert caught.value.advice
    return caught.value


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("head_bytes", [0, 2**10])
def test_a_packed_table_is_read_as_the_table_in_it(tmp_path, ending, head_bytes):
    path = tmp_path / f"reviews.csv.{ending}"
    path.write_bytes(PACK[ending](TABLE))
    assert is_table(path)
    table = read_table(path, head_bytes=head_bytes)
    assert table.columns == {"text": ["Good", "Bad"], "label": ["pos", "neg"]}
    assert (table.format, table.whole) == ("csv", True)


@given(content=st.binary(max_size=2000), ending=st.sampled_from([*PACK, "zip", "csv"]))
def test_what_was_packed_is_read_back(tmp_path_factory, content, ending):
    path = tmp_path_factory.mktemp("packed") / f"a.csv.{ending}"
    if ending == "zip":
        zipped(path, {"a.csv": content})
    else:
        path.write_bytes(PACK.get(ending, bytes)(content))
    assert packed.read_bytes(path, "a.csv" if ending == "zip" else "") == content


def test_only_the_head_of_a_long_packed_table_is_read(tmp_path):
    path = tmp_path / "long.csv.gz"
    path.write_bytes(gzip.compress(TABLE + b"Good,pos\n" * 10_000))
    table = read_table(path, head_bytes=1000)
    assert len(table) < 200
    assert not table.whole
    assert len(read_table(path)) == 10_002


def test_a_zip_archive_with_one_table_is_that_table(tmp_path):
    hidden = {"__MACOSX/data/._a.csv": b"junk", "data/.a.csv": b"junk", "data/readme.md": b"words"}
    path = zipped(tmp_path / "a.zip", {"data/a.csv": TABLE, **hidden})
    assert is_table(path)
    assert read_table(path).columns["text"] == ["Good", "Bad"]


def test_a_zip_archive_with_several_tables_names_them(tmp_path):
    path = zipped(tmp_path / "a.zip", {"train.csv": TABLE, "test.csv": TABLE})
    error = refused(path, "data.format")
    assert "2 tables: test.csv, train.csv" in error.message


def test_a_zip_archive_without_a_table_is_said(tmp_path):
    path = zipped(tmp_path / "a.zip", {"cat.png": b"x"})
    assert not is_table(path)
    assert "no table" in refused(path, "data.format").message


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("cut", [0.0, 0.5])
def test_a_damaged_or_cut_off_file_is_named(tmp_path, ending, cut):
    path = tmp_path / f"a.csv.{ending}"
    whole = PACK[ending](TABLE + bytes(range(97, 123)) * 500)
    path.write_bytes(whole[: int(len(whole) * cut)] if cut else b"not packed at all")
    refused(path)
    refused(path, head_bytes=1000)


def test_a_damaged_zip_archive_is_named(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.csv": TABLE * 100})
    raw = bytearray(path.read_bytes())
    raw[40:60] = bytes(20)
    path.write_bytes(raw)
    refused(path)
    path.write_bytes(b"no archive")
    refused(path)


def test_a_locked_zip_archive_is_said_to_be_locked(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.csv": TABLE})
    raw = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + at] |= 1
    path.write_bytes(raw)
    assert "locked" in refused(path).message


def test_what_grows_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST_BYTES", 10_000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(TABLE + b"Good,pos\n" * 10_000))
    refused(path, "data.too-large")
    assert read_table(path, head_bytes=1000).columns["text"][0] == "Good"


def test_packed_texts_are_texts(tmp_path):
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"Second.\n"))
    (tmp_path / "a.txt").write_bytes(b"First.\n")
    (tmp_path / "c.txt.xz").write_bytes(lzma.compress(b"Third.\n"))
    (tmp_path / "d.txt.bak").write_bytes(b"Old.\n")
    assert is_plain(tmp_path)
    assert is_plain(tmp_path / "b.txt.gz")
    assert not is_plain(tmp_path / "d.txt.bak")
    assert [text for text in read_plain(tmp_path).texts if text] == ["First.", "Second.", "Third."]
