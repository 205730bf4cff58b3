"""Rows of a stream: nothing is lost, nothing crosses a document's end, and a step is always the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.data import token_shards
from fnet_studio.data.pretraining_rows import LEAST_TOKENS, Pieces, PretrainingRows, subsampling

END, PAD, CLS, SEP, STOP, CAPITAL = 2, 3, 4, 5, 7, 8
FLAGS = np.zeros(3000, bool)
ENDS, BEGINS = FLAGS.copy(), FLAGS.copy()
ENDS[STOP] = BEGINS[CAPITAL] = True
PIECES = Pieces(CLS, SEP, PAD, END, ENDS, BEGINS)


def stream_of(lengths):
    """Each token names its document: 100 + number."""
    parts = [np.array([100 + n] * size + [END], np.uint16) for n, size in enumerate(lengths)]
    return np.concatenate(parts)


def contents(row):
    return row[1 : np.flatnonzero(row == SEP)[0]]


@given(st.lists(st.integers(0, 90), min_size=1, max_size=12), st.integers(10, 40), st.integers(0, 5))
def test_a_pass_holds_each_token_once_but_short_ends(lengths, length, seed):
    stream = stream_of(lengths)
    if max(lengths) < LEAST_TOKENS:
        with pytest.raises(ValueError, match="no window"):
            PretrainingRows(stream, PIECES, length, 0.0, seed)
        return
    rows = PretrainingRows(stream, PIECES, length, 0.0, seed)
    count = len(rows._cut(0))
    seen = [contents(rows.batch(step, 1)[0]) for step in range(count)]
    assert all(len(set(one.tolist())) == 1 for one in seen)
    for number, size in enumerate(lengths):
        found = sum(len(one) for one in seen if one[0] == 100 + number)
        assert size - LEAST_TOKENS < found <= size


@given(st.integers(0, 40), st.floats(0, 1), st.integers(1, 9))
def test_a_batch_depends_on_its_step_alone(step, share, size):
    words = np.random.default_rng(0).integers(STOP, 20, 400).astype(np.uint16)
    words[::50] = END
    stream = np.append(words, np.uint16(END))
    fresh, used = (PretrainingRows(stream, PIECES, 16, share, 1) for _ in range(2))
    for before in range(0, step, 7):
        used.batch(before, size)
    assert np.array_equal(fresh.batch(step, size), used.batch(step, size))


def test_short_rows_are_whole_sentences_in_their_share():
    sentence = [CAPITAL, 50, 51, STOP]
    stream = np.array((sentence * 3000 + [END]) * 4, np.uint16)
    rows = PretrainingRows(stream, PIECES, 64, 0.25, 0)
    short = 0
    for step in range(40):
        count = rows.short_rows(step, 10)
        for at, row in enumerate(rows.batch(step, 10)):
            inside = contents(row).tolist()
            assert (len(inside) <= 12) == (at >= 10 - count)
            if len(inside) <= 12:
                assert inside == sentence * (len(inside) // 4)
                short += 1
    assert short == 100


@pytest.mark.parametrize("openings", [0.0, 0.5, 1.0])
def test_the_share_of_openings_are_first_sentences_of_documents(openings):
    first, later = [CAPITAL, 60, 61, STOP], [CAPITAL, 50, 51, STOP]
    stream = np.array((first + later * 400 + [END]) * 50, np.uint16)
    rows = PretrainingRows(stream, PIECES, 64, 1.0, 0, openings=openings)
    beginnings = [contents(row)[1] for step in range(40) for row in rows.batch(step, 25)]
    assert beginnings.count(60) / len(beginnings) == pytest.approx(openings, abs=0.05)


def test_texts_without_a_sentence_to_begin_with_have_no_openings():
    stream = np.array([END] + [50, 51, STOP] * 20 + [END], np.uint16)
    PretrainingRows(stream, PIECES, 64, 0.5, 0, openings=1.0).batch(0, 8)


@given(st.lists(st.integers(0, 19), min_size=1, max_size=300), st.floats(1e-6, 1))
def test_subsampling_makes_pieces_rarer_by_the_square_root_of_their_frequency(pieces, threshold):
    kept = subsampling(np.array(pieces, np.uint16), 20, threshold)
    for piece, chance in enumerate(kept):
        frequency = max(pieces.count(piece), 1) / len(pieces)
        assert chance == pytest.approx(min(1.0, (threshold / frequency) ** 0.5), rel=1e-5)


def test_passes_differ_in_their_cuts_and_their_order():
    rows = PretrainingRows(stream_of([500]), PIECES, 20, 0.0, 0)
    assert not np.array_equal(rows._cut(0), rows._cut(1)[: len(rows._cut(0))])


def test_shards_give_back_the_stream_that_was_written(tmp_path, home):
    random = np.random.default_rng(0)
    documents = [random.integers(7, 60_000, size) for size in (0, 1, 700, 300, 999)]
    writer = token_shards.Writer(tmp_path / "corpus", END, tokens_a_shard=512)
    writer.add("train", documents[:3])
    writer.add("train", documents[3:])
    writer.add("validation", documents[:1])
    corpus = writer.finish("abc", b"vocabulary")
    assert token_shards.read_corpus(tmp_path / "corpus") == corpus
    assert [shard.tokens for shard in corpus.shards["train"]] == [512, 512, 512, 469]
    whole = np.concatenate([np.append(one, END) for one in documents])
    for _ in range(2):  # packed, then from the cache
        assert np.array_equal(token_shards.open_tokens(tmp_path / "corpus", corpus, "train"), whole)
    assert corpus.documents == {"train": 5, "validation": 1}
