import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.cutting import stays


@given(st.integers(0, 60), st.integers(-3, 70), st.sampled_from(["end", "start", "middle"]))
def test_as_many_tokens_stay_as_fit_in_their_order_from_the_sides_that_were_asked_for(length, room, cut):
    tokens = list(range(length))
    first, last = (tokens[part] for part in stays(length, room, cut))
    fit = max(min(length, room), 0)
    assert len(first) + len(last) == fit
    assert first == tokens[: len(first)]
    assert last == tokens[length - len(last) :]
    if fit == length:
        assert not last
    elif cut != "middle":
        assert (first if cut == "start" else last) == []


@pytest.mark.parametrize(("room", "begins", "ends"), [(510, 127, 383), (4, 1, 3), (3, 0, 3), (0, 0, 0)])
def test_of_a_text_cut_in_the_middle_a_quarter_is_its_beginning(room, begins, ends):
    first, last = stays(1000, room, "middle")
    assert (first, last) == (slice(0, begins), slice(1000 - ends, 1000))
