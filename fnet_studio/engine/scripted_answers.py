"""The scripted engine's chains, scores, comparisons and surprises: plausible, deterministic, and no model's."""

import math

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.engine.scripted_text import fill, number, tokenize, with_masks, word_id


def filled(command: protocol.FillMask) -> protocol.Filled:
    """As `scripted_text.fill`, with chains for the modes that have them: the product of the masks' own answers."""
    result = fill(command)
    if command.mode == "independent":
        return result
    chains = [()]
    width = 1 if command.mode == "left-to-right" else max(command.beam_width, command.top_k)
    for answer in result.answers:
        longer = [(*chain, candidate) for chain in chains for candidate in answer.candidates]
        chains = sorted(longer, key=_total, reverse=True)[:width]
    originals = [answer.original for answer in result.answers]
    known = tuple(original for original in originals if original is not None)
    return protocol.Filled(
        result.tokenized,
        result.answers,
        result.took_ms,
        command.mode,
        tuple(protocol.JointAnswer(chain, _total(chain)) for chain in chains),
        protocol.JointAnswer(known, _total(known)) if len(known) == len(originals) else None,
    )


def many(command: protocol.FillMany) -> protocol.FilledMany:
    rows = []
    for text in command.texts:
        cut_tokens = 0
        try:
            cut_tokens = tokenize(text).cut_tokens
            answers = fill(protocol.FillMask(command.preset, text, top_k=command.top_k)).answers
            rows.append(protocol.ManyRow(answers, cut_tokens))
        except UserError as error:
            rows.append(protocol.ManyRow(cut_tokens=cut_tokens, problem=error.message))
    return protocol.FilledMany(tuple(rows), 1.0)


def score(command: protocol.Score) -> protocol.Scored:
    if not command.candidates:
        raise UserError("score.empty", "There is no candidate to score.", "Write words with commas between them.")
    plain = tokenize(command.text)
    tokens = with_masks(plain, command.masked).tokens
    if not 0 <= command.target < len(tokens) or tokens[command.target].piece != "[MASK]":
        raise UserError(
            "fill-mask.position", f"There is no mask at position {command.target}.", "Choose the position of a mask."
        )
    was = plain.tokens[command.target]
    rows = [_scored(command.text, text.strip(), False) for text in command.candidates]
    if was.piece != "[MASK]":
        rows.append(_scored(command.text, was.piece.lstrip("▁"), True))
    return protocol.Scored(tuple(rows), 1.0)


def compare(command: protocol.Compare) -> protocol.Compared:
    first, second = fill(command.first), fill(command.second)
    if len(first.answers) != len(second.answers):
        raise UserError(
            "compare.masks",
            f"The first side has {len(first.answers)} masks and the second {len(second.answers)}, so they cannot be "
            "paired.",
            "Hide as many words on both sides.",
        )
    masks = []
    for sides in zip(first.answers, second.answers):
        tables = [{item.piece: item.probability for item in side.candidates} for side in sides]
        pieces = dict.fromkeys([*tables[0], *tables[1]])
        rows = [
            protocol.Difference(piece, piece.lstrip("▁"), tables[0].get(piece, 1e-4), tables[1].get(piece, 1e-4))
            for piece in pieces
        ]
        masks.append(tuple(sorted(rows, key=lambda it: -max(it.first or 0, it.second or 0))))
    return protocol.Compared(first, second, tuple(masks), 1.0)


def surprise(command: protocol.Surprise) -> protocol.Surprises:
    tokenized = tokenize(command.text)
    words = [index for index, token in enumerate(tokenized.tokens) if not token.special]
    if not set(command.positions) <= set(words):
        raise UserError("fill-mask.position", "There is no word at a position.", "Choose a word of the text.")
    found = []
    for position in command.positions or words:
        masked = protocol.FillMask(command.preset, command.text, tuple({position}), top_k=1)
        (answer,) = (it for it in fill(masked).answers if it.position == position)
        original = answer.original
        log = math.log(original.probability) if original else -8.0
        found.append(protocol.TokenSurprise(position, log, answer.original_rank, answer.candidates[0]))
    return protocol.Surprises(tokenized, tuple(found), 1.0)


def _scored(sentence: str, text: str, original: bool) -> protocol.ScoredCandidate:
    if not text:
        return protocol.ScoredCandidate(text, problem="It is empty.")
    words = text.split()
    pieces = tuple(
        protocol.Candidate(f"▁{word}", word, word_id(word), math.exp(-1 - number(sentence, word) % 700 / 100))
        for word in words
    )
    pseudo = len(words) > 1
    rank = 0 if pseudo else 1 + number(sentence, text) % 700
    return protocol.ScoredCandidate(text, pieces, _total(pieces), pseudo, rank, original)


def _total(chain: tuple[protocol.Candidate, ...]) -> float:
    return math.fsum(math.log(candidate.probability) for candidate in chain)
