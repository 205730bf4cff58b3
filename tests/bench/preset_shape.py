"""Which depth, width and vocabulary a small preset should have: each candidate is trained from scratch for the same
time, and then all are asked the same words of a text that was held out.

    python tests/bench/preset_shape.py CORPUS --held-out valid.txt.xz [--minutes 8] [--keep FOLDER] [SHAPE…]

CORPUS is a folder of .txt or .txt.xz files, documents parted by blank lines. SHAPE is
LAYERSxHIDDENxINTERMEDIATExPIECES. Accuracies of different vocabularies cannot be compared, since a small one asks for
parts of words; so whole words are asked that are one piece in every candidate's vocabulary: in passages of 100 words 8
of them, in single sentences one. Loss is in bits a word. What lies in FOLDER already (`FOLDER/SHAPE/preset`) is asked
again without being trained again; so any preset of the same length can stand beside the candidates, under any name.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fnet_studio.link import command

SHAPES = (
    "4x256x1024x8192",
    "2x256x1024x8192",
    "2x384x1536x8192",
    "2x256x1024x4096",
    "2x256x1024x16384",
)
LENGTH, BATCH = 256, 32
PASSAGE, ASKED = 100, 8
ROWS = {"passages": 750, "sentences": 4000}
WARM_UP, TIMED = 3, 20
WORD = re.compile(r"(?<= )[A-Za-z]{2,}(?=[ .,;:!?])")
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z])")


class Asked(NamedTuple):
    text: str
    """With [MASK] in the place of each word."""
    words: list[str]


def values_of(shape: str, corpus: Path, held_out: Path) -> dict:
    layers, hidden, intermediate, pieces = map(int, shape.split("x"))
    return {
        "task": "pretrain",
        "data": {
            "source": "files",
            "path": str(corpus),
            "validation_path": str(held_out),
            "vocabulary_size": pieces,
            "sequence_length": LENGTH,
        },
        "model": {
            "preset": "none",
            "num_layers": layers,
            "hidden_dim": hidden,
            "intermediate_dim": intermediate,
            "dropout": 0.0,
        },
        "training": {"batch_size": BATCH, "learning_rate": 0.005},
        "pretraining": {"steps_per_epoch": 10**6, "short_share": 0.33, "masked": 0.2},
        "optimisation": {"optimiser": "muon", "weight_decay": 0.01, "schedule": "linear", "warmup": 0.05, "ema": 0.98},
        "saving": {"weights": "float16"},
    }


def step_ms(shape: str, corpus: Path, held_out: Path) -> float:
    task, training, state = ready(shape, corpus, held_out, 1000)
    batches, times = task.train_batches(0), []
    for _ in range(WARM_UP + TIMED):
        began = time.perf_counter()
        state, told = training.step(state, next(batches))
        float(told.loss)
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times[WARM_UP:]))


def train(shape: str, corpus: Path, held_out: Path, steps: int, folder: Path) -> None:
    task, training, state = ready(shape, corpus, held_out, steps)
    batches = task.train_batches(0)
    for _ in range(steps):
        state, _ = training.step(state, next(batches))
    training.put_back(training.weights(state))
    task.keep(training.model, folder)


def ready(shape: str, corpus: Path, held_out: Path, steps: int) -> tuple[Any, Any, Any]:
    """The task, the training and its first state; the learning rate falls to 0 over so many steps."""
    from fnet_studio.engine import devices

    devices.use_all_cores()
    from fnet_studio.core.recipe import from_mapping
    from fnet_studio.engine import pretrain
    from fnet_studio.engine.step import Training

    recipe = from_mapping(values_of(shape, corpus, held_out))
    task = pretrain.load(recipe, lambda *told: None, lambda: False)
    training = Training(task.build(), task.objective, recipe, steps)
    return task, training, training.first_state()


def questions(texts: list[str], tokenizers: list[Any]) -> dict[str, list[Asked]]:
    """Words that are one piece in every vocabulary, in texts that fit each; the same at every call."""
    random = np.random.default_rng(0)
    words = sorted({word for text in texts for word in WORD.findall(text)})
    for tokenizer in tokenizers:
        words = [word for word, ids in zip(words, tokenizer.tokenize(words), strict=True) if len(ids) == 1]
    known = set(words)
    passages, sentences = [], []
    for text in texts:
        words = text.split(" ")
        passages += [" ".join(words[at : at + PASSAGE]) for at in range(0, len(words) - PASSAGE + 1, PASSAGE)]
        sentences += sentences_of(text)
    found: dict[str, list[Asked]] = {}
    for kind, pool, many in (("passages", passages, ASKED), ("sentences", sentences, 1)):
        chosen = []
        for at in random.permutation(len(pool)):
            places = [place for place in WORD.finditer(pool[at]) if place[0] in known]
            if len(chosen) == ROWS[kind]:
                break
            fits = all(len(tokenizer.ids(pool[at])) <= LENGTH - 2 for tokenizer in tokenizers)
            if fits and len(places) >= many:
                picked = np.sort(random.choice(len(places), many, replace=False))
                chosen.append(hidden(pool[at], [places[place] for place in picked]))
        found[kind] = chosen
    return found


def texts_of(held_out: Path) -> list[str]:
    from fnet_studio.engine.pretrain_corpus import documents

    return [" ".join(text.split()) for text in documents(held_out)]


def sentences_of(text: str) -> list[str]:
    """Those of 7 to 30 words."""
    return [one for one in _SENTENCE_END.split(text) if 6 <= one.count(" ") < 30]


def hidden(text: str, places: list[re.Match]) -> Asked:
    parts, end = [], 0
    for place in places:
        parts += [text[end : place.start()], "[MASK]"]
        end = place.end()
    return Asked("".join(parts) + text[end:], [place[0] for place in places])


def answered(folder: Path, asked: list[Asked]) -> tuple[float, float]:
    """Accuracy, and bits a word."""
    from fnet_studio.models import FNetMaskedLM

    model = FNetMaskedLM.from_preset(folder)
    prepare, size = model.preprocessor, BATCH
    right, bits = [], []
    for first in range(0, len(asked) - size + 1, size):
        part = asked[first : first + size]
        prompts = [prepare.prompt(one.text) for one in part]
        names = ("token_ids", "segment_ids", "mask_positions")
        features = {name: np.concatenate([prompt.features[name] for prompt in prompts]) for name in names}
        answers = np.array([[prepare.tokenizer.ids(word)[0] for word in one.words] for one in part])
        told = model.log_probabilities(features)
        right.append(told.argmax(-1) == answers)
        bits.append(-np.take_along_axis(told, answers[..., None], -1)[..., 0] / np.log(2))
    return float(np.mean(right)), float(np.mean(bits))


def main() -> None:
    from fnet_studio.worker import environment

    environment.set_defaults()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("shapes", nargs="*", default=SHAPES, metavar="SHAPE")
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--time", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    corpus, held_out = options.corpus.absolute(), options.held_out.absolute()
    if options.time:
        print(step_ms(options.shapes[0], corpus, held_out))
        return
    if options.steps:
        train(options.shapes[0], corpus, held_out, options.steps, options.keep)
        return
    with tempfile.TemporaryDirectory() as home:
        folders = {shape: (options.keep or Path(home)) / shape for shape in options.shapes}
        wanted = [shape for shape, folder in folders.items() if not folder.exists()]

        def call(shape: str, *words: str) -> str:
            line = [sys.executable, __file__, str(corpus), shape, "--held-out", str(held_out), *words]
            environment = os.environ | command.local().environment
            return subprocess.run(line, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

        # all are timed before any is trained: a busy hour later on then changes no result
        steps = {}
        for shape in wanted:
            took_ms = float(call(shape, "--time").split()[-1])
            steps[shape] = int(options.minutes * 60_000 / took_ms)
            places = steps[shape] * BATCH * LENGTH / 1e6
            print(f"{shape:18} {took_ms:5.0f} ms a step, {steps[shape]:,} steps, {places:.1f} M places", flush=True)
        for shape in wanted:
            call(shape, "--steps", str(steps[shape]), "--keep", str(folders[shape]))
        compare(folders, held_out)


def compare(folders: dict[str, Path], held_out: Path) -> None:
    from fnet_studio.engine.kept_preset import kept_folder
    from fnet_studio.models.preset import open_preset
    from fnet_studio.models.tokenizer import FNetTokenizer

    texts = texts_of(held_out)
    presets = {shape: kept_folder(folder) for shape, folder in folders.items()}
    asked = questions(texts, [FNetTokenizer(open_preset(folder).vocabulary()) for folder in presets.values()])
    for shape, folder in presets.items():
        results = {kind: answered(folder, some) for kind, some in asked.items()}
        told = "  ".join(f"{kind} {right:6.1%} {bits:5.2f} bits" for kind, (right, bits) in results.items())
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20
        print(f"{shape:18} {told}  {size:5.1f} MiB", flush=True)


if __name__ == "__main__":
    main()
