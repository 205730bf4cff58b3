"""fnet-studio data preview, rows, twins, lengths, tokens: what the Data page shows, as text or JSON."""

import argparse
from typing import Any

import msgspec
import numpy as np

from fnet_studio.cli.data_common import DATA_HELP, ask, common, mapping_of
from fnet_studio.cli.numbers import at_least
from fnet_studio.core import protocol
from fnet_studio.core.counts import plural
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import DEFAULT_PRESET

WIDTH = 100


def add_to(its: argparse._SubParsersAction) -> None:
    it = its.add_parser("preview", help="the first rows of a file, and how they are read")
    it.add_argument("path", metavar="PATH")
    common(it)
    it.set_defaults(run=preview)
    it = _one(its, "rows", "the texts, by part, label and pattern", rows)
    it.add_argument("--split", default="", choices=("", "train", "validation", "test"), help="one part alone")
    it.add_argument("--label", default="", help="one class alone")
    it.add_argument("--match", default="", metavar="WORDS", help="what the texts hold")
    it.add_argument("--regex", action="store_true", help="WORDS is a regular expression")
    it.add_argument("--case", action="store_true", help="upper and lower case differ")
    it.add_argument("--empty", action="store_true", help="only texts without a letter")
    _page(it)
    it = _one(its, "twins", "texts that stand more than once in their part, or in two parts", twins)
    it.add_argument("--leaks", action="store_true", help="in two parts, such as training and test")
    it.add_argument("--loosely", action="store_true", help="ignore case, spaces and punctuation")
    _page(it)
    it = _one(its, "lengths", "how many tokens the texts have, and what a length cuts", lengths)
    _tokens(it)
    it = _one(its, "tokens", "one text as the model sees it", tokens)
    it.add_argument("--text", default="", help="a text of one's own, in place of a row")
    it.add_argument("--pair", default=None, help="its second text")
    it.add_argument("--split", default="train", choices=("train", "validation", "test"), help="%(default)s")
    it.add_argument("--row", type=at_least(0), default=0, help="of the part, from 0 (%(default)s)")
    _tokens(it)


def _one(its: argparse._SubParsersAction, name: str, words: str, do: Any) -> argparse.ArgumentParser:
    it = its.add_parser(name, help=words)
    it.add_argument("path", metavar="PATH", help=DATA_HELP)
    it.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as data.label_column=stars")
    common(it)
    it.set_defaults(run=do)
    return it


def _page(it: argparse.ArgumentParser) -> None:
    it.add_argument("--first", type=at_least(0), default=0, help="begin with this one (%(default)s)")
    it.add_argument("--count", type=at_least(1), default=20, help="how many, 1000 at most (%(default)s)")


def _tokens(it: argparse.ArgumentParser) -> None:
    it.add_argument("--preset", default=DEFAULT_PRESET, help="whose tokenizer (%(default)s)")
    it.add_argument(
        "--learnt", action="store_true", help="a vocabulary learnt from the training texts, as from scratch"
    )
    it.add_argument("--length", type=at_least(0), default=0, help="in tokens (the preset's own)")


def preview(options: argparse.Namespace) -> int:
    found = ask(options, protocol.PreviewData(options.path))
    if options.json:
        return _json(found)
    print(f"{found.format}, {'' if found.whole else 'the first '}{found.rows:,} {plural('row', found.rows)}")
    if found.parts:
        print(f"parts: {', '.join(found.parts)}")
    for name, column in (("text", found.text), ("second text", found.pair), ("label", found.label)):
        print(f"{name}: {column or 'not found'}")
    print("  |  ".join(column.name for column in found.columns))
    for cells in found.samples:
        print("  |  ".join(_short(cell, WIDTH // max(len(cells), 1)) for cell in cells))
    for note in found.notes:
        print(f"note: {note}")
    return 0


def rows(options: argparse.Namespace) -> int:
    data = mapping_of(options.path, options.set)
    asked = protocol.DataRows(
        data,
        options.split,
        options.label,
        options.match,
        options.regex,
        options.case,
        options.empty,
        options.first,
        options.count,
        options.json,
    )
    opened, found = ask(options, protocol.OpenData(data), asked)
    if options.json:
        return _json(found)
    for row in found.rows:
        print(_line(row, opened.class_names))
    print(f"{len(found.rows):,} of {found.total:,} rows that fit, from {found.first:,} on")
    return 0


def twins(options: argparse.Namespace) -> int:
    data = mapping_of(options.path, options.set)
    kind = "leaks" if options.leaks else "duplicates"
    asked = protocol.DataTwins(data, kind, options.loosely, options.first, options.count)
    opened, found = ask(options, protocol.OpenData(data), asked)
    if options.json:
        return _json(found)
    for pair in found.pairs:
        print("\n".join(_line(row, opened.class_names) for row in pair), end="\n\n")
    print(f"{len(found.pairs):,} of {found.total:,} pairs, from {found.first:,} on")
    return 0


def lengths(options: argparse.Namespace) -> int:
    data = mapping_of(options.path, options.set)
    preset = "" if options.learnt else options.preset
    found, blob = ask(options, protocol.DataLengths(data, preset), blob=True)
    counts = np.frombuffer(blob, "<u4").reshape(len(found.splits), found.bins).astype(np.int64)
    length = options.length or found.own_length
    told = []
    for name, line in zip(found.splits, counts):
        texts = int(line.sum())
        if texts:
            middle, p95 = (int(np.searchsorted(np.cumsum(line), share * texts)) for share in (0.5, 0.95))
            told.append(
                {"part": name, "texts": texts, "median": middle, "p95": p95, "cut": int(line[length + 1 :].sum())}
            )
    if options.json:
        return _json({"length": length, "sampled": found.sampled, "longest": found.longest, "parts": told})
    for one in told:
        share = one["cut"] / one["texts"]
        print(
            f"{one['part']:10s}  {one['texts']:>9,} texts  median {one['median']:,}  95 % {one['p95']:,}  "
            f"cut at {length:,}: {one['cut']:,} ({share:.1%})"
        )
    whose = preset or "a vocabulary of their own"
    drawn = ", of texts that were drawn" if found.sampled else ""
    print(
        f"Tokens of {whose} ({found.vocabulary_size:,} pieces), special ones included; the longest text has "
        f"{found.longest:,}{drawn}."
    )
    return 0


def tokens(options: argparse.Namespace) -> int:
    data = mapping_of(options.path, options.set)
    text, pair = options.text, options.pair
    if not text:
        page = ask(options, protocol.DataRows(data, options.split, first=options.row, count=1, whole=True))
        if not page.rows:
            rows = f"{page.total:,} {plural('row', page.total)}"
            raise UserError(
                "data.no-row",
                f"The {options.split} part has {rows}; there is no row {options.row:,}.",
                f"Choose a row from 0 to {page.total - 1:,}." if page.total else "Choose another part.",
            )
        text, pair = page.rows[0].text, page.rows[0].pair or None
    preset = "" if options.learnt else options.preset
    found = ask(options, protocol.PackText(data, text, pair, preset, options.length))
    if options.json:
        return _json(found)
    print(" ".join(token.piece for token in found.tokens))
    print(
        f"{len(found.tokens):,} tokens, {found.padding:,} {plural('pad', found.padding)}, "
        f"{found.cut_tokens:,} cut off, "
        f"{found.unknown:,} unknown; a length of {found.length:,}"
    )
    if found.cut:
        print(f"cut off: {' '.join(token.piece for token in found.cut)}")
    return 0


def _json(value: Any) -> int:
    print(msgspec.json.encode(value).decode())
    return 0


def _line(row: protocol.DataRow, names: tuple[str, ...]) -> str:
    label = names[row.label] if row.label >= 0 else "-"
    return f"{row.split} {row.row}  {label}  {_short(' / '.join(filter(None, (row.text, row.pair))), WIDTH)}"


def _short(text: str, width: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"
