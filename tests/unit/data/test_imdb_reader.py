import contextlib
import gzip
import io
import shutil
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from review_archives import REVIEWS, member, pack, unpack

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.data import imdb
from fnet_studio.data.imdb import read_imdb

IN_ORDER = ["0", "10", "2", "9"]


@pytest.fixture
def archive(tmp_path) -> Path:
    return pack(tmp_path / "aclImdb.tar.gz", REVIEWS)


def refused(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        read_imdb(path)
    assert path.name in caught.value.message
    assert caught.value.advice
    return caught.value


def test_reviews_come_class_by_class_and_sorted_by_name_as_text(archive):
    corpus = read_imdb(archive)
    expected = [REVIEWS[f"aclImdb/train/neg/{n}_2.txt"] for n in IN_ORDER]
    expected += [REVIEWS[f"aclImdb/train/pos/{n}_7.txt"] for n in IN_ORDER]
    assert corpus.train.texts == expected
    assert corpus.train.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert corpus.test.texts[0] == "test neg review 0, dull and awful."
    assert corpus.class_names == ("neg", "pos")
    assert corpus.notes == ()


def test_the_order_of_the_members_does_not_matter(archive, tmp_path):
    backwards = pack(tmp_path / "backwards.tar.gz", dict(reversed(REVIEWS.items())))
    assert read_imdb(backwards).train.texts == read_imdb(archive).train.texts


@pytest.mark.parametrize("top", ["aclImdb", "."])
def test_a_folder_gives_what_its_archive_gives(archive, tmp_path, top):
    unpack(tmp_path / "folder", REVIEWS)
    corpus = read_imdb(tmp_path / "folder" / top)
    assert corpus.train.texts == read_imdb(archive).train.texts
    assert corpus.test.labels.tolist() == read_imdb(archive).test.labels.tolist()


def test_an_archive_packed_inside_the_top_folder_is_read_too(archive, tmp_path):
    bare = pack(tmp_path / "bare.tar.gz", {"./" + name.removeprefix("aclImdb/"): t for name, t in REVIEWS.items()})
    assert read_imdb(bare).train.texts == read_imdb(archive).train.texts


def test_unsup_and_all_that_is_no_review_is_left_out(archive, tmp_path):
    others = {
        "aclImdb/train/unsup/0_0.txt": "unlabelled",
        "aclImdb/train/pos/._0_7.txt": "what a Mac adds",
        "aclImdb/train/pos/notes.md": "notes",
        "aclImdb/train/labeledBow.feat": "9 0:9",
        "aclImdb/README": "read me",
    }
    packed = pack(tmp_path / "more.tar.gz", REVIEWS | others)
    folder = unpack(tmp_path / "more", REVIEWS | others)
    assert read_imdb(packed).train.texts == read_imdb(archive).train.texts == read_imdb(folder).train.texts


def test_the_hash_of_a_folder_follows_its_content(tmp_path):
    folder = unpack(tmp_path / "a", REVIEWS)
    before = read_imdb(folder).content_hash
    shutil.copytree(folder, tmp_path / "b")
    assert read_imdb(tmp_path / "b").content_hash == before
    (folder / "aclImdb/train/pos/0_7.txt").write_text("changed")
    assert read_imdb(folder).content_hash != before


def test_bytes_that_are_not_utf8_are_read_and_reported(tmp_path):
    files = REVIEWS | {
        "aclImdb/train/pos/0_7.txt": "Un film très réussi".encode("cp1252"),
        "aclImdb/test/neg/2_2.txt": b"\x81\x8d awful",
    }
    corpus = read_imdb(pack(tmp_path / "odd.tar.gz", files))
    assert "Un film très réussi" in corpus.train.texts
    assert len(corpus.notes) == 1
    assert "2 files" in corpus.notes[0]
    assert "train/pos/0_7.txt" in corpus.notes[0]


def test_a_path_where_nothing_is_gets_said(tmp_path):
    assert refused(tmp_path / "nowhere.tar.gz").kind == "data.missing"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"plain words"])
def test_a_file_that_is_no_gzip_archive_is_refused(tmp_path, content):
    path = tmp_path / "reviews.zip"
    path.write_bytes(content)
    assert refused(path).kind == "data.not-an-archive"


def test_an_archive_or_folder_of_other_things_is_refused(tmp_path):
    other = {"photos/cat.txt": "a cat"}
    assert refused(pack(tmp_path / "photos.tar.gz", other)).kind == "data.layout"
    assert refused(unpack(tmp_path / "photos", other)).kind == "data.layout"


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_empty_class_is_named(tmp_path, split):
    files = {name: text for name, text in REVIEWS.items() if f"{split}/neg" not in name}
    error = refused(pack(tmp_path / "half.tar.gz", files))
    assert error.kind == "data.empty-class"
    assert f"{split}/neg" in error.message


@pytest.mark.parametrize(
    "hostile",
    [
        member("aclImdb/train/pos/../../../../escaped.txt", content=b"x"),
        member("../escaped.txt", content=b"x"),
        member("/etc/passwd", content=b"x"),
        member("C:\\Windows\\x.txt", content=b"x"),
        member("aclImdb\\..\\..\\x.txt", content=b"x"),
        member("aclImdb/train/pos/5_9.txt", tarfile.SYMTYPE, "/etc/passwd"),
        member("aclImdb/train/pos/6_9.txt", tarfile.LNKTYPE, "aclImdb/train/pos/0_7.txt"),
        member("aclImdb/train/pos/7_9.txt", tarfile.CHRTYPE),
        member("aclImdb/train/unsup/8_0.txt", tarfile.BLKTYPE),
        member("aclImdb/train/pos/9_9.txt", tarfile.FIFOTYPE),
    ],
    ids=lambda pair: pair[0].name,
)
def test_a_member_that_could_escape_is_refused_by_name(tmp_path, hostile):
    error = refused(pack(tmp_path / "hostile.tar.gz", REVIEWS, [hostile]))
    assert error.kind == "data.unsafe-archive"
    assert hostile[0].name in error.message
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.tar.gz"]


def test_a_member_too_large_for_a_review_is_refused_by_name(tmp_path):
    bomb = member("aclImdb/train/pos/99_9.txt", content=bytes(imdb.LARGEST_MEMBER_BYTES + 1))
    error = refused(pack(tmp_path / "bomb.tar.gz", REVIEWS, [bomb]))
    assert error.kind == "data.too-large"
    assert "99_9.txt" in error.message


def test_a_header_that_claims_a_huge_or_negative_size_is_refused(tmp_path):
    for size in (2**40, -512):
        for kind in (tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE):
            info = tarfile.TarInfo("aclImdb/train/pos/0_9.txt")
            info.type, info.size = kind, size
            path = tmp_path / "forged.tar.gz"
            path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)))
            assert refused(path).kind in ("data.too-large", "data.damaged-archive")


with tempfile.TemporaryDirectory() as _folder:
    WHOLE = pack(Path(_folder) / "sound.tar.gz", REVIEWS).read_bytes()


@given(cut=st.integers(2, len(WHOLE) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_an_archive_cut_anywhere_is_refused_as_damaged(tmp_path, cut):
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(WHOLE[:cut])
    assert refused(path).kind == "data.damaged-archive"


@given(blocks=st.integers(0, len(gzip.decompress(WHOLE)) // 512 - 1), extra=st.sampled_from([0, 100]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_a_tar_cut_before_it_was_zipped_is_never_taken_for_whole(tmp_path, blocks, extra):
    path = tmp_path / "cut.tar.gz"
    content = gzip.decompress(WHOLE)
    path.write_bytes(gzip.compress(content[: blocks * 512 + extra]))
    end = content.rstrip(b"\0")
    if blocks * 512 + extra <= len(end):
        assert refused(path).kind in ("data.damaged-archive", "data.empty-class", "data.layout")


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
def test_a_tar_with_flipped_bytes_is_read_or_refused_in_words_but_never_crashes(tmp_path, data):
    content = bytearray(gzip.decompress(WHOLE))
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, 512 * 34))] = data.draw(st.integers(0, 255))
    path = tmp_path / "flipped.tar.gz"
    path.write_bytes(gzip.compress(bytes(content)))
    with contextlib.suppress(UserError):
        assert read_imdb(path).class_names == ("neg", "pos")


def test_a_stop_ends_the_reading_at_the_next_check(tmp_path):
    files = {f"aclImdb/train/unsup/{n}_0.txt": "filler" for n in range(500)} | REVIEWS
    for path in (pack(tmp_path / "many.tar.gz", files), unpack(tmp_path / "many", REVIEWS)):
        asked = []

        def stopped(asked=asked) -> bool:
            asked.append(1)
            return len(asked) > 0

        with pytest.raises(Stopped):
            read_imdb(path, stopped=stopped)
        assert len(asked) == 1

    asked = []
    with pytest.raises(Stopped):
        read_imdb(tmp_path / "many.tar.gz", stopped=lambda: asked.append(1) or len(asked) > 4)
    assert len(asked) == 5


def test_progress_rises_to_its_total(archive):
    seen: list[tuple[str, int, int]] = []
    read_imdb(archive, progress=lambda *row: seen.append(row))
    assert {row[0] for row in seen} == {"reading"}
    assert [row[1] for row in seen] == sorted(row[1] for row in seen)
    assert seen[-1][1] == seen[-1][2] == archive.stat().st_size


def test_a_folder_that_may_not_be_read_is_named(tmp_path):
    folder = unpack(tmp_path / "closed", REVIEWS)
    target = folder / "aclImdb/train/pos/0_7.txt"
    target.unlink()
    target.mkdir()
    error = refused_with(folder)
    assert "0_7.txt" in error.message


def refused_with(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        read_imdb(path)
    assert caught.value.kind == "data.unreadable"
    return caught.value


def test_the_archive_is_never_written_to_the_disk(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(tarfile.TarFile, "extract", None)
    monkeypatch.setattr(tarfile.TarFile, "extractall", None)
    assert len(read_imdb(archive).train) == 8
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]


def test_a_link_is_refused_even_when_it_stands_first(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as packed:
        packed.addfile(member("aclImdb", tarfile.SYMTYPE, "/")[0])
    path = tmp_path / "first.tar.gz"
    path.write_bytes(stream.getvalue())
    assert "aclImdb" in refused(path).message
