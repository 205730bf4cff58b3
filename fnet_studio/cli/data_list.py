"""fnet-studio data list, add, remove, restore, relocate: the user's list of data sets."""

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from fnet_studio.cli.data_common import DATA_HELP, ask, common, mapping_of
from fnet_studio.core import data_sets, protocol, recipe
from fnet_studio.core.counts import plural
from fnet_studio.core.data_sets import DataSet
from fnet_studio.core.recipe_sections import DataRecipe


def add_to(its: argparse._SubParsersAction) -> None:
    it = its.add_parser("list", help="the data sets that were added, and whether their files are there (`data` alone)")
    it.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON")
    it = its.add_parser("add", help="read all of a data set, and add it to the list")
    it.add_argument("path", metavar="PATH", help=DATA_HELP)
    it.add_argument("--name", default="", help="as it stands in the list (the file's own name)")
    it.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as data.label_column=stars")
    common(it)
    it.set_defaults(run=add)
    for name, words, do in (
        ("remove", "take a data set from the list; its files stay", remove),
        ("restore", "bring back a data set that was removed", restore),
    ):
        it = its.add_parser(name, help=words)
        it.add_argument("name", metavar="NAME")
        it.set_defaults(run=do)
    it = its.add_parser("relocate", help="say where the files of a data set are now")
    it.add_argument("name", metavar="NAME")
    it.add_argument("path", metavar="PATH")
    it.set_defaults(run=relocate)


def show(options: argparse.Namespace) -> int:
    found, problems = data_sets.list_all()
    for error in problems:
        print(f"fnet-studio: {error}", file=sys.stderr)
    if options.json:
        print(msgspec.json.encode([_told(one) for one in found]).decode())
        return 0
    rows = [(one.id, one.name, one.format, f"{one.texts:,}" if one.texts else "", _where(one)) for one in found]
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[4]]).rstrip())
    return 0


def _told(one: DataSet) -> dict[str, Any]:
    return {**msgspec.to_builtins(one), "missing": list(data_sets.missing(one))}


def _where(one: DataSet) -> str:
    gone = data_sets.missing(one)
    return f"missing: {', '.join(gone)}" if gone else one.data.path or "came with the program"


def add(options: argparse.Namespace) -> int:
    data = mapping_of(options.path, options.set)
    opened = ask(options, protocol.OpenData(data))
    assert isinstance(opened, protocol.DataOpened)
    name = options.name or Path(options.path).name.split(".")[0]
    texts = sum(split.texts for split in opened.splits)
    described = recipe.from_mapping({"data": data}).data
    one = data_sets.add(name, described, _format(described), texts, opened.class_names)
    print(msgspec.json.encode(_told(one)).decode() if options.json else f"{one.id}: {texts:,} {plural('text', texts)}")
    return 0


def _format(data: DataRecipe) -> str:
    if data.source == "imdb":
        return "IMDb"
    path = Path(data.path)
    return "Folder" if path.is_dir() else path.suffix.lstrip(".").upper()


def remove(options: argparse.Namespace) -> int:
    one = data_sets.find(options.name)
    data_sets.remove(one.id)
    print(f"{one.name} was taken from the list. Bring it back with: fnet-studio data restore {one.id}")
    return 0


def restore(options: argparse.Namespace) -> int:
    print(f"{data_sets.bring_back(options.name).name} is in the list again.")
    return 0


def relocate(options: argparse.Namespace) -> int:
    one = data_sets.save(data_sets.relocated(data_sets.find(options.name), options.path))
    print(f"{one.name}: {one.data.path}")
    return 0
