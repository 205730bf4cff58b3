import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import all_cores
from fnet_studio.core.errors import Stopped
from fnet_studio.data.bulk import JOINED, SPACE, BulkEncoder
from fnet_studio.data.sample import read_sample
from fnet_studio.data.wordpiece import WordPieceTokenizer, prepare, rooms

TEXTS = read_sample().train.texts
TOKENIZER = WordPieceTokenizer.train(TEXTS, 1500)


def split_words(text: str) -> list[str]:
    """The word rule written down a second time, character by character."""
    words: list[str] = []
    joined = False
    for char in prepare(text):
        alone = unicodedata.category(char).startswith("P") or (char.isascii() and char in "$+<=>^`|~")
        if char.isspace():
            joined = False
        elif alone or not joined:
            words.append(char)
            joined = not alone
        else:
            words[-1] += char
    return words


def longest_match(word: str, vocabulary: set[str]) -> list[str]:
    """WordPiece by its definition: the longest piece that fits, from the left, or `[UNK]` for the whole word."""
    pieces: list[str] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces if len(word) <= 100 else ["[UNK]"]


words = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz ABC.,!'<>/-$éß\n\t\"àИ—東京"), max_size=60)


@given(words)
def test_tokens_follow_the_definition_of_wordpiece(text):
    vocabulary = set(TOKENIZER.vocabulary)
    expected = [piece for word in split_words(text) for piece in longest_match(word, vocabulary)]
    assert list(TOKENIZER.encode(text, 500).tokens) == expected


@given(
    texts=st.lists(st.one_of(words, st.text(max_size=40)), min_size=1, max_size=8),
    length=st.integers(1, 40),
    cut=st.sampled_from(["end", "start", "middle"]),
)
def test_a_batch_gives_the_ids_of_its_single_texts(texts, length, cut):
    token_ids, lengths = TOKENIZER.encode_batch(texts, length, cut=cut)
    assert token_ids.shape == (len(texts), length)
    assert token_ids.dtype == np.uint16
    for row, text in enumerate(texts):
        one = TOKENIZER.encode(text, length, cut)
        assert one.token_ids.tolist() == token_ids[row].tolist()
        assert len(one.tokens) + one.cut == lengths[row]


def test_several_processes_give_the_rows_of_one(monkeypatch):
    texts = [f"{text} Ünïcödé 東京 {number} " * (number % 3) for number, text in enumerate(TEXTS * 20)]
    for pairs in (None, texts[::-1]):
        alone = TOKENIZER.encode_batch(texts, 60, pairs=pairs)
        with monkeypatch.context() as patched:
            patched.setattr(all_cores, "processes_for", lambda characters: 2)
            together = TOKENIZER.encode_batch(texts, 60, pairs=pairs)
        for one, other in zip(alone, together, strict=True):
            assert one.dtype == other.dtype
            assert np.array_equal(one, other)


@given(st.one_of(words, st.text(max_size=60)))
def test_spans_point_at_the_characters_that_made_the_token(text):
    encoded = TOKENIZER.encode(text, 500)
    for token, (start, end) in zip(encoded.tokens, encoded.spans, strict=True):
        assert 0 <= start < end <= len(text)
        if token != "[UNK]":
            assert prepare(text[start:end]).strip() == token.removeprefix("##")


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 50))
def test_of_a_pair_the_longer_text_is_cut_first_and_no_room_stays_empty(first, second, length):
    kept, other = rooms(first, second, length)
    assert kept + other == min(first + second, max(length - 1, 0))
    assert kept <= first
    assert other <= second
    if kept < first:
        assert kept >= other - 1
    if other < second:
        assert other >= kept - 1


def test_training_twice_gives_the_same_vocabulary():
    assert WordPieceTokenizer.train(TEXTS, 1500).vocabulary == TOKENIZER.vocabulary


def test_the_vocabulary_starts_with_pad_and_unknown_and_has_no_piece_twice():
    assert TOKENIZER.vocabulary[:2] == ("[PAD]", "[UNK]")
    assert len(set(TOKENIZER.vocabulary)) == len(TOKENIZER.vocabulary) == 1500


@given(size=st.integers(100, 400))
def test_the_vocabulary_never_exceeds_what_was_asked(size):
    texts = ["".join(chr(0x4E00 + number) + " " for number in range(300)), "abc def", "Ünïcödé ひらがな"]
    assert len(WordPieceTokenizer.train(texts, size).vocabulary) <= size


def test_texts_with_few_words_give_a_short_vocabulary():
    assert len(WordPieceTokenizer.train(["good film", "bad film"], 15_000).vocabulary) < 100
    assert WordPieceTokenizer.train(["", " "], 100).vocabulary == ("[PAD]", "[UNK]")


def test_markup_and_accents_stay_and_case_goes():
    tokenizer = WordPieceTokenizer.train(["Café au lait <br /> CAFÉ"] * 5, 200)
    assert tokenizer.encode("CAFÉ <br />", 8).tokens == ("café", "<", "br", "/", ">")


def test_special_tokens_typed_into_a_text_stay_text():
    assert "[PAD]" not in TOKENIZER.encode("a [PAD] b [UNK]", 20).tokens[:3]
    assert 0 not in TOKENIZER.encode("[PAD]", 3).token_ids


def test_a_text_longer_than_the_length_is_cut_and_counted():
    encoded = TOKENIZER.encode("good " * 20, 8)
    assert len(encoded.tokens) == 8
    assert encoded.cut == 12


def test_the_start_or_the_middle_can_go_and_the_spans_say_what_stayed():
    text = "good bad film plot end"
    for cut, stayed in (("end", "good bad"), ("start", "plot end"), ("middle", "plot end")):
        spans = TOKENIZER.encode(text, 2, cut).spans
        assert " ".join(text[begin:end] for begin, end in spans) == stayed
    spans = TOKENIZER.encode(text, 4, "middle").spans
    assert " ".join(text[begin:end] for begin, end in spans) == "good film plot end"


@given(st.lists(st.sampled_from(["good", "bad", "film"]), max_size=9), st.integers(0, 9), st.integers(3, 12))
def test_of_a_pair_each_text_is_cut_where_it_was_asked_for(first, more, length):
    second = ["plot"] * more + ["end"]
    token_ids, lengths = TOKENIZER.encode_batch([" ".join(first)], length, pairs=[" ".join(second)], cut="start")
    found = [TOKENIZER.vocabulary[id] for id in token_ids[0] if id]
    of_first, of_second = rooms(len(first), len(second), length)
    kept = [*first[len(first) - of_first :], TOKENIZER.vocabulary[2], *second[len(second) - of_second :]]
    assert found == kept
    assert lengths[0] == len(first) + 1 + len(second)


def test_a_large_vocabulary_widens_the_ids():
    vocabulary = ["[PAD]", "[UNK]", *(f"w{number}" for number in range(70_000))]
    token_ids, _ = WordPieceTokenizer(vocabulary).encode_batch(["w69999"], 2)
    assert token_ids.tolist() == [[70_001, 0]]


def test_characters_that_no_vocabulary_can_hold_harm_no_neighbour():
    tokens = TOKENIZER.encode("good\0 \ud800 film", 8).tokens
    assert tokens == ("[UNK]", "[UNK]", "film")
    token_ids, _ = TOKENIZER.encode_batch(["good\0 \ud800 film", "good"], 8)
    assert [TOKENIZER.vocabulary[i] for i in token_ids[0][:3]] == list(tokens)
    assert TOKENIZER.vocabulary[token_ids[1][0]] == "good"


@given(st.lists(st.text(st.sampled_from("abcdeé東."), min_size=1, max_size=30), min_size=1, max_size=40))
def test_words_of_any_number_of_bytes_are_found_again(words):
    texts = [" ".join(words), " ".join(reversed(words))]
    token_ids, _ = TOKENIZER.encode_batch(texts * 2, 400)
    for row, text in zip(token_ids, texts * 2, strict=True):
        assert row.tolist() == TOKENIZER.encode(text, 400).token_ids.tolist()


def test_a_table_of_many_words_grows_and_loses_none():
    """Far more words than the table has room for at first."""
    letters = "abcdefgh"
    encoder = BulkEncoder(lambda char: SPACE if char.isspace() else JOINED, lambda word: [len(word), ord(word[-1])])
    words = ["".join(letters[(n >> (3 * k)) & 7] for k in range(6)) for n in range(8**6)]
    for _ in range(2):
        ids, offsets = encoder.encode([" ".join(words)])
        assert offsets.tolist() == [0, 2 * len(words)]
        assert ids[::2].tolist() == [6] * len(words)
        assert ids[1::2].tolist() == [ord(word[-1]) for word in words]


def test_a_vocabulary_without_its_special_tokens_is_refused():
    with pytest.raises(ValueError, match="PAD"):
        WordPieceTokenizer(["a", "b"])


def test_a_stop_ends_training_and_tokenising():
    for work in (TOKENIZER.encode_batch, WordPieceTokenizer.train):
        asked = []

        def stopped(asked=asked) -> bool:
            asked.append(1)
            return len(asked) > 3

        with pytest.raises(Stopped):
            work(TEXTS * 30, 1000, stopped=stopped)
        assert len(asked) == 4
