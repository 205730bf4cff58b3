"""fnet-studio runs slices RUN…"""

import argparse
from collections.abc import Iterable, Sequence

from fnet_studio.cli.data_common import ask
from fnet_studio.core import agreement, answer_tables, protocol, run_evaluation, run_notes, run_store, slices
from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import compile_pattern
from fnet_studio.core.run_evaluation import Predictions
from fnet_studio.core.run_names import Named, told_apart
from fnet_studio.core.run_store import RunRecord
from fnet_studio.core.slices import Slice


def add_to(what: argparse._SubParsersAction) -> None:
    it = what.add_parser("slices", help="how often a model is right on parts of the texts: by length, by words")
    it.add_argument("run_ids", metavar="RUN", nargs="+", help="several: the others beside the first, on the same texts")
    it.add_argument("--split", default="", choices=run_evaluation.SPLITS, help="(the first that was measured)")
    it.add_argument("--holds", action="append", default=[], metavar="WORDS", help="a slice of the texts with these")
    it.add_argument("--regex", action="store_true", help="WORDS are regular expressions")
    it.add_argument("--match-case", action="store_true", help="upper and lower case differ")
    it.add_argument("--csv", action="store_true", help="CSV")
    it.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    it.set_defaults(run=show)


def show(options: argparse.Namespace) -> int:
    records = [run_store.read(one) for one in options.run_ids]
    for record in records:
        if not record.classifies:
            raise UserError("run.no-texts", f"The run {record.id} classified no texts.", "Choose a classifier's run.")
    for pattern in options.holds:
        compile_pattern(pattern, regex=options.regex, case=options.match_case)
    return _one(options, records[0].id) if len(records) == 1 else _several(options, records)


def _one(options: argparse.Namespace, run: str) -> int:
    measured = run_evaluation.evaluated(run)
    split = options.split or next(iter(measured), "test")
    if split not in measured:
        raise UserError(
            "run.not-measured",
            f"The run {run} was not measured on its {split} texts.",
            f"Measure it first: fnet-studio evaluate {run} --split {split}",
        )
    found = run_evaluation.predictions(run, run_evaluation.read(run, split))
    measures = [slices.measure(part, found) for part in _parts(options, run, split, found)]
    if _written(options, {"run": run, "split": split}, slices.COLUMNS, map(slices.table_row, measures)):
        return 0
    print(f"{'slice':<32} {'texts':>8} {'accuracy':>9}  {'95 % interval':<18} than the other texts")
    for one in measures:
        low, high = one.share.interval
        accuracy = f"{one.share.value:.2%}" if one.share.texts else "-"
        print(
            f"{one.name[:32]:<32} {one.share.texts:>8,} {accuracy:>9}  {f'{low:.2%} to {high:.2%}':<18} "
            f"{slices.told(one.difference)}".rstrip()
        )
    return 0


def _several(options: argparse.Namespace, records: list[RunRecord]) -> int:
    names = told_apart([Named(run_notes.name_of(record), record.began) for record in records])
    measured = agreement.measured_alike(records, names, options.split)
    first = measured[0]
    parts = _parts(options, first.record.id, first.report.split, first.found)
    compared = [agreement.compare(part, [one.found for one in measured]) for part in parts]
    ids = [record.id for record in records]
    rows = (row for one in compared for row in agreement.table_rows(one, ids))
    if _written(options, {"runs": ids, "split": first.report.split}, agreement.COLUMNS, rows):
        return 0
    for number, name in enumerate(names, 1):
        print(f"{number}: {name}")
    beside = "".join(f" {number:>9} {'than 1':<21}" for number in range(2, len(names) + 1))
    print(f"\n{'slice':<32} {'texts':>8} {'1':>9}{beside}".rstrip())
    for one in compared:
        accuracies = [f"{share.value:.2%}" if share.texts else "-" for share in one.shares]
        others = zip(accuracies[1:], one.differences, strict=True)
        line = f"{one.name[:32]:<32} {one.shares[0].texts:>8,} {accuracies[0]:>9}"
        line += "".join(f" {accuracy:>9} {slices.told(difference):<21}" for accuracy, difference in others)
        print(line.rstrip())
    return 0


def _parts(options: argparse.Namespace, run: str, split: str, found: Predictions) -> list[Slice]:
    """All texts, by length, and those that hold what was asked for."""
    asked = [protocol.RunSlice(run, split, one, options.regex, options.match_case) for one in ("", *options.holds)]  # type: ignore[arg-type]
    answers = ask(options, *asked, blob=True)
    (whole, letters), *held = [slices.rows_of(*one, found) for one in (answers if len(asked) > 1 else [answers])]
    names = [slices.holding(pattern, options.regex, options.match_case) for pattern in options.holds]
    parts = [Slice(f"All {split} texts", whole), *slices.by_length(letters)]
    return parts + [Slice(name, rows) for name, (rows, _letters) in zip(names, held, strict=True)]


def _written(options: argparse.Namespace, about: dict[str, object], columns: Sequence[str], rows: Iterable) -> bool:
    """Whether JSON or CSV was asked for."""
    if options.json:
        print(answer_tables.as_json(about | {"slices": [dict(zip(columns, row, strict=True)) for row in rows]}))
    elif options.csv:
        print(answer_tables.as_csv(columns, rows), end="")
    return bool(options.json or options.csv)
