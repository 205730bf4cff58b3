"""From tokens to the words of a sentence, as chips show them."""

import math
from collections.abc import Mapping
from dataclasses import replace

from fnet_studio.core import protocol
from fnet_studio.core.mask import MASK
from fnet_studio.core.special_pieces import UNKNOWN
from fnet_studio.ui.explore.masked_text import Span
from fnet_studio.ui.widgets.chips import Word


def words_of(
    text: str,
    tokenized: protocol.Tokenized,
    masked: tuple[int, ...],
    *,
    whole: bool = True,
    surprise: Mapping[int, float] | None = None,
) -> tuple[tuple[Word, ...], tuple[Span, ...]]:
    """(words, the character range of each). masked: positions that are hidden besides typed masks. whole: the pieces of
    a word share a chip, and are masked together. surprise: bits by position, or None when there is no strip."""
    groups: list[list[int]] = []
    tokens = tokenized.tokens
    for index, token in enumerate(tokens):
        together = (
            whole
            and bool(groups)
            and token.word >= 0
            and tokens[groups[-1][-1]].word == token.word
            and (index in masked) == (groups[-1][-1] in masked)
            and not _is_typed_mask(text, token)
        )
        if together:
            groups[-1].append(index)
        else:
            groups.append([index])
    words, spans = [], []
    for group in groups:
        first, last = tokens[group[0]], tokens[group[-1]]
        span = (first.begin, last.end)
        word = _word(text, [tokens[index] for index in group], tuple(group), group[0] in masked, span)
        if surprise is not None:
            word = replace(word, surprise=tuple(surprise.get(position, math.nan) for position in group))
        words.append(word)
        spans.append(span)
    return tuple(words), tuple(spans)


def _is_typed_mask(text: str, token: protocol.Token) -> bool:
    return token.begin >= 0 and text[token.begin : token.end] == MASK


def _word(text: str, tokens: list, positions: tuple[int, ...], masked: bool, span: Span) -> Word:
    first = tokens[0]
    if first.begin < 0:
        return Word(first.piece, (first.piece,), positions, special=True)
    if _is_typed_mask(text, first):
        return Word("", (MASK,), positions, masked=True)
    pieces = tuple(_piece(text, token) for token in tokens)
    unread = [(written, token.piece) for written, token in zip(pieces, tokens) if token.piece in UNKNOWN]
    unknown = ("".join(written for written, _ in unread), unread[0][1]) if unread else None
    return Word(text[span[0] : span[1]].strip() or pieces[0], pieces, positions, masked=masked, unknown=unknown)


def _piece(text: str, token: protocol.Token) -> str:
    written = text[token.begin : token.end].strip()
    return written or token.piece.replace("▁", "") or "␣"
