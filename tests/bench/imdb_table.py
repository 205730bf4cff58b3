"""The README's table: the newest IMDb runs on this machine beside the published example and a bag of words.

fnet-studio train imdb-fnet --set data.path=aclImdb.tar.gz
fnet-studio train imdb-transformer --set data.path=aclImdb.tar.gz
fnet-studio train finetune --set data.source=imdb --set data.path=aclImdb.tar.gz
fnet-studio train adapt-then-finetune --set data.source=imdb --set data.path=aclImdb.tar.gz
fnet-studio train imdb-best --set data.path=aclImdb.tar.gz
python tests/bench/imdb_table.py [--baseline FILE]

The baseline's file is written by tests/bench/tfidf_baseline.py.
"""

import argparse
import json
from pathlib import Path

from fnet_studio.core import run_store
from fnet_studio.core.run_store import RunRecord

PUBLISHED = {
    "imdb-fnet": ("FNet, published", "12 ms a step, T4", "", "", "84.28 %", "2,382,337"),
    "imdb-transformer": ("Transformer, published", "29 ms a step, T4", "", "", "84.23 %", "2,580,481"),
}
RECIPES = {
    "imdb-fnet": "FNet",
    "imdb-transformer": "Transformer",
    "finetune": "Preset, fine-tuned",
    "adapt-then-finetune": "Preset, adapted, then fine-tuned",
    "imdb-best": "Best from IMDb alone",
}
HEADINGS = ("", "training time", "train", "validation", "test", "parameters")


def row(name: str, record: RunRecord) -> tuple[str, ...]:
    step_ms = 1000 * record.training_s / record.steps
    epochs = record.recipe["training"]["epochs"]
    return (
        f"{name}, here, {epochs} epoch{'s' if epochs > 1 else ''}",
        f"{record.training_s:,.0f} s, {step_ms:,.0f} ms a step, {record.device.name if record.device else ''}",
        _share(record.train_accuracy),
        _share(record.validation_accuracy),
        _share(record.test_accuracy),
        f"{record.parameters:,}",
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}".replace("%", " %")


def baseline_rows(path: Path) -> list[tuple[str, ...]]:
    return [
        (
            found["name"],
            f"{found['training_s']:,.0f} s",
            *(_share(found[f"{part}_accuracy"]) for part in ("train", "validation", "test")),
            f"{found['parameters']:,}",
        )
        for found in json.loads(path.read_text())
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--baseline", type=Path, help="what tests/bench/tfidf_baseline.py wrote")
    chosen = options.parse_args()
    finished = [
        record
        for record in run_store.list_runs()[0]
        if record.status == "finished" and record.recipe["data"]["source"] == "imdb"
    ]
    rows = []
    for recipe, name in RECIPES.items():
        if recipe in PUBLISHED:
            rows.append(PUBLISHED[recipe])
        of_recipe = [record for record in finished if record.recipe["name"] == recipe]
        by_mixer = {record.recipe["model"]["mixer"]: record for record in reversed(of_recipe)}  # the newest of each
        if not by_mixer:
            print(f"(no finished run of {recipe})")
        for mixer, newest in by_mixer.items():
            usual = mixer in ("fourier", "attention")
            rows.append(row(name if usual else f"{name} with {mixer} mixing", newest))
    if chosen.baseline:
        rows += baseline_rows(chosen.baseline)
    for line in (HEADINGS, ("---",) * len(HEADINGS), *rows):
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
