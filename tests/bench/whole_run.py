"""From the raw archive to the test accuracy, once: our command line against KerasHub's layers under `fit`, fed by the
pipeline of the Keras example (vocabulary, tf.data with tokenising, training, evaluation).

    PYTHONPATH=. PYTHON tests/bench/whole_run.py aclImdb.tar.gz --peer PEERS_PYTHON [--texts 2000] [--rounds 1]

PEERS_PYTHON is a Python with KerasHub and TensorFlow Text (tests/peers/README.md). Both get the same archive, cut to so
many training and half as many test reviews, and one epoch. Each side is a process of its own with nothing cached, from
its start to its end; the phases of ours are those that the run recorded.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

BATCH, LENGTH, VOCABULARY = 64, 512, 15_000


def cut(archive: Path, texts: int, folder: Path) -> Path:
    """The first reviews of each class, as an archive of the same layout."""
    room = {("train", "neg"): texts // 2, ("train", "pos"): texts // 2}
    room |= {("test", "neg"): texts // 4, ("test", "pos"): texts // 4}
    small = folder / "small.tar.gz"
    with tarfile.open(archive) as whole, tarfile.open(small, "w:gz", compresslevel=1) as out:
        for member in whole:
            key = tuple(member.name.split("/")[-3:-1])
            if member.isfile() and room.get(key, 0) and member.name.endswith(".txt"):
                room[key] -= 1
                content = whole.extractfile(member)
                assert content is not None
                out.addfile(member, io.BytesIO(content.read()))
    return small


def ours(archive: Path, home: Path) -> dict[str, float]:
    """Seconds by phase, `all` included, and the test accuracy."""
    environment = os.environ | {"FNET_STUDIO_HOME": str(home)}
    words = ["-m", "fnet_studio", "train", "imdb-fnet", "--no-plan", "--json", "--set", f"data.path={archive}"]
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *words, "--set", "training.epochs=1"], env=environment, check=True, capture_output=True
    )
    took = time.perf_counter() - began
    record = json.loads(next(home.glob("data/runs/*/run.json")).read_text())
    return {"all": took, **record["phase_times_s"], "test accuracy": record["test_accuracy"]}


def theirs(archive: str) -> None:
    """Prints the same as JSON. Runs in the peers' Python."""
    began = last = time.perf_counter()
    times: dict[str, float] = {}

    def passed(phase: str) -> None:
        nonlocal last
        times[phase], last = time.perf_counter() - last, time.perf_counter()

    import keras
    import keras_hub  # pyright: ignore[reportMissingImports]
    import tensorflow as tf  # pyright: ignore[reportMissingImports]

    passed("importing")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
        root = f"{folder}/aclImdb"
        split = {"batch_size": BATCH, "validation_split": 0.2, "seed": 42}
        parts = [
            keras.utils.text_dataset_from_directory(f"{root}/train", subset=name, verbose=False, **split)
            for name in ("training", "validation")
        ]
        parts.append(keras.utils.text_dataset_from_directory(f"{root}/test", batch_size=BATCH, verbose=False))
        parts = [part.map(lambda text, label: (tf.strings.lower(text), label)) for part in parts]
        passed("reading")
        vocabulary = keras_hub.tokenizers.compute_word_piece_vocabulary(
            parts[0].unbatch().map(lambda text, _: text).batch(1000).prefetch(2),
            vocabulary_size=VOCABULARY,
            reserved_tokens=["[PAD]", "[UNK]"],
        )
        passed("building vocabulary")
        tokenizer = keras_hub.tokenizers.WordPieceTokenizer(
            vocabulary=vocabulary, lowercase=False, sequence_length=LENGTH
        )
        train, validation, test = (
            part.map(lambda text, label: (tokenizer(text), label), num_parallel_calls=tf.data.AUTOTUNE)
            .shuffle(512)
            .prefetch(16)
            .cache()
            for part in parts
        )
        token_ids = keras.Input((None,), dtype="int32")
        x = keras_hub.layers.TokenAndPositionEmbedding(VOCABULARY, LENGTH, 128, mask_zero=True)(token_ids)
        for _ in range(3):
            x = keras_hub.layers.FNetEncoder(intermediate_dim=512)(x)
        x = keras.layers.Dropout(0.1)(keras.layers.GlobalAveragePooling1D()(x))
        model = keras.Model(token_ids, keras.layers.Dense(1, activation="sigmoid")(x))
        model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
        passed("building")
        model.fit(train, validation_data=validation, epochs=1, verbose=0)
        passed("tokenising, training, validating")
        _, accuracy = model.evaluate(test, verbose=0)
        passed("testing")
    print(json.dumps({"all": time.perf_counter() - began, **times, "test accuracy": float(accuracy)}))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("archive", type=Path)
    options.add_argument("--peer", help="a Python with KerasHub")
    options.add_argument("--texts", type=int, default=2000)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--theirs", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.theirs:
        theirs(str(chosen.archive))
        return
    fastest: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        small = cut(chosen.archive, chosen.texts, Path(folder))
        for number in range(chosen.rounds):
            rows = {"ours": ours(small, Path(folder) / f"home{number}")}
            if chosen.peer:
                words = [chosen.peer, __file__, str(small), "--theirs"]
                environment = os.environ | {"KERAS_BACKEND": "jax", "TF_CPP_MIN_LOG_LEVEL": "3"}
                began = time.perf_counter()
                done = subprocess.run(words, env=environment, check=True, capture_output=True, text=True)
                rows["KerasHub"] = json.loads(done.stdout.splitlines()[-1]) | {"all": time.perf_counter() - began}
            for name, row in rows.items():
                fastest[name] = min(fastest.get(name, row["all"]), row["all"])
                print(f"{name:9}", "  ".join(f"{key} {value:.2f}" for key, value in row.items()), flush=True)
    if "KerasHub" in fastest:
        print(f"ours is {fastest['KerasHub'] / fastest['ours']:.2f}x as fast, from archive to test accuracy")


if __name__ == "__main__":
    main()
