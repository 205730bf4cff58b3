"""Every output of KerasHub's golden models, within 1e-4 of its own scale; token ids exactly."""

import numpy as np
import pytest

from fnet_studio.models import (
    FNetBackbone,
    FNetMaskedLM,
    FNetMaskedLMPreprocessor,
    FNetTextClassifier,
    FNetTextClassifierPreprocessor,
)

pytestmark = pytest.mark.usefixtures("optimised_programs")

PAIRS = (["first segment here", "a b c"], ["second one follows", "d " * 100])


def agree(ours, theirs):
    assert np.abs(np.asarray(ours) - theirs).max() <= 1e-4 * np.abs(theirs).max()


@pytest.fixture(scope="module")
def features(expected):
    return {name: expected[name] for name in ("token_ids", "segment_ids")}


@pytest.fixture(scope="module")
def random_features(expected):
    return {name: expected[f"random_{name}"] for name in ("token_ids", "segment_ids")}


def test_packing_agrees_exactly(golden, expected):
    preprocessor = FNetTextClassifierPreprocessor.from_preset(golden / "kerashub_classifier")
    assert preprocessor.sequence_length == 64
    packed = preprocessor(expected["texts"].tolist())
    np.testing.assert_array_equal(packed["token_ids"], expected["token_ids"])
    np.testing.assert_array_equal(packed["segment_ids"], expected["segment_ids"])
    pairs = preprocessor(PAIRS)
    np.testing.assert_array_equal(pairs["token_ids"], expected["pair_token_ids"])
    np.testing.assert_array_equal(pairs["segment_ids"], expected["pair_segment_ids"])


@pytest.mark.parametrize("name", ["kerashub_masked_lm", "kerashub_classifier", "kerashub_backbone_only"])
def test_the_encoder_agrees(golden, expected, features, name):
    outputs = FNetBackbone.from_preset(golden / name)(features)
    agree(outputs["sequence_output"], expected["sequence_output"])
    agree(outputs["pooled_output"], expected["pooled_output"])


def test_random_segments_agree(masked_lm, expected, random_features):
    agree(masked_lm.backbone(random_features)["sequence_output"], expected["random_sequence_output"])


def test_a_shorter_odd_length_agrees(masked_lm, expected, random_features):
    short = {name: value[:, :29] for name, value in random_features.items()}
    agree(masked_lm.backbone(short)["sequence_output"], expected["short_sequence_output"])


def test_the_masked_lm_head_agrees(masked_lm, expected, features):
    agree(masked_lm({**features, "mask_positions": expected["mask_positions"]}), expected["mlm_logits"])


def test_probabilities_are_the_softmax_of_the_logits(masked_lm, expected, features):
    found = masked_lm.probabilities({**features, "mask_positions": expected["mask_positions"]})
    logits = expected["mlm_logits"].astype(np.float64)
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    agree(found, raised / raised.sum(-1, keepdims=True))


def test_the_classifier_agrees(golden, expected, features):
    classifier = FNetTextClassifier.from_preset(golden / "kerashub_classifier")
    assert classifier.num_classes == 3
    agree(classifier(features), expected["classifier_logits"])
    agree(classifier.predict(expected["texts"].tolist(), verbose=0), expected["classifier_logits"])


def test_parameters_are_counted_as_kerashub_counts_them(masked_lm):
    assert masked_lm.backbone.count_params() == 89376


@pytest.mark.parametrize("dtype", ["bfloat16", "mixed_bfloat16", "mixed_float16"])
def test_lower_precision_stays_close(golden, expected, features, dtype):
    model = FNetMaskedLM.from_preset(golden / "kerashub_masked_lm", dtype=dtype)
    logits = model({**features, "mask_positions": expected["mask_positions"]})
    assert logits.dtype == dtype.removeprefix("mixed_")
    weight = "bfloat16" if dtype == "bfloat16" else "float32"
    assert model.backbone.token_embedding.embeddings.dtype == weight
    theirs = expected["mlm_logits"]
    assert np.abs(np.asarray(logits, np.float32) - theirs).max() <= 0.05 * np.abs(theirs).max()


def test_head_states(golden):
    def state(cls, name, **kwargs):
        return cls.from_preset(golden / name, preprocessor=None, **kwargs).head_state

    assert state(FNetMaskedLM, "kerashub_masked_lm") == "pretrained"
    assert state(FNetMaskedLM, "kerashub_masked_lm", load_weights=False) == "none"
    assert state(FNetMaskedLM, "kerashub_backbone_only") == "none"
    assert state(FNetMaskedLM, "kerashub_classifier") == "none"
    assert state(FNetTextClassifier, "kerashub_classifier") == "fine-tuned"
    assert state(FNetTextClassifier, "kerashub_classifier", num_classes=3) == "none"
    assert state(FNetTextClassifier, "kerashub_masked_lm", num_classes=2) == "none"


def test_masked_lm_preprocessing_has_the_presets_settings(golden):
    preprocessor = FNetMaskedLMPreprocessor.from_preset(golden / "kerashub_masked_lm", seed=3)
    assert (preprocessor.sequence_length, preprocessor.masker.mask_selection_length) == (64, 96)
    x, y, weights = preprocessor(["The capital of France is a large city."] * 4)
    assert x["mask_positions"].shape == y.shape == weights.shape == (4, 96)
    without = FNetMaskedLMPreprocessor.from_preset(golden / "kerashub_backbone_only")
    assert without.sequence_length == 64
