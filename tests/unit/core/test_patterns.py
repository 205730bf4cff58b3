import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import LONGEST, compile_pattern, repeats


@given(st.text(min_size=1, max_size=50), st.text(max_size=20), st.text(max_size=20))
def test_plain_words_are_found_as_they_are_written(words, before, after):
    assert compile_pattern(words, case=True).search(before + words + after)


def test_letter_case_counts_only_where_it_is_asked_for():
    assert compile_pattern("JOY").search("a joy")
    assert not compile_pattern("JOY", case=True).search("a joy")
    assert compile_pattern("") is None


@pytest.mark.parametrize("wrong", ["[", "a(", "*a", "(?P<x>", "a{2,1}"])
def test_a_pattern_that_is_not_complete_is_refused_with_its_place(wrong):
    with pytest.raises(UserError, match="not complete") as caught:
        compile_pattern(wrong, regex=True)
    assert caught.value.advice


@pytest.mark.parametrize("endless", ["(a+)+", "(a*b?)*c", "((a{1,5})+)", "(?:x{2,})+y", "(\\w+\\s?)*$", ".*.*.*.*x"])
def test_a_pattern_that_may_never_end_is_refused(endless):
    with pytest.raises(UserError):
        compile_pattern(endless, regex=True)


@pytest.mark.parametrize("fine", ["(a|b)*c", "\\bgood\\b.*bad", "^(very )+long$", "(?i)x|y", "(?P<n>a)(?(n)b|c)"])
def test_ordinary_patterns_are_taken(fine):
    assert compile_pattern(fine, regex=True)


def test_a_pattern_has_a_longest_length():
    with pytest.raises(UserError, match=str(LONGEST)):
        compile_pattern("a" * (LONGEST + 1))


@pytest.mark.parametrize(
    ("pattern", "there"), [("a.c", False), ("(a|b)[c-e]", False), ("(x(?:y|z*))", True), ("a{2,}", True), ("a??", True)]
)
def test_a_repeat_is_seen_wherever_it_stands(pattern, there):
    found = compile_pattern(pattern, regex=True)
    assert repeats(found) is there
    assert not repeats(compile_pattern(pattern))
