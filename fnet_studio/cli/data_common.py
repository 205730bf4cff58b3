"""What the commands about data share: which data is meant, and asking the worker about it."""

import argparse
import os
import sys
import time
from typing import Any

from fnet_studio.core import data_sets, protocol, recipe
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import size
from fnet_studio.core.recipe_sections import DOWNLOAD
from fnet_studio.core.run_state import phase_words
from fnet_studio.link.blocking import Worker

TELL_EVERY_S = 0.2
DATA_HELP = (
    "IMDb's archive or folder, a table, a folder for each class, a text file; a data set of the list by its name; or "
    f"the words sample or {DOWNLOAD}"
)


def common(it: argparse.ArgumentParser) -> None:
    it.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)


def mapping_of(path: str, changes: list[str]) -> dict[str, Any]:
    """The data section of a recipe: of a data set in the list, or of what lies at a path, with `key=value` changes.
    UserError."""
    if path == "-":
        raise UserError(
            "data.missing",
            "A data set is read more than once, which standard input (-) cannot be.",
            "Write it to a file first; or name a file that is called so as ./-",
        )
    data: dict[str, Any] = {"source": data_sets.source_of(path), "path": path, "split": data_sets.SPLIT}
    if data["source"] == "files" and not os.path.exists(os.path.expanduser(path)):
        try:
            data = recipe.to_mapping(recipe.Recipe(data=data_sets.find(path).data))["data"]
        except UserError as error:
            raise UserError(
                "data.missing", f"There is no file {path}, and no data set of that name in the list.", error.advice
            ) from None
    values: dict[str, Any] = {"data": data}
    for word in changes:
        key, _, value = word.partition("=")
        recipe.put(values, key.strip(), value)
    return recipe.to_mapping(recipe.with_whole_paths(recipe.from_mapping(values)))["data"]


def ask(options: argparse.Namespace, *commands: protocol.Command, blob: bool = False) -> Any:
    """The answer of one command; of several all of them, from one worker. blob: with the bytes beside it."""
    on_terminal = sys.stderr.isatty() and not options.json
    with Worker(engine=options.engine) as worker:
        found = [worker.call(one, on_event=Progress().event if on_terminal else None) for one in commands]
    if on_terminal:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    answers = [one if blob else one[0] for one in found]
    return answers[0] if len(answers) == 1 else answers


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
