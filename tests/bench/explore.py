"""What Explore costs at base size (12 layers of 768, random weights, length 512), against one bare forward pass.

    python tests/bench/explore.py [predictions] [--rounds 9]

Ratios of medians, one of each in turn, so that other work on the machine disturbs both sides alike. Memory: about 3 GB.
"""

import argparse
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from models import base_preset, medians, report, stateless

TEXT = "The capital of [MASK] is a large city in the north, and it was good for all of them."


def predictions(folder: Path, rounds: int) -> None:
    """From a text to ranked words, as the worker's engine does it for a click."""
    import numpy as np

    from fnet_studio.core import protocol
    from fnet_studio.engine import answers, candidates, surprise
    from fnet_studio.engine.fill_mask import LoadedPreset

    preset = LoadedPreset(str(base_preset(folder) / "kerashub"))
    tokenized = preset.tokenize(TEXT)
    at = [index for index, token in enumerate(tokenized.tokens) if token.piece == "[MASK]"]
    features: dict[str, Any] = {**preset.features(tokenized), "mask_positions": np.array([at], np.int32)}
    bare = partial(stateless(preset.model), features)
    click = partial(answers.fill, preset, protocol.FillMask("base", TEXT))
    times = medians({"ours": click, "bare forward pass": bare}, rounds)
    report("a prediction, batch 1, length 512", times)
    print(f"  a prediction takes {times['ours'] / times['bare forward pass']:.2f} bare forward passes", flush=True)
    words = sum(not token.special for token in tokenized.tokens)
    others = {
        f"surprise of {words} tokens": partial(surprise.surprise, preset, protocol.Surprise("base", TEXT)),
        "two masks jointly, beam 5": partial(
            answers.fill, preset, protocol.FillMask("base", TEXT.replace("large", "[MASK]"), mode="joint")
        ),
        "three candidates of one piece": partial(
            candidates.score, preset, protocol.Score("base", TEXT, at[0], ("the", "a", "of"))
        ),
    }
    found = medians({"bare forward pass": bare, **others}, max(2, rounds // 3))
    for name in others:
        passes = found[name] / found["bare forward pass"]
        print(f"{name}: {found[name] * 1e3:.0f} ms, {passes:.1f} bare forward passes", flush=True)


PARTS = {"predictions": predictions}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}: all by default")
    options.add_argument("--rounds", type=int, default=9)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in given.parts or PARTS:
            PARTS[name](Path(folder), given.rounds)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("FNET_STUDIO_HOME", home)
        main()
