import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnet_studio.models import MaskedLMMaskGenerator, MultiSegmentPacker
from fnet_studio.models.masking import mask_rows

CLS, SEP, PAD, MASK = 4, 5, 3, 6
segments = st.lists(st.lists(st.integers(10, 99), max_size=12), min_size=1, max_size=3)


def specified(parts, length, truncate, start=(CLS,), sep=(SEP,), end=(SEP,), padding_side="right"):
    """The same by adding tokens one at a time, which is how both algorithms are usually explained."""
    parts = [list(part) for part in parts]
    room = max(length - len(start) - len(sep) * (len(parts) - 1) - len(end), 0)
    if truncate == "waterfall":
        kept = []
        for part in parts:
            kept.append(part[: room - sum(map(len, kept))])
    else:
        kept = [[] for _ in parts]
        turn = 0
        while sum(map(len, kept)) < room and any(len(k) < len(p) for k, p in zip(kept, parts)):
            index = turn % len(parts)
            if len(kept[index]) < len(parts[index]):
                kept[index].append(parts[index][len(kept[index])])
            turn += 1
    ids, kinds = list(start), [0] * len(start)
    for number, part in enumerate(kept):
        whole = [*part, *(end if number == len(kept) - 1 else sep)]
        ids += whole
        kinds += [number] * len(whole)
    pads = length - len(ids)
    if padding_side == "left":
        return [PAD] * pads + ids, [0] * pads + kinds
    return ids + [PAD] * pads, kinds + [0] * pads


@settings(deadline=None)
@given(parts=segments, length=st.integers(1, 24), truncate=st.sampled_from(["round_robin", "waterfall"]))
def test_packing_is_as_specified(parts, length, truncate):
    packer = MultiSegmentPacker(length, CLS, SEP, pad_value=PAD, truncate=truncate)
    ids, kinds = packer(tuple(parts))
    wanted_ids, wanted_kinds = specified(parts, length, truncate)
    assert ids.tolist() == wanted_ids
    assert kinds.tolist() == wanted_kinds


special = st.lists(st.integers(100, 109), max_size=3)


@settings(deadline=None)
@given(
    parts=segments,
    lengths=st.tuples(st.integers(1, 24), st.none() | st.integers(1, 24)),
    truncate=st.sampled_from(["round_robin", "waterfall"]),
    specials=st.tuples(special, special, special),
    added=st.tuples(st.booleans(), st.booleans()),
    side=st.sampled_from(["left", "right"]),
)
def test_packing_with_several_special_ids_is_as_specified(parts, lengths, truncate, specials, added, side):
    start, sep, end = specials
    packer = MultiSegmentPacker(lengths[0], start, end, sep, PAD, truncate, padding_side=side)
    ids, kinds = packer(tuple(parts), sequence_length=lengths[1], add_start_value=added[0], add_end_value=added[1])
    start, end = start if added[0] else [], end if added[1] else []
    wanted_ids, wanted_kinds = specified(parts, lengths[1] or lengths[0], truncate, start, sep, end, side)
    assert ids.tolist() == wanted_ids
    assert kinds.tolist() == wanted_kinds


def test_a_batch_is_packed_row_by_row():
    packer = MultiSegmentPacker(8, CLS, SEP, pad_value=PAD)
    ids, kinds = packer(([[10, 11], [12]], [[20], [21, 22, 23, 24]]))
    assert ids.tolist() == [[4, 10, 11, 5, 20, 5, 3, 3], [4, 12, 5, 21, 22, 23, 24, 5]]
    assert kinds.tolist() == [[0, 0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1]]


@given(parts=segments, length=st.integers(4, 24))
def test_cutting_at_the_start_is_cutting_the_reversed_texts_at_the_end(parts, length):
    packed, kinds = MultiSegmentPacker(length, CLS, SEP, pad_value=PAD, cut="start")(tuple(parts))
    backwards = [part[::-1] for part in parts]
    wanted, wanted_kinds = MultiSegmentPacker(length, CLS, SEP, pad_value=PAD)(tuple(backwards))
    assert kinds.tolist() == wanted_kinds.tolist()
    for number in range(len(parts)):
        ours, theirs = ((ids[kinds == number]) for ids in (packed, wanted))
        special = [CLS, SEP, PAD]
        assert [id for id in ours if id not in special] == [id for id in theirs if id not in special][::-1]


def test_a_text_cut_in_the_middle_keeps_both_ends():
    packer = MultiSegmentPacker(10, CLS, SEP, pad_value=PAD, cut="middle")
    assert packer(list(range(10, 30)))[0].tolist() == [CLS, 10, 11, 24, 25, 26, 27, 28, 29, SEP]
    assert packer(list(range(10, 18)))[0].tolist() == [CLS, *range(10, 18), SEP]


def test_an_unknown_side_for_the_pads_is_refused():
    with pytest.raises(ValueError, match="left"):
        MultiSegmentPacker(8, CLS, SEP, padding_side="both")  # pyright: ignore[reportArgumentType]


def test_an_unknown_truncation_is_refused():
    with pytest.raises(ValueError, match="round_robin"):
        MultiSegmentPacker(8, CLS, SEP, truncate="middle")  # pyright: ignore[reportArgumentType]


def generator(**kwargs):
    settings = {"vocabulary_size": 100, "mask_selection_rate": 0.15, "mask_token_id": MASK, "seed": 1}
    return MaskedLMMaskGenerator(**{**settings, **kwargs})


def test_masking_keeps_its_rates():
    ids = np.random.default_rng(0).integers(10, 100, (400, 128)).astype(np.int32)
    done = generator(mask_selection_length=128, unselectable_token_ids=[CLS, SEP, PAD])(ids)
    weights = done["mask_weights"]
    chosen = int(weights.sum())
    assert chosen / ids.size == pytest.approx(0.15, abs=0.01)
    now = np.take_along_axis(done["token_ids"], done["mask_positions"], 1)[weights > 0]
    before = done["mask_ids"][weights > 0]
    assert (now == MASK).mean() == pytest.approx(0.8, abs=0.02)
    assert (now == before).mean() == pytest.approx(0.1 + 0.1 / 100, abs=0.02)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=20), min_size=1, max_size=4),
    rate=st.floats(0, 1),
    limit=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_masking_says_what_it_did(rows, rate, limit, seed):
    masker = generator(
        mask_selection_rate=rate, mask_selection_length=limit, unselectable_token_ids=[CLS, SEP, PAD], seed=seed
    )
    done = masker(rows)
    assert done["mask_positions"].shape == (len(rows), limit)
    for row, masked, positions, originals, weights in zip(rows, *done.values(), strict=True):
        chosen = positions[weights > 0].tolist()
        assert chosen == sorted(set(chosen))
        assert [row[p] for p in chosen] == originals[weights > 0].tolist()
        assert not {row[p] for p in chosen} & {CLS, SEP, PAD}
        untouched = [i for i in range(len(row)) if i not in chosen]
        assert [masked[i] for i in untouched] == [row[i] for i in untouched]
        assert not positions[weights == 0].any()
        assert not originals[weights == 0].any()


def test_of_more_than_fit_any_may_be_masked_and_not_the_first_alone():
    done = generator(mask_selection_rate=0.5, mask_selection_length=8)(np.arange(10, 90)[None].repeat(300, 0))
    assert done["mask_weights"].all()
    assert done["mask_positions"].mean() == pytest.approx(39.5, abs=2)


def test_a_rate_of_one_chooses_every_selectable_token():
    done = generator(mask_selection_rate=1.0, unselectable_token_ids=[CLS, SEP])([CLS, 10, 11, SEP])
    assert done["mask_positions"].tolist() == [1, 2]


def test_equal_seeds_give_equal_masks_and_calls_differ():
    ids = np.arange(10, 90)[None].repeat(3, 0)
    one, two = generator(mask_selection_length=40), generator(mask_selection_length=40)
    first = one(ids)
    assert all(np.array_equal(a, b) for a, b in zip(first.values(), two(ids).values(), strict=True))
    assert not np.array_equal(first["token_ids"], one(ids)["token_ids"])


def test_a_generator_has_a_name():
    assert generator(name="mine").name == generator(name="mine").get_config()["name"] == "mine"


@pytest.mark.parametrize(
    "wrong", [{"mask_token_id": 100}, {"mask_selection_rate": 1.5}, {"mask_token_rate": 0.8, "random_token_rate": 0.3}]
)
def test_impossible_rates_are_refused(wrong):
    with pytest.raises(ValueError):
        generator(**wrong)


def rows_of_text(random, rows=64, length=32):
    """Ids 7 to 99 between [CLS] 4, [SEP] 5 and pads 3."""
    ids = np.full((rows, length), 3, np.uint16)
    for row, size in zip(ids, random.integers(1, length - 2, rows), strict=True):
        row[: size + 2] = [4, *random.integers(7, 100, size), 5]
    return ids


SPECIAL = np.arange(100) < 7


def test_rows_are_masked_in_their_share_and_restored_by_their_labels():
    random = np.random.default_rng(0)
    ids = np.concatenate([rows_of_text(random) for _ in range(40)])
    done = mask_rows(ids, random, rate=0.15, room=5, mask_token_id=6, unselectable=SPECIAL)
    count = (~SPECIAL[ids]).sum(axis=1)
    chosen = done.weights.sum(axis=1)
    assert (np.abs(chosen - np.clip(0.15 * count, 1, 5)) < 1).all()
    restored = done.token_ids.copy()
    rows, places = np.nonzero(done.weights)
    restored[rows, done.positions[rows, places]] = done.labels[rows, places]
    assert np.array_equal(restored, ids)
    put = done.token_ids[rows, done.positions[rows, places]]
    assert not SPECIAL[done.labels[rows, places]].any()
    assert abs((put == 6).mean() - 0.8) < 0.03
    assert abs((put == done.labels[rows, places]).mean() - 0.1) < 0.03
    assert set(np.unique(put)) <= {6, *range(7, 100)}


def test_whole_words_are_masked_together():
    random = np.random.default_rng(0)
    begins = np.arange(100) % 3 == 0  # ids 9, 12, … begin words, others go on
    ids = np.tile(np.array([4, 9, 10, 11, 12, 13, 14, 15, 16, 17, 5]), (200, 1))
    done = mask_rows(
        ids, random, rate=0.34, room=4, mask_token_id=6, unselectable=SPECIAL, word_begins=begins, mask_token_rate=1.0
    )
    for row, weights in zip(done.positions, done.weights, strict=True):
        words = (row[weights > 0][:3] - 1) // 3
        assert len(set(words.tolist())) == 1


def test_places_are_drawn_by_their_chances():
    ids = np.tile(np.arange(7, 17), (20_000, 1))
    chances = np.tile(np.arange(1, 11, dtype=np.float32), (20_000, 1))
    random = np.random.default_rng(0)
    options = {"rate": 0.1, "room": 1, "mask_token_id": 6, "unselectable": SPECIAL}
    done = mask_rows(ids, random, chances=chances, **options)
    found = np.bincount(done.labels[:, 0] - 7, minlength=10) / len(ids)
    assert np.allclose(found, np.arange(1, 11) / 55, atol=0.01)


def test_a_place_without_a_chance_is_never_chosen_and_does_not_count():
    ids = np.tile(np.arange(7, 27), (500, 1))
    chances = np.tile(np.arange(20) % 4 == 0, (500, 1)).astype(np.float32)
    chances[0] = 0.0
    options = {"rate": 0.4, "room": 8, "mask_token_id": 6, "unselectable": SPECIAL}
    done = mask_rows(ids, np.random.default_rng(0), chances=chances, **options)
    assert done.weights.sum(axis=1).tolist() == [0] + [2] * 499
    assert ((done.labels[done.weights > 0] - 7) % 4 == 0).all()


def test_a_word_is_drawn_by_the_chance_of_its_first_piece():
    begins = np.arange(100) % 3 == 0
    ids = np.tile(np.array([4, 9, 10, 11, 12, 13, 14, 5]), (20_000, 1))
    chances = np.where(ids == 9, 3.0, 1.0).astype(np.float32)
    chances[:, 5:] = 50.0  # those of pieces that go on with a word say nothing
    options = {"rate": 0.5, "room": 3, "mask_token_id": 6, "unselectable": SPECIAL}
    done = mask_rows(ids, np.random.default_rng(0), word_begins=begins, chances=chances, **options)
    assert set(map(tuple, np.sort(done.labels, axis=1).tolist())) == {(9, 10, 11), (12, 13, 14)}
    assert abs((done.labels.min(axis=1) == 9).mean() - 0.75) < 0.01


def test_a_row_without_text_has_nothing_to_guess():
    done = mask_rows(
        np.array([[4, 5, 3, 3]]), np.random.default_rng(0), rate=0.15, room=2, mask_token_id=6, unselectable=SPECIAL
    )
    assert done.weights.sum() == 0
    assert done.token_ids.tolist() == [[4, 5, 3, 3]]
