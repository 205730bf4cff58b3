"""A preset that cannot be trusted is refused in words that name the file and the tensor."""

import json
import shutil

import h5py
import numpy as np
import pytest

from fnet_studio.core.errors import UserError
from fnet_studio.models import FNetBackbone, FNetMaskedLM, FNetTextClassifier, FNetTokenizer

KERNEL = "layers/f_net_encoder_1/_intermediate_dense/vars/0"


def refusal(preset, kind, *words, cls=FNetMaskedLM):
    with pytest.raises(UserError) as caught:
        cls.from_preset(preset)
    assert caught.value.kind == kind
    assert caught.value.advice
    for word in words:
        assert word in caught.value.message


def edit(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def test_a_folder_that_does_not_exist(tmp_path):
    refusal(tmp_path / "nowhere", "preset.missing", "nowhere")


@pytest.mark.parametrize(
    "name", ["f_net_base_en", "hf://google/fnet-base", "kaggle://keras/f_net/keras/f_net_large_en"]
)
def test_a_preset_that_was_not_fetched(name):
    refusal(name, "preset.not-fetched", name)


def test_the_known_presets_are_listed():
    assert set(FNetMaskedLM.presets) == set(FNetTokenizer.presets) == {"f_net_base_en", "f_net_large_en"}
    assert FNetBackbone.presets["f_net_base_en"]["metadata"]["params"] == 82_861_056


@pytest.mark.parametrize(("layers", "hidden", "name"), [(12, 768, "f_net_base_en"), (24, 1024, "f_net_large_en")])
def test_the_known_presets_have_their_published_sizes(layers, hidden, name):
    from fnet_studio.models.initializers import Unset

    backbone = FNetBackbone(32000, layers, hidden, 4 * hidden, initializer=Unset())
    assert backbone.count_params() == FNetBackbone.presets[name]["metadata"]["params"]


def test_a_folder_without_a_configuration(tmp_path):
    refusal(tmp_path, "preset.missing-file", "config.json")


@pytest.mark.parametrize("file", ["model.weights.h5", "task.weights.h5"])
def test_a_missing_weight_file(preset, file):
    (preset / file).unlink()
    refusal(preset, "preset.missing-weights", file)


@pytest.mark.parametrize("file", ["model.weights.h5", "task.weights.h5"])
def test_a_truncated_weight_file(preset, file):
    data = (preset / file).read_bytes()
    (preset / file).write_bytes(data[: len(data) // 2])
    refusal(preset, "preset.corrupt", file)


def test_a_weight_file_of_garbage(preset):
    (preset / "model.weights.h5").write_bytes(b"not a weight file" * 100)
    refusal(preset, "preset.corrupt", "model.weights.h5")


def test_a_wrong_shape(preset):
    with h5py.File(preset / "model.weights.h5", "a") as file:
        value = file[KERNEL][()]
        del file[KERNEL]
        file[KERNEL] = value[:, :-1]
    refusal(preset, "preset.wrong-shape", "model.weights.h5", KERNEL, "(48, 111)", "(48, 112)")


def test_a_model_that_keras_quantized(preset):
    policy = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": None}}
    policies = {"default_policy": None, "policy_map": {"f_net_layer_0/output_dense": policy}}
    edit(
        preset / "config.json",
        lambda config: config["config"].update(dtype={"class_name": "DTypePolicyMap", "config": policies}),
    )
    with h5py.File(preset / "model.weights.h5", "a") as file:
        file["layers/dense/vars/2"] = np.zeros(48)  # a scale
    refusal(preset, "preset.quantized", "int8")


@pytest.mark.parametrize("value", [{"value": ["4wEAAAAA", None, None]}, {"class_name": "ReLU", "config": {}}, 3])
def test_an_activation_without_a_name(golden, tmp_path, value):
    folder = shutil.copytree(golden / "kerashub_classifier", tmp_path / "odd")
    edit(folder / "task.json", lambda task: task["config"].update(activation=value))
    refusal(folder, "preset.bad-config", "task.json", "activation", cls=FNetTextClassifier)


def test_a_missing_tensor(preset):
    with h5py.File(preset / "model.weights.h5", "a") as file:
        del file[KERNEL]
    refusal(preset, "preset.missing-tensor", "model.weights.h5", KERNEL)


def test_a_surplus_tensor(preset):
    with h5py.File(preset / "model.weights.h5", "a") as file:
        file["layers/adapter/vars/0"] = np.zeros(3)
    refusal(preset, "preset.surplus-tensor", "model.weights.h5", "layers/adapter/vars/0")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_not_a_number(preset, value):
    with h5py.File(preset / "model.weights.h5", "a") as file:
        file[KERNEL][3, 4] = value
    refusal(preset, "preset.not-finite", "model.weights.h5", KERNEL)


def test_a_head_that_is_not_a_number(preset):
    with h5py.File(preset / "task.weights.h5", "a") as file:
        file["layers/masked_lm_head/vars/0"][7] = np.nan
    refusal(preset, "preset.not-finite", "task.weights.h5", "layers/masked_lm_head/vars/0")


def test_more_layers_than_weights(preset):
    edit(preset / "config.json", lambda config: config["config"].update(num_layers=4))
    refusal(preset, "preset.missing-tensor", "f_net_encoder_3")


def test_fewer_layers_than_weights(preset):
    edit(preset / "config.json", lambda config: config["config"].update(num_layers=2))
    refusal(preset, "preset.surplus-tensor", "f_net_encoder_2")


@pytest.mark.parametrize(
    ("class_name", "registered_name"),
    [("BertBackbone", "keras_hub>BertBackbone"), ("system", None), ("system", "keras_hub>FNetBackbone"),
     ("FNetBackbone", "evil>FNetBackbone")],
)  # fmt: skip
def test_a_configuration_of_a_foreign_class(preset, class_name, registered_name):
    names = {"module": "os", "class_name": class_name, "registered_name": registered_name}
    edit(preset / "config.json", lambda config: config.update(names))
    refusal(preset, "preset.foreign-class", "config.json", class_name)


def test_a_head_of_a_foreign_class(preset):
    edit(preset / "task.json", lambda task: task.update(class_name="Popen", registered_name="subprocess>Popen"))
    refusal(preset, "preset.foreign-class", "task.json", "Popen")


def test_nothing_that_a_file_names_is_imported(preset, monkeypatch):
    marker = preset / "imported"
    (preset / "trap.py").write_text(f"open({str(marker)!r}, 'w')\n")
    monkeypatch.syspath_prepend(str(preset))
    edit(preset / "config.json", lambda config: config.update(module="trap"))
    edit(preset / "task.json", lambda task: task.update(module="trap"))
    FNetMaskedLM.from_preset(preset)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("field", "value"), [("num_layers", "three"), ("hidden_dim", -1), ("dropout", 2), ("vocabulary_size", None)]
)
def test_a_configuration_with_a_field_that_makes_no_sense(preset, field, value):
    edit(preset / "config.json", lambda config: config["config"].update({field: value}))
    refusal(preset, "preset.bad-config", "config.json", field)


def test_a_configuration_that_is_no_json(preset):
    (preset / "config.json").write_text("{")
    refusal(preset, "preset.bad-config", "config.json")


def test_an_unknown_activation(preset, golden):
    shutil.copytree(golden / "kerashub_classifier", preset, dirs_exist_ok=True)
    edit(preset / "task.json", lambda task: task["config"].update(activation="os.system"))
    refusal(preset, "preset.bad-config", "task.json", "activation", cls=FNetTextClassifier)


def test_a_missing_vocabulary(preset):
    (preset / "assets/tokenizer/vocabulary.spm").unlink()
    refusal(preset, "preset.missing-vocabulary", "vocabulary.spm")
    refusal(preset, "preset.missing-vocabulary", "vocabulary.spm", cls=FNetTokenizer)
    assert FNetBackbone.from_preset(preset).num_layers == 3


def test_a_vocabulary_that_is_larger_than_the_model(preset):
    edit(preset / "config.json", lambda config: config["config"].update(vocabulary_size=900))
    refusal(preset, "preset.vocabulary-size", "1000", "900")


def test_a_classifier_without_a_number_of_classes(preset):
    refusal(preset, "preset.no-classifier", preset.name, cls=FNetTextClassifier)


def test_a_length_that_the_model_does_not_have(preset):
    edit(preset / "preprocessor.json", lambda config: config["config"].update(sequence_length=65))
    refusal(preset, "preset.bad-config", "preprocessor.json", "sequence_length")
