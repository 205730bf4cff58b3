"""The models' speed as ratios in one run, against KerasHub and Transformers where they are installed.

    python tests/bench/models.py [mixing] [forward] [train] [start] [tokenize]

Run it with the peers' Python (tests/peers/README.md) and PYTHONPATH set to the repository's root; with the project's
own Python only the mixing and our own times are printed. Runs are interleaved and medians are compared, so that a busy
machine disturbs all sides alike. Everything runs in the environment that our worker is given (`link.command`: huge
pages on Linux), the peers too. Transformers runs in a process of its own: the threads of PyTorch, waiting beside XLA's
in one process, made whoever came next up to a third slower.
"""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fnet_studio.link import command

os.environ.setdefault("KERAS_BACKEND", "jax")
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SHAPES = [
    (64, 512, 128),
    (8, 512, 768),
    (1, 512, 768),
    (8, 128, 768),
    (4, 512, 1024),
    (1, 64, 768),
    (2, 2048, 768),
    (1, 8192, 256),
]
BASE = {"vocabulary_size": 32000, "num_layers": 12, "hidden_dim": 768, "intermediate_dim": 3072}
TEXT = "The capital of [MASK] is a large city in the north, and it was good for all of them."


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def medians(calls: dict[str, Callable[[], Any]], repeats: int, burst: int = 0) -> dict[str, float]:
    """Median seconds of each, after one call to warm up: one of each in turn, or a burst of each after one that does
    not count. A process that has waited for seconds is slow once: some systems take idle memory away."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            if burst:
                call()
            for _ in range(burst or 1):
                begun = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values) for name, values in times.items()}


def report(title: str, times: dict[str, float]) -> None:
    ours = times["ours"]
    others = ", ".join(
        f"{name} {value * 1e3:.2f} ms ({value / ours:.2f}x)" for name, value in times.items() if name != "ours"
    )
    print(f"{title}: ours {ours * 1e3:.2f} ms; {others}", flush=True)


def finished(run: Callable[..., Any], *given: Any) -> Any:
    import jax

    return jax.block_until_ready(run(*given))


def mixing() -> None:
    import jax
    import numpy as np
    from keras import ops

    from fnet_studio.models import fourier_mix

    def full(x: Any) -> Any:
        """As KerasHub's block does it: both parts of the complex transform, the imaginary one of zeros."""
        return ops.fft2((x, ops.zeros_like(x)))[0]

    def both_ways(mix: Any) -> Any:
        def run(x: Any, cotangent: Any) -> Any:
            mixed, back = jax.vjp(mix, x)
            return mixed, back(cotangent)[0]

        return jax.jit(run)

    random = np.random.default_rng(0)
    for shape in SHAPES:
        x, cotangent = (jax.numpy.asarray(random.standard_normal(shape, dtype=np.float32)) for _ in range(2))
        for title, wrap, given in (("forward", jax.jit, (x,)), ("forward + backward", both_ways, (x, cotangent))):
            calls = {
                name: partial(finished, wrap(mix), *given)
                for name, mix in (("ours", fourier_mix), ("full complex FFT", full))
            }
            report(f"mixing {shape} {title}", medians(calls, 15))


def base_preset(folder: Path) -> Path:
    """A base-size preset of random weights with its head, written once."""
    from fnet_studio.models import FNetBackbone, FNetMaskedLM, FNetMaskedLMPreprocessor, FNetTokenizer

    if not (folder / "config.json").exists():
        preprocessor = FNetMaskedLMPreprocessor(FNetTokenizer(GOLDEN / "vocabulary.spm"))
        model = FNetMaskedLM(FNetBackbone(**BASE), preprocessor, head_state="pretrained")
        model.save_to_preset(folder / "kerashub")
        authors = FNetMaskedLM(model.backbone, preprocessor, "gelu_approximate", 1e-12, head_state="pretrained")
        from fnet_studio.models.transformers_writer import write_transformers

        write_transformers(authors, folder / "transformers")
        (folder / "config.json").write_text("{}")
    return folder


def stateless(model: Any) -> Callable[[dict], Any]:
    """A jitted forward pass of a Keras model, its weights passed in."""
    import jax

    weights = [[v.value for v in part] for part in (model.trainable_variables, model.non_trainable_variables)]
    run = jax.jit(lambda a, b, features: model.stateless_call(a, b, features, training=False)[0])
    return lambda features: jax.block_until_ready(run(*weights, features))


BURST = 3
TRANSFORMERS = """
import os, sys
import torch
from transformers import AutoTokenizer, FNetForMaskedLM, FNetForSequenceClassification
kind, folder, text = sys.argv[1:]
torch.set_num_threads(os.cpu_count() or 1)
if kind == "train":
    peer = FNetForSequenceClassification.from_pretrained(folder, num_labels=2).train()
    optimizer = torch.optim.AdamW(peer.parameters(), 1e-5)
    ids, wanted = torch.randint(0, 1000, (8, 128)), torch.randint(0, 2, (8,))
    def run():
        optimizer.zero_grad()
        peer(input_ids=ids, labels=wanted).loss.backward()
        optimizer.step()
else:
    peer, tokenizer = FNetForMaskedLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    def encode():
        return tokenizer(text, return_tensors="pt", padding="max_length", max_length=512)
    features = encode()
    places = (features["input_ids"][0] == tokenizer.mask_token_id).nonzero()[:, 0]
    @torch.inference_mode()
    def run():
        if kind == "string":
            encoded = encode()
            return peer(**encoded).logits[0, encoded["input_ids"][0] == tokenizer.mask_token_id].softmax(-1).topk(5)
        hidden = peer.fnet(input_ids=features["input_ids"], token_type_ids=features["token_type_ids"])
        return peer.cls(hidden.last_hidden_state[:, places])
for _ in sys.stdin:
    run()
    print(flush=True)
"""


@contextmanager
def transformers(kind: str, folder: Path) -> Iterator[dict[str, Callable[[], Any]]]:
    """kind: `forward`, its head at the mask only; `string`, as its pipeline does it; `train`, one AdamW step."""
    if not installed("transformers"):
        yield {}
        return
    words = [sys.executable, "-c", TRANSFORMERS, kind, str(folder / "transformers"), TEXT]
    quiet = os.environ | {"TRANSFORMERS_VERBOSITY": "error"}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answered = process.stdin, process.stdout

        def call() -> None:
            print(file=asked, flush=True)
            if not answered.readline():
                raise RuntimeError("Transformers ended; its own words are above.")

        yield {"Transformers": call}
        asked.close()


def forward() -> None:
    from fnet_studio.models import FNetMaskedLM

    with tempfile.TemporaryDirectory() as temporary:
        folder = base_preset(Path(temporary))
        ours = FNetMaskedLM.from_preset(folder / "kerashub")
        features = ours.preprocessor.prompt(TEXT).features
        run = stateless(ours)
        calls: dict[str, Callable[[], Any]] = {"ours": lambda: run(features)}
        if installed("keras_hub"):
            import keras_hub  # pyright: ignore[reportMissingImports]

            theirs = stateless(keras_hub.models.FNetMaskedLM.from_preset(str(folder / "kerashub")))
            report(
                "base forward, batch 1, length 512, one mask",
                medians({**calls, "KerasHub": lambda: theirs(features)}, 25),
            )
        with transformers("forward", folder) as peer:
            report("base forward, batch 1, length 512, one mask", medians(calls | peer, 4, BURST))
        calls = {"ours": lambda: ours.probabilities(ours.preprocessor.prompt(TEXT).features)}
        with transformers("string", folder) as peer:
            report("base fill-mask from a string, padded to 512", medians(calls | peer, 4, BURST))


def tokenize() -> None:
    from fnet_studio.models import FNetTokenizer
    from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor

    preprocessor = FNetMaskedLMPreprocessor(FNetTokenizer(GOLDEN / "vocabulary.spm"))
    found = medians({"ours": lambda: [preprocessor.prompt(TEXT) for _ in range(100)]}, 15)["ours"]
    print(f"text to features: {found * 10:.3f} ms a sentence", flush=True)


def train() -> None:
    """One AdamW step on a classifier of two classes, batch 8, length 128."""
    import jax
    import keras
    import numpy as np

    from fnet_studio.models import FNetTextClassifier

    random = np.random.default_rng(0)
    features = {
        "token_ids": random.integers(0, 1000, (8, 128)).astype(np.int32),
        "segment_ids": np.zeros((8, 128), np.int32),
    }
    labels = random.integers(0, 2, 8)

    def step_of(model: Any) -> Callable[[], Any]:
        optimizer = keras.optimizers.AdamW(1e-5)
        optimizer.build(model.trainable_variables)
        parts = (model.trainable_variables, model.non_trainable_variables, optimizer.variables)
        held = [[jax.numpy.array(v.value) for v in part] for part in parts]

        def loss(trainable: Any, rest: Any) -> Any:
            logits, rest = model.stateless_call(trainable, rest, features, training=True)
            return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True).mean(), rest

        def step(trainable: Any, rest: Any, state: Any) -> Any:
            (_, rest), gradients = jax.value_and_grad(loss, has_aux=True)(trainable, rest)
            trainable, state = optimizer.stateless_apply(state, gradients, trainable)
            return trainable, rest, state

        jitted = jax.jit(step, donate_argnums=(0, 1, 2))

        def run() -> None:
            held[:] = jax.block_until_ready(jitted(*held))

        return run

    with tempfile.TemporaryDirectory() as temporary:
        folder = base_preset(Path(temporary))
        ours = FNetTextClassifier.from_preset(folder / "kerashub", num_classes=2)
        calls = {"ours": step_of(ours)}
        if installed("keras_hub"):
            import keras_hub  # pyright: ignore[reportMissingImports]

            calls["KerasHub"] = step_of(
                keras_hub.models.FNetTextClassifier.from_preset(str(folder / "kerashub"), num_classes=2)
            )
            report("base fine-tuning step, batch 8, length 128", medians(calls, 11))
        with transformers("train", folder) as peer:
            report("base fine-tuning step, batch 8, length 128", medians({"ours": calls["ours"]} | peer, 3, BURST))


PEAK = """
import re
from pathlib import Path
def peak():
    # getrusage would tell of the process that started this one too
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
"""
START_OURS = (
    PEAK
    + """
import sys, time
begun = time.perf_counter()
from fnet_studio.models import FNetMaskedLM
model = FNetMaskedLM.from_preset(sys.argv[1])
loaded = time.perf_counter()
size = sum(v.value.nbytes for v in model.weights)
memory = peak()
model.probabilities(model.preprocessor.prompt(sys.argv[2]).features)
print(f"loaded {loaded - begun:.2f} s, first answer {time.perf_counter() - begun:.2f} s; "
      f"peak {memory:.0f} MiB for {size / 2**20:.0f} MiB of weights", flush=True)
"""
)
START_KERASHUB = (
    PEAK
    + """
import sys, time
begun = time.perf_counter()
import keras_hub, numpy as np
model = keras_hub.models.FNetMaskedLM.from_preset(sys.argv[1])
loaded = time.perf_counter()
memory = peak()
ids = np.zeros((1, 512), "int32")
model.predict({"token_ids": ids, "segment_ids": ids, "mask_positions": np.array([[3]])}, verbose=0) \
    if model.preprocessor is None else model.predict([sys.argv[2]], verbose=0)
print(f"loaded {loaded - begun:.2f} s, first answer {time.perf_counter() - begun:.2f} s; peak {memory:.0f} MiB")
"""
)
IMPORTS_ALONE = (
    PEAK
    + """
from fnet_studio.models import FNetMaskedLM
import jax
jax.numpy.zeros(1).block_until_ready()
print(f"imports alone: peak {peak():.0f} MiB")
"""
)


def start() -> None:
    """From command to first prediction in a fresh process, with a warm compile cache for both."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = base_preset(Path(temporary))
        environment = {
            **os.environ,
            "JAX_COMPILATION_CACHE_DIR": str(Path(temporary) / "cache"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }
        scripts = {"ours": START_OURS}
        if installed("keras_hub"):
            scripts["KerasHub"] = START_KERASHUB
        subprocess.run([sys.executable, "-c", IMPORTS_ALONE], env=environment, check=True)
        times: dict[str, list[float]] = {name: [] for name in scripts}
        for _ in range(4):
            for name, script in scripts.items():
                begun = time.perf_counter()
                command = [sys.executable, "-c", script, str(folder / "kerashub"), TEXT]
                done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
                times[name].append(time.perf_counter() - begun)
                print(name, done.stdout.strip(), flush=True)
        report(
            "command to first answer, warm",
            {name: statistics.median(values[1:]) for name, values in times.items()},
        )


PARTS = {"mixing": mixing, "tokenize": tokenize, "forward": forward, "train": train, "start": start}

if __name__ == "__main__":
    wanted = command.local().environment
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | wanted)  # glibc reads it at the start only
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
