"""fnet-studio fill-mask TEXT… | --file FILE"""

import argparse
import itertools
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

from fnet_studio.cli import standard_input
from fnet_studio.cli.numbers import at_least
from fnet_studio.core import answer_tables as tables
from fnet_studio.core import protocol
from fnet_studio.core.alternatives import variants
from fnet_studio.core.counts import plural
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import DEFAULT_PRESET
from fnet_studio.link.blocking import Worker
from fnet_studio.tables.sentences import COLUMNS, read_sentences

OPTIONS = ("mask", "transformers", "joint", "left_to_right", "surprise", "candidates", "against", "against_preset")
TOGETHER = {
    *itertools.product(("mask",), ("joint", "left_to_right", "candidates", "against", "against_preset")),
    *itertools.product(("transformers",), ("joint", "left_to_right")),
    ("against", "against_preset"),
}
BAR = 24
OF_ONE_TEXT = (
    *(f"fill-mask.{kind}" for kind in ("no-mask", "cut-mask", "too-many", "no-word")),
    *("compare.masks", "text.too-many"),
)
"""What is wrong with one text of a file keeps no other from its answer."""
AT_A_TIME = 32
"""Texts of a file in one question, so that Ctrl+C is heeded soon."""


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser(
        "fill-mask",
        help="what a model would put in place of [MASK]",
        epilog="[SEP] within a TEXT parts the two texts of a pair; {doctor|nurse} in it asks for both. "
        "--csv and --json print a table of all texts, or one "
        "JSON object a text, in the place of words.",
    )
    it.add_argument("text", nargs="*", metavar="TEXT", help='such as "The capital of France is [MASK]."')
    it.add_argument(
        "--file", metavar="F", help="sentences of a file: lines, or a table with a column text; -: standard input"
    )
    it.add_argument("--preset", default=DEFAULT_PRESET, metavar="P", help="a preset's name or folder (%(default)s)")
    it.add_argument("--top", type=at_least(1), default=5, metavar="K", help="answers for each mask (%(default)s)")
    it.add_argument("--mask", metavar="WORD", help="hide this word of each text, all of its pieces")
    it.add_argument("--transformers", action="store_true", help="tokenise around [MASK] as Transformers does")
    several = it.add_argument_group("several masks")
    several.add_argument("--left-to-right", action="store_true", help="put each answer in before the next mask")
    several.add_argument("--joint", action="store_true", help="search for the best answers together")
    several.add_argument(
        "--beam", type=at_least(1), default=5, metavar="N", help="how widely --joint searches (%(default)s)"
    )
    other = it.add_argument_group("other questions")
    other.add_argument("--candidates", metavar="A,B,…", help="how well these fit at the first mask")
    other.add_argument("--against", metavar="TEXT", help="the same masks in another text, with the differences")
    other.add_argument("--against-preset", metavar="P", help="the same text in another preset, with the differences")
    other.add_argument(
        "--surprise", action="store_true", help="mask each token in turn: its surprise, and the pseudo-log-likelihood"
    )
    form = it.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a text")
    form.add_argument("--csv", action="store_true", help="one table of all texts")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    typed = [one.text for text in options.text for one in variants(text)]
    texts = [*typed, *(_from_file(options.file) if options.file else ())]
    if not texts:
        raise UserError("fill-mask.no-text", "There is no text to fill.", "Give a TEXT with [MASK] in it, or --file F.")
    _refuse_mixed(options)
    with Worker(engine=options.engine) as worker:
        if options.surprise:
            return _each(worker, options, texts, tables.SURPRISE, _surprise)
        if options.candidates is not None:
            return _each(worker, options, texts, tables.SCORES, _score)
        if options.against is not None or options.against_preset is not None:
            return _each(worker, options, texts, DIFFERENCES, _comparison)
        plain = not (options.mask or options.joint or options.left_to_right or options.transformers)
        if options.file and plain:
            return _print(options, tables.ANSWERS, _many(worker, options, texts))
        head = tables.ANSWERS if not (options.joint or options.left_to_right) else tables.JOINT
        return _each(worker, options, texts, head, _filled)


def _refuse_mixed(options: argparse.Namespace) -> None:
    """What would be dropped: the figures would be the answer to another question. UserError `fill-mask.options`."""
    given = [name for name in OPTIONS if getattr(options, name) not in (None, False)]
    for pair in itertools.combinations(given, 2):
        if pair not in TOGETHER:
            one, other = (f"--{name.replace('_', '-')}" for name in pair)
            raise UserError("fill-mask.options", f"{one} and {other} exclude each other.", "Choose one of them.")


def _from_file(name: str) -> tuple[str, ...]:
    with standard_input.file(name, ("", *COLUMNS)) as path:
        found = read_sentences(path)
    for note in found.notes:
        print(note, file=sys.stderr)
    return found.texts


Answer = tuple[Any, list, str]
"""As JSON, as rows of a table, in words."""


def _print(options: argparse.Namespace, head: tuple[str, ...], answers: Iterator[Answer]) -> int:
    if options.csv:
        sys.stdout.write(tables.as_csv(head, ()))
    for value, rows, words in answers:
        if options.json:
            print(tables.as_json(value), flush=True)
        elif options.csv:
            sys.stdout.write(tables.as_csv((), rows))
        else:
            print(words, flush=True)
    return 0


Ask = Callable[[Worker, argparse.Namespace, str], Answer]


def _each(worker: Worker, options: argparse.Namespace, texts: list[str], head: tuple[str, ...], ask: Ask) -> int:
    return _print(options, head, (_answer(worker, options, text, head, ask) for text in texts))


def _answer(worker: Worker, options: argparse.Namespace, text: str, head: tuple[str, ...], ask: Ask) -> Answer:
    try:
        return ask(worker, options, text)
    except UserError as error:
        if not options.file or error.kind not in OF_ONE_TEXT:
            raise
        words = f"{text}\n  ({error.message})"
        return {"text": text, "problem": error.message}, [tables.problem_row(head, text, error.message)], words


def _masked(worker: Worker, options: argparse.Namespace, text: str) -> tuple[int, ...]:
    """Positions of the pieces of the word to hide."""
    if not options.mask:
        return ()
    tokens = worker.call(protocol.Tokenize(options.preset, text))[0].tokens
    words: dict[int, list[int]] = {}
    for index, token in enumerate(tokens):
        if not token.special:
            words.setdefault(token.word, []).append(index)
    for places in words.values():
        written = text[tokens[places[0]].begin : tokens[places[-1]].end].strip()
        if written == options.mask:
            return tuple(places)
    raise UserError(
        "fill-mask.no-word", f"“{options.mask}” is not a word of “{text}”.", "Write it as it stands in the text."
    )


def _question(worker: Worker, options: argparse.Namespace, text: str) -> protocol.FillMask:
    return protocol.FillMask(
        options.preset,
        text,
        _masked(worker, options, text),
        options.top,
        options.transformers,
        "joint" if options.joint else "left-to-right" if options.left_to_right else "independent",
        options.beam,
    )


def _filled(worker: Worker, options: argparse.Namespace, text: str) -> Answer:
    filled: protocol.Filled = worker.call(_question(worker, options, text))[0]
    if filled.mode == "independent":
        rows = tables.answer_rows(text, filled.answers)
    else:
        rows = tables.joint_rows(text, filled)
    return tables.filled_json(text, filled), rows, _as_words(text, filled)


def _many(worker: Worker, options: argparse.Namespace, texts: list[str]) -> Iterator[Answer]:
    for begin in range(0, len(texts), AT_A_TIME):
        part = texts[begin : begin + AT_A_TIME]
        told: protocol.FilledMany = worker.call(protocol.FillMany(options.preset, tuple(part), options.top))[0]
        for text, row in zip(part, told.rows, strict=True):
            words = f"{text}\n  ({row.problem})" if row.problem else f"{text}\n{_lists(row.answers)}"
            (value,) = tables.many_json((text,), (row,))
            yield value, tables.many_rows((text,), (row,)), words


def _score(worker: Worker, options: argparse.Namespace, text: str) -> Answer:
    candidates = tuple(text.strip() for text in options.candidates.split(","))
    asked = _question(worker, options, text)
    filled: protocol.Filled = worker.call(asked)[0]
    question = protocol.Score(options.preset, text, filled.answers[0].position, candidates, asked.masked)
    scored: protocol.Scored = worker.call(question)[0]
    lines = [text]
    width = max(len(it.text) for it in scored.rows)
    for it in sorted(scored.rows, key=lambda it: (bool(it.problem), -it.log_probability)):
        if it.problem:
            lines.append(f"  {it.text:<{width}}  {it.problem}")
            continue
        how = f"{math.exp(it.log_probability):.3%}, rank {it.rank}"
        if it.pseudo:
            how = f"pseudo-log-likelihood of {len(it.pieces)} pieces: {' '.join(p.piece for p in it.pieces)}"
        was = "  (stood there)" if it.original else ""
        lines.append(f"  {it.text:<{width}}  {it.log_probability:8.2f} nats  {how}{was}")
    return tables.score_json(text, scored), tables.score_rows(text, scored), "\n".join(lines)


DIFFERENCES = ("text", "against", "mask", "answer", "piece", "first", "second")


def _comparison(worker: Worker, options: argparse.Namespace, text: str) -> Answer:
    preset = options.against_preset or options.preset
    other = options.against if options.against is not None else text
    first = _question(worker, options, text)
    masked = () if options.against is not None else first.masked
    if options.mask and options.against is not None:
        masked = _masked(worker, options, other)
    second = protocol.FillMask(preset, other, masked, options.top)
    compared: protocol.Compared = worker.call(protocol.Compare(first, second))[0]
    rows, lines = [], [f"first   {text}  ({options.preset})", f"second  {other}  ({preset})"]
    for number, mask in enumerate(compared.masks, 1):
        width = max(len(it.text) for it in mask)
        lines.append(f"  mask {number}: first, second, difference in percentage points")
        for it in mask:
            rows.append((text, other, number, it.text, it.piece, it.first, it.second))
            sides = [f"{'–' if p is None else f'{p:.2%}':>8}" for p in (it.first, it.second)]
            change = "" if it.first is None or it.second is None else f"{100 * (it.second - it.first):+8.2f}"
            lines.append(f"  {it.text:<{width}}  {sides[0]}  {sides[1]}  {change}")
    masks = [[dict(zip(DIFFERENCES[3:], row[3:], strict=True)) for row in rows if row[2] == number]
             for number in range(1, len(compared.masks) + 1)]  # fmt: skip
    value = {"text": text, "preset": options.preset, "against": other, "against_preset": preset, "masks": masks}
    return value, rows, "\n".join(lines)


def _surprise(worker: Worker, options: argparse.Namespace, text: str) -> Answer:
    told: protocol.Surprises = worker.call(protocol.Surprise(options.preset, text))[0]
    value = tables.surprise_json(text, told)
    lines = [text]
    width = max((len(row["token"]) for row in value["tokens"]), default=0)
    for row in value["tokens"]:
        bar = "█" * round(row["surprise_bits"])
        lines.append(f"  {row['token']:<{width}}  {row['surprise_bits']:5.1f} bits  rank {row['rank']:>6}  {bar}")
    total, count = value["pseudo_log_likelihood"], len(told.tokens)
    each = f", {tables.bits(total) / count:.1f} bits a token" if count else ""
    lines.append(f"  pseudo-log-likelihood {total:.2f} nats over {count} {plural('token', count)}{each}")
    return value, tables.surprise_rows(text, told), "\n".join(lines)


def _as_words(text: str, filled: protocol.Filled) -> str:
    lines = [text]
    if filled.tokenized.cut_tokens:
        kept = text[: filled.tokenized.cut_at]
        lines.append(f"  (cut: the model sees {filled.tokenized.sequence_length} tokens, up to “…{kept[-30:]}”)")
    if filled.mode != "joint":
        lines.append(_lists(filled.answers))
    for rank, chain in enumerate(filled.joint, 1):
        words = tables.joint_words(filled.tokenized, chain, filled.answers)
        lines.append(f"  {rank:>3}.  {chain.log_probability:8.2f} nats  {words}")
    if filled.original_joint is not None:
        words = tables.joint_words(filled.tokenized, filled.original_joint, filled.answers)
        lines.append(f"  was   {filled.original_joint.log_probability:8.2f} nats  {words}")
    return "\n".join(lines)


def _lists(answers: tuple[protocol.MaskAnswer, ...]) -> str:
    lines = []
    for number, answer in enumerate(answers, 1):
        if len(answers) > 1:
            lines.append(f"  mask {number}")
        width = max((len(c.text) for c in answer.candidates), default=0)
        for candidate in answer.candidates:
            bar = "█" * max(1, round(candidate.probability * BAR))
            lines.append(f"  {candidate.text:<{width}}  {candidate.probability:6.1%}  {bar}")
        if answer.original is not None:
            lines.append(f"  (“{answer.original.text}” stood there: rank {answer.original_rank})")
    return "\n".join(lines)
