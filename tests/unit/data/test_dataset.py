import errno
import os
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from review_archives import REVIEWS, pack, unpack

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.data import cache
from fnet_studio.data.corpus import LabelledTexts
from fnet_studio.data.dataset import Dataset, load_dataset
from fnet_studio.data.report import describe_split

SMALL = {"vocabulary_size": 200, "sequence_length": 12, "validation_split": 0.25}


@pytest.fixture
def archive(tmp_path) -> Path:
    return pack(tmp_path / "aclImdb.tar.gz", REVIEWS)


def load(path: Path, **changes) -> Dataset:
    return load_dataset("imdb", path, **{**SMALL, **changes})


def same(one: Dataset, other: Dataset) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in ("train", "validation", "test")]
    return (
        all(np.array_equal(a.token_ids, b.token_ids) and np.array_equal(a.labels, b.labels) for a, b in pairs)
        and all(a.token_ids.dtype == b.token_ids.dtype for a, b in pairs)
        and (one.vocabulary, one.class_names, one.report) == (other.vocabulary, other.class_names, other.report)
        and (one.key, one.content_hash, one.sequence_length) == (other.key, other.content_hash, other.sequence_length)
    )


def phases_of(path: Path, **changes) -> list[str]:
    seen: list[str] = []
    load(path, progress=lambda phase, done, total: seen.append(phase), **changes)
    return list(dict.fromkeys(seen))


def test_the_parts_have_their_rows_and_shapes(archive):
    data = load(archive)
    assert (len(data.train), len(data.validation), len(data.test)) == (6, 2, 8)
    assert data.train.token_ids.shape == (6, 12)
    assert data.train.token_ids.dtype == np.uint16
    assert data.train.labels.dtype == np.int32
    assert int(data.train.labels.sum() + data.validation.labels.sum()) == 4
    assert data.vocabulary[:2] == ("[PAD]", "[UNK]")


def test_the_vocabulary_is_learnt_from_the_training_part_alone(tmp_path):
    files = {
        n: t.replace("train", "zebra") if "/train/" in n else t.replace("test", "quokka") for n, t in REVIEWS.items()
    }
    data = load(pack(tmp_path / "words.tar.gz", files))
    letters = set("".join(data.vocabulary[2:]))
    assert "z" in letters
    assert "q" not in letters
    assert data.report.splits[2].unknown_share > 0


def test_phases_come_in_their_order(archive):
    assert phases_of(archive) == ["reading", "building vocabulary", "tokenising"]


def test_the_second_load_comes_from_the_cache_and_is_equal(archive):
    first = load(archive)
    assert phases_of(archive) == ["reading"]
    assert same(load(archive), first)


def test_the_same_bytes_under_another_name_use_the_same_entry(archive, tmp_path):
    first = load(archive)
    moved = archive.rename(tmp_path / "elsewhere.tgz")
    assert load(moved).key == first.key
    assert phases_of(moved) == ["reading"]


@pytest.mark.parametrize(
    "change",
    [
        {"vocabulary_size": 150},
        {"sequence_length": 11},
        {"cut": "start"},
        {"validation_split": 0.5},
        {"split_seed": 7},
        {"stratified": True},
    ],
)
def test_another_option_is_another_entry(archive, change):
    assert load(archive).key != load(archive, **change).key
    assert len(list(cache.path_of("x").parent.glob("*.npz"))) == 2


def test_what_another_version_of_the_tokenising_library_made_is_made_anew(archive, monkeypatch):
    before = load(archive).key
    monkeypatch.setattr(tokenizers, "__version__", "0.0")
    assert load(archive).key != before


def test_notes_are_about_the_file_that_was_read_whatever_the_cache_holds(tmp_path):
    rows = "\n".join(f"text number {number},{'pos' if number % 2 else 'neg'}" for number in range(40))
    odd, sound = tmp_path / "odd.csv", tmp_path / "sound.csv"
    odd.write_text(f"text,label\n{rows}\na,b,c\n")
    sound.write_text(f"text,label\n{rows}\n")
    first, second, third = (load_dataset("files", path, vocabulary_size=200) for path in (odd, sound, odd))
    assert first.key == second.key
    assert "odd.csv" in "".join(first.report.notes)
    assert second.report.notes == ()
    assert third.report.notes == first.report.notes


def test_changed_texts_are_another_entry(tmp_path):
    folder = unpack(tmp_path / "folder", REVIEWS)
    before = load(folder).key
    (folder / "aclImdb/test/pos/0_7.txt").write_text("another opinion")
    assert load(folder).key != before


@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_damaged_entry_is_thrown_away_and_built_again(archive, place):
    first = load(archive)
    path = cache.path_of(first.key)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 0xFF
    path.write_bytes(content)
    assert same(load(archive), first)
    assert same(load(archive), first)


@pytest.mark.parametrize("keep", [0, 10, 1000])
def test_a_truncated_entry_is_thrown_away_and_built_again(archive, keep):
    first = load(archive)
    path = cache.path_of(first.key)
    path.write_bytes(path.read_bytes()[:keep])
    assert same(load(archive), first)
    assert path.stat().st_size > keep


def test_an_entry_with_other_contents_is_thrown_away_and_built_again(archive):
    first = load(archive)
    cache.store(first.key, {"train_labels": np.zeros(3)}, {"vocabulary": ["a"]})
    assert same(load(archive), first)
    cache.store(first.key, {}, {})
    assert same(load(archive), first)


def test_a_stop_at_any_moment_leaves_no_entry_and_no_litter(archive):
    asked: list[int] = []
    load(archive, stopped=lambda: bool(asked.append(1)), split_seed=1)
    for moment in range(1, len(asked) + 1):
        calls: list[int] = []
        with pytest.raises(Stopped):
            load(archive, stopped=lambda calls=calls, moment=moment: calls.append(1) or len(calls) >= moment)
        assert len(calls) == moment
    assert [path.suffix for path in cache.path_of("x").parent.iterdir()] == [".npz"]
    assert load(archive).key != load(archive, split_seed=1).key


def test_a_full_disk_costs_only_the_cache(archive, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        data = load(archive)
    assert len(data.train) == 6
    assert "disk is full" in data.report.notes[-1]
    assert list(cache.path_of("x").parent.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"vocabulary_size": 99}, "vocabulary"),
        ({"vocabulary_size": 200_001}, "vocabulary"),
        ({"sequence_length": 0}, "length"),
        ({"validation_split": 0.0}, "validation"),
        ({"validation_split": 1.0}, "validation"),
        ({"validation_split": float("nan")}, "validation"),
        ({"split_seed": -1}, "seed"),
    ],
)
def test_an_option_out_of_range_is_named_before_anything_is_read(changes, word):
    with pytest.raises(UserError) as caught:
        load(Path("nowhere"), **changes)
    assert caught.value.kind == "data.options"
    assert word in caught.value.message


def test_an_unknown_source_names_the_known_ones():
    with pytest.raises(UserError) as caught:
        load_dataset("yelp")
    assert "imdb" in caught.value.advice


def test_no_such_archive_is_said(tmp_path):
    with pytest.raises(UserError) as caught:
        load(tmp_path / "nowhere.tar.gz")
    assert caught.value.kind == "data.missing"


def test_the_probe_sentence_is_encoded_with_its_tokens(archive):
    data = load(archive)
    encoded = data.encode("A wonderful film")
    assert encoded.token_ids.shape == (12,)
    assert "".join(token.removeprefix("##") for token in encoded.tokens) == "awonderfulfilm"
    assert [data.vocabulary[i] for i in encoded.token_ids[: len(encoded.tokens)]] == list(encoded.tokens)


def test_the_report_counts_what_is_odd(tmp_path):
    twice = "the very same words"
    files = REVIEWS | {
        "aclImdb/train/pos/0_7.txt": twice,
        "aclImdb/train/pos/2_7.txt": twice,
        "aclImdb/test/neg/0_2.txt": twice,
        "aclImdb/test/neg/2_2.txt": "  \n",
        "aclImdb/test/neg/9_2.txt": "word " * 30,
    }
    report = load(pack(tmp_path / "odd.tar.gz", files)).report
    train, validation, test = report.splits
    assert train.texts + validation.texts == 8
    assert test.class_counts == (4, 4)
    assert report.duplicates == 2
    assert report.test_overlap == 1
    assert train.duplicates + report.validation_overlap == 1
    assert test.empty == 1
    assert test.cut_share == 1 / 8
    assert (test.lengths.shortest, test.lengths.longest) == (0, test.lengths.longest)
    assert test.lengths.longest >= 30
    assert sum(test.lengths.counts) == 8
    assert len(test.lengths.edges) == len(test.lengths.counts) + 1


def test_the_shares_of_a_report_are_of_texts_and_of_the_tokens_that_fit():
    part = LabelledTexts(["a", "b", "c", "d"], np.array([0, 1, 1, 1], np.int32))
    token_ids = np.array([[5, 1, 0, 0], [5, 5, 5, 5], [5, 5, 1, 5], [5, 5, 5, 5]], np.uint16)
    found = describe_split("train", part, np.array([2, 4, 6, 8]), token_ids, unknown_id=1, num_classes=3)
    assert found.class_counts == (1, 3, 0)
    assert found.cut_share == 2 / 4
    assert found.cut_tokens_share == pytest.approx(6 / 20)
    assert found.unknown_share == pytest.approx(2 / 14)


@pytest.mark.slow
def test_the_real_reviews_have_their_known_counts(shared):
    path = shared / "data" / "imdb" / "aclImdb.tar.gz"
    if not path.is_file():
        pytest.skip("the IMDb archive is not in ../shared")
    data = load_dataset("imdb", path)
    assert (len(data.train), len(data.validation), len(data.test)) == (20_000, 5_000, 25_000)
    assert len(data.vocabulary) == 15_000
    assert data.report.splits[2].class_counts == (12_500, 12_500)
    assert (data.report.duplicates, data.report.test_overlap) == (418, 123)
    assert 0.1 < data.report.splits[0].cut_share < 0.2
