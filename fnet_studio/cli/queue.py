"""fnet-studio queue: runs that wait for their turn."""

import argparse
import sys
from pathlib import Path

import msgspec

from fnet_studio.cli import controls
from fnet_studio.cli.plan import plan
from fnet_studio.cli.show import tell_failure, tell_last_lines, to_stdout
from fnet_studio.cli.train import add_recipe_to, changes, check_settings, recipe_of, settings_of
from fnet_studio.core import protocol, queue, recipe, sweep
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.link.blocking import Worker
from fnet_studio.link.queue_driver import QueueDriver


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("queue", help="runs that wait for their turn: add, list, move, remove, retry, run")
    it.add_argument("--json", action="store_true", help="JSON")
    it.set_defaults(run=_list)
    actions = it.add_subparsers(title="actions", metavar="ACTION")
    one = actions.add_parser("add", help="put a recipe at the end, as it is now")
    add_recipe_to(one, also=sweep.bundled_names())
    one.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="KEY=VALUE,VALUE…",
        help="a run for each of these values of a setting, such as training.seed=0,1,2; given again: for each pair",
    )
    one.add_argument("--run", action="store_true", dest="run_now", help="and work through all that wait at once")
    _run_options(one)
    one.set_defaults(run=_add)
    one = actions.add_parser("list", help="all entries in order (what `queue` alone does)")
    one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON")
    one = actions.add_parser("move", help="to another place")
    one.add_argument("entry", metavar="ENTRY", help="an id, or a place counted from 1")
    one.add_argument("place", type=int, metavar="PLACE", help="counted from 1")
    one.set_defaults(run=_move)
    for name, words, do in (
        ("remove", "take entries out; their runs stay", _remove),
        ("retry", "let entries that failed or were stopped wait again", _retry),
    ):
        one = actions.add_parser(name, help=words)
        one.add_argument("entries", metavar="ENTRY", nargs="+", help="ids, or places counted from 1")
        one.set_defaults(run=do)
    one = actions.add_parser("run", help="work through all that wait; a failure does not end it, Ctrl+C does")
    _run_options(one)
    one.set_defaults(run=_run)


def _run_options(it: argparse.ArgumentParser) -> None:
    it.add_argument("--no-plan", action="store_true", help="start without estimates")
    it.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="JSON lines, also on a terminal")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)


def _add(options: argparse.Namespace) -> int:
    """A recipe, each of a sweep, or one for each combination of the values in `--over`."""
    swept = options.recipe in sweep.bundled_names() and not Path(options.recipe).is_file()
    values = {key: sweep.values_of(text) for key, text in changes(options.over, "--over").items()}
    if swept and values:
        raise UserError(
            "recipe.invalid", f"{options.recipe} is a sweep itself.", "Give --over with the recipe that it sweeps over."
        )
    if swept:
        named = {"name": options.name} if options.name else {}
        chosen = sweep.recipes(options.recipe, settings_of(options) | named)
        check_settings(options, *chosen)
    elif values:
        options.set += [f"name={options.name}"] if options.name else []
        chosen = sweep.over(recipe_of(options), values)
    else:
        chosen = [recipe_of(options)]
    for one in chosen:
        entry = queue.add(recipe.to_mapping(one), "" if swept or values else options.name)
        told = {"type": "queued", "id": entry.id, "name": entry.name}
        print(msgspec.json.encode(told).decode() if options.json else f"{entry.id}  {entry.name}")
    return _run(options) if options.run_now else 0


def _list(options: argparse.Namespace) -> int:
    entries = queue.entries()
    if options.json:
        print(msgspec.json.encode(entries).decode())
        return 0
    if not entries:
        print("Nothing waits. Add a run with: fnet-studio queue add RECIPE")
    for place, entry in enumerate(entries, 1):
        print(f"{place:>3}  {entry.id}  {entry.state:<8} {entry.name:<28} {entry.run}".rstrip())
        if entry.failure:
            print(f"     {entry.failure['message']} {entry.failure['advice']}".rstrip())
    return 0


def _move(options: argparse.Namespace) -> int:
    queue.move(options.entry, options.place)
    return 0


def _remove(options: argparse.Namespace) -> int:
    for entry in [queue.find(word) for word in options.entries]:  # places change as entries go
        queue.remove(entry.id)
    return 0


def _retry(options: argparse.Namespace) -> int:
    for word in options.entries:
        queue.wait_again(queue.find(word).id)
    return 0


def _run(options: argparse.Namespace) -> int:
    """0 when every run that had its turn finished."""
    driver, failures = QueueDriver(), 0
    while (command := driver.next()) is not None:
        entry = driver.entry
        assert entry is not None
        if sys.stdout.isatty() and not options.json:
            print(f"{entry.name} ({entry.id})")
        # a worker for each: what one leaves in memory, or breaks, is not the next one's
        with Worker(engine=options.engine) as worker:
            try:
                if isinstance(command, protocol.Train) and not options.no_plan:
                    planned = plan(worker, command.recipe, options.json)
                    if not planned.possible:
                        worst = planned.problems[0]
                        driver.refuse(worst)
                        failures += 1
                        if options.json:
                            tell_failure(UserError(worst.kind, worst.message, worst.advice), entry=entry.id, run="")
                        continue
                    command = msgspec.structs.replace(command, estimate=planned.estimate)
                _follow(worker, driver, command, options.json)
            except Stopped as stopped:
                driver.replied(protocol.Stopped(stopped.kept, stopped.run, stopped.paused))
                raise
            except KeyboardInterrupt:
                driver.replied(protocol.Stopped())
                raise
            except UserError as error:
                run = driver.run
                driver.replied(protocol.Failed(error.kind, error.message, error.advice))
                failures += 1
                print(f"fnet-studio: {entry.name}: {error}", file=sys.stderr)
                tell_last_lines(error)
                if options.json:
                    tell_failure(error, entry=entry.id, run=run)
    return 1 if failures else 0


def _follow(worker: Worker, driver: QueueDriver, command: protocol.Command, as_json: bool) -> None:
    show = to_stdout(as_json)

    def heard(envelope: protocol.Envelope, blob: bytes) -> None:
        show.event(envelope, blob)
        if envelope.reply_to and isinstance(envelope.body, protocol.Event):
            driver.heard(envelope.body)

    finished = controls.follow(worker, command, heard)
    assert isinstance(finished, protocol.RunFinished)
    show.end(finished)
    driver.replied(protocol.Done(finished))
