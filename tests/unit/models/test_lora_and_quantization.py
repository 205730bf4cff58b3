"""What Keras does to a model's layers, and what a preset then holds."""

import json

import keras
import numpy as np
import pytest

from fnet_studio.core.errors import UserError
from fnet_studio.models import FNetBackbone, FNetTextClassifier
from fnet_studio.models.preset_writer import write_preset
from fnet_studio.models.transformers_writer import write_transformers

IDS = np.random.default_rng(0).integers(7, 40, (8, 8), np.int32)
FEATURES = {"token_ids": IDS, "segment_ids": np.zeros_like(IDS)}
LABELS = (IDS[:, 1] > 20).astype(int)


@pytest.fixture
def classifier():
    keras.utils.set_random_seed(1)
    return FNetTextClassifier(FNetBackbone(40, 2, 8, 16, max_sequence_length=8), 2, head_state="fine-tuned")


def values(layers):
    return {weight.path: np.array(weight.value) for layer in layers for weight in layer.weights}


def test_with_lora_a_model_learns_and_all_else_stays_as_it_is(classifier, tmp_path):
    backbone = classifier.backbone
    before, count = values(backbone.layers), backbone.count_params()
    backbone.enable_lora(2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    classifier.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss)
    losses = classifier.fit(FEATURES, LABELS, batch_size=8, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    after = values(backbone.layers)
    changed = {
        path.removeprefix(backbone.name + "/") for path in before if not np.array_equal(before[path], after[path])
    }
    blocks = {f"f_net_layer_{i}/{part}/bias" for i in range(2) for part in ("intermediate_dense", "output_dense")}
    assert changed == blocks
    assert len([path for path in after if "lora" in path]) == 2 * 5

    write_preset(classifier, tmp_path)
    again = FNetTextClassifier.from_preset(tmp_path, preprocessor=None)
    assert np.allclose(again.predict(FEATURES, verbose=0), classifier.predict(FEATURES, verbose=0), atol=1e-4)
    assert json.loads((tmp_path / "metadata.json").read_text())["parameter_count"] == count
    write_transformers(classifier, tmp_path / "transformers")
    again = FNetTextClassifier.from_preset(tmp_path / "transformers", preprocessor=None)
    assert np.allclose(again.predict(FEATURES, verbose=0), classifier.predict(FEATURES, verbose=0), atol=1e-4)


def test_the_layers_of_lora_may_be_named(classifier):
    classifier.backbone.enable_lora(2, ["output_dense"])
    trained = {weight.path.split("/")[-2] for weight in classifier.backbone.trainable_weights}
    assert trained == {"output_dense"}
    count = len(classifier.trainable_variables)
    with pytest.raises(ValueError, match="once"):
        classifier.backbone.enable_lora(2)
    assert len(classifier.trainable_variables) == count
    with pytest.raises(ValueError, match="query_dense"):
        FNetBackbone(40, 1, 8, 16).enable_lora(2, ["query_dense"])


@pytest.mark.filterwarnings("ignore:__array__ implementation")
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
@pytest.mark.parametrize("write", [write_preset, write_transformers])
def test_a_quantized_model_is_no_preset_and_the_folder_stays_as_it_was(classifier, tmp_path, write):
    write(classifier, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    classifier.quantize("int8")
    with pytest.raises(UserError, match="quantized to int8") as refused:
        write(classifier, tmp_path)
    assert refused.value.kind == "preset.quantized"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
