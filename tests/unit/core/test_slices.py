"""How right a model is on a part of its texts, against published figures and what an interval has to be."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fnet_studio.core import protocol, slices
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.core.slices import Share, Slice


def answers(right):
    """Two classes; the text is of the first, and answered so where `right`."""
    first = np.where(np.asarray(right, bool), 0.9, 0.1)
    return Predictions(np.zeros(len(first), np.int64), np.stack([first, 1 - first], axis=1))


@pytest.mark.parametrize(
    ("right", "texts", "interval"), [(0, 10, (0.0, 0.2775)), (5, 10, (0.2366, 0.7634)), (81, 263, (0.2553, 0.3662))]
)
def test_an_interval_is_the_published_one(right, texts, interval):
    """Wilson's, as in Newcombe 1998 (81 of 263), and by hand."""
    assert Share(texts, right).interval == pytest.approx(interval, abs=1e-4)


def test_a_difference_is_the_published_one():
    """Newcombe 1998, example (a): 56 of 70 beside 48 of 80."""
    right = np.r_[np.arange(70) < 56, np.arange(80) < 48]
    measured = slices.measure(Slice("first", np.arange(70)), answers(right))
    assert measured.share == (70, 56)
    assert tuple(measured.difference) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert measured.difference.clear
    assert slices.told(measured.difference) == "20.0 points higher"


@given(st.integers(1, 10_000), st.data())
def test_an_interval_holds_the_share_and_narrows_with_more_texts(texts, data):
    right = data.draw(st.integers(0, texts))
    low, high = Share(texts, right).interval
    assert 0 <= low <= right / texts <= high <= 1
    closer_low, closer_high = Share(texts * 10, right * 10).interval
    assert closer_high - closer_low < high - low


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.data())
def test_a_slice_and_the_other_texts_differ_in_opposite_directions(right, data):
    inside = data.draw(st.lists(st.booleans(), min_size=len(right), max_size=len(right)))
    rows = np.flatnonzero(inside)
    assume(0 < len(rows) < len(right))
    found = answers(right)
    one = slices.measure(Slice("one", rows), found)
    other = slices.measure(Slice("other", np.flatnonzero(~np.asarray(inside))), found)
    assert one.share.right + other.share.right == sum(right)
    assert one.difference.low <= one.difference.value <= one.difference.high
    assert tuple(one.difference) == pytest.approx(
        (-other.difference.value, -other.difference.high, -other.difference.low)
    )
    assert one.difference.clear == other.difference.clear


def test_all_texts_and_no_texts_have_nothing_to_be_compared_with():
    found = answers([True, False])
    for rows in ([0, 1], []):
        measured = slices.measure(Slice("it", np.array(rows, np.int64)), found)
        assert measured.difference is None
        assert slices.told(measured.difference) == ""
    assert measured.share.interval == (0.0, 1.0)


def test_a_difference_that_is_clear_is_told_as_more_than_nothing():
    assert slices.told(slices.Difference(-0.0004, -0.0006, -0.0002)) == "0.04 points lower"
    assert slices.told(slices.Difference(0.0006, 0.0002, 0.001)) == "0.1 points higher"


@given(st.lists(st.integers(0, 50), max_size=80))
def test_slices_by_length_part_the_texts_from_short_to_long(letters):
    letters = np.array(letters, np.int64)
    found = slices.by_length(letters)
    if not found:  # nearly all of them are as long as the longest
        assert not len(letters) or (letters == letters.max()).mean() > 1 - 1 / slices.BANDS
        return
    assert 2 <= len(found) <= slices.BANDS
    assert sorted(np.concatenate([one.rows for one in found])) == list(range(len(letters)))
    for shorter, longer in pairwise(found):
        assert letters[shorter.rows].max() < letters[longer.rows].min()
    assert len({one.name for one in found}) == len(found)


def test_slices_by_length_are_of_one_size_where_lengths_allow_it():
    found = slices.by_length(np.random.default_rng(0).permutation(np.arange(1, 2001)))
    assert [len(one.rows) for one in found] == [500] * 4
    assert [one.name for one in found] == [
        "Up to 500 letters",
        "501 to 1\u202f000 letters",
        "1\u202f001 to 1\u202f500 letters",
        "Over 1\u202f500 letters",
    ]


def test_a_slice_of_one_length_is_named_by_it():
    found = slices.by_length(np.repeat([1, 2, 73, 90], 10))
    assert [one.name for one in found] == ["Up to 1 letter", "2 letters", "3 to 73 letters", "Over 73 letters"]


def test_answers_of_other_data_are_not_counted():
    blob = np.array([[0, 2], [10, 30]], "<i4").tobytes()
    rows, letters = slices.rows_of(protocol.TextSlice(2, 3), blob, answers([True] * 3))
    assert (list(rows), list(letters)) == ([0, 2], [10, 30])
    with pytest.raises(UserError) as caught:
        slices.rows_of(protocol.TextSlice(2, 4), blob, answers([True] * 3))
    assert "3 texts" in caught.value.message
    assert "now has 4" in caught.value.message
