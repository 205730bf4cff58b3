"""Pixels and what they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.ui.widgets.atlas import Atlas, colour_table, look_up_table


def atlas(layers=3, rows=4, columns=5, **meaning):
    pixels = np.arange(layers * rows * columns, dtype=np.uint8)
    return Atlas.from_bytes(pixels.tobytes(), layers, rows, columns, **({"low": 0.0, "high": 255.0} | meaning))


def test_a_blob_of_another_size_is_refused():
    with pytest.raises(ValueError, match="59 bytes are not 3 maps of 4 x 5"):
        Atlas.from_bytes(bytes(59), 3, 4, 5, low=0.0, high=1.0)


def test_grey_levels_stand_for_values_between_low_and_high():
    picture = atlas(low=-1.0, high=1.0)
    assert picture.value(0, 0, 0) == -1.0
    assert picture.value(2, 3, 4) == pytest.approx(-1 + 2 * 59 / 255)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(-500, 0), st.floats(1, 500))
def test_the_centre_of_every_pixel_lies_on_what_it_stands_for(rows, columns, first, last):
    picture = atlas(1, rows, columns, row_span=(first, last), column_span=(first, last))
    for row, column in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 2)):
        y = first if rows == 1 else first + (last - first) * row / (rows - 1)
        x = first if columns == 1 else first + (last - first) * column / (columns - 1)
        assert picture.cell(x, y) == (row, column)


def test_outside_the_picture_there_is_no_pixel():
    picture = atlas(row_span=(0.0, 3.0), column_span=(0.0, 4.0))
    assert picture.cell(-0.51, 0) is None
    assert picture.cell(0, 3.51) is None


@pytest.mark.parametrize(
    ("rows", "keep_zero", "at", "words"),
    [(7, False, 3, "-1"), (7, False, 4, "1"), (8, True, 4, "0"), (7, False, 6, "3"), (3, False, 2, "2 to 3")],
)
def test_a_frequency_that_is_left_out_does_not_shift_those_beside_it(rows, keep_zero, at, words):
    picture = atlas(1, rows, 1, row_span=(-4.0, 3.0), keep_zero=keep_zero)
    assert picture.numbers(0, at) == words


def test_the_colour_map_grows_lighter_all_the_way():
    table = look_up_table().astype(float)
    light = table @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(light) > -0.5).all()
    assert light[-1] > light[0] + 100
    assert len(colour_table()) == 256
