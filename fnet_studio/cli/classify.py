"""fnet-studio classify RUN FILE, also with a preset in the place of the run"""

import argparse
import os
import sys
from pathlib import Path

from fnet_studio.cli import standard_input
from fnet_studio.core import answer_tables, classifiers, files, presets, protocol, run_store
from fnet_studio.core.classified_texts import ClassifiedTexts
from fnet_studio.core.errors import UserError
from fnet_studio.link.blocking import Worker
from fnet_studio.tables.mapping import Columns
from fnet_studio.tables.texts import TextRows, read_texts, read_texts_for

ENDINGS = ("", ".csv", ".tsv", ".json", ".jsonl")


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser(
        "classify",
        help="sort the texts of a file with a trained classifier",
        epilog="Prints a table with the answer to each text and the probabilities of the classes, and the file's other "
        "columns at its end. Where the file has labels, they are compared with the answers.",
    )
    it.add_argument(
        "what", metavar="RUN", help="a run's id, as `fnet-studio runs` lists it; or a preset that classifies"
    )
    it.add_argument(
        "file", metavar="FILE", help="a table with a column of texts, or one text a line; -: from standard input"
    )
    it.add_argument("--text-column", default="", metavar="C", help="else looked for, as in the run's training")
    it.add_argument("--pair-column", default="", metavar="C", help="of the second texts, for a run that sorts pairs")
    it.add_argument("--label-column", default="", metavar="C", help="else looked for; none: compare nothing")
    it.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="F",
        help="write a .csv, .tsv, .json or .jsonl file in the place of printing (-: print)",
    )
    it.add_argument("--json", action="store_true", help="print one JSON object a text, in the place of a table")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.output == Path(standard_input.STANDARD_INPUT):
        options.output = None
    if options.output:
        _require_place(options.output, Path(options.file))
    asked = classifiers.find(options.what)
    found = _for_run(asked.run, options) if asked.run else _for_preset(asked.preset, options)
    for note in found.notes:
        print(note, file=sys.stderr)
    given = found.texts, found.pairs, found.labels, found.label_column
    texts = ClassifiedTexts(asked.run, *given, asked.preset, found.others)
    try:
        with Worker(engine=options.engine) as worker:
            _ask(worker, texts, options)
    finally:  # stopped too: what has been answered is worth keeping
        print(f"{texts.done:,} of {len(texts.texts):,} texts: {texts.words() or 'none answered'}", file=sys.stderr)
        if options.output and texts.done:
            _write(texts, options.output)
    return 0


def _for_run(run: str, options: argparse.Namespace) -> TextRows:
    record = run_store.read(run)
    if not record.classifies:
        raise UserError(
            "run.no-classes",
            f"The run {record.id} trained a language model; it knows no classes.",
            "Choose a classifier's run.",
        )
    trained = str(record.recipe.get("data", {}).get("text_column", ""))
    with standard_input.file(options.file, (options.text_column, trained)) as path:
        return read_texts_for(record, path, _wanted(options))


def _for_preset(preset: str, options: argparse.Namespace) -> TextRows:
    """What it was trained on is not known: pairs are those of a column that is named."""
    names = presets.read_card(presets.folder(preset)).class_names
    with standard_input.file(options.file, (options.text_column,)) as path:
        return read_texts(path, _wanted(options), Columns(), class_names=names, paired=None)


def _wanted(options: argparse.Namespace) -> Columns:
    return Columns(options.text_column, options.label_column, options.pair_column)


def _ask(worker: Worker, texts: ClassifiedTexts, options: argparse.Namespace) -> None:
    printed, lively = 0, bool(options.output) and sys.stderr.isatty()
    while True:
        command = texts.next_part()
        if command is not None:
            told, _ = worker.call(command)
            assert isinstance(told, protocol.Classified)
            texts.add(told)
        if lively:
            print(f"\r{texts.done:,} of {len(texts.texts):,} texts\033[K", end="\r", file=sys.stderr, flush=True)
        if not options.output:
            _print(texts, printed, as_json=options.json)
            printed = texts.done
        if command is None:  # the last texts may be without a letter, and have no answer
            return


def _print(texts: ClassifiedTexts, first: int, *, as_json: bool) -> None:
    if as_json:
        for value in texts.as_objects(first):
            print(answer_tables.as_json(value), flush=True)
        return
    sys.stdout.write(answer_tables.as_csv(() if first else texts.head(), texts.rows(first)))


def _require_place(target: Path, source: Path) -> None:
    """Before the work of hours. UserError `classify.output`."""
    folder, words, advice = target.absolute().parent, "", ""
    if target.suffix.lower() not in ENDINGS:
        words, advice = f"{target.name} would be no table.", f"Name a file that ends with {', '.join(ENDINGS[1:])}."
    elif os.path.isdir(target):
        words, advice = f"{target} is a folder.", "Name a file in it."
    elif os.path.exists(target) and os.path.exists(source) and os.path.samefile(target, source):
        words, advice = f"{target} is the file that is read.", "Name another file for the answers."
    elif not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        words, advice = f"Nothing can be written in {folder}.", "Name a folder that is there and may be written."
    if words:
        raise UserError("classify.output", words, advice)


def _write(texts: ClassifiedTexts, target: Path) -> None:
    ending = target.suffix.lower()
    if ending == ".json":
        contents = answer_tables.as_json(list(texts.as_objects()))
    elif ending == ".jsonl":
        contents = "".join(answer_tables.as_json(one) + "\n" for one in texts.as_objects())
    else:
        contents = answer_tables.as_csv(texts.head(), texts.rows(), "\t" if ending == ".tsv" else ",")
    files.write_atomically(target, contents.encode())
