"""A folder that we wrote loads in the peer that it is meant for, with equal outputs."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from odd_texts import MASKED, ODD

from fnet_studio.models import FNetMaskedLM, FNetTextClassifier, FNetTextClassifierPreprocessor, convert

PEERS = os.environ.get("FNET_STUDIO_PEERS", "")
GOLDEN = Path(__file__).resolve().parents[1] / "golden"
pytestmark = pytest.mark.skipif(
    not PEERS, reason="FNET_STUDIO_PEERS names no Python with KerasHub and Transformers (tests/peers/README.md)"
)


def assemble(name: str, target: Path) -> Path:
    import shutil

    shutil.copytree(GOLDEN / name, target)
    if name.startswith("kerashub"):
        (target / "assets/tokenizer").mkdir(parents=True)
        shutil.copy(GOLDEN / "vocabulary.spm", target / "assets/tokenizer")
        if not (target / "model.weights.h5").exists():
            shutil.copy(GOLDEN / "kerashub_masked_lm/model.weights.h5", target)
    else:
        shutil.copy(GOLDEN / "vocabulary.spm", target / "spiece.model")
    return target


CASES = [
    ("kerashub_masked_lm", "kerashub", "FNetMaskedLM", FNetMaskedLM),
    ("kerashub_classifier", "kerashub", "FNetTextClassifier", FNetTextClassifier),
    ("transformers_classifier", "kerashub", "FNetTextClassifier", FNetTextClassifier),
    ("transformers_masked_lm", "transformers", "FNetForMaskedLM", FNetMaskedLM),
    ("transformers_pretraining", "transformers", "FNetForPreTraining", FNetMaskedLM),
    ("transformers_classifier", "transformers", "FNetForSequenceClassification", FNetTextClassifier),
    ("kerashub_classifier", "transformers", "FNetForSequenceClassification", FNetTextClassifier),
]


def ask(*command: str) -> None:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([PEERS, *command], capture_output=True, text=True, timeout=280, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize(("source", "target", "peer_class", "cls"), CASES)
def test_a_converted_folder_gives_equal_outputs_in_the_peer(tmp_path, source, target, peer_class, cls):
    folder = tmp_path / "converted"
    convert(assemble(source, tmp_path / "source"), folder, target)
    compare(folder, target, peer_class, cls)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "weights"), [("mixed_bfloat16", "float32"), ("float32", "bfloat16")])
def test_a_preset_of_lower_precision_gives_equal_outputs_in_kerashub(tmp_path, dtype, weights):
    model = FNetTextClassifier.from_preset(assemble("kerashub_classifier", tmp_path / "source"), dtype=dtype)
    model.save_to_preset(tmp_path / "saved", weights=weights)
    compare(tmp_path / "saved", "kerashub", "FNetTextClassifier", FNetTextClassifier)


def compare(folder, target, peer_class, cls):
    """In float32."""
    model = cls.from_preset(folder, dtype="float32")
    if target == "kerashub":
        bias = model.masked_lm_head.output_bias if cls is FNetMaskedLM else model.output_dense.bias
        bias.assign(bias + np.arange(bias.shape[0]))  # the peer takes this head in place of the folder's
        model.save_task_weights(folder / "other_head.weights.h5")
    random = np.random.default_rng(0)
    features = {
        "token_ids": random.integers(0, 1000, (2, 64)).astype(np.int32),
        "segment_ids": random.integers(0, 4, (2, 64)).astype(np.int32),
        "mask_positions": random.integers(0, 64, (2, 5)).astype(np.int32),
    }
    given, out = folder.with_name("features.npz"), folder.with_name("out.npz")
    np.savez(given, **features)
    ask(str(Path(__file__).with_name("evaluate.py")), target, peer_class, str(folder), str(given), str(out))
    theirs = dict(np.load(out))
    encoder_inputs = {name: features[name] for name in ("token_ids", "segment_ids")}
    ours = {k: np.asarray(v) for k, v in model.backbone(encoder_inputs).items()}
    ours["logits"] = np.asarray(model(features if cls is FNetMaskedLM else encoder_inputs))
    if "next_sentence" in theirs:
        ours["next_sentence"] = model.next_sentence_logits(features)
    if "ids" in theirs:
        text = "The capital of France is a large city."
        np.testing.assert_array_equal(model.preprocessor.tokenizer(text), theirs.pop("ids"))
    assert theirs.keys() == ours.keys()
    for name, value in theirs.items():
        assert np.abs(ours[name] - value).max() <= 1e-4 * np.abs(value).max(), name
    if target == "kerashub":
        model.load_task_weights(folder / "theirs.weights.h5")
        given = features if cls is FNetMaskedLM else encoder_inputs
        np.testing.assert_array_equal(model(given), cls.from_preset(folder, dtype="float32")(given))


@pytest.mark.slow
def test_a_converted_folder_tokenises_texts_in_transformers_as_here(tmp_path):
    folder = tmp_path / "converted"
    convert(assemble("kerashub_classifier", tmp_path / "source"), folder, "transformers")
    given = [*((text,) for text in ODD + MASKED), ("a cat", " the dog "), ("the cat " * 40,)]
    (tmp_path / "texts.json").write_text(json.dumps(given), "utf-8")
    script = str(Path(__file__).with_name("tokenize_texts.py"))
    ask(script, str(folder), str(tmp_path / "texts.json"), str(tmp_path / "out.json"))
    pack = FNetTextClassifierPreprocessor.from_preset(folder)
    ours = []
    for one in given:
        ids, segments = pack.pack(one if len(one) > 1 else one[0])
        ours.append({"input_ids": ids.tolist(), "token_type_ids": segments.tolist()})
    theirs = json.loads((tmp_path / "out.json").read_text("utf-8"))
    for text, one, two in zip(given, theirs, ours, strict=True):
        assert one == two, text
