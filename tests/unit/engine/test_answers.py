"""The numbers of Explore against an independent NumPy computation on a golden preset."""

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy_fnet import NumpyFNet

from fnet_studio.core import protocol
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.engine import answers, candidates, joint, surprise
from fnet_studio.engine.fill_mask import LoadedPreset
from fnet_studio.engine.first_calls import NOBODY, Nobody

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
TEXT = "The river ran through the town and out to the sea."
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("golden") / "golden"
    shutil.copytree(GOLDEN / "kerashub_masked_lm", target)
    (target / "assets/tokenizer").mkdir(parents=True)
    shutil.copy(GOLDEN / "vocabulary.spm", target / "assets/tokenizer")
    return target


@pytest.fixture(scope="module")
def preset(folder):
    return LoadedPreset(str(folder))


@pytest.fixture(scope="module")
def plain(folder):
    return NumpyFNet(folder)


def ids_of(preset, text=TEXT):
    """(length,), padded here and not by the product."""
    ids = [token.id for token in preset.tokenize(text).tokens]
    return np.array(ids + [preset.tokenizer.pad_token_id] * (64 - len(ids)))


def hidden(preset, positions, text=TEXT):
    ids = ids_of(preset, text)
    ids[list(positions)] = preset.tokenizer.mask_token_id
    return ids


def fill(preset, masked, text=TEXT, **options):
    return answers.fill(preset, protocol.FillMask("golden", text, tuple(masked), **options))


WORDS = st.lists(st.sampled_from(["river", "the", "town", "ran,", "Sea.", "un", "-"]), max_size=6).map(" ".join)


@given(WORDS, WORDS, st.booleans())
def test_two_texts_are_packed_as_a_pair_is_for_training(preset, first, second, spaces):
    between = " [SEP]  " if spaces else "[SEP]"
    features = preset.features(preset.tokenize(first + between + second))
    packed = preset.model.preprocessor.pack(([first], [second]))
    for found, wanted in zip((features["token_ids"], features["segment_ids"]), packed, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(("first", "second"), [(5, 90), (90, 5), (90, 90)])
def test_two_texts_that_are_too_long_lose_their_end(preset, first, second):
    text = " ".join(["town"] * first) + " [SEP] " + " ".join(["river"] * second)
    tokenized = preset.tokenize(text)
    tokens = tokenized.tokens
    of_each = [len(preset.tokenizer.encode(part.strip())) for part in text.split("[SEP]")]
    assert (len(tokens), tokenized.padding) == (64, 0)
    assert tokenized.cut_tokens == sum(of_each) - 61
    seen = [token for token in tokens if token.begin >= 0]
    assert max(token.end for token in seen if token.begin < tokenized.cut_at) <= tokenized.cut_at
    assert all(token.begin < tokenized.cut_at for token in seen)
    assert [token.piece for token in tokens].count("[SEP]") == 2


def test_a_mask_in_a_second_text_is_answered_with_its_segment(preset, folder):
    first, second = "The river ran through the town.", "It reached the sea."
    (answer,) = fill(preset, (), text=f"{first}[SEP][MASK] reached the sea.", top_k=20).answers
    ids, segments = preset.model.preprocessor.pack(([first], [second]))
    ids[0, answer.position] = preset.tokenizer.mask_token_id
    features = {"token_ids": ids, "segment_ids": segments, "mask_positions": np.array([[answer.position]])}
    row = preset.model.probabilities(features)[0, 0]
    assert segments[0, answer.position] == 1
    np.testing.assert_allclose([c.probability for c in answer.candidates], np.sort(row)[::-1][:20], **CLOSE)


def test_a_candidate_right_behind_a_separator_begins_a_word(preset):
    told = [
        candidates.score(preset, protocol.Score("golden", text, target, ("The",))).rows[0]
        for text, target in (("[SEP][MASK] river", 2), ("[SEP] [MASK] river", 2))
    ]
    assert [piece.piece for piece in told[0].pieces] == [piece.piece for piece in told[1].pieces]
    assert told[0].pieces[0].piece.startswith("▁")


def test_each_mask_has_the_probabilities_of_a_plain_forward_pass_at_the_presets_own_length(preset, plain):
    masked = (2, 5)
    filled = fill(preset, masked, top_k=20)
    for answer in filled.answers:
        row = plain.log_probabilities(hidden(preset, masked)[None], answer.position)[0]
        best = np.sort(np.exp(row))[::-1][:20]
        np.testing.assert_allclose([c.probability for c in answer.candidates], best, **CLOSE)
        was = ids_of(preset)[answer.position]
        assert answer.original.probability == pytest.approx(np.exp(row[was]), rel=1e-3)
        assert answer.original_rank == 1 + (row > row[was]).sum()


def test_a_beam_as_wide_as_the_vocabulary_finds_the_best_of_all_chains(preset, plain):
    at = [3, 6]
    ids = hidden(preset, at)
    first = plain.log_probabilities(ids[None], at[0])[0]
    filled = np.repeat(ids[None], len(first), axis=0)
    filled[:, at[0]] = np.arange(len(first))
    every = first[:, None] + plain.log_probabilities(filled, at[1])
    found = joint.search(preset, ids, at, len(first), 10, NOBODY)
    np.testing.assert_allclose([chain.total for chain in found.chains], np.sort(every.ravel())[::-1][:10], **CLOSE)
    for chain in found.chains:
        assert chain.total == pytest.approx(every[chain.ids], rel=1e-4)


def test_a_narrow_beam_keeps_what_a_plain_beam_keeps(preset, plain):
    at, width = [2, 4, 7], 3
    ids = hidden(preset, at)
    beam = [((), 0.0)]
    for place in at:
        longer = []
        for chosen, total in beam:
            row = ids.copy()
            row[at[: len(chosen)]] = chosen
            logs = plain.log_probabilities(row[None], place)[0]
            longer += [((*chosen, int(i)), total + logs[i]) for i in np.argsort(-logs)[:width]]
        beam = sorted(longer, key=lambda item: -item[1])[:width]
    filled = fill(preset, at, mode="joint", beam_width=width, top_k=1)
    found = {tuple(c.id for c in chain.candidates): chain.log_probability for chain in filled.joint}
    assert found == pytest.approx(dict(beam), rel=1e-4)


def test_left_to_right_puts_the_best_piece_in_before_it_goes_on(preset, plain):
    at = [2, 4, 7]
    ids = hidden(preset, at)
    filled = fill(preset, at, mode="left-to-right", top_k=4)
    (chain,) = filled.joint
    total = 0.0
    for answer, chosen in zip(filled.answers, chain.candidates, strict=True):
        row = plain.log_probabilities(ids[None], answer.position)[0]
        assert answer.candidates[0].id == chosen.id == row.argmax()
        np.testing.assert_allclose([c.probability for c in answer.candidates], np.sort(np.exp(row))[::-1][:4], **CLOSE)
        total += row.max()
        ids[answer.position] = chosen.id
    assert chain.log_probability == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("mode", ["left-to-right", "joint"])
def test_what_stood_there_is_scored_by_the_same_chain(preset, plain, mode):
    at = [2, 4, 7]
    ids, total = hidden(preset, at), 0.0
    for place in at:
        was = ids_of(preset)[place]
        total += plain.log_probabilities(ids[None], place)[0][was]
        ids[place] = was
    assert fill(preset, at, mode=mode).original_joint.log_probability == pytest.approx(total, rel=1e-4)


def test_the_surprise_of_every_token_is_that_of_masking_it_alone(preset, plain):
    told = surprise.surprise(preset, protocol.Surprise("golden", TEXT))
    ids = ids_of(preset)
    count = len(preset.tokenize(TEXT).tokens)
    assert [token.position for token in told.tokens] == list(range(1, count - 1))
    for token in told.tokens:
        row = plain.log_probabilities(hidden(preset, [token.position])[None], token.position)[0]
        assert token.log_probability == pytest.approx(row[ids[token.position]], rel=1e-4)
        assert token.rank == 1 + (row > row[ids[token.position]]).sum()
        assert token.best.id == row.argmax()
        (alone,) = fill(preset, [token.position]).answers
        assert token.log_probability == pytest.approx(np.log(alone.original.probability), rel=1e-4)


def test_a_sweep_in_many_chunks_is_that_of_one_and_is_broken_off_between_them(preset, monkeypatch):
    whole = surprise.surprise(preset, protocol.Surprise("golden", TEXT))
    monkeypatch.setattr("fnet_studio.engine.fill_mask.CHUNK_TOKENS", 4 * 64)
    pieces = surprise.surprise(preset, protocol.Surprise("golden", TEXT))
    np.testing.assert_allclose(
        [t.log_probability for t in whole.tokens], [t.log_probability for t in pieces.tokens], rtol=1e-5
    )
    calls = itertools.count(1)

    class StopAtTheSecond(Nobody):
        def check(self):
            if next(calls) == 2:
                raise Stopped

    with pytest.raises(Stopped):
        surprise.surprise(preset, protocol.Surprise("golden", TEXT), StopAtTheSecond())
    assert next(calls) == 3


def test_a_candidate_of_several_pieces_gets_its_pseudo_log_likelihood(preset, plain):
    position = 2
    tokenizer = preset.tokenizer
    text, pieces = next(
        (word, ids) for word in ("window", "mountain", "elephants") if 2 <= len(ids := tokenizer.ids(word)) <= 4
    )
    (row, original) = candidates.score(preset, protocol.Score("golden", TEXT, position, (text,), (position,))).rows
    assert row.pseudo
    assert row.rank == 0
    ids = ids_of(preset)
    longer = np.array([*ids[:position], *pieces, *ids[position + 1 :]])[:64]
    total = 0.0
    for index, piece in enumerate(pieces):
        masked = longer.copy()
        masked[position + index] = tokenizer.mask_token_id
        total += plain.log_probabilities(masked[None], position + index)[0][piece]
    assert row.log_probability == pytest.approx(total, rel=1e-4)
    assert original.original
    assert not original.pseudo
    assert original.log_probability == pytest.approx(
        plain.log_probabilities(hidden(preset, [position])[None], position)[0][ids[position]], rel=1e-4
    )


def test_a_word_of_several_pieces_makes_room_for_a_candidate_of_one(preset, plain):
    text = "The elephants ran."
    tokens = preset.tokenize(text).tokens
    places = [index for index, token in enumerate(tokens) if token.word == 1]
    assert len(places) > 1
    asked = protocol.Score("golden", text, places[-1], ("the",), tuple(places))
    the, original = candidates.score(preset, asked).rows
    ids = [
        *[t.id for t in tokens[: places[0]]],
        preset.tokenizer.mask_token_id,
        *[t.id for t in tokens[places[-1] + 1 :]],
    ]
    padded = np.array([ids + [preset.tokenizer.pad_token_id] * (64 - len(ids))])
    wanted = plain.log_probabilities(padded, places[0])[0][preset.tokenizer.token_to_id("▁the")]
    assert the.log_probability == pytest.approx(wanted, rel=1e-4)
    assert original.pseudo
    assert [piece.id for piece in original.pieces] == [tokens[index].id for index in places]


def test_candidates_that_have_no_score_say_why_and_the_others_have_theirs(preset):
    asked = protocol.Score("golden", "The [MASK].", 2, ("", "[MASK]", "the", "word " * 70))
    empty, mask, the, long = candidates.score(preset, asked).rows
    assert "empty" in empty.problem
    assert "no pieces" in mask.problem
    assert not the.problem
    assert "does not fit" in long.problem


def test_many_texts_are_answered_as_each_of_them_alone(preset):
    texts = ["The [MASK] ran.", "A [MASK] and a [MASK] and a [MASK].", "The sea is [MASK]."] * 30
    many = answers.fill_many(preset, protocol.FillMany("golden", tuple(texts), 3))
    for text, row in zip(texts[:3], many.rows):
        for one, other in zip(row.answers, fill(preset, (), text, top_k=3).answers, strict=True):
            assert one.position == other.position
            np.testing.assert_allclose(
                [c.probability for c in one.candidates], [c.probability for c in other.candidates], **CLOSE
            )


def test_two_texts_have_both_sides_probability_for_every_listed_piece(preset, plain):
    texts = ("The [MASK] ran.", "The sea is [MASK].")
    command = protocol.Compare(*(protocol.FillMask("golden", text, top_k=4) for text in texts))
    (mask,) = answers.compare(preset, preset, command).masks
    rows = [plain.log_probabilities(ids_of(preset, text)[None], at)[0] for text, at in zip(texts, (2, 4))]
    assert 4 <= len(mask) <= 8
    for difference in mask:
        token_id = preset.tokenizer.token_to_id(difference.piece)
        assert difference.first == pytest.approx(np.exp(rows[0][token_id]), rel=1e-3)
        assert difference.second == pytest.approx(np.exp(rows[1][token_id]), rel=1e-3)


def test_presets_of_different_vocabularies_are_compared_by_piece_and_a_missing_piece_is_said(preset):
    other = LoadedPreset("fnet_mini_en")
    command = protocol.Compare(*(protocol.FillMask(name, "The [MASK] ran.", top_k=20) for name in ("golden", "mini")))
    (mask,) = answers.compare(preset, other, command).masks
    vocabularies = [set(it.tokenizer.get_vocabulary()) for it in (preset, other)]
    for difference in mask:
        assert (difference.first is None) == (difference.piece not in vocabularies[0])
        assert (difference.second is None) == (difference.piece not in vocabularies[1])
    assert any(difference.first is None for difference in mask)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"mode": "joint", "beam_width": 0}, "fill-mask.beam-width"),
        ({"mode": "joint", "beam_width": 51}, "fill-mask.beam-width"),
        ({"mode": "left-to-right", "text": "[MASK] " * 17}, "fill-mask.too-many"),
    ],
)
def test_a_question_that_would_take_for_ever_is_refused(preset, options, kind):
    with pytest.raises(UserError) as caught:
        fill(preset, (), **{"text": "The [MASK].", **options})
    assert caught.value.kind == kind
    assert caught.value.advice
