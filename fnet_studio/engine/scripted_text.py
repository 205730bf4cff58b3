"""Words and plausible answers for the scripted engine: deterministic, and never mistaken for a model's."""

import hashlib
import math
import re
from collections.abc import Sequence

import numpy as np

from fnet_studio.core import presets, protocol
from fnet_studio.core.cutting import Cut
from fnet_studio.core.errors import UserError
from fnet_studio.core.mask import HOW_TO_HIDE
from fnet_studio.data.wordpiece import SEPARATOR
from fnet_studio.engine.explored import texts_of, tokenized
from fnet_studio.engine.text_cutter import Pieces

LENGTH = 128
VOCABULARY = 8000
CLS, SEP, MASK = 4, 5, 6
_WORD = re.compile(r"\[MASK\]|\w+|[^\w\s]")

# What fits behind which word: enough for a demonstration.
_AFTER = {
    "the": ["best", "first", "whole", "last", "world", "same", "city", "film"],
    "a": ["good", "new", "long", "small", "great", "very", "little", "slow"],
    "is": ["not", "a", "the", "very", "called", "now", "also", "still"],
    "of": ["the", "his", "all", "them", "this", "it", "these", "her"],
    "was": ["a", "not", "born", "made", "the", "very", "found", "released"],
    "in": ["the", "a", "his", "this", "time", "order", "fact", "France"],
}
_ABOUT = {
    "france": ["Paris", "Lyon", "Marseille", "Toulouse", "Nice"],
    "germany": ["Berlin", "Hamburg", "Munich", "Bonn", "Cologne"],
    "italy": ["Rome", "Milan", "Turin", "Naples", "Florence"],
    "film": ["great", "long", "good", "bad", "terrible"],
    "movie": ["great", "good", "bad", "boring", "funny"],
}
_ANYWHERE = ["and", "the", "of", "to", "in", "it", "that", "was", "for", "on", "with", "as", "by", "at", "from", "one"]


def number(*words: object) -> int:
    """The same number for the same words in every process, which `hash` is not."""
    return int.from_bytes(hashlib.blake2b(repr(words).encode(), digest_size=6).digest(), "little")


def word_id(word: str) -> int:
    return MASK if word == "[MASK]" else 10 + number(word.lower()) % (VOCABULARY - 10)


class WordCutter:
    """Implements `engine.text_cutter.TextCutter`: one token a word or sign, none of them unknown."""

    own_length = most_length = LENGTH
    vocabulary_size, unknown_id = VOCABULARY, -1

    def __init__(self, preset: str) -> None:
        presets.folder(preset)

    def lengths(self, texts: Sequence[str], pairs: Sequence[str] | None) -> np.ndarray:
        found = np.array([len(_WORD.findall(text)) for text in texts], np.int64) + 2
        return found if pairs is None else found + [len(_WORD.findall(pair)) + 1 for pair in pairs]

    def pack(self, text: str, pair: str | None, length: int, cut: Cut) -> Pieces:
        found = Pieces([protocol.Token(CLS, "[CLS]", -1, -1, -1, True)], [0], [], [])
        texts = [text] if pair is None else [text, pair]
        room = (length - 1 - len(texts)) // len(texts)
        for segment, one in enumerate(texts):
            tokens = [
                protocol.Token(word_id(word.group()), f"▁{word.group()}", *word.span(), number)
                for number, word in enumerate(_WORD.finditer(one))
            ]
            found.take(segment, tokens, room, cut)
            found.put(segment, protocol.Token(SEP, "[SEP]", -1, -1, -1, True))
        return found


def tokenize(text: str) -> protocol.Tokenized:
    """One token a word or sign; `[SEP]` between two texts. UserError `text.too-many`."""
    parts, word = texts_of(text), -1
    found = Pieces([protocol.Token(CLS, "[CLS]", -1, -1, -1, True)], [0], [], [])
    for segment, (begin, part) in enumerate(parts):
        tokens = []
        for match in _WORD.finditer(part):
            piece = match.group()
            leading = match.start() == 0 or part[match.start() - 1].isspace()
            word += 1
            is_mask = piece == "[MASK]"
            shown = f"▁{piece}" if leading and not is_mask else piece
            place = (begin + match.start(), begin + match.end())
            tokens.append(protocol.Token(word_id(piece), shown, *place, word, is_mask))
        found.take(segment, tokens, LENGTH - len(found.tokens) - len(parts[segment:]), "end")
        found.put(segment, protocol.Token(SEP, SEPARATOR, -1, -1, -1, True))
    return tokenized(found, LENGTH)


def with_masks(tokenized: protocol.Tokenized, masked: tuple[int, ...]) -> protocol.Tokenized:
    """UserError `fill-mask.position` for a place where no word is."""
    tokens = list(tokenized.tokens)
    for index in masked:
        if not 0 < index < len(tokens) - 1 or tokens[index].word < 0:
            raise UserError(
                "fill-mask.position", f"There is no word at position {index}.", "Choose a word of the text."
            )
        old = tokens[index]
        tokens[index] = protocol.Token(MASK, "[MASK]", old.begin, old.end, old.word, True)
    return protocol.Tokenized(
        tuple(tokens), tokenized.sequence_length, tokenized.padding, tokenized.cut_at, tokenized.cut_tokens
    )


def fill(command: protocol.FillMask) -> protocol.Filled:
    """UserError `fill-mask.no-mask` when the text has none."""
    plain = tokenize(command.text)
    masked = with_masks(plain, command.masked)
    places = [i for i, token in enumerate(masked.tokens) if token.id == MASK]
    if not places:
        raise UserError("fill-mask.no-mask", "The text has no mask.", HOW_TO_HIDE)
    return protocol.Filled(masked, tuple(_answer(plain, masked, place, command.top_k) for place in places), 1.0)


def _answer(plain: protocol.Tokenized, masked: protocol.Tokenized, place: int, top_k: int) -> protocol.MaskAnswer:
    words = [token.piece.lstrip("▁").lower() for token in masked.tokens]
    around = tuple(words[:place] + words[place + 1 :])
    ranked = [word for key in around for word in _ABOUT.get(key, [])]
    ranked += _AFTER.get(words[place - 1], []) + _ANYWHERE
    old = plain.tokens[place]
    original_word = "" if old.id == MASK else old.piece.lstrip("▁")
    if original_word and original_word not in ranked:
        ranked.insert(number(around) % 4, original_word)
    ranked = list(dict.fromkeys(ranked))
    weights = [math.exp(-0.45 * rank + 0.3 * (number(around, word) % 100) / 100) for rank, word in enumerate(ranked)]
    scale = 0.9 / sum(weights)  # the rest of the vocabulary has the rest
    best = sorted(
        (protocol.Candidate(f"▁{word}", word, word_id(word), weight * scale) for word, weight in zip(ranked, weights)),
        key=lambda candidate: -candidate.probability,
    )
    rank = next((i for i, candidate in enumerate(best, 1) if candidate.text == original_word), 0)
    return protocol.MaskAnswer(place, tuple(best[: max(1, top_k)]), best[rank - 1] if rank else None, rank)
