"""One sentence that stands for several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.alternatives import MOST, has_alternatives, variants
from fnet_studio.core.errors import UserError

WORDS = st.text("ab é[]", max_size=6).map(str.strip)


@given(st.lists(st.tuples(WORDS, st.lists(WORDS.filter(bool), min_size=2, max_size=3)), min_size=1, max_size=2), WORDS)
def test_each_choice_of_one_from_each_group_is_a_sentence_in_order(parts, end):
    text = " ".join(f"{before} {{{'|'.join(group)}}}" for before, group in parts) + " " + end
    found = variants(text)
    wanted = [[]]
    for before, group in parts:
        wanted = [[*one, f"{before} {choice}"] for one in wanted for choice in group]
    assert [one.text for one in found] == [" ".join(one) + " " + end for one in wanted]
    assert all(len(one.chosen) == len(parts) for one in found)
    assert has_alternatives(text)


@given(st.text("ab{} |", max_size=12).filter(lambda text: not has_alternatives(text)))
def test_a_text_without_a_group_stands_for_itself(text):
    assert [one.text for one in variants(text)] == [text]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He is {|not} here.", ["He is here.", "He is not here."]),
        ("{|Perhaps} he is.", ["he is.", "Perhaps he is."]),
        ("{ a | b }{c|d}", ["ac", "ad", "bc", "bd"]),
        ("a set {1, 2} and {x|y}", ["a set {1, 2} and x", "a set {1, 2} and y"]),
        ("{a|b", ["{a|b"]),
    ],
)
def test_empty_ones_take_a_space_with_them_and_other_braces_stay(text, sentences):
    assert [one.text for one in variants(text)] == sentences


def test_too_many_are_refused_with_their_number():
    with pytest.raises(UserError, match="32 sentences") as refused:
        variants("{a|b}" * 5)
    assert str(MOST) in refused.value.advice
