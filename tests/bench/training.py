"""The example's training step (batch 64, length 512), ours against KerasHub's layers under `keras.Model.fit`.

    PYTHONPATH=. PEERS_PYTHON tests/bench/training.py [--rounds 3] [--steps 6]

PEERS_PYTHON is a Python with KerasHub (tests/peers/README.md). Each side runs in processes of its own, in turn, so that
a busy machine disturbs all alike; the medians over all steps are compared. Without KerasHub only ours are printed.
Ours runs in the environment that our worker is given (`link.command`); KerasHub as it comes, and in that environment.
"""

import argparse
import importlib.util
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from fnet_studio.link import command

BATCH, LENGTH, VOCABULARY = 64, 512, 15_000
WARM_UP = 2


def data(steps: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    rows = BATCH * steps
    return random.integers(1, VOCABULARY, (rows, LENGTH)).astype(np.int32), random.integers(0, 2, rows).astype(np.int32)


def ours(mixer: str, steps: int) -> list[float]:
    from fnet_studio.engine import devices

    devices.use_all_cores()
    from fnet_studio.core.recipe import from_mapping
    from fnet_studio.engine import classifier
    from fnet_studio.engine.feed import Rows, batches
    from fnet_studio.engine.objectives import Binary
    from fnet_studio.engine.step import Training

    recipe = from_mapping({"model": {"mixer": mixer}})
    training = Training(classifier.build(recipe, VOCABULARY), Binary(), recipe, steps)
    state, times = training.first_state(), []
    for batch in batches(Rows(*data(steps)), BATCH):
        began = time.perf_counter()
        state, sums = training.step(state, batch)
        float(sums.loss)
        times.append(time.perf_counter() - began)
    return times


def kerashub(mixer: str, steps: int) -> list[float]:
    import keras
    import keras_hub  # pyright: ignore[reportMissingImports]

    token_ids = keras.Input((None,), dtype="int32")
    x = keras_hub.layers.TokenAndPositionEmbedding(VOCABULARY, LENGTH, 128, mask_zero=True)(token_ids)
    for _ in range(3):
        if mixer == "fourier":
            x = keras_hub.layers.FNetEncoder(intermediate_dim=512)(x)
        else:
            x = keras_hub.layers.TransformerEncoder(intermediate_dim=512, num_heads=2)(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dropout(0.1)(x)
    model = keras.Model(token_ids, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: ends.append((float(logs["loss"]), time.perf_counter())[1])
    )
    model.fit(*data(steps), batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=[clock])
    return [after - before for before, after in itertools.pairwise(ends)]


PLAIN, SAME_MEMORY = "KerasHub", "KerasHub, huge pages"
SIDES = {"ours": ours, PLAIN: kerashub, SAME_MEMORY: kerashub}


def measure(side: str, mixer: str, steps: int) -> list[float]:
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"KERAS_BACKEND": "jax", "KERAS_HOME": home, "TF_CPP_MIN_LOG_LEVEL": "2"}
        if side != PLAIN:
            environment |= command.local().environment
        words = [sys.executable, __file__, "--side", side, "--mixer", mixer, "--steps", str(steps)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()[-steps + WARM_UP :]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--steps", type=int, default=6)
    options.add_argument("--mixer", choices=("fourier", "attention"))
    options.add_argument("--side", choices=tuple(SIDES), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.side:
        print(*SIDES[chosen.side](chosen.mixer, chosen.steps))
        return
    sides = [side for side in SIDES if side == "ours" or importlib.util.find_spec("keras_hub")]
    medians: dict[tuple[str, str], float] = {}
    for mixer in [chosen.mixer] if chosen.mixer else ["fourier", "attention"]:
        times: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(chosen.rounds):
            for side in sides:
                times[side] += measure(side, mixer, chosen.steps)
        for side in sides:
            medians[mixer, side] = statistics.median(times[side])
            median, fastest = 1000 * medians[mixer, side], 1000 * min(times[side])
            print(f"{mixer:10} {side:20} {median:7.0f} ms a step (fastest {fastest:.0f})", flush=True)
        for side in sides[1:]:
            print(f"{mixer:10} ours is {medians[mixer, side] / medians[mixer, 'ours']:.2f}x as fast as {side}")
    if ("attention", "ours") in medians and ("fourier", "ours") in medians:
        print(
            f"our FNet is {medians['attention', 'ours'] / medians['fourier', 'ours']:.2f}x as fast as our Transformer"
        )


if __name__ == "__main__":
    main()
