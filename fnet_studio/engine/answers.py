"""From masks to answers: one by one, left to right, jointly, for many texts, or for two side by side."""

import math
import time

import numpy as np

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.mask import HOW_TO_HIDE, meant_as_mask
from fnet_studio.engine import joint
from fnet_studio.engine.fill_mask import LoadedPreset
from fnet_studio.engine.first_calls import NOBODY, Heeds
from fnet_studio.engine.ranking import best_of, rank_of
from fnet_studio.models.tokenizer import MASK

MOST_MASKS = 64
MOST_JOINT_MASKS = 16
MOST_BEAMS = 50
MOST_TEXTS = 1024


def fill(preset: LoadedPreset, command: protocol.FillMask, job: Heeds = NOBODY) -> protocol.Filled:
    """UserError `fill-mask.no-head`, `.no-mask`, `.cut-mask`, `.too-many`, `.position` or `.beam-width`."""
    began = time.monotonic()
    preset.require_head()
    tokenized = preset.tokenize(command.text, command.transformers_compatible)
    masked = preset.masked(tokenized, command.masked)
    at = mask_positions(command.text, tokenized, masked)
    originals = [tokenized.tokens[index].id for index in at]
    if command.mode == "independent":
        ids = preset.padded([token.id for token in masked.tokens])
        rows = _all_at_once(preset, ids, at, job)
        return protocol.Filled(masked, _answers(preset, at, originals, rows, command.top_k), _ms(began))
    if len(at) > MOST_JOINT_MASKS:
        raise UserError(
            "fill-mask.too-many",
            f"The text has {len(at)} masks, and each of them takes as many passes as the beam is wide.",
            f"Use {MOST_JOINT_MASKS} or fewer at a time, or have them answered independently.",
        )
    if not 1 <= command.beam_width <= MOST_BEAMS:
        raise UserError(
            "fill-mask.beam-width",
            f"A beam of {command.beam_width} cannot be searched.",
            f"Choose a width from 1 to {MOST_BEAMS}.",
        )
    return _chained(preset, command, masked, at, originals, began, job)


def _chained(
    preset: LoadedPreset,
    command: protocol.FillMask,
    masked: protocol.Tokenized,
    at: list[int],
    originals: list[int],
    began: float,
    job: Heeds,
) -> protocol.Filled:
    greedy = command.mode == "left-to-right"
    ids = preset.padded([token.id for token in masked.tokens])
    width = 1 if greedy else command.beam_width
    found = joint.search(preset, ids, at, width, 1 if greedy else max(command.top_k, width), job)
    rows = found.greedy_rows if greedy else _all_at_once(preset, ids, at, job)
    known = all(original != preset.tokenizer.mask_token_id for original in originals)
    original = joint.score(preset, ids, at, originals, job) if known else None
    return protocol.Filled(
        masked,
        _answers(preset, at, originals, rows, command.top_k),
        _ms(began),
        command.mode,
        tuple(_joint(preset, chain) for chain in found.chains),
        _joint(preset, original) if original else None,
    )


def fill_many(preset: LoadedPreset, command: protocol.FillMany, job: Heeds = NOBODY) -> protocol.FilledMany:
    """UserError `fill-mask.no-head` or `fill-mask.too-many-texts`; what is wrong with one text is told in its row."""
    began = time.monotonic()
    preset.require_head()
    if len(command.texts) > MOST_TEXTS:
        raise UserError(
            "fill-mask.too-many-texts",
            f"{len(command.texts)} texts came in one question.",
            f"Send {MOST_TEXTS} or fewer at a time.",
        )
    rows: list[protocol.ManyRow] = []
    asked: list[tuple[int, np.ndarray, list[int]]] = []
    for text in command.texts:
        cut_tokens = 0
        try:
            tokenized = preset.tokenize(text)
            cut_tokens = tokenized.cut_tokens
            at = mask_positions(text, tokenized, tokenized)
        except UserError as error:
            rows.append(protocol.ManyRow(cut_tokens=cut_tokens, problem=error.message))
            continue
        asked.append((len(rows), preset.padded([token.id for token in tokenized.tokens]), at))
        rows.append(protocol.ManyRow(cut_tokens=cut_tokens))
    if asked:
        most = max(len(at) for *_, at in asked)
        ids = np.stack([row for _, row, _ in asked])
        places = np.array([[*at, *[0] * (most - len(at))] for *_, at in asked])
        for index, values in preset.log_probabilities(ids, places, job):
            number, _, at = asked[index]
            unknown = [preset.tokenizer.mask_token_id] * len(at)
            answers = _answers(preset, at, unknown, values[: len(at)], command.top_k)
            rows[number] = protocol.ManyRow(answers, rows[number].cut_tokens)
    return protocol.FilledMany(tuple(rows), _ms(began))


def compare(
    first: LoadedPreset, second: LoadedPreset, command: protocol.Compare, job: Heeds = NOBODY
) -> protocol.Compared:
    """UserError as `fill` has, or `compare.masks` when the two do not have equally many masks."""
    began = time.monotonic()
    sides, rows = [], []
    for preset, asked in ((first, command.first), (second, command.second)):
        preset.require_head()
        tokenized = preset.tokenize(asked.text)
        masked = preset.masked(tokenized, asked.masked)
        at = mask_positions(asked.text, tokenized, masked)
        job.check()
        values = _all_at_once(preset, preset.padded([token.id for token in masked.tokens]), at, job)
        originals = [tokenized.tokens[index].id for index in at]
        sides.append(protocol.Filled(masked, _answers(preset, at, originals, values, asked.top_k)))
        rows.append(values)
    if len(rows[0]) != len(rows[1]):
        raise UserError(
            "compare.masks",
            f"The first side has {len(rows[0])} masks and the second {len(rows[1])}, so they cannot be paired.",
            "Hide as many words on both sides.",
        )
    masks = []
    for one, other, *values in zip(sides[0].answers, sides[1].answers, *rows, strict=True):
        pieces = {item.piece: item.text for answer in (one, other) for item in _with_original(answer)}
        differences = [
            protocol.Difference(
                piece, text, _probability(first, values[0], piece), _probability(second, values[1], piece)
            )
            for piece, text in pieces.items()
        ]
        differences.sort(key=lambda it: -max(it.first or 0.0, it.second or 0.0))
        masks.append(tuple(differences))
    return protocol.Compared(*sides, tuple(masks), _ms(began))


def mask_positions(text: str, tokenized: protocol.Tokenized, masked: protocol.Tokenized) -> list[int]:
    """Where the masks of a text are. UserError `fill-mask.no-mask`, `fill-mask.cut-mask` or `fill-mask.too-many`."""
    at = [index for index, token in enumerate(masked.tokens) if token.piece == MASK and token.special]
    if not at:
        raise _no_mask(tokenized, text)
    if len(at) > MOST_MASKS:
        raise UserError("fill-mask.too-many", f"The text has {len(at)} masks.", f"Use {MOST_MASKS} or fewer at a time.")
    return at


def _all_at_once(preset: LoadedPreset, ids: np.ndarray, at: list[int], job: Heeds) -> np.ndarray:
    """(masks, vocabulary): every mask with all the others hidden."""
    ((_, rows),) = preset.log_probabilities(ids[None], np.array([at]), job)
    return rows


def _answers(
    preset: LoadedPreset, at: list[int], originals: list[int], rows: np.ndarray, top_k: int
) -> tuple[protocol.MaskAnswer, ...]:
    """rows: (masks, vocabulary) log probabilities."""
    return tuple(_answer(preset, *one, top_k) for one in zip(at, originals, rows, strict=True))


def _answer(preset: LoadedPreset, position: int, original: int, row: np.ndarray, top_k: int) -> protocol.MaskAnswer:
    best = best_of(row, top_k)
    candidates = tuple(preset.candidate(int(token_id), row[token_id]) for token_id in best)
    if original == preset.tokenizer.mask_token_id:
        return protocol.MaskAnswer(position, candidates)
    return protocol.MaskAnswer(position, candidates, preset.candidate(original, row[original]), rank_of(row, original))


def _joint(preset: LoadedPreset, chain: joint.Chain) -> protocol.JointAnswer:
    pieces = tuple(preset.candidate(*item) for item in zip(chain.ids, chain.log_probabilities, strict=True))
    return protocol.JointAnswer(pieces, math.fsum(chain.log_probabilities))


def _with_original(answer: protocol.MaskAnswer) -> list[protocol.Candidate]:
    return [*answer.candidates, *([answer.original] if answer.original else [])]


def _probability(preset: LoadedPreset, row: np.ndarray, piece: str) -> float | None:
    token_id = preset.tokenizer.token_to_id(piece)
    if preset.tokenizer.id_to_token(token_id) != piece:
        return None
    return math.exp(min(float(row[token_id]), 0.0))


def _no_mask(tokenized: protocol.Tokenized, text: str) -> UserError:
    if tokenized.cut_tokens:
        return UserError(
            "fill-mask.cut-mask",
            f"The part of the text that fits, {tokenized.sequence_length} tokens, has no mask.",
            "Shorten the text before the mask.",
        )
    meant = meant_as_mask(text)
    advice = f"Write {meant} as {MASK}." if meant else HOW_TO_HIDE
    return UserError("fill-mask.no-mask", "The text has no mask.", advice)


def _ms(began: float) -> float:
    return (time.monotonic() - began) * 1000
