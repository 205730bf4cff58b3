"""What runs needed over what was estimated before they started, by recipe: 1 is exact; the bar is 1.5 both ways.

    python tests/bench/preflight.py [--imdb ../shared/data/imdb/aclImdb.tar.gz]

Each recipe is started as a user would, in a process and a home of its own (nothing cached), and its run.json is read.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fnet_studio.core import run_store
from fnet_studio.core.files import size
from fnet_studio.core.preflight import Cost, ratios

NAMES = ("duration_s", "memory_bytes", "device_memory_bytes", "disk_bytes")

RECIPES: dict[str, tuple[str, ...]] = {
    "sample-quick": ("sample-quick",),
    "sample, a checkpoint each step": ("sample-quick", "training.epochs=8", "saving.checkpoint_every_s=0"),
    "sample, attention": ("sample-quick", "model.mixer=attention", "training.epochs=20"),
    "fine-tuning": ("finetune", "training.epochs=4"),
    "masked-LM": ("masked-lm", "training.epochs=3"),
}
IMDB = {
    "IMDb, small and short": (
        "imdb-fnet",
        "model.num_layers=1",
        "model.hidden_dim=64",
        "model.intermediate_dim=128",
        "data.sequence_length=128",
        "training.epochs=2",
    ),
    "IMDb, the example, 1 epoch": ("imdb-fnet", "training.epochs=1"),
}


def measure(words: tuple[str, ...], home: Path) -> tuple[Cost, Cost]:
    """Estimate and outcome of one run."""
    recipe, *changes = words
    sets = [word for change in changes for word in ("--set", change)]
    environment = os.environ | {"FNET_STUDIO_HOME": str(home)}
    command = [sys.executable, "-m", "fnet_studio", "train", recipe, *sets, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    os.environ["FNET_STUDIO_HOME"] = str(home)
    record = run_store.read(json.loads(done.stdout.splitlines()[-1])["run"])
    assert record.estimate is not None
    assert record.outcome is not None
    return record.estimate, record.outcome


def words_of(name: str, cost: Cost) -> str:
    value = getattr(cost, name)
    return f"{value:.1f} s" if name == "duration_s" else size(value)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--imdb", help="aclImdb.tar.gz: adds the runs on IMDb")
    options.add_argument("--only", default="", help="recipes whose title holds this")
    options.add_argument("--phases", action="store_true", help="also by phase")
    options.add_argument("--keep-home", help="a folder to use as home for all (caches are then warm)")
    chosen = options.parse_args()
    recipes = dict(RECIPES)
    if chosen.imdb:
        recipes |= {title: (*words, f"data.path={chosen.imdb}") for title, words in IMDB.items()}
    worst = 1.0
    for title, words in recipes.items():
        if chosen.only.lower() not in title.lower():
            continue
        with tempfile.TemporaryDirectory() as home:
            estimate, outcome = measure(words, Path(chosen.keep_home or home))
        found = ratios(estimate, outcome)
        for name in NAMES:
            if name in found:
                worst = max(worst, found[name], 1 / found[name])
                sides = f"{words_of(name, outcome)} needed, {words_of(name, estimate)} estimated"
                print(f"{title:<32} {name.rpartition('_')[0]:<14} {found[name]:5.2f}   {sides}", flush=True)
        if chosen.phases:
            for name in sorted(set(estimate.phases_s) | set(outcome.phases_s)):
                needed, wanted = outcome.phases_s.get(name, 0.0), estimate.phases_s.get(name, 0.0)
                print(f"    {name:<18} {needed:8.2f} s needed, {wanted:8.2f} s estimated", flush=True)
    print(f"worst ratio, either way: {worst:.2f} (bar 1.5)")


if __name__ == "__main__":
    main()
