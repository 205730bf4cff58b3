"""Answers of fill-mask as tables and as JSON, the same for the window and the command line."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from fnet_studio.core import protocol

ANSWERS = ("text", "mask", "position", "rank", "answer", "piece", "id", "probability", "original")
JOINT = ("text", "rank", "answer", "log_probability")
SURPRISE = ("text", "position", "token", "piece", "id", "log_probability", "surprise_bits", "rank", "best")
SCORES = ("text", "candidate", "pieces", "log_probability", "method", "rank", "original", "problem")
Row = Sequence[Any]


def bits(log_probability: float) -> float:
    """Surprise: -log2 of a probability, from its natural logarithm."""
    return -log_probability / math.log(2)


def as_csv(head: Sequence[str], rows: Iterable[Row], delimiter: str = ",") -> str:
    """head: () for rows that follow others."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    if head:
        writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def answer_rows(text: str, answers: Sequence[protocol.MaskAnswer]) -> list[Row]:
    """Columns `ANSWERS`; the original last where it is not among the best."""
    rows = []
    for number, answer in enumerate(answers, 1):
        was = answer.original
        ranked = list(enumerate(answer.candidates, 1))
        if was is not None and answer.original_rank > len(ranked):
            ranked.append((answer.original_rank, was))
        for rank, item in ranked:
            original = was is not None and item.id == was.id
            rows.append(
                (text, number, answer.position, rank, item.text, item.piece, item.id, item.probability, original)
            )
    return rows


def joint_rows(text: str, filled: protocol.Filled) -> list[Row]:
    """Columns `JOINT`."""
    return [
        (text, rank, joint_words(filled.tokenized, chain, filled.answers), chain.log_probability)
        for rank, chain in enumerate(filled.joint, 1)
    ]


def joint_words(
    tokenized: protocol.Tokenized, chain: protocol.JointAnswer, answers: Sequence[protocol.MaskAnswer]
) -> str:
    """The words that a chain makes: pieces at neighbouring places are joined, others stand apart by ` · `."""
    said = ""
    before = -2
    for answer, item in zip(answers, chain.candidates, strict=True):
        begins = item.piece.startswith("▁")
        if said and answer.position == before + 1:
            said += (" " if begins else "") + item.text
        else:
            said += (" · " if said else "") + ("" if begins or not item.text[:1].isalnum() else "…") + item.text
        before = answer.position
    return said


def filled_json(text: str, filled: protocol.Filled) -> dict[str, Any]:
    found: dict[str, Any] = {
        "text": text,
        "masks": [mask_json(answer) for answer in filled.answers],
        "cut_tokens": filled.tokenized.cut_tokens,
    }
    if filled.mode != "independent":
        found["mode"] = filled.mode
        found["joint"] = [_chain_json(chain) for chain in filled.joint]
        if filled.original_joint is not None:
            found["original_joint"] = _chain_json(filled.original_joint)
    return found


def mask_json(answer: protocol.MaskAnswer) -> dict[str, Any]:
    found: dict[str, Any] = {
        "position": answer.position,
        "answers": [_candidate_json(candidate) for candidate in answer.candidates],
    }
    if answer.original is not None:
        found["original"] = {**_candidate_json(answer.original), "rank": answer.original_rank}
    return found


def _candidate_json(item: protocol.Candidate) -> dict[str, Any]:
    return {"text": item.text, "piece": item.piece, "id": item.id, "probability": item.probability}


def _chain_json(chain: protocol.JointAnswer) -> dict[str, Any]:
    return {
        "log_probability": chain.log_probability,
        "answers": [_candidate_json(candidate) for candidate in chain.candidates],
    }


def many_rows(texts: Sequence[str], rows: Sequence[protocol.ManyRow]) -> list[Row]:
    """Columns `ANSWERS`; a text without an answer has one row with its problem in the place of the answer."""
    table: list[Row] = []
    for text, row in zip(texts, rows, strict=True):
        table += answer_rows(text, row.answers) or [problem_row(ANSWERS, text, row.problem)]
    return table


def problem_row(head: Sequence[str], text: str, problem: str) -> Row:
    """Of a text without an answer: in the column of problems, or else in the place of what would be answered."""
    place = next(name for name in ("problem", "answer", "token") if name in head)
    told = {"text": text, place: problem if place == "problem" else f"({problem})"}
    return tuple(told.get(name, "") for name in head)


def many_json(texts: Sequence[str], rows: Sequence[protocol.ManyRow]) -> list[dict[str, Any]]:
    table = []
    for text, row in zip(texts, rows, strict=True):
        found: dict[str, Any] = {"text": text, "masks": [mask_json(answer) for answer in row.answers]}
        found["cut_tokens"] = row.cut_tokens
        if row.problem:
            found["problem"] = row.problem
        table.append(found)
    return table


def surprise_rows(text: str, told: protocol.Surprises) -> list[Row]:
    """Columns `SURPRISE`."""
    rows = []
    for it in told.tokens:
        token = told.tokenized.tokens[it.position]
        written = text[token.begin : token.end].strip()
        measured = (it.log_probability, bits(it.log_probability), it.rank, it.best.text)
        rows.append((text, it.position, written, token.piece, token.id, *measured))
    return rows


def surprise_json(text: str, told: protocol.Surprises) -> dict[str, Any]:
    return {
        "text": text,
        "pseudo_log_likelihood": math.fsum(it.log_probability for it in told.tokens),
        "tokens": [dict(zip(SURPRISE[1:], row[1:], strict=True)) for row in surprise_rows(text, told)],
        "cut_tokens": told.tokenized.cut_tokens,
    }


def score_rows(text: str, scored: protocol.Scored) -> list[Row]:
    """Columns `SCORES`."""
    return [
        (
            text,
            it.text,
            " ".join(piece.piece for piece in it.pieces),
            None if it.problem else it.log_probability,
            None if it.problem else ("pseudo-log-likelihood" if it.pseudo else "probability"),
            it.rank or None,
            it.original,
            it.problem,
        )
        for it in scored.rows
    ]


def score_json(text: str, scored: protocol.Scored) -> dict[str, Any]:
    return {
        "text": text,
        "candidates": [dict(zip(SCORES[1:], row[1:], strict=True)) for row in score_rows(text, scored)],
    }
