"""Write the model card of a pretrained preset from what is measured here and from the run that made it.

    python tests/bench/model_card.py FOLDER --run runs/RUN/run.json --data valid.txt.xz

FOLDER/README.md then tells size, training, figures and the five best words for ten everyday sentences, unedited.
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


def card(folder: Path, run: dict[str, Any], result: protocol.PresetMeasured, lines: list[str], probes: str) -> str:
    shape = json.loads((folder / "config.json").read_text())["config"]
    parameters = json.loads((folder / "metadata.json").read_text())["parameter_count"]
    training, pretraining, data = (run["recipe"].get(part, {}) for part in ("training", "pretraining", "data"))
    tokens = run["steps"] * training["batch_size"] * result.sequence_length
    started_from = run["recipe"]["model"]["preset"]
    held_out = Path(data.get("validation_path", "none")).name.replace("none", "a part of the corpus")
    device = (run.get("device") or {}).get("name", "")
    return f"""# {folder.name}

A small cased English FNet with a trained masked-LM head, in KerasHub's preset format: {shape["num_layers"]} layers,
hidden {shape["hidden_dim"]}, intermediate {shape["intermediate_dim"]}, length {shape["max_sequence_length"]},
SentencePiece vocabulary of {shape["vocabulary_size"]:,}; {parameters:,} parameters in the encoder.
Weights are float16 on disk.

- Text: Wikipedia (CC BY-SA), Wikinews (CC BY 2.5), public-domain books, OpenStax (CC BY 4.0).
- Trained by the recipe `pretrain` ({"from scratch" if started_from == "none" else f"from {started_from}"}):
  {run["steps"]:,} steps of {training["batch_size"]} x {result.sequence_length}, {tokens / 1e6:,.1f} million
  tokens and pads,
  masking {pretraining["masked"]:.0%}, {pretraining["short_share"]:.0%} of the rows short and padded;
  {run["training_s"] / 60:,.0f} minutes on {device}. Text held out: {held_out}.
- Always padded to {result.sequence_length}, as it was trained.
- On held-out text, masked as in pretraining: accuracy {result.accuracy:.3f} ({result.masks:,} masks), pseudo-perplexity
  {result.pseudo_perplexity:.1f}.
- Licence: Apache-2.0 for the weights. It has the biases of its sources, and states falsehoods as readily as facts.

Hits on probes of facts and of common sense:

```
{probes}```

Ten everyday sentences and its five best words, unedited:

{chr(10).join(lines)}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", type=Path, required=True, help="run.json of the run that made it")
    parser.add_argument("--data", type=Path, required=True, help="text that was held out")
    parser.add_argument("--probes", type=Path, default=fill_mask.PROBES)
    options = parser.parse_args()
    folder = options.folder.absolute()
    result, lines = measured(str(folder), str(options.data.absolute()))
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        fill_mask.report(str(folder), [json.loads(line) for line in options.probes.read_text("utf-8").splitlines()])
    probes = told.getvalue().replace(str(folder), folder.name)
    (folder / "README.md").write_text(card(folder, json.loads(options.run.read_text()), result, lines, probes), "utf-8")
    print(folder / "README.md")


if __name__ == "__main__":
    main()
