"""Names of runs that stand beside each other."""

import time

from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.run_names import Named, told_apart

NOON = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
HOUR, DAY = 3600, 86_400


def test_different_names_stay_as_they_are():
    assert told_apart([Named("finetune", NOON), Named("scratch", NOON)]) == ["finetune", "scratch"]


def test_the_same_name_on_one_day_gets_the_hour_and_only_where_it_is_needed():
    runs = [Named("finetune", NOON), Named("scratch", NOON), Named("finetune", NOON + HOUR)]
    assert told_apart(runs) == ["finetune, 12:00", "scratch", "finetune, 13:00"]


def test_within_a_minute_the_seconds_are_told():
    assert told_apart([Named("a", NOON), Named("a", NOON + 5)]) == ["a, 12:00:00", "a, 12:00:05"]


def test_on_several_days_the_day_is_told_and_the_hour_where_the_day_is_not_enough():
    assert told_apart([Named("a", NOON), Named("a", NOON + DAY)]) == ["a, 22 Nov", "a, 23 Nov"]
    runs = [Named("a", NOON), Named("a", NOON + HOUR), Named("a", NOON + DAY)]
    assert told_apart(runs) == ["a, 22 Nov 12:00", "a, 22 Nov 13:00", "a, 23 Nov 12:00"]


def test_long_names_that_differ_only_where_they_are_cut_keep_their_ends():
    runs = [Named("a long name of a sweep, rate 0.1", NOON), Named("a long name of a sweep, rate 0.2", NOON + HOUR)]
    assert told_apart(runs, 20) == ["a long…eep, rate 0.1", "a long…eep, rate 0.2"]
    assert told_apart([*runs, Named("short"), Named("a long name, once more")], 20)[2:] == [
        "short",
        "a long name, once m…",
    ]


def test_long_names_that_differ_in_the_middle_are_told_apart_by_their_times():
    runs = [Named(f"a long name of run {it} of those that are the same", NOON + HOUR * it) for it in (0, 1)]
    assert told_apart(runs, 20) == ["a long name …, 12:00", "a long name …, 13:00"]


def test_a_run_of_unknown_time_keeps_its_name():
    assert told_apart([Named("a"), Named("a", NOON)]) == ["a", "a, 12:00"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3 * DAY)), min_size=1, max_size=12))
def test_no_two_read_the_same(runs):
    names = told_apart([Named(name, NOON + second) for name, second in runs])
    assert len(set(names)) == len(runs)
