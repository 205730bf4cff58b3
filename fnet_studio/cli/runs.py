"""fnet-studio runs [list | export | import | compare | repeat | slices | relocate | command | remove | restore]"""

import argparse
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

from fnet_studio.cli import slices
from fnet_studio.cli.convert import told_comparisons
from fnet_studio.cli.data_common import ask
from fnet_studio.cli.train import changes
from fnet_studio.core import (
    agreement,
    files,
    protocol,
    provenance,
    recipe,
    recipe_diff,
    run_bundle,
    run_notes,
    run_store,
    run_trash,
)
from fnet_studio.core.by_class import macro_f1
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_scope import DATA_PLACES
from fnet_studio.core.remedies import gone, with_those_beside
from fnet_studio.core.run_names import Named, told_apart
from fnet_studio.core.seeds import name_of_all, same_but_seed, spread
from fnet_studio.core.slices import Difference, told

SPLITS, MACRO_F1 = ("train", "validation", "test"), "test_macro_f1"


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("runs", help="the runs on this machine, newest first; export, import, compare them")
    it.add_argument("--json", action="store_true", help="JSON")
    it.set_defaults(run=run)
    what = it.add_subparsers(title="what to do with them", metavar="WHAT")
    one = what.add_parser("list", help="all of them (what `runs` alone does)")
    one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON")
    one = what.add_parser("export", help="write a run as one file that opens on another machine")
    one.add_argument("run_id", metavar="RUN", help="a run's id, as `fnet-studio runs` lists it")
    one.add_argument("-o", "--output", type=Path, metavar="FILE", help=f"(RUN{run_bundle.SUFFIX})")
    one.add_argument("--checkpoints", action="store_true", help="with what it takes to go on with it")
    one.set_defaults(run=export)
    one = what.add_parser("import", help="bring in a run that was exported")
    one.add_argument("file", type=Path, metavar="FILE")
    one.set_defaults(run=bring_in)
    one = what.add_parser("compare", help="runs side by side, and the settings in which they differ")
    one.add_argument("run_ids", metavar="RUN", nargs="+")
    one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON")
    one.set_defaults(run=compare)
    one = what.add_parser("repeat", help="train the steps between its two newest checkpoints again: are they the same?")
    one.add_argument("run_id", metavar="RUN")
    one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON")
    one.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    one.set_defaults(run=repeat)
    slices.add_to(what)
    one = what.add_parser("relocate", help="say where the data of a run is now; it has to be the same")
    one.add_argument("run_id", metavar="RUN")
    one.add_argument("places", metavar="KEY=PLACE", nargs="+", help=f"of {', '.join(DATA_PLACES)} (the first)")
    one.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    one.set_defaults(run=relocate)
    one = what.add_parser("command", help="print the command that would start the same run again")
    one.add_argument("run_id", metavar="RUN")
    one.add_argument("--python", action="store_true", help="as a cell for a notebook")
    one.set_defaults(run=command)
    one = what.add_parser("remove", help="delete runs, with their models; `restore` brings them back")
    one.add_argument("run_ids", metavar="RUN", nargs="+")
    one.add_argument("--for-good", action="store_true", help="free their space at once; deleted ones can be named too")
    one.set_defaults(run=remove)
    one = what.add_parser("restore", help="bring back runs that were deleted")
    one.add_argument("run_ids", metavar="RUN", nargs="+")
    one.set_defaults(run=restore)


def run(options: argparse.Namespace) -> int:
    records, problems = run_store.list_runs()
    for problem in problems:
        print(f"fnet-studio: {problem}", file=sys.stderr)
    if options.json:
        told = [msgspec.to_builtins(record) | {"test_macro_f1": _macro_f1(record)} for record in records]
        print(msgspec.json.encode(told).decode())
        return 0
    if not records:
        print("There are no runs yet. Start one with: fnet-studio train sample-quick")
        return 0
    widest = max(len(record.id) for record in records)
    print(f"{'run':<{widest}} {'status':<11} {'validation':>10} {'test':>7} {'steps':>7} {'seconds':>8}  began")
    for record in records:
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.began))
        name = run_notes.name_of(record)
        own = f"  {name}" if name != record.name else ""
        lasted = "–" if record.duration_s < 0 else f"{record.duration_s:,.0f}"
        print(
            f"{record.id:<{widest}} {record.status:<11} {_share(record.validation_accuracy):>10} "
            f"{_share(record.test_accuracy):>7} {record.steps:>7,} {lasted:>8}  {began}{own}"
        )
    return 0


def export(options: argparse.Namespace) -> int:
    target = files.target_of(options.output, f"{options.run_id}{run_bundle.SUFFIX}")
    manifest = run_bundle.export(options.run_id, target, checkpoints=options.checkpoints)
    print(f"{target}: {len(manifest.parts)} files, {target.stat().st_size / 1e6:,.1f} MB")
    return 0


def bring_in(options: argparse.Namespace) -> int:
    record = run_bundle.bring_in(options.file)
    print(f"{record.id}: {record.name}, {record.status}")
    return 0


def compare(options: argparse.Namespace) -> int:
    """In the shape of the published table: training time, accuracies, parameters."""
    records = [run_store.read(one) for one in options.run_ids]
    named = [Named(run_notes.name_of(record), record.began) for record in records]
    names, heads = told_apart(named), told_apart(named, 32)
    different = recipe_diff.differences([record.recipe for record in records])
    measured = _measured(records)
    if options.json:
        rows = [
            {"run": r.id, "name": its.name, "training_s": r.training_s, "parameters": r.parameters}
            | {key: values[place] for key, values in measured.items()}
            for place, (r, its) in enumerate(zip(records, named))
        ]
        shown = {
            "runs": rows,
            "seeds": [
                {"runs": [records[place].id for place in group]}
                | {
                    key: None if (it := spread([values[place] for place in group])) is None else it._asdict()
                    for key, values in measured.items()
                }
                for group in same_but_seed(records)
            ],
            "settings": [one._asdict() for one in different],
            "agreement": _agreements(records, names),
        }
        print(msgspec.json.encode(shown).decode())
        return 0
    print(
        f"{'run':<32} {'training':>10} {'train':>8} {'validation':>10} {'test':>8} {'macro F1':>8} {'parameters':>12}"
    )
    for r, head, f1 in zip(records, heads, measured[MACRO_F1]):
        print(
            f"{head:<32} {r.training_s:>8,.0f} s {_share(r.train_accuracy):>8} "
            f"{_share(r.validation_accuracy):>10} {_share(r.test_accuracy):>8} "
            f"{'' if f1 is None else f'{f1:.4f}':>8} {r.parameters:>12,}"
        )
    for group in same_but_seed(records):
        print(f"\nmean and standard deviation of {len(group)} seeds, {name_of_all(named[group[0]].name)}")
        for key, values in measured.items():
            it = spread([values[place] for place in group])
            if it is not None:
                print(f"  {key.replace('_', ' '):<28} {it if key == MACRO_F1 else it.percent}")
    print("\nsettings that differ" if different else "\nAll settings are the same.")
    for one in different:
        print(f"  {one.key:<28} {' | '.join(one.values)}")
    agreements = _agreements(records, names)
    if agreements:
        print(f"\non the same {agreements[0]['texts']:,} {agreements[0]['split']} texts, {names[0]} (the first) beside")
        print(f"{'':<32} {'both right':>10} {'only first':>10} {'only this':>10} {'both wrong':>10}")
    for head, one in zip(heads[1:], agreements):
        low, high = one["interval"]
        words = told(Difference(one["difference"], low, high))
        print(
            f"{head:<32} {one['both_right']:>10,} {one['only_first_right']:>10,} {one['only_this_right']:>10,} "
            f"{one['both_wrong']:>10,}  {words} ({100 * low:+.1f} to {100 * high:+.1f} points)"
        )
    return 0


def _agreements(records: list[run_store.RunRecord], names: list[str]) -> list[dict]:
    """The first beside each of the others; none where they were not measured on the same texts."""
    try:
        first, *others = agreement.measured_alike(records, names)
    except UserError as error:
        if error.kind != "runs.different":
            raise
        return []
    rows = []
    for other in others:
        found = agreement.agreement(first.found, other.found)
        counts = ("both_right", "only_first_right", "only_this_right", "both_wrong")
        difference = found.difference
        rows.append(
            {"run": other.record.id, "split": first.report.split, "texts": found.texts}
            | {key: len(places) for key, places in zip(counts, found)}
            | {"difference": difference.value, "interval": (difference.low, difference.high)}
        )
    return rows


def repeat(options: argparse.Namespace) -> int:
    """1 when anything differs."""
    repeated = ask(options, protocol.RepeatSteps(options.run_id))
    if options.json:
        print(msgspec.json.encode({"passed": repeated.passed, **msgspec.to_builtins(repeated)}).decode())
        return 0 if repeated.passed else 1
    print(f"{repeated.run}: steps {repeated.first:,} to {repeated.last:,} again, in {repeated.took_s:.1f} s")
    told_comparisons(repeated.comparisons)
    if repeated.devices_then != repeated.devices:
        print(f"Then a batch was shared by {repeated.devices_then} devices, now by {repeated.devices}.")
    print("It goes on exactly where it was." if repeated.passed else "NOT the same.")
    return 0 if repeated.passed else 1


def relocate(options: argparse.Namespace) -> int:
    """What lies beside the first of the new places is found there."""
    named = changes([word if "=" in word else f"data.path={word}" for word in options.places])
    places = with_those_beside(named, gone(run_store.read(options.run_id)))
    ask(options, protocol.Relocate(options.run_id, places))
    record = run_store.read(options.run_id)
    data = (record.then or record.recipe)["data"]
    for key in places:
        print(f"{key}: {data[key.removeprefix('data.')]}")
    return 0


def remove(options: argparse.Namespace) -> int:
    for run in options.run_ids:
        if options.for_good:
            run_trash.delete(run)
            print(f"{run} was deleted for good.")
        else:
            run_trash.put_aside(run)
            print(f"{run} was deleted. Bring it back with: fnet-studio runs restore {run}")
    return 0


def restore(options: argparse.Namespace) -> int:
    for run in options.run_ids:
        run_trash.bring_back(run)
        print(f"{run} is back.")
    return 0


def _measured(records: list[run_store.RunRecord]) -> dict[str, list[float | None]]:
    """One of each for a run."""
    accuracies = {f"{it}_accuracy": [getattr(r, f"{it}_accuracy") for r in records] for it in SPLITS}
    return accuracies | {MACRO_F1: [_macro_f1(r) for r in records]}


def _macro_f1(record: run_store.RunRecord) -> float | None:
    """On the test texts."""
    return macro_f1(np.array(record.confusion)) if record.confusion else None


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"


def command(options: argparse.Namespace) -> int:
    record = run_store.read(options.run_id)
    written = provenance.as_python if options.python else provenance.as_command
    print(written(recipe.from_mapping(record.recipe), record.name))
    return 0
