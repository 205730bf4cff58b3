"""fnet-studio convert SRC DST --to kerashub|transformers|keras, and fnet-studio fetch-head PRESET"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from fnet_studio.core import places, protocol
from fnet_studio.core.comparison import Comparison
from fnet_studio.core.run_state import phase_words
from fnet_studio.link.blocking import Worker


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("convert", help="write a preset as KerasHub's, Transformers' or Keras' own")
    it.add_argument("source", metavar="SRC", help="a preset's name or folder, hf://… or kaggle://…")
    it.add_argument("destination", metavar="DST", help="a new folder, or a new file that ends in .keras")
    it.add_argument("--to", required=True, choices=("kerashub", "transformers", "keras"), help="the format to write")
    it.set_defaults(run=run)
    it = commands.add_parser("fetch-head", help="download a built-in preset and put its authors' masked-LM head on it")
    it.add_argument("preset", metavar="PRESET", help="f_net_base_en or f_net_large_en")
    it.add_argument("destination", metavar="DST", nargs="?", help="a new folder (a preset of the same name)")
    it.set_defaults(run=run_fetch_head)


def run(options: argparse.Namespace) -> int:
    return convert_to(options.source, options.destination, options.to)


def convert_to(source: str, destination: str, to: Literal["kerashub", "transformers", "keras"]) -> int:
    return _perform(protocol.Convert(absolute(source), str(Path(destination).absolute()), to))


def average_of(sources: Sequence[str], destination: str, weights: Literal["same", "float32", "float16"]) -> int:
    return _perform(protocol.Average(tuple(map(absolute, sources)), str(Path(destination).absolute()), weights))


def run_fetch_head(options: argparse.Namespace) -> int:
    """Without a destination the preset is found by its own name from then on, with its head."""
    destination = Path(options.destination) if options.destination else places.presets() / Path(options.preset).name
    return _perform(protocol.FetchHead(options.preset, str(destination.absolute())))


def absolute(source: str) -> str:
    """A folder's whole path, since the worker may have another working folder; a name stays as it is."""
    path = Path(os.path.expanduser(source))
    return str(path.absolute()) if os.path.exists(path) and len(path.parts) > 1 else source


def _perform(command: protocol.Convert | protocol.Average | protocol.FetchHead) -> int:
    show = _Phases()
    with Worker() as worker:
        try:
            converted, _ = worker.call(command, on_event=show.event)
        finally:
            show.end()
    assert isinstance(converted, protocol.Converted)
    print(f"Written: {converted.folder}")
    for note in converted.notes:
        print(f"Note: {note}")
    told_comparisons(converted.comparisons)
    return 0


def told_comparisons(comparisons: Sequence[Comparison]) -> None:
    for it in comparisons:
        print(f"{'ok  ' if it.passed else 'FAIL'}  {it.what} ({it.count:,} numbers) against {it.against}: {it.words}")


class _Phases:
    """On a terminal, one line that is written over; nothing otherwise, since a conversion takes seconds."""

    def __init__(self) -> None:
        self._phase = protocol.Phase("")
        self._shown = sys.stderr.isatty()

    def event(self, envelope: protocol.Envelope, blob: bytes) -> None:
        words = ""
        match envelope.body:
            case protocol.Phase() as phase:
                self._phase = phase
                words = phase_words(phase.name)
            case protocol.Progress(done=done) if self._phase.total:
                words = f"{phase_words(self._phase.name)} {done / 1e6:,.0f} of {self._phase.total / 1e6:,.0f} MB"
        if words and self._shown:
            print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
