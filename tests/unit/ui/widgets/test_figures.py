"""How numbers are written."""

import math

import pytest

from fnet_studio.ui.widgets import figures


@pytest.mark.parametrize(
    ("share", "words"),
    [
        *((0.4312, "43.1 %"), (0.0, "0.0 %"), (0.0004, "0.040 %"), (1e-7, "<0.001 %"), (math.nan, "–")),
        *((1.0, "100.0 %"), (0.9996, "99.960 %"), (1 - 1e-7, ">99.999 %"), (0.9994, "99.9 %")),
    ],
)
def test_nearly_none_and_nearly_all_keep_digits_that_mean_something(share, words):
    assert figures.percent(share) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "–"), (0.4, "0 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (4020, "1 h 07 min"), (math.inf, "–")],
)
def test_durations_are_short_and_never_say_sixty_seconds(seconds, words):
    assert figures.duration(seconds) == words


def test_a_share_of_less_than_one_percent_keeps_a_digit_among_whole_ones():
    assert [figures.percent(share, 0) for share in (0.97, 0.0092, 0.0097, 0.0004)] == [
        "97 %",
        "0.9 %",
        "1 %",
        "0.040 %",
    ]


def test_thousands_stand_apart_without_a_place_to_break_the_line():
    assert figures.count(2382337) == "2\u202f382\u202f337"


@pytest.mark.parametrize(
    ("number", "words"),
    [(850, "850"), (22500, "22.5 k"), (1_300_000, "1.30 M"), (999.7, "1.0 k"), (999_960, "1.00 M"), (math.nan, "–")],
)
def test_rates_are_short(number, words):
    assert figures.short_count(number) == words


@pytest.mark.parametrize(("value", "words"), [(0.5, "0.5000"), (0.0005, "0.0005"), (1e-6, "1e-06"), (math.inf, "–")])
def test_losses_and_rates_keep_four_digits(value, words):
    assert figures.measure(value) == words


def test_a_noun_behind_a_number_is_singular_for_one_alone():
    assert [figures.counted(number, "text") for number in (0, 1, 2, 2382)] == [
        "0 texts",
        "1 text",
        "2 texts",
        "2\u202f382 texts",
    ]
    assert figures.right(1.0, "test", True, 1) == "100.0 % of 1 test text right"
    assert figures.right(0.5, "test", True) == "50.0 % of the test texts right"
