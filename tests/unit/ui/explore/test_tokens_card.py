"""What stands under the list of a sentence's tokens."""

import pytest

from fnet_studio.core.protocol import Loaded, Token, Tokenized
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.explore.tokens_card import TokensCard

WORDS = (Token(7, "good", 0, 4, 0), Token(8, "film", 5, 9, 1))
CLS, SEP, MASK = (Token(id, piece, -1, -1, -1, True) for id, piece in ((4, "[CLS]"), (5, "[SEP]"), (6, "[MASK]")))


@pytest.mark.parametrize(
    ("tokens", "mixes_pads", "words"),
    [
        (
            (CLS, *WORDS, MASK, SEP),
            True,
            "5 tokens with [CLS] and [SEP], 11 of padding: the model always reads 16, and padding is mixed in.",
        ),
        (
            (*WORDS, SEP, *WORDS),
            True,
            "5 tokens with [SEP], 11 of padding: the model always reads 16, and padding is mixed in.",
        ),
        (WORDS, False, "2 tokens, 14 of padding: the model always reads 16."),
        (WORDS[:1], False, "1 token, 15 of padding: the model always reads 16."),
    ],
)
def test_the_line_names_the_added_tokens_that_are_there_and_mixes_pads_where_the_model_does(
    qtbot, tokens, mixes_pads, words
):
    focus = Focus()
    card = TokensCard(focus)
    qtbot.addWidget(card)
    loaded = Loaded("p", 1, 1, 1, 1, 16, "none", mixes_pads=mixes_pads)
    focus.show_sentence(loaded, "good film", (), Tokenized(tokens, 16, 16 - len(tokens)))
    assert card.line.text() == words
