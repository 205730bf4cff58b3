"""Names and titles in drawings, whatever their letters: they keep to the room that there is."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import drawn_words, svg_chart
from fnet_studio.core.svg_chart import Line, Plot, Points

CHINESE = ["非常积极的影评（五星好评）", "比较消极的影评（一两星）", "中性或者无法判断的影评"]
LONG = "A very long run name that someone gave: learning rate 3e-4, batch 64, seeds 1 to 5, second try after lunch"


def words_of(svg, size="11"):
    """(x, y, words) of the names that stand under the plots, or of the title."""
    texts = [one for one in ET.fromstring(svg).iter() if one.tag.endswith("text") and one.get("font-size") == size]
    return [(float(one.get("x")), float(one.get("y")), one.text or "") for one in texts if not one.get("text-anchor")]


def scattered(names, height=300):
    points = [Points(np.array([2.0]), np.array([2.0]), "#123456", name) for name in names]
    plot = Plot("second", points=points, x_span=(-3, 3), y_span=(-3, 3))
    return svg_chart.draw([plot], "first", 760, height, LONG)


@pytest.mark.parametrize("names", [CHINESE, [LONG, "short"], [f"talk.politics.number {n}" for n in range(20)]])
def test_the_legend_of_points_stands_under_them_and_within_the_drawing(names):
    svg = scattered(names)
    found = words_of(svg)
    assert len(found) == len(names)
    high = float(ET.fromstring(svg).get("height"))
    for x, y, words in found:
        assert 26 + svg_chart.TOP + 300 + svg_chart.BOTTOM < y < high
        assert svg_chart.LEFT < x < x + drawn_words.width(words, 11) <= 760
    assert len({(x, y) for x, y, _ in found}) == len(names)


def test_a_chinese_letter_is_as_wide_as_it_is_high_and_an_accent_takes_no_room():
    assert drawn_words.width("影评", 11) == 22
    assert drawn_words.width("cafe\u0301", 11) == drawn_words.width("cafe", 11)


def test_a_long_run_s_name_and_title_end_in_an_ellipsis_and_the_plot_is_free_of_them():
    x = np.arange(5.0)
    svg = svg_chart.draw([Plot("loss", [Line(x, x, "#123456", LONG), Line(x, x, "#654321", "b")])], "step", title=LONG)
    (_, _, title), *_ = words_of(svg, "14")
    assert LONG.startswith(title[:-1])
    assert title.endswith("…")
    names = words_of(svg)
    assert [words for _, _, words in names] == [drawn_words.shortened(LONG, 640, 11), "b"]
    assert min(y for _, y, _ in names) > 26 + svg_chart.TOP + 240


@given(st.text(), st.floats(0, 300), st.floats(1, 40))
def test_what_is_shortened_fits_and_is_a_beginning_and_what_fits_stays(words, room, size):
    found = drawn_words.shortened(words, room, size)
    if found == words:
        return
    assert drawn_words.width(words, size) > room
    assert found[-1] == "…"
    assert words.startswith(found[:-1])
    assert drawn_words.width(found, size) <= max(room, drawn_words.width("…", size)) + 1e-6
