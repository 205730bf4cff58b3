"""fnet-studio train RECIPE.toml, and resume: an estimate first, then a progress bar or JSON lines."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from fnet_studio.cli import controls
from fnet_studio.cli.plan import plan, refuse
from fnet_studio.cli.show import to_stdout
from fnet_studio.core import chain, data_sets, protocol, recipe, recipe_scope, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_scope import DATA_PLACES
from fnet_studio.core.remedies import CHANGEABLE, half_at_a_time
from fnet_studio.link.blocking import Worker


def add_to(commands: argparse._SubParsersAction) -> None:
    it = controls.parser(commands, "train", help="train a model by a recipe")
    add_recipe_to(it)
    it.add_argument("--auto", action="store_true", help="when memory runs out: half the texts at a time, and go on")
    it.add_argument("--plan", action="store_true", help="say what the run would need, and stop")
    it.add_argument("--no-plan", action="store_true", help="start without an estimate")
    it.add_argument("--anyway", action="store_true", help="start although the estimate says that it cannot work")
    it.add_argument("--json", action="store_true", help="JSON lines, also on a terminal")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    it.set_defaults(run=run)
    it = controls.parser(commands, "resume", help="go on with a run that was stopped, paused, cut off or that failed")
    it.add_argument("run_id", metavar="RUN", help="a run's id, as `fnet-studio runs` lists it")
    it.add_argument("--json", action="store_true", help="JSON lines, also on a terminal")
    it.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=f"of {', '.join(CHANGEABLE)}")
    it.add_argument("--auto", action="store_true", help="when memory runs out, or did: half the texts at a time")
    it.add_argument("--engine", default="jax", choices=("jax", "scripted"), help=argparse.SUPPRESS)
    it.set_defaults(run=resume)


def add_recipe_to(it: argparse.ArgumentParser, also: Sequence[str] = ()) -> None:
    """also: further names that the caller knows."""
    known = ", ".join([*recipe.bundled_names(), *also])
    it.add_argument("recipe", metavar="RECIPE", help=f"a TOML file, or one of: {known}")
    it.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="such as training.epochs=1")
    it.add_argument(
        "--data", default="", metavar="NAME", help="train on a data set of the list (fnet-studio data list)"
    )
    it.add_argument("--name", default="", help="name of the run (the recipe's own)")


def recipe_of(options: argparse.Namespace) -> recipe.Recipe:
    """What was asked for, the same from every folder. UserError."""
    path = Path(options.recipe)
    if options.recipe in recipe.bundled_names() and not path.is_file():
        path = recipe.bundled(options.recipe)
    chosen = recipe.load(path, settings_of(options))
    check_settings(options, chosen)
    return recipe.with_whole_paths(chosen)


def check_settings(options: argparse.Namespace, *chosen: recipe.Recipe) -> None:
    """A line for each of `--set` that changes nothing in any of the recipes, or a sweep over it would look like one.
    UserError where it names files and other texts would be read; of files that a recipe names itself, a line."""
    data, asked = chosen[0].data, settings_of(options)
    counting = {key for one in chosen for key in recipe_scope.counting(recipe.to_mapping(one))}
    for key in DATA_PLACES:
        path = getattr(data, key.removeprefix("data."))
        if path in ("", "none") or key in counting or data.source == "files":
            continue
        source = data_sets.source_of(path) if key == "data.path" else "files"
        texts = "the bundled reviews" if data.source == "sample" else "IMDb's own texts"
        words = f"{key} names {path}, but data.source is {data.source}: {texts}"
        if key in asked:
            advice = f"Add --set data.source={source}, or leave {key} out."
            raise UserError("recipe.unread-file", f"{words} would be read.", advice)
        if "data.source" not in asked:
            print(f"fnet-studio: {words} are read.", file=sys.stderr)
    for key in changes(options.set):
        if key in recipe.fields() and key not in counting:
            words = f"{key} changes nothing: it does not count in this recipe (task {chosen[0].task}"
            print(f"fnet-studio: {words}, data.source {data.source}).", file=sys.stderr)


def settings_of(options: argparse.Namespace) -> dict[str, str]:
    """Of `--data`, and of `--set`, which goes before it. UserError."""
    listed = data_sets.find(options.data).settings if options.data else {}
    return listed | changes(options.set)


def run(options: argparse.Namespace) -> int:
    if options.auto:
        options.set.append("training.auto_batch=true")
    chosen = recipe_of(options)
    mapping = recipe.to_mapping(chosen)
    with Worker(engine=options.engine) as worker:
        planned = plan(worker, mapping, options.json) if options.plan or not options.no_plan else None
        if options.plan:
            return 0 if planned is None or planned.possible else 1
        if planned is not None and not options.anyway:
            refuse(planned)
        typed = shlex.join(["fnet-studio", *options.typed])
        command = protocol.Train(mapping, options.name, estimate=planned.estimate if planned else None, typed=typed)
        return follow(worker, command, options.json)


def resume(options: argparse.Namespace) -> int:
    record = run_store.read(options.run_id)
    chosen = changes(options.set)
    if options.auto:
        ran_out = (record.failure or {}).get("kind") == "device.out-of-memory"
        half = half_at_a_time(recipe.from_mapping(record.recipe)) if ran_out else {}
        chosen = half | {"training.auto_batch": "true"} | chosen
    command: protocol.Command | None = protocol.Resume(options.run_id, chosen)
    if record.status == "finished":
        command = chain.next_after(options.run_id) or command
    with Worker(engine=options.engine) as worker:
        return follow(worker, command, options.json)


def follow(worker: Worker, command: protocol.Command | None, as_json: bool) -> int:
    """A run, and those that follow it (`core.chain`)."""
    while command is not None:
        show = to_stdout(as_json)
        finished = controls.follow(worker, command, show.event)
        assert isinstance(finished, protocol.RunFinished)
        show.end(finished)
        command = chain.next_after(finished.run)
    return 0


def changes(words: list[str], option: str = "--set") -> dict[str, str]:
    """Of `--set key=value`, or of another option like it."""
    found = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UserError("recipe.invalid", f"{option} {word}: there is no '='.", "Write it as key=value.")
        found[key.strip()] = value
    return found
