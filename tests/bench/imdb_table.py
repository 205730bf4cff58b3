"""The README's table: the newest IMDb runs on this machine beside the published example.

fnet-studio train imdb-fnet --set data.path=aclImdb.tar.gz
fnet-studio train imdb-transformer --set data.path=aclImdb.tar.gz
python tests/bench/imdb_table.py
"""

from fnet_studio.core import run_store
from fnet_studio.core.run_store import RunRecord

PUBLISHED = {
    "fourier": ("FNet, published", "12 ms a step, T4", "", "", "84.28 %", "2,382,337"),
    "attention": ("Transformer, published", "29 ms a step, T4", "", "", "84.23 %", "2,580,481"),
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


def main() -> None:
    records, _ = run_store.list_runs()
    rows = []
    for mixer, name in (("fourier", "FNet"), ("attention", "Transformer")):
        rows.append(PUBLISHED[mixer])
        wanted = (
            r
            for r in records
            if r.status == "finished" and r.recipe["data"]["source"] == "imdb" and r.recipe["model"]["mixer"] == mixer
        )
        newest = next(wanted, None)
        if newest is None:
            print(f"(no finished IMDb run with mixer {mixer})")
        else:
            rows.append(row(name, newest))
    for line in (HEADINGS, ("---",) * len(HEADINGS), *rows):
        print("| " + " | ".join(line) + " |")


if __name__ == "__main__":
    main()
