"""fnet-studio data download, inspect, and what its neighbours add."""

import argparse
from typing import Any

import msgspec

from fnet_studio.cli import data_list, data_look
from fnet_studio.cli.data_common import DATA_HELP, ask, common, mapping_of
from fnet_studio.core import protocol, recipe
from fnet_studio.core.files import size
from fnet_studio.core.preflight import data_problems
from fnet_studio.core.recipe_sections import IMDB_URL


def add_to(commands: argparse._SubParsersAction) -> None:
    top = commands.add_parser("data", help="fetch IMDb; say what is in a data set; the list of data sets")
    top.add_argument("--json", action="store_true", help="JSON")
    top.set_defaults(run=data_list.show)
    its = top.add_subparsers(title="commands", metavar="COMMAND")
    it = its.add_parser("download", help="fetch IMDb's archive, or go on fetching it")
    it.add_argument("--url", default=IMDB_URL, help="another address, with #md5= or #sha256= (%(default)s)")
    common(it)
    it.set_defaults(run=download)
    it = its.add_parser("inspect", help="class balance, lengths, what gets cut, duplicates and overlaps")
    it.add_argument("path", metavar="PATH", help=DATA_HELP)
    it.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as data.sequence_length=256")
    common(it)
    it.set_defaults(run=inspect)
    data_look.add_to(its)
    data_list.add_to(its)


def download(options: argparse.Namespace) -> int:
    found = ask(options, protocol.Download(options.url))
    assert isinstance(found, protocol.Downloaded)
    print(msgspec.json.encode(found).decode() if options.json else f"{found.path}  ({size(found.size_bytes)})")
    return 0


def inspect(options: argparse.Namespace) -> int:
    data = mapping_of(options.path, options.set)
    found = ask(options, protocol.Inspect(data))
    assert isinstance(found, protocol.Inspected)
    print(msgspec.json.encode(found.data).decode() if options.json else "\n".join(report_words(found.data, data)))
    return 0


def report_words(data: dict[str, Any], described: dict[str, Any]) -> list[str]:
    """A data set's summary as lines of text: a table of its parts, then what is worth saying. described: the data
    section of a recipe."""
    rows = [("", "texts", *data["class_names"], "median", "95 %", "longest", "cut", "tokens cut", "empty", "twice")]
    for split in data["report"]["splits"]:
        lengths = split["lengths"]
        rows.append(
            (
                split["name"],
                f"{split['texts']:,}",
                *(f"{count:,}" for count in split["class_counts"]),
                f"{lengths['median']:,.0f}",
                f"{lengths['p95']:,.0f}",
                f"{lengths['longest']:,}",
                f"{split['cut_share']:.1%}",
                f"{split['cut_tokens_share']:.1%}",
                f"{split['empty']:,}",
                f"{split['duplicates']:,}",
            )
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        "  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    report = data["report"]
    lines += [
        "",
        f"Lengths in tokens of a vocabulary of {data['vocabulary_size']:,}; cut at {data['sequence_length']:,}.",
        f"{report['test_overlap']:,} test texts and {report['validation_overlap']:,} validation texts also stand among "
        f"those before them; {report['duplicates']:,} texts in all stand more than once.",
    ]
    for problem in data_problems(data, recipe.from_mapping({"data": described})):
        lines.append(f"{problem.severity}: {problem.message} {problem.advice}".rstrip())
    return lines
