"""What Explore's pictures cost at base size (12 layers of 768, random weights, length 512), in bare forward passes.

    python tests/bench/pictures.py [--rounds 3]

A sentence of 20 tokens; the answer's bytes are included. Ratios of medians, one of each in turn, so that other work on
the machine disturbs all alike. Memory: about 3 GB.
"""

import argparse
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Literal

from models import base_preset, medians, stateless

TEXT = "The capital of [MASK] is a large city in the north, and it was good for all of them."
TOKENS = 20


class Silent:
    """A job that nobody listens to."""

    id = 0
    stop_mode: Literal["", "keep", "discard"] = ""

    def check(self) -> None: ...

    def phase(self, name: str, total: int = 0, unit: str = "") -> None: ...

    def progress(self, done: int, rate_per_s: float = 0.0, left_s: float = -1.0) -> None: ...

    def step(self, step: int, loss: float, accuracy: float, tokens_per_s: float, time_s: float) -> None: ...

    def tell(self, event: Any) -> None: ...

    def wanted(self, stream: str) -> None: ...

    def frame(self, stream: str, step: int, maps: Any, atlas: bytes) -> None: ...


def pictures(folder: Path, rounds: int) -> None:
    import numpy as np

    from fnet_studio.core import measurements, protocol
    from fnet_studio.engine.fill_mask import LoadedPreset
    from fnet_studio.engine.measuring import Measuring

    preset = LoadedPreset(str(base_preset(folder) / "kerashub"))
    words = TEXT.split()
    while len(preset.tokenize(" ".join(words)).tokens) > TOKENS:
        words.pop()
    text = " ".join(words)
    tokenized = preset.tokenize(text)
    features: dict[str, Any] = {**preset.features(tokenized), "mask_positions": np.array([[1]], np.int32)}
    measuring = Measuring(preset)

    def measure(what: measurements.Question) -> None:
        measuring.forget()  # or the second round would find the first one's states
        measuring.measure(protocol.Measure("base", text, what), Silent())

    questions = {
        "all mixing maps": measurements.MixingMaps(),
        "spectrum": measurements.Spectrum(),
        "influence": measurements.Influence(),
        "occlusion": measurements.Occlusion(),
        "layer lens": measurements.LayerLens(1),
        "ablation": measurements.SpectralAblation(),
        "impulse response": measurements.Impulse(),
    }
    calls = {name: partial(measure, what) for name, what in questions.items()}
    found = medians({"bare forward pass": partial(stateless(preset.model), features), **calls}, rounds)
    bare = found.pop("bare forward pass")
    print(f"{len(tokenized.tokens)} tokens, one bare forward pass {bare * 1e3:.0f} ms", flush=True)
    for name, took_s in found.items():
        print(f"{name}: {took_s * 1e3:.0f} ms, {took_s / bare:.1f} bare forward passes", flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    with tempfile.TemporaryDirectory() as home:
        os.environ.setdefault("FNET_STUDIO_HOME", home)
        pictures(Path(home), options.parse_args().rounds)
