"""From tokens to chips."""

from fnet_studio.core.protocol import Token, Tokenized
from fnet_studio.ui.explore.words import words_of

TEXT = "The unbelievable [MASK]."
TOKENS = (
    Token(4, "[CLS]", -1, -1, -1, True),
    Token(24, "▁The", 0, 3, 0),
    Token(1, "▁un", 4, 6, 1),
    Token(2, "believ", 6, 12, 1),
    Token(3, "able", 12, 16, 1),
    Token(6, "[MASK]", 17, 23, 2, True),
    Token(10, ".", 23, 24, 3),
    Token(5, "[SEP]", -1, -1, -1, True),
)


def words(masked=()):
    return words_of(TEXT, Tokenized(TOKENS, 16, 8), masked)


def test_the_pieces_of_a_word_are_one_chip():
    shown, spans = words()
    assert [word.text for word in shown] == ["[CLS]", "The", "unbelievable", "", ".", "[SEP]"]
    assert shown[2].pieces == ("un", "believ", "able")
    assert shown[2].positions == (2, 3, 4)
    assert spans[2] == (4, 16)


def test_a_typed_mask_is_a_masked_word_with_nothing_behind_it():
    shown, _ = words()
    assert shown[3].masked
    assert shown[3].text == ""
    assert not shown[3].special


def test_added_tokens_are_special_and_the_rest_is_not():
    shown, _ = words()
    assert [word.special for word in shown] == [True, False, False, False, False, True]


def test_a_masked_word_keeps_what_stood_there():
    shown, _ = words(masked=(2, 3, 4))
    assert shown[2].masked
    assert shown[2].text == "unbelievable"


def test_a_word_with_one_masked_piece_falls_into_chips_that_can_be_told_apart():
    shown, _ = words(masked=(3,))
    assert [(word.text, word.masked) for word in shown[2:5]] == [("un", False), ("believ", True), ("able", False)]


def test_a_word_that_the_vocabulary_cannot_spell_is_marked():
    tokens = (Token(10, "▁Good", 0, 4, 0), Token(30, "▁cafe", 5, 9, 1), Token(0, "<unk>", 9, 10, 1))
    shown, _ = words_of("Good cafe☃", Tokenized(tokens, 16, 8), ())
    assert [(word.text, word.unknown) for word in shown] == [("Good", None), ("cafe☃", ("☃", "<unk>"))]
