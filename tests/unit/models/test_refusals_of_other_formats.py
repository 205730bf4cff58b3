import json
import os
import pickle
import shutil
import zipfile
from collections import OrderedDict

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fnet_studio.core import presets
from fnet_studio.core.errors import UserError
from fnet_studio.models import FNetBackbone, FNetMaskedLM, FNetTextClassifier

KERNEL = "fnet.encoder.layer.1.intermediate.dense.weight"


def refusal(preset, kind, *words, cls=FNetMaskedLM):
    with pytest.raises(UserError) as caught:
        cls.from_preset(preset)
    assert caught.value.kind == kind
    assert caught.value.advice
    for word in words:
        assert word in caught.value.message


def change(folder, edit):
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors")


def edit_config(folder, **fields):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.fixture
def classifier_preset(others, tmp_path):
    return shutil.copytree(others / "transformers_classifier", tmp_path / "classifier")


def test_a_missing_tensor(transformers_preset):
    change(transformers_preset, lambda tensors: tensors.pop(KERNEL))
    refusal(transformers_preset, "preset.missing-tensor", "model.safetensors", KERNEL)


def test_a_surplus_tensor(transformers_preset):
    change(transformers_preset, lambda tensors: tensors.update({"fnet.adapter.weight": np.zeros(2)}))
    refusal(transformers_preset, "preset.surplus-tensor", "model.safetensors", "fnet.adapter.weight")


def test_a_wrong_shape(transformers_preset):
    change(transformers_preset, lambda tensors: tensors.update({KERNEL: np.zeros((112, 47), np.float32)}))
    refusal(transformers_preset, "preset.wrong-shape", "model.safetensors", KERNEL, "(47, 112)", "(48, 112)")


def test_a_weight_that_is_not_a_number(transformers_preset):
    change(transformers_preset, lambda tensors: tensors[KERNEL].__setitem__((0, 0), np.nan))
    refusal(transformers_preset, "preset.not-finite", "model.safetensors", KERNEL)


@pytest.mark.parametrize("kept", [0, 4, 100, 5000, 300_000])
def test_a_truncated_safetensors_file(transformers_preset, kept):
    path = transformers_preset / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    refusal(transformers_preset, "preset.corrupt", "model.safetensors")


def test_no_weights_at_all(transformers_preset):
    (transformers_preset / "model.safetensors").unlink()
    refusal(transformers_preset, "preset.missing-weights", "model.safetensors", "pytorch_model.bin")


def test_no_vocabulary(transformers_preset):
    (transformers_preset / "spiece.model").unlink()
    refusal(transformers_preset, "preset.missing-vocabulary", "spiece.model", "tokenizer.json")


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("model_type", "bert", "preset.foreign-class"),
        ("hidden_act", "relu", "preset.bad-config"),
        ("layer_norm_eps", 1e-5, "preset.bad-config"),
        ("num_hidden_layers", "12", "preset.bad-config"),
    ],
)
def test_another_architecture(transformers_preset, field, value, kind):
    edit_config(transformers_preset, **{field: value})
    refusal(transformers_preset, kind, "config.json")


@pytest.mark.parametrize("name", ["TokenClassification", "MultipleChoice", "NextSentencePrediction"])
def test_a_head_that_is_asked_otherwise_is_refused_by_the_list_and_by_the_reader(classifier_preset, name):
    edit_config(classifier_preset, architectures=[f"FNetFor{name}"])
    refusal(classifier_preset, "preset.foreign-class", f"FNetFor{name}", cls=FNetTextClassifier)
    assert f"FNetFor{name}" in presets.read_card(classifier_preset).problem


def test_a_classifier_whose_architecture_is_not_told_is_one_of_texts(classifier_preset):
    edit_config(classifier_preset, architectures=None)
    assert FNetTextClassifier.from_preset(classifier_preset).head_state == "fine-tuned"


def test_an_encoder_with_anything_called_classifier_beside_it_is_no_classifier(classifier_preset):
    edit_config(classifier_preset, architectures=["FNetModel"])
    refusal(classifier_preset, "preset.no-classifier", cls=FNetTextClassifier)
    assert presets.read_card(classifier_preset).head == "none"


def test_tied_copies_of_old_files_are_no_surplus(transformers_preset):
    def add(tensors):
        tensors["cls.predictions.decoder.weight"] = tensors["fnet.embeddings.word_embeddings.weight"].copy()
        tensors["cls.predictions.decoder.bias"] = tensors["cls.predictions.bias"].copy()
        tensors["fnet.embeddings.position_ids"] = np.arange(64)[None]

    change(transformers_preset, add)
    assert FNetMaskedLM.from_preset(transformers_preset).head_state == "pretrained"


@pytest.mark.parametrize(
    ("copy", "origin"),
    [
        ("cls.predictions.decoder.weight", "fnet.embeddings.word_embeddings.weight"),
        ("cls.predictions.decoder.bias", "cls.predictions.bias"),
    ],
)
def test_a_head_with_word_weights_of_its_own_is_refused_but_its_encoder_is_not(transformers_preset, copy, origin):
    change(transformers_preset, lambda tensors: tensors.update({copy: tensors[origin] + 1}))
    refusal(transformers_preset, "preset.untied", "model.safetensors", copy, origin)
    assert FNetBackbone.from_preset(transformers_preset).num_layers == 3


def test_a_bare_encoder_has_no_head(transformers_preset):
    path = transformers_preset / "model.safetensors"
    tensors = load_file(path)
    save_file({k.removeprefix("fnet."): v for k, v in tensors.items() if k.startswith("fnet.")}, path)
    assert FNetMaskedLM.from_preset(transformers_preset).head_state == "none"


def shard(folder, first="one.safetensors"):
    tensors = load_file(folder / "model.safetensors")
    names = sorted(tensors)
    files = {first: names[:20], "two.safetensors": names[20:]}
    for file, members in files.items():
        save_file({name: tensors[name] for name in members}, folder / file)
    index = {"weight_map": {name: file for file, members in files.items() for name in members}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()


def test_sharded_weights_are_joined(transformers_preset, others):
    whole = FNetMaskedLM.from_preset(others / "transformers_masked_lm")
    shard(transformers_preset)
    again = FNetMaskedLM.from_preset(transformers_preset)
    for one, two in zip(whole.weights, again.weights, strict=True):
        np.testing.assert_array_equal(one.value, two.value)


def test_a_missing_shard(transformers_preset):
    shard(transformers_preset)
    (transformers_preset / "two.safetensors").unlink()
    refusal(transformers_preset, "preset.missing-weights", "two.safetensors")


def test_an_index_that_points_out_of_its_folder(transformers_preset):
    shard(transformers_preset)
    path = transformers_preset / "model.safetensors.index.json"
    path.write_text(path.read_text().replace("two.safetensors", "../two.safetensors"))
    refusal(transformers_preset, "preset.bad-config", "weight_map", "../two.safetensors")


def complex_tensor(path, name):
    """The file with a tensor of complex numbers, or with one of its own said to be one of them."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    if name in header:
        header[name]["dtype"] = "C64"
    else:
        header[name] = {"dtype": "C64", "shape": [2, 2], "data_offsets": [len(body), len(body) + 32]}
        body += bytes(32)
    encoded = json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + body)


def test_the_transform_as_matrices_of_a_model_for_tpus_is_no_weight(transformers_preset):
    for name in ("seq", "hidden"):
        complex_tensor(transformers_preset / "model.safetensors", f"fnet.encoder.layer.0.fourier.self.dft_mat_{name}")
    assert FNetMaskedLM.from_preset(transformers_preset).head_state == "pretrained"


def test_a_weight_of_a_dtype_that_is_not_read(transformers_preset):
    complex_tensor(transformers_preset / "model.safetensors", KERNEL)
    refusal(transformers_preset, "preset.unknown-dtype", "model.safetensors", KERNEL, "C64")


def test_bfloat16_weights_are_read(transformers_preset):
    import ml_dtypes

    exact = load_file(transformers_preset / "model.safetensors")
    header, data = {}, b""
    for name, value in exact.items():
        raw = value.astype(ml_dtypes.bfloat16).tobytes()
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": offsets}
        data += raw
    encoded = json.dumps(header).encode()
    path = transformers_preset / "model.safetensors"
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + data)
    kernel = FNetBackbone.from_preset(transformers_preset).transformer_layers[1].intermediate_dense.kernel
    np.testing.assert_allclose(kernel.value, exact[KERNEL].T, rtol=1e-2)


# pytorch_model.bin


def rewrite(folder, obj, protocol=2):
    """Put another pickle into the zip."""
    path = folder / "pytorch_model.bin"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["pytorch_model/data.pkl"] = obj if isinstance(obj, bytes) else pickle.dumps(obj, protocol)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


class Runs:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    ("call", "named"),
    [
        ((os.system, "touch {}"), "system"),
        ((eval, "open('{}', 'w')"), "eval"),
        ((os.mkdir, "{}"), "mkdir"),
    ],
)
def test_a_pickle_that_would_run_something_is_refused_and_not_run(pickle_preset, protocol, call, named):
    marker = pickle_preset / "was-run"
    function, argument = call
    rewrite(pickle_preset, OrderedDict(a=Runs(function, argument.format(marker))), protocol)
    refusal(pickle_preset, "preset.unsafe-pickle", "pytorch_model.bin", named)
    assert not marker.exists()


def test_a_pickle_that_names_a_harmless_class_is_refused_too(pickle_preset):
    import pathlib

    rewrite(pickle_preset, {"a": pathlib.PurePosixPath("x")})
    refusal(pickle_preset, "preset.unsafe-pickle", "PurePosixPath")


@pytest.mark.parametrize(("obj", "word"), [({"a": "text"}, "str"), ([1, 2], "list"), ({"a": {"b": 1}}, "dict")])
def test_a_pickle_of_anything_but_tensors_is_refused(pickle_preset, obj, word):
    rewrite(pickle_preset, obj)
    refusal(pickle_preset, "preset.unsafe-pickle", "pytorch_model.bin", word)


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(pickle_preset):
    path = pickle_preset / "pytorch_model.bin"
    with zipfile.ZipFile(path) as archive:
        data = archive.read("pytorch_model/data.pkl")
    # The first tensor's shape (1000, 48) becomes (1001, 48), with the same storage of 48000 numbers.
    offset_and_shape = b"K\x00M\xe8\x03K0\x86"
    assert offset_and_shape in data
    rewrite(pickle_preset, data.replace(offset_and_shape, b"K\x00M\xe9\x03K0\x86", 1))
    refusal(pickle_preset, "preset.corrupt", "pytorch_model.bin", "storage")


@pytest.mark.parametrize("kept", [10, 1000, 200_000])
def test_a_truncated_pickle(pickle_preset, kept):
    path = pickle_preset / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:kept])
    refusal(pickle_preset, "preset.corrupt", "pytorch_model.bin")


def test_a_cut_storage(pickle_preset):
    path = pickle_preset / "pytorch_model.bin"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["pytorch_model/data/0"] = members["pytorch_model/data/0"][:-4]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    refusal(pickle_preset, "preset.corrupt", "pytorch_model.bin", "storage 0")


# the authors' Flax checkpoints


@pytest.fixture
def flax_preset(others, tmp_path):
    return shutil.copytree(others / "flax_pretraining", tmp_path / "flax")


def test_a_checkpoint_file_alone_is_enough_to_name(flax_preset):
    assert FNetMaskedLM.from_preset(flax_preset / "checkpoint_1000").head_state == "pretrained"


def test_the_latest_checkpoint_of_a_folder_is_taken(flax_preset):
    (flax_preset / "checkpoint_999").write_bytes(b"old and broken")
    assert FNetMaskedLM.from_preset(flax_preset).head_state == "pretrained"


@pytest.mark.parametrize("kept", [0, 50, 100_000])
def test_a_truncated_checkpoint(flax_preset, kept):
    path = flax_preset / "checkpoint_1000"
    path.write_bytes(path.read_bytes()[:kept])
    refusal(flax_preset, "preset.corrupt", "checkpoint_1000")


def test_a_checkpoint_of_something_else(flax_preset):
    (flax_preset / "checkpoint_1000").write_bytes(msgspec.msgpack.encode({"target": {"decoder": {}}}))
    refusal(flax_preset, "preset.foreign-class", "checkpoint_1000")


def test_a_checkpoint_with_a_missing_tensor(flax_preset):
    path = flax_preset / "checkpoint_1000"
    path.write_bytes(path.read_bytes().replace(b"hidden_mapping_in", b"hidden_mapping_up"))
    refusal(flax_preset, "preset.missing-tensor", "checkpoint_1000", "encoder/embedder/hidden_mapping_in/kernel")


def test_a_checkpoint_without_a_vocabulary_gives_its_encoder(flax_preset):
    (flax_preset / "spiece.model").unlink()
    refusal(flax_preset, "preset.missing-vocabulary", "checkpoint_1000")
    assert FNetBackbone.from_preset(flax_preset).num_layers == 3
