"""fnet-studio data download; fnet-studio data inspect PATH"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from fnet_studio.core import protocol, recipe
from fnet_studio.core.preflight import data_problems, size
from fnet_studio.core.recipe_sections import DOWNLOAD, IMDB_URL
from fnet_studio.core.run_state import phase_words
from fnet_studio.link.blocking import Worker

TELL_EVERY_S = 0.2


def add_to(commands: argparse._SubParsersAction) -> None:
    top = commands.add_parser("data", help="fetch IMDb; say what is in a data set")
    its = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    it = its.add_parser("download", help="fetch IMDb's archive, or go on fetching it")
    it.add_argument("--url", default=IMDB_URL, help="another address, with #md5= or #sha256= (%(default)s)")
    _common(it)
    it.set_defaults(run=download)
    it = its.add_parser("inspect", help="class balance, lengths, what gets cut, duplicates and overlaps")
    known = f"IMDb's archive or folder, a table, a folder for each class; or the words sample or {DOWNLOAD}"
    it.add_argument("path", metavar="PATH", help=known)
    it.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as data.sequence_length=256")
    _common(it)
    it.set_defaults(run=inspect)


def _common(it: argparse.ArgumentParser) -> None:
    it.add_argument("--json", action="store_true", help="JSON")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)


def download(options: argparse.Namespace) -> int:
    found = _ask(options, protocol.Download(options.url))
    assert isinstance(found, protocol.Downloaded)
    print(msgspec.json.encode(found).decode() if options.json else f"{found.path}  ({size(found.size_bytes)})")
    return 0


def inspect(options: argparse.Namespace) -> int:
    values: dict[str, Any] = {"data": {"source": source_of(options.path), "path": options.path}}
    for word in options.set:
        key, _, value = word.partition("=")
        recipe.put(values, key.strip(), value)
    data = recipe.to_mapping(recipe.from_mapping(values))["data"]
    found = _ask(options, protocol.Inspect(data))
    assert isinstance(found, protocol.Inspected)
    print(msgspec.json.encode(found.data).decode() if options.json else "\n".join(report_words(found.data)))
    return 0


def source_of(path: str) -> str:
    """The source that a path looks like."""
    if path == "sample" and not Path(path).exists():
        return "sample"
    tops = (Path(path), Path(path) / "aclImdb")
    laid_out = any((top / "train" / "pos").is_dir() and (top / "test" / "pos").is_dir() for top in tops)
    archive = path.lower().endswith((".tar.gz", ".tgz")) or path.strip().lower() == DOWNLOAD
    return "imdb" if laid_out or archive else "files"


def _ask(options: argparse.Namespace, command: protocol.Command) -> Any:
    on_terminal = sys.stderr.isatty() and not options.json
    with Worker(engine=options.engine) as worker:
        found, _ = worker.call(command, on_event=Progress().event if on_terminal else None)
    if on_terminal:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return found


class Progress:
    """One line on the terminal that is written over."""

    def __init__(self) -> None:
        self.phase = protocol.Phase("")
        self.told = 0.0

    def event(self, envelope: protocol.Envelope, blob: bytes) -> None:
        match envelope.body:
            case protocol.Phase() as phase:
                self.phase = phase
            case protocol.Progress(done, rate, left_s) if time.monotonic() - self.told >= TELL_EVERY_S:
                self.told = time.monotonic()
                words = phase_words(self.phase.name)
                if self.phase.total:
                    words += f" {done / self.phase.total:4.0%}"
                if self.phase.unit == "bytes":
                    words += f"  {size(done)}, {size(int(rate))} a second"
                if left_s >= 0:
                    words += f"  {left_s:,.0f} s left"
                print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


def report_words(data: dict[str, Any]) -> list[str]:
    """A data set's summary as lines of text: a table of its parts, then what is worth saying."""
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
    for problem in data_problems(data):
        lines.append(f"{problem.severity}: {problem.message} {problem.advice}".rstrip())
    return lines
