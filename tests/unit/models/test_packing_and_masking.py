import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnet_studio.models import MaskedLMMaskGenerator, MultiSegmentPacker

CLS, SEP, PAD, MASK = 4, 5, 3, 6
segments = st.lists(st.lists(st.integers(10, 99), max_size=12), min_size=1, max_size=3)


def specified(parts, length, truncate):
    """The same by removing tokens one at a time, which is how both algorithms are usually explained."""
    parts = [list(part) for part in parts]
    room = max(length - 1 - len(parts), 0)
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
    ids, kinds = [CLS], [0]
    for number, part in enumerate(kept):
        ids += [*part, SEP]
        kinds += [number] * (len(part) + 1)
    ids, kinds = ids[:length], kinds[:length]
    return ids + [PAD] * (length - len(ids)), kinds + [0] * (length - len(kinds))


@settings(deadline=None)
@given(parts=segments, length=st.integers(4, 24), truncate=st.sampled_from(["round_robin", "waterfall"]))
def test_packing_is_as_specified(parts, length, truncate):
    packer = MultiSegmentPacker(length, CLS, SEP, pad_value=PAD, truncate=truncate)
    ids, kinds = packer(tuple(parts))
    wanted_ids, wanted_kinds = specified(parts, length, truncate)
    assert ids.tolist() == wanted_ids
    assert kinds.tolist() == wanted_kinds


def test_a_batch_is_packed_row_by_row():
    packer = MultiSegmentPacker(8, CLS, SEP, pad_value=PAD)
    ids, kinds = packer(([[10, 11], [12]], [[20], [21, 22, 23, 24]]))
    assert ids.tolist() == [[4, 10, 11, 5, 20, 5, 3, 3], [4, 12, 5, 21, 22, 23, 24, 5]]
    assert kinds.tolist() == [[0, 0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1]]


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


def test_a_rate_of_one_chooses_every_selectable_token():
    done = generator(mask_selection_rate=1.0, unselectable_token_ids=[CLS, SEP])([CLS, 10, 11, SEP])
    assert done["mask_positions"].tolist() == [1, 2]


def test_equal_seeds_give_equal_masks_and_calls_differ():
    ids = np.arange(10, 90)[None].repeat(3, 0)
    one, two = generator(mask_selection_length=40), generator(mask_selection_length=40)
    first = one(ids)
    assert all(np.array_equal(a, b) for a, b in zip(first.values(), two(ids).values(), strict=True))
    assert not np.array_equal(first["token_ids"], one(ids)["token_ids"])


@pytest.mark.parametrize(
    "wrong", [{"mask_token_id": 100}, {"mask_selection_rate": 1.5}, {"mask_token_rate": 0.8, "random_token_rate": 0.3}]
)
def test_impossible_rates_are_refused(wrong):
    with pytest.raises(ValueError):
        generator(**wrong)
