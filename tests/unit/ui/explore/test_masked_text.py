"""A text with masks, under editing."""

from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core.protocol import Token
from fnet_studio.ui.explore.masked_text import MaskedText

FRANCE = (15, 21)
SENTENCE = MaskedText("The capital of France is Paris.", frozenset({FRANCE}))


def hidden(masked):
    return sorted(masked.text[begin:end] for begin, end in masked.spans)


def test_typing_before_a_mask_moves_it_along():
    assert hidden(SENTENCE.edited("Now: " + SENTENCE.text)) == ["France"]


def test_typing_behind_a_mask_leaves_it():
    assert hidden(SENTENCE.edited(SENTENCE.text + " Or is it?")) == ["France"]


def test_typing_into_a_masked_word_shows_it_again():
    assert hidden(SENTENCE.edited(SENTENCE.text.replace("France", "Fran ce"))) == []
    assert hidden(SENTENCE.edited(SENTENCE.text.replace("France", "Frances"))) == []


def test_deleting_a_masked_word_forgets_its_mask():
    assert hidden(SENTENCE.edited(SENTENCE.text.replace("France ", ""))) == []


@given(st.text("ab [M]é😀", max_size=30), st.text("ab [M]é😀", max_size=30), st.integers(0, 29), st.integers(1, 8))
def test_a_mask_that_survives_an_edit_hides_the_same_letters(old, new, begin, length):
    span = (begin, min(begin + length, len(old)))
    if span[0] >= span[1]:
        return
    after = MaskedText(old, frozenset({span})).edited(new)
    assert after.text == new
    for a, b in after.spans:
        assert new[a:b] == old[span[0] : span[1]]


def test_toggling_twice_changes_nothing():
    assert SENTENCE.toggled((4, 11)).toggled((4, 11)) == SENTENCE


def test_toggling_a_typed_mask_takes_it_out_of_the_text_with_its_space():
    text = MaskedText("The [MASK] is red.")
    assert text.toggled((4, 10)).text == "The is red."
    assert MaskedText("[MASK] is red.").toggled((0, 6)).text == "is red."


def test_a_word_goes_in_the_place_of_a_clicked_mask():
    after = SENTENCE.put(FRANCE, "Spain", joined=False)
    assert after.text == "The capital of Spain is Paris."
    assert not after.spans


def test_a_word_goes_in_the_place_of_a_typed_mask_and_other_masks_stay():
    text = MaskedText("The [MASK] is red.", frozenset({(14, 17)}))
    after = text.put((4, 10), "umbrella", joined=False)
    assert after.text == "The umbrella is red."
    assert hidden(after) == ["red"]


def test_a_piece_that_continues_a_word_is_joined_to_it():
    assert MaskedText("The [MASK] is red.").put((4, 10), "s", joined=True).text == "Thes is red."


def test_a_whole_word_in_the_place_of_a_piece_stands_apart():
    assert MaskedText("unbe").put((2, 4), "the", joined=False).text == "un the"


def test_positions_are_those_of_the_tokens_that_a_mask_covers():
    tokens = (
        Token(4, "[CLS]", -1, -1, -1, True),
        Token(1, "▁The", 0, 3, 0),
        Token(2, "▁un", 4, 6, 1),
        Token(3, "able", 6, 10, 1),
        Token(5, "[SEP]", -1, -1, -1, True),
    )
    assert MaskedText("The unable", frozenset({(4, 10)})).positions(tokens) == (2, 3)
    assert MaskedText("The unable", frozenset()).positions(tokens) == ()


def test_written_out_each_hidden_stretch_is_a_mask_and_the_space_before_it_stays():
    text = MaskedText("The [MASK] of France is Paris.", frozenset({(13, 20), (24, 29)}))
    assert text.written() == "The [MASK] of [MASK] is [MASK]."
