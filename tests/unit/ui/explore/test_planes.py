"""What pictures are made of: cells, what they stand for, their colours and differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.ui.explore.pictures.plane import Axis, Plane, figure, frequencies, numbers, pooled, shades, ticks


def plane(values, **options):
    values = np.asarray(values, np.float32)
    rows, columns = (numbers("n", "n", range(size)) for size in values.shape)
    return Plane("A plane", values, rows, columns, "v", **options)


@given(st.integers(1, 300), st.integers(1, 300), st.booleans())
def test_the_bins_of_a_frequency_axis_hold_every_frequency_once_in_rising_order(size, cells, keep_zero):
    axis = frequencies("k", "k", size, cells, keep_zero)
    wanted = sorted(np.fft.fftfreq(size, 1 / size).round().astype(int).tolist())
    if not keep_zero and size > 1:
        wanted.remove(0)
    found = [value for first, last in zip(axis.first, axis.last) for value in range(first, last + 1)]
    assert [value for value in found if value or keep_zero or size == 1] == wanted
    assert len(axis) == min(cells, len(wanted))


def test_with_zero_left_out_the_read_out_is_not_off_by_a_cycle():
    """The cells from -64 to 63 without 0 are one fewer than the cycles between the ends."""
    axis = frequencies("k", "sequence frequency", 128, 128, keep_zero=False)
    assert [axis.words(index) for index in (0, 63, 64, 126)] == [
        "sequence frequency -64", "sequence frequency -1", "sequence frequency 1", "sequence frequency 63"
    ]  # fmt: skip
    assert frequencies("k", "k", 128, 10, keep_zero=False).words(4) == "k -13 to -1"


def test_a_plane_needs_a_cell_for_each_number():
    with pytest.raises(ValueError, match=r"\(2, 3\) values for 2 rows and 2 columns"):
        Plane("A plane", np.zeros((2, 3)), numbers("r", "r", range(2)), numbers("c", "c", range(2)), "v")


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_signed_colours_are_symmetric_around_zero(one, other):
    low, high = plane([[one, other]], signed=True).levels()
    assert low == -high
    assert shades(np.zeros((1, 1)), low, high, "linear")[0, 0] in (127, 128)


def test_shades_grow_with_the_value_on_both_scales():
    values = np.array([[1e-3, 1e-2, 0.1, 1.0]])
    logarithmic = shades(values, 1e-3, 1.0, "log")[0].astype(int)
    np.testing.assert_allclose(np.diff(logarithmic), 85, atol=1)
    assert shades(values, 0.0, 1.0, "linear")[0].tolist() == [0, 3, 26, 255]
    assert shades(np.array([[0.0, np.nan]]), 1e-3, 1.0, "log").tolist() == [[0, 0]]


def test_a_logarithmic_scale_leaves_out_what_is_no_more_than_noise():
    assert plane([[1e-30, 1.0]]).levels("log") == (pytest.approx(1e-6), 1.0)
    assert plane([[0.0, 0.0]]).levels("log") == (1e-6, 1.0)


def test_a_plane_may_share_the_range_of_others_on_both_scales():
    shared = plane([[0.5, 2.0]], limits=(0.1, 4.0))
    assert shared.levels() == shared.levels("log") == (0.1, 4.0)
    assert plane([[0.5, 2.0]], limits=(0.0, 4.0)).levels("log") == (0.5, 4.0)
    assert plane([[0.5, -2.0]], signed=True, limits=(-4.0, 4.0)).levels() == (-4.0, 4.0)


def test_a_small_screen_loses_no_peak_of_either_sign():
    values = np.zeros((100, 90), np.float32)
    values[37, 55], values[80, 3] = 5.0, -7.0
    small = pooled(values, 10, 12)
    assert small.shape == (10, 12)
    assert small[3, 7] == 5.0
    assert small[8, 0] == -7.0
    np.testing.assert_array_equal(pooled(values, 200, 200), values)


def test_a_difference_is_signed_and_needs_axes_of_one_length():
    difference = plane([[1.0, 2.0]]).less(plane([[0.5, 4.0]]))
    assert difference.values.tolist() == [[0.5, -2.0]]
    assert difference.levels() == (-2.0, 2.0)
    assert difference.quantity == "difference of v"
    with pytest.raises(ValueError, match="different lengths"):
        plane([[1.0, 2.0]]).less(plane([[1.0]]))


def test_rows_can_be_picked_by_their_names():
    words = Axis("word", "word", names=("Rome", "Paris", "Lyon"))
    picture = Plane("Lens", np.array([[1.0], [2.0], [3.0]]), words, numbers("layer", "layer", [1]), "probability")
    picked = picture.of_rows(["Lyon", "Rome"])
    assert picked.values.tolist() == [[3.0], [1.0]]
    assert picked.rows.names == ("Lyon", "Rome")


def test_rows_can_be_shown_by_their_own_maximum():
    assert plane([[1.0, 2.0], [0.0, 0.0], [5.0, 50.0]]).rows_by_own_maximum().values.tolist() == [
        [0.5, 1.0], [0.0, 0.0], [pytest.approx(0.1), 1.0]
    ]  # fmt: skip


def test_the_read_out_names_both_cells_and_the_exact_number():
    axis = Axis("token", "token", names=("[CLS]", "film"), tokens=True)
    picture = Plane("Share", np.array([[0.25, 0.123456]]), numbers("layer", "layer", [3]), axis, "share")
    assert picture.words_at(0, 1) == "layer 3   token film (1)   share = 0.1235"


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0"), (0.5, "0.5"), (1234.5678, "1235"), (1e-4, "1e-4"), (-2.5e7, "-2.5e7")]
)
def test_figures_are_short(value, words):
    assert figure(value) == words


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4), st.integers(2, 10))
def test_ticks_lie_inside_and_are_not_many(low, size, most):
    found = ticks(low, low + size, most)
    assert len(found) <= most + 1
    assert all(low - 1e-6 * size - 1e-9 <= tick <= low + size * 1.000001 + 1e-9 for tick in found)


def test_ticks_of_a_logarithmic_scale_are_round():
    assert ticks(1e-6, 1.0, 4, "log") == pytest.approx([1e-6, 1e-4, 1e-2, 1.0])
    assert ticks(0.3, 3.0, 9, "log") == pytest.approx([0.5, 1.0, 2.0])
