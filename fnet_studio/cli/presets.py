"""fnet-studio presets: list, show, download, import, relocate, remove, restore, check, average, export"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from fnet_studio.cli.convert import absolute, average_of, convert_to, told_comparisons
from fnet_studio.cli.data_common import Progress
from fnet_studio.core import preset_downloads, preset_import, preset_records, preset_trash, protocol
from fnet_studio.core.builtin_presets import BUILTIN
from fnet_studio.core.catalogue import BATCH, Catalogue, Entry
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.files import size
from fnet_studio.core.presets import class_words
from fnet_studio.link.blocking import Worker

STATES = {
    "ready": "",
    "damaged": "cannot be used",
    "missing": "folder missing",
    "remote": "to download",
    "paused": "download paused",
}
HEADS = {"pretrained": "predicts words", "fine-tuned": "classifies", "none": "no head"}


def add_to(commands: argparse._SubParsersAction) -> None:
    top = commands.add_parser("presets", help="list, download, import, check and export presets")
    top.add_argument("--json", action="store_true", help="JSON")
    top.set_defaults(run=run_list)
    its = top.add_subparsers(title="commands", metavar="COMMAND")
    it = its.add_parser("list", help="all that there are (what `presets` alone does)")
    _json(it)
    it.set_defaults(run=run_list)
    it = its.add_parser("show", help="all that is known of one, and its model card")
    it.add_argument("name", metavar="NAME", help="as listed, or run: and a run's id")
    _json(it)
    it.set_defaults(run=run_show)
    it = its.add_parser("download", help="fetch one, or go on with that; Ctrl+C pauses it")
    it.add_argument("name", metavar="NAME", help=f"{', '.join(BUILTIN)}, hf://… or kaggle://…")
    it.add_argument("--head", action="store_true", help="of a built-in one, with its authors' masked-LM head")
    it.add_argument("--cancel", action="store_true", help="remove what has arrived of it instead")
    _engine(it)
    it.set_defaults(run=run_download)
    it = its.add_parser("import", help="copy a preset's folder or zip archive to yours")
    it.add_argument("path", metavar="PATH")
    it.add_argument("--link", action="store_true", help="use the folder where it lies, without a copy")
    _engine(it)
    it.set_defaults(run=run_import)
    it = its.add_parser("relocate", help="say where the folder of a preset is now")
    it.add_argument("name", metavar="NAME")
    it.add_argument("folder", metavar="FOLDER")
    it.set_defaults(run=run_relocate)
    it = its.add_parser("remove", help="delete one of yours; of a linked one only the entry in the list")
    it.add_argument("name", metavar="NAME")
    it.set_defaults(run=run_remove)
    it = its.add_parser("restore", help="bring back what remove took, until the window hands it to the trash")
    it.add_argument("name", metavar="NAME")
    it.set_defaults(run=run_restore)
    it = its.add_parser("check", help="compare one with its files, with plain NumPy, and with itself read back")
    it.add_argument("name", metavar="NAME", help="as listed, a folder, or run: and a run's id")
    _json(it)
    _engine(it)
    it.set_defaults(run=run_check)
    it = its.add_parser(
        "average", help="write the mean of the weights of presets that were trained on from the same one"
    )
    it.add_argument("names", metavar="NAME", nargs="+", help="as listed, a folder, or run: and a run's id")
    it.add_argument("-o", "--output", required=True, metavar="DST", help="a new folder")
    it.add_argument(
        "--weights",
        default="same",
        choices=("same", "float32", "float16"),
        help="on disk (%(default)s: float16 where all of them have it)",
    )
    it.set_defaults(run=lambda options: average_of(options.names, options.output, options.weights))
    it = its.add_parser("export", help="write one in another format, and check that it reads back (see convert)")
    it.add_argument("name", metavar="NAME")
    it.add_argument("destination", metavar="DST", help="a new folder, or a new file that ends in .keras")
    it.add_argument("--to", required=True, choices=("kerashub", "transformers", "keras"))
    it.set_defaults(run=lambda options: convert_to(options.name, options.destination, options.to))


def _json(it: argparse.ArgumentParser) -> None:
    it.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON")


def _engine(it: argparse.ArgumentParser) -> None:
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)


def run_list(options: argparse.Namespace) -> int:
    entries = Catalogue().read()
    if options.json:
        print(msgspec.json.encode(entries).decode())
        return 0
    width = max(20, *(len(entry.key) for entry in entries))
    sizes = f"{'parameters':>12} {'size':>9} {'to use':>9} {'to train':>9}"
    print(f"{'name':<{width}} {'layers':>6} {'hidden':>6} {sizes}  head")
    for entry in entries:
        card = entry.card
        here = size(card.size_bytes) if card.size_bytes else f"{size(entry.download_bytes)}*"
        head = HEADS[card.head]
        state = STATES[entry.state]
        print(
            f"{entry.key:<{width}} {card.num_layers:>6} {card.hidden_dim:>6} {card.parameters:>12,} {here:>9} "
            f"{size(entry.use_bytes):>9} {size(entry.training_bytes):>9}  {head}{f', {state}' if state else ''}"
        )
        if card.problem:
            print(f"  {card.problem}")
    print("* to be downloaded. Parameters: in the encoder, without a head.")
    print(f"Memory: about, in float32; to train with {BATCH} texts of full length at a time.")
    return 0


def run_show(options: argparse.Namespace) -> int:
    entry = Catalogue().find(options.name)
    if options.json:
        print(msgspec.json.encode(entry).decode())
        return 0
    for caption, value in facts(entry):
        print(f"{caption:<18}{value}")
    if entry.card.model_card:
        print(f"\n{entry.card.model_card.strip()}")
    return 0


def facts(entry: Entry) -> list[tuple[str, str]]:
    """Captions and values, without those that are not known."""
    card = entry.card
    rows = [
        ("Name", entry.key),
        ("State", card.problem or STATES[entry.state] or "on this machine"),
        ("Head", HEADS[card.head] + _head_advice(entry)),
        ("Classes", class_words(card.class_names)),
        ("Parameters", f"{card.parameters:,} in the encoder" if card.parameters else ""),
        ("Layers", str(card.num_layers or "")),
        ("Hidden size", str(card.hidden_dim or "")),
        ("Vocabulary", f"{card.vocabulary_size:,}" if card.vocabulary_size else ""),
        ("Length", str(card.sequence_length or "")),
        ("Positions", str(card.positions or "")),
        ("Size on disk", size(card.size_bytes) if card.size_bytes else ""),
        ("Download", f"about {size(entry.download_bytes)}" if entry.state in ("remote", "paused") else ""),
        ("Has arrived", size(entry.arrived_bytes) if entry.arrived_bytes else ""),
        ("Memory to use", f"about {size(entry.use_bytes)}" if entry.use_bytes else ""),
        ("Memory to train", f"about {size(entry.training_bytes)}" if entry.training_bytes else ""),
        ("Licence", entry.licence or "not stated"),
        ("Folder", card.folder),
        ("Came from", entry.source),
        ("Kept by the run", entry.run),
        ("It began from", entry.parent),
    ]
    return [(caption, value) for caption, value in rows if value]


def _head_advice(entry: Entry) -> str:
    if entry.card.head == "none" and entry.key in BUILTIN:
        return f"; the authors' one: fnet-studio presets download {entry.key} --head"
    return ""


def run_download(options: argparse.Namespace) -> int:
    if options.cancel:
        with Worker(engine=options.engine) as worker:
            worker.call(protocol.ForgetDownload(options.name))
        print("Removed what had arrived.")
        return 0
    begun = preset_downloads.begun().get(preset_downloads.name_of(options.name))
    if begun is not None and begun.preset == options.name and begun.done_bytes:
        print(f"Going on after {size(begun.done_bytes)}.", file=sys.stderr)
    try:
        converted = _ask(options, protocol.FetchPreset(options.name, options.head))
    except Stopped:
        head = " --head" if options.head else ""
        print(f"Paused. Go on with: fnet-studio presets download {options.name}{head}", file=sys.stderr)
        raise
    folder = Path(converted.folder)
    preset_records.put(folder.name, folder, options.name)
    print(f"Downloaded: {folder}")
    for note in converted.notes:
        print(f"Note: {note}")
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Its weights are read by a worker before it gets its name, so that what cannot be loaded is not imported."""
    source = Path(os.path.expanduser(options.path)).absolute()
    if options.link:
        preset_import.check(source)
        _ask(options, protocol.Load(str(source)))
        print(f"Linked: {preset_import.link(source)}, used where it lies")
        return 0
    staged = preset_import.stage(source)
    try:
        _ask(options, protocol.Load(str(staged.folder)))
        print(f"Imported: {preset_import.commit(staged)}")
    finally:
        preset_import.abandon(staged)
    return 0


def run_relocate(options: argparse.Namespace) -> int:
    preset_import.relocate(options.name, Path(os.path.expanduser(options.folder)).absolute())
    print(f"{options.name} lies in {options.folder} from now on.")
    return 0


def run_remove(options: argparse.Namespace) -> int:
    removed = preset_trash.put_aside(options.name)
    if removed.moved:
        print(f"Deleted. Bring it back with: fnet-studio presets restore {options.name}")
    else:
        print(f"Taken off the list; its folder stays: {removed.record.folder if removed.record else ''}")
    return 0


def run_restore(options: argparse.Namespace) -> int:
    if options.name not in [path.name for path in preset_trash.waiting()]:
        raise UserError("preset.missing", f"There is no deleted preset {options.name!r} here.", "Look into the trash.")
    preset_trash.bring_back(preset_trash.Removed(options.name, None, True))
    print(f"{options.name} is back.")
    return 0


def run_check(options: argparse.Namespace) -> int:
    """1 when anything differs by more than it may."""
    checked = _ask(options, protocol.CheckPreset(absolute(options.name)))
    if options.json:
        print(msgspec.json.encode({"passed": checked.passed, **msgspec.to_builtins(checked)}).decode())
    else:
        told_comparisons(checked.comparisons)
        print(f"{'All as it should be' if checked.passed else 'NOT as it should be'}, in {checked.took_s:.1f} s.")
    return 0 if checked.passed else 1


def _ask(options: argparse.Namespace, command: protocol.Command) -> Any:
    on_terminal = sys.stderr.isatty() and not getattr(options, "json", False)
    with Worker(engine=options.engine) as worker:
        try:
            found, _ = worker.call(command, on_event=Progress().event if on_terminal else None)
        finally:
            if on_terminal:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return found
