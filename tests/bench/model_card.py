"""Write the model card of a pretrained preset from what is measured here and from the run that made it.

    python tests/bench/model_card.py FOLDER --run runs/RUN/run.json --data valid.txt.xz [--after CARD]

Several runs after --run are told in their order, each one having gone on from the one before; what is no run.json there
is told as it stands, such as "then the mean of these weights and of those before". CARD is the card of the preset that
the first of them began with, whose training is told before theirs. FOLDER/README.md then tells size,
training, figures and the five best words for ten everyday sentences, unedited.
"""

import argparse
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import fill_mask

from fnet_studio.core import protocol
from fnet_studio.link.blocking import Worker

SENTENCES = (
    "She opened the [MASK] and looked outside.",
    "The children are playing in the [MASK].",
    "He drank a cup of [MASK] before work.",
    "We took the train to [MASK] last week.",
    "The cat is sleeping on the [MASK].",
    "It was raining, so she took her [MASK].",
    "My brother wants to become a [MASK].",
    "The capital of France is [MASK].",
    "They have lived in this [MASK] for ten years.",
    "The soup was too [MASK] to eat.",
)


def measured(folder: str, data: str) -> tuple[protocol.PresetMeasured, list[str]]:
    lines = []
    with Worker() as worker:
        result, _ = worker.call(protocol.MeasurePreset(folder, data))
        for text in SENTENCES:
            filled, _ = worker.call(protocol.FillMask(folder, text, top_k=5))
            best = ", ".join(f"{c.text} {c.probability:.0%}" for c in filled.answers[0].candidates)
            lines.append(f"- {text} {best}")
    return result, lines


def stage(run: dict[str, Any], length: int, first: bool) -> str:
    """What one run did, in a line."""
    training, pretraining, steps = (run["recipe"][part] for part in ("training", "pretraining", "optimisation"))
    started_from = run["recipe"]["model"]["preset"]
    tokens = run["steps"] * training["batch_size"] * length
    if not first:
        begin = "then from there"
    else:
        begin = "from scratch" if started_from == "none" else f"from `{started_from}`"
    share = pretraining.get("subsampling")
    openings = pretraining.get("openings")
    begun = f" (first sentences of documents: {openings:.0%} of them)" if openings else ""
    words = ", only words of one piece masked there" if pretraining.get("one_piece") else ""
    rarely = f", pieces above a frequency of {share:g} masked more rarely there" if share else ""
    return (
        f"{begin}: {run['steps']:,} steps of {training['batch_size']} x {length} ({tokens / 1e6:,.1f} million tokens "
        f"and pads), {steps.get('optimiser', 'adam')} at {training['learning_rate']:g}, {steps['schedule']} schedule, "
        f"averaged weights {steps['ema']:g}, masking {pretraining['masked']:.0%}, {pretraining['short_share']:.0%} of "
        f"the rows short and padded{begun}{rarely}{words}, {run['training_s'] / 60:,.0f} minutes"
    )


def card(
    folder: Path,
    stages: list[dict[str, Any] | str],
    before: list[str],
    result: protocol.PresetMeasured,
    lines: list[str],
    probes: str,
) -> str:
    shape = json.loads((folder / "config.json").read_text())["config"]
    parameters = json.loads((folder / "metadata.json").read_text())["parameter_count"]
    runs = [it for it in stages if not isinstance(it, str)]
    held_out = Path(runs[-1]["recipe"]["data"].get("validation_path", "none")).name.replace("none", "valid.txt.xz")
    device = (runs[-1].get("device") or {}).get("name", "")
    new = [
        f"  - {it if isinstance(it, str) else stage(it, result.sequence_length, not at and not before)}"
        for at, it in enumerate(stages)
    ]
    told = "\n".join([*before, *new])
    return f"""# {folder.name}

A small cased English FNet with a trained masked-LM head, in KerasHub's preset format: {shape["num_layers"]} layers,
hidden {shape["hidden_dim"]}, intermediate {shape["intermediate_dim"]}, length {shape["max_sequence_length"]},
SentencePiece vocabulary of {shape["vocabulary_size"]:,}; {parameters:,} parameters in the encoder.
Weights are float16 on disk.

- Text: Wikipedia (CC BY-SA), Wikinews (CC BY 2.5), public-domain books, OpenStax (CC BY 4.0).
- Trained by the recipe `pretrain` on {device}:
{told}
- Held out from it all: {held_out}.
- Always padded to {result.sequence_length}, as it was trained.
- On held-out text, masked 15 %: accuracy {result.accuracy:.3f} ({result.masks:,} masks), pseudo-perplexity
  {result.pseudo_perplexity:.1f}.
- Limits: a model this small knows grammar and set phrases, and hardly any facts. It has the biases of its sources, and
  states falsehoods as readily as facts. It was trained on single texts: until it is fine-tuned on pairs, two texts with
  [SEP] between them are strange to it.
- Licence: Apache-2.0 for the weights.

Hits on probes of facts and of common sense, and on words hidden in single sentences of the held-out text:

```
{probes}```

Ten everyday sentences and its five best words, unedited:

{chr(10).join(lines)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--run", required=True, nargs="+", help="run.json of each run that made it, in order; or words about it"
    )
    parser.add_argument("--data", type=Path, required=True, help="text that was held out")
    parser.add_argument("--after", type=Path, metavar="CARD", help="the card of the preset that they began with")
    parser.add_argument("--probes", type=Path, default=fill_mask.PROBES)
    options = parser.parse_args()
    folder = options.folder.absolute()
    result, lines = measured(str(folder), str(options.data.absolute()))
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        asked = [json.loads(line) for line in options.probes.read_text("utf-8").splitlines()]
        fill_mask.report(str(folder), asked + fill_mask.hidden_words(options.data))
    probes = told.getvalue().replace(str(folder), folder.name)
    stages = [json.loads(Path(it).read_text("utf-8")) if it.endswith(".json") else it for it in options.run]
    earlier = options.after.read_text("utf-8").splitlines() if options.after else []
    before = [line for line in earlier if line.startswith("  - ")]
    (folder / "README.md").write_text(card(folder, stages, before, result, lines, probes), "utf-8")
    print(folder / "README.md")


if __name__ == "__main__":
    main()
