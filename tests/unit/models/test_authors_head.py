"""The authors' head is put onto their encoder, and onto no other."""

import json
import shutil

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fnet_studio.core import presets
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.models import FNetBackbone, FNetMaskedLM, hub_huggingface, join_head
from fnet_studio.models.authors_head import fetch_head
from fnet_studio.models.builtin_presets import BUILTIN_PRESETS
from fnet_studio.models.preset_writer import write_preset

TEXT = "The capital of France is [MASK]."
TENSOR = "layers/f_net_encoder_1/_intermediate_dense/vars/0"


@pytest.fixture(scope="session")
def headless_source(others, tmp_path_factory):
    """The encoder of transformers_masked_lm as KerasHub has it: without its head, but with its vocabulary."""
    folder = tmp_path_factory.mktemp("headless") / "f_net_tiny_en"
    model = FNetMaskedLM.from_preset(others / "transformers_masked_lm")
    model.head_state = "none"
    assert write_preset(model, folder) == ["The head is random and was left out."]
    return folder


@pytest.fixture
def headless(headless_source, tmp_path):
    return shutil.copytree(headless_source, tmp_path / "f_net_tiny_en")


def refusal(kind, *words, call):
    with pytest.raises(UserError) as caught:
        call()
    assert caught.value.kind == kind
    assert caught.value.advice
    for word in words:
        assert word in caught.value.message


def nothing_made(tmp_path):
    return not [path.name for path in tmp_path.iterdir() if "joined" in path.name]


def test_the_joined_preset_answers_as_the_authors_files_do(headless, others, tmp_path):
    original = FNetMaskedLM.from_preset(others / "transformers_masked_lm")
    assert FNetMaskedLM.from_preset(headless).head_state == "none"
    notes = join_head(headless, others / "transformers_masked_lm", tmp_path / "joined")
    assert "KerasHub evaluates this head with exact GELU" in notes[0]
    joined = FNetMaskedLM.from_preset(tmp_path / "joined")
    assert joined.head_state == "pretrained"
    assert joined.head_settings == {"intermediate_activation": "gelu_approximate", "layer_norm_epsilon": 1e-12}
    features = original.preprocessor.prompt(TEXT).features
    np.testing.assert_array_equal(joined(features), original(features))
    assert presets.read_card(tmp_path / "joined").head == "pretrained"


def test_the_other_head_of_pretraining_comes_along(others, tmp_path):
    model = FNetMaskedLM.from_preset(others / "transformers_pretraining")
    model.head_state = "none"
    write_preset(model, tmp_path / "headless")
    join_head(tmp_path / "headless", others / "transformers_pretraining", tmp_path / "joined")
    joined = FNetMaskedLM.from_preset(tmp_path / "joined")
    np.testing.assert_array_equal(joined.next_sentence_dense.kernel, model.next_sentence_dense.kernel)


def test_weights_that_differ_by_rounding_agree_and_are_kept_as_they_were(headless, others, tmp_path):
    with h5py.File(headless / "model.weights.h5", "a") as file:
        file[TENSOR][...] = np.asarray(file[TENSOR]) * np.float32(1 + 5e-7)
        expected = file[TENSOR][()]
    join_head(headless, others / "transformers_masked_lm", tmp_path / "joined")
    backbone = FNetBackbone.from_preset(tmp_path / "joined")
    np.testing.assert_array_equal(backbone.transformer_layers[1].intermediate_dense.kernel, expected)


@pytest.mark.parametrize("change", [1e-3, np.nan])
def test_a_head_of_another_encoder_is_refused_by_the_tensor_that_differs(headless, others, tmp_path, change):
    with h5py.File(headless / "model.weights.h5", "a") as file:
        file[TENSOR][2, 3] += change
    authors = others / "transformers_masked_lm"
    refusal("head.other-model", TENSOR, headless.name, call=lambda: join_head(headless, authors, tmp_path / "joined"))
    assert nothing_made(tmp_path)


def test_a_head_of_another_size_is_refused_by_the_field(headless, transformers_preset, tmp_path):
    file = transformers_preset / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"num_hidden_layers": 2}))
    refusal(
        "head.other-model",
        "num_layers",
        call=lambda: join_head(headless, transformers_preset, tmp_path / "joined"),
    )


def test_files_without_a_masked_lm_head_are_refused(headless, others, tmp_path):
    authors = others / "transformers_classifier"
    refusal("head.missing", "transformers_classifier", call=lambda: join_head(headless, authors, tmp_path / "joined"))


def test_a_head_that_was_trained_on_is_not_the_authors(headless, others, tmp_path):
    model = FNetMaskedLM.from_preset(others / "transformers_masked_lm")
    model.head_state = "fine-tuned"
    write_preset(model, tmp_path / "tuned")
    refusal("head.missing", "tuned", call=lambda: join_head(headless, tmp_path / "tuned", tmp_path / "joined"))
    assert nothing_made(tmp_path)


def test_a_preset_that_has_a_head_keeps_it(golden, others, tmp_path):
    call = lambda: join_head(golden / "kerashub_masked_lm", others / "transformers_masked_lm", tmp_path / "joined")  # noqa: E731
    refusal("head.present", "kerashub_masked_lm", call=call)


def test_a_damaged_head_leaves_nothing_behind(headless, transformers_preset, tmp_path):
    tensors = load_file(transformers_preset / "model.safetensors")
    tensors["cls.predictions.bias"][3] = np.nan
    save_file(tensors, transformers_preset / "model.safetensors")
    call = lambda: join_head(headless, transformers_preset, tmp_path / "joined")  # noqa: E731
    refusal("preset.not-finite", "cls.predictions.bias", call=call)
    assert nothing_made(tmp_path)


def test_a_stop_leaves_nothing_behind(headless, others, tmp_path):
    with pytest.raises(Stopped):
        join_head(headless, others / "transformers_masked_lm", tmp_path / "joined", stopped=lambda: True)
    assert nothing_made(tmp_path)


def test_a_full_disk_leaves_nothing_behind(headless, others, tmp_path, monkeypatch):
    def full(path, *_):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("fnet_studio.models.weights_h5.os.replace", full)
    call = lambda: join_head(headless, others / "transformers_masked_lm", tmp_path / "joined")  # noqa: E731
    refusal("disk.full", "joined", call=call)
    monkeypatch.undo()
    assert nothing_made(tmp_path)


def test_the_head_of_a_built_in_preset_is_found_in_both_caches(headless, others, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    version = tmp_path / "kaggle/models/keras/f_net/keras/f_net_base_en/3"
    shutil.copytree(headless, version)
    version.with_name("3.complete").touch()
    root = tmp_path / "hf/models--google--fnet-base"
    shutil.copytree(others / "transformers_masked_lm", root / "snapshots" / ("a" * 40))
    (root / "refs").mkdir()
    (root / "refs/main").write_text("a" * 40)
    assert hub_huggingface.parse(BUILTIN_PRESETS["f_net_base_en"]["authors_handle"]).cached() is not None
    fetch_head("f_net_base_en", tmp_path / "joined")
    assert FNetMaskedLM.from_preset(tmp_path / "joined").head_state == "pretrained"


def test_only_the_built_in_presets_have_a_known_head(tmp_path):
    refusal("head.unknown-preset", "fnet_mini_en", call=lambda: fetch_head("fnet_mini_en", tmp_path / "joined"))
