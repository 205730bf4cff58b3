import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.data.search import BATCH_BYTES, ApartSearch

SLOW = re.compile("(?:a|aa){40}b")
"""On a row of a's it tries more ways than there are seconds."""


@pytest.fixture(scope="module")
def search():
    with ApartSearch(re.compile("(jo+y|é|\ud800)", re.IGNORECASE)) as it:
        yield it


anything = st.text(st.characters(exclude_categories=()), max_size=20)


@given(st.lists(st.one_of(anything, st.sampled_from(["Jooy", "É", "\ud800", "", "x" * BATCH_BYTES])), max_size=9))
def test_a_search_apart_finds_what_a_search_here_finds(search, texts):
    assert list(search.fits(texts)) == [search._pattern.search(text) is not None for text in texts]


def test_a_pattern_that_takes_long_on_one_text_is_given_up_with_advice():
    with ApartSearch(SLOW, longest_s=0.3) as search, pytest.raises(UserError, match="on a single text") as caught:
        list(search.fits(["quick", "a" * 90]))
    assert caught.value.kind == "pattern.slow"
    assert caught.value.advice
    assert search._process.poll() is not None


def test_a_pattern_that_takes_long_is_stopped_in_the_middle_of_a_text():
    answered = []
    with ApartSearch(SLOW, lambda: len(answered) == 1) as search:
        answered.extend(search.fits(["quick"]))
        with pytest.raises(Stopped):
            list(search.fits(["a" * 90]))


def test_a_process_that_dies_is_told():
    with ApartSearch(re.compile("a+")) as search:
        assert list(search.fits(["a"])) == [True]
        search._process.kill()
        search._process.wait()
        with pytest.raises(UserError, match="ended with the status"):
            list(search.fits(["a"]))
