"""How well a user's own candidates fit at a mask."""

import time
from typing import NamedTuple

import numpy as np

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.engine.fill_mask import LoadedPreset
from fnet_studio.engine.first_calls import NOBODY, Heeds
from fnet_studio.engine.ranking import rank_of
from fnet_studio.models.tokenizer import MASK, SEP, SPACE

MOST_CANDIDATES = 200
CONTINUES = "…"
"""Before a candidate that continues the word before it, as lists of predictions write one."""


def score(preset: LoadedPreset, command: protocol.Score, job: Heeds = NOBODY) -> protocol.Scored:
    """UserError `fill-mask.no-head`, `fill-mask.position`, `score.empty` or `score.too-many`; what is wrong with one
    candidate is told in its row."""
    began = time.monotonic()
    preset.require_head()
    _refuse(command)
    tokenized = preset.tokenize(command.text)
    masked = preset.masked(tokenized, command.masked)
    place = _place(masked, command.target)
    begins = _begins_word(command.text, tokenized, place.start)
    asked = [(text, _pieces(preset, text, begins), False) for text in command.candidates]
    was = [tokenized.tokens[index] for index in place]
    if not any(token.special for token in was):
        written = command.text[was[0].begin : was[-1].end].strip()
        asked.append((written, [token.id for token in was], True))
    ids = [token.id for token in masked.tokens]
    planned = [_plan(preset, ids[: place.start], pieces, ids[place.stop :]) for _, pieces, _ in asked]
    rows = _rows(preset, [plan for plan in planned if isinstance(plan, _Plan)], job)
    results = []
    for (text, pieces, original), plan in zip(asked, planned, strict=True):
        if isinstance(plan, str):
            results.append(protocol.ScoredCandidate(text, problem=plan, original=original))
        else:
            results.append(_scored(preset, pieces, [rows[question] for question in plan.questions], text, original))
    return protocol.Scored(tuple(results), (time.monotonic() - began) * 1000)


def _refuse(command: protocol.Score) -> None:
    if not command.candidates:
        raise UserError("score.empty", "There is no candidate to score.", "Write words with commas between them.")
    if len(command.candidates) > MOST_CANDIDATES:
        raise UserError(
            "score.too-many",
            f"{len(command.candidates)} candidates were given.",
            f"Score {MOST_CANDIDATES} or fewer at a time.",
        )


def _place(masked: protocol.Tokenized, target: int) -> range:
    """The mask and its masked neighbours of the same word."""

    def is_mask(index: int) -> bool:
        token = masked.tokens[index]
        return token.special and token.piece == MASK

    if not 0 <= target < len(masked.tokens) or not is_mask(target):
        raise UserError(
            "fill-mask.position", f"There is no mask at position {target}.", "Choose the position of a mask."
        )
    word = masked.tokens[target].word
    first = last = target
    while is_mask(first - 1) and masked.tokens[first - 1].word == word:
        first -= 1
    while is_mask(last + 1) and masked.tokens[last + 1].word == word:
        last += 1
    return range(first, last + 1)


def _begins_word(text: str, tokenized: protocol.Tokenized, first: int) -> bool:
    """Whether white space (or nothing) stands before the mask."""
    token = tokenized.tokens[first]
    if not token.special:
        return token.piece.startswith(SPACE)
    return token.begin == 0 or text[token.begin - 1].isspace() or text[: token.begin].endswith(SEP)


def _pieces(preset: LoadedPreset, text: str, begins: bool) -> list[int]:
    text = text.strip()
    if text.startswith(CONTINUES):
        text, begins = text.removeprefix(CONTINUES), False
    pieces = preset.tokenizer.encode(text)
    if begins or not pieces:
        return [piece.id for piece in pieces]
    first, *rest = (piece.piece for piece in pieces)
    bare = first.removeprefix(SPACE)
    names = [bare, *rest] if bare else rest
    return [preset.tokenizer.token_to_id(name) for name in names]


class _Plan(NamedTuple):
    questions: list[tuple[bytes, int]]
    """One a piece: the input with that piece hidden, as bytes, and where."""


def _plan(preset: LoadedPreset, before: list[int], pieces: list[int], after: list[int]) -> _Plan | str:
    """What has to be asked about a candidate, or why it has no score."""
    tokenizer = preset.tokenizer
    if not pieces:
        return "It is empty."
    unknown = tokenizer.token_to_id("<unk>")
    if any(piece in (unknown, tokenizer.mask_token_id) for piece in pieces):
        return "The vocabulary has no pieces for it."
    if len(before) + len(pieces) + 1 > preset.length:
        return f"It does not fit into {preset.length} tokens."
    whole = [*before, *pieces, *after]
    if len(whole) > preset.length:
        whole = [*whole[: preset.length - 1], tokenizer.sep_token_id]
    questions = []
    for place in range(len(before), len(before) + len(pieces)):
        row = preset.padded(whole)
        row[place] = tokenizer.mask_token_id
        questions.append((row.tobytes(), place))
    return _Plan(questions)


def _rows(preset: LoadedPreset, plans: list[_Plan], job: Heeds) -> dict[tuple[bytes, int], np.ndarray]:
    """(vocabulary,) log probabilities for each question. All candidates of one piece ask the same one."""
    questions = list(dict.fromkeys(question for plan in plans for question in plan.questions))
    if not questions:
        return {}
    ids = np.stack([np.frombuffer(row, np.int32) for row, _ in questions])
    places = np.array([[place] for _, place in questions])
    return {questions[index]: values[0] for index, values in preset.log_probabilities(ids, places, job)}


def _scored(
    preset: LoadedPreset, pieces: list[int], rows: list[np.ndarray], text: str, original: bool
) -> protocol.ScoredCandidate:
    logs = [float(row[piece]) for row, piece in zip(rows, pieces, strict=True)]
    return protocol.ScoredCandidate(
        text,
        tuple(preset.candidate(piece, log) for piece, log in zip(pieces, logs, strict=True)),
        sum(logs),
        pseudo=len(pieces) > 1,
        rank=rank_of(rows[0], pieces[0]) if len(pieces) == 1 else 0,
        original=original,
    )
