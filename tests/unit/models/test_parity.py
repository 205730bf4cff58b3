"""The second opinion agrees with KerasHub and Transformers, and the self-test finds what is wrong."""

import numpy as np
import pytest

from fnet_studio.core import places
from fnet_studio.core.comparison import Comparison
from fnet_studio.models import check_preset
from fnet_studio.models.preset import open_preset
from fnet_studio.models.reference import Reference

pytestmark = pytest.mark.usefixtures("optimised_programs")


def agree(ours, theirs):
    assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()


def reference_of(folder):
    opened = open_preset(folder)
    layers = opened.backbone_arguments()["num_layers"]
    return Reference(opened.backbone_tensors(layers) | opened.head_tensors(), layers)


def test_the_second_opinion_agrees_with_kerashub(golden, expected):
    reference = reference_of(golden / "kerashub_masked_lm")
    encoded = reference.encode(expected["token_ids"], expected["segment_ids"])
    agree(encoded, expected["sequence_output"])
    agree(reference.pooled(encoded), expected["pooled_output"])
    agree(reference.predictions(encoded, expected["mask_positions"], "gelu", 1e-5), expected["mlm_logits"])
    segments = reference.encode(expected["random_token_ids"], expected["random_segment_ids"])
    agree(segments, expected["random_sequence_output"])
    agree(reference_of(golden / "kerashub_classifier").class_logits(encoded, None), expected["classifier_logits"])


@pytest.mark.parametrize(
    ("root", "name", "outputs"),
    [
        ("golden", "kerashub_masked_lm", 3),
        ("golden", "kerashub_classifier", 3),
        ("golden", "kerashub_backbone_only", 2),
        ("others", "transformers_pretraining", 3),
        ("others", "transformers_classifier", 3),
        ("others", "flax_pretraining", 3),
    ],
)
def test_a_preset_of_any_format_passes(request, root, name, outputs):
    found = check_preset(request.getfixturevalue(root) / name)
    assert all(it.passed for it in found)
    against_numpy = [it for it in found if "NumPy" in it.against]
    assert len(against_numpy) == outputs
    assert all(0 < it.largest <= 1e-4 * it.scale for it in against_numpy)
    exact = [it for it in found if "NumPy" not in it.against]
    assert [it.largest for it in exact] == [0.0] * 4
    assert list(places.cache_dir().glob("check-*")) == []


def test_a_model_that_averages_over_its_tokens_passes(golden, tmp_path):
    from fnet_studio.models import FNetTextClassifier

    model = FNetTextClassifier.from_preset(golden / "kerashub_masked_lm", num_classes=2, pooling="mean")
    model.head_state = "fine-tuned"
    with pytest.warns(UserWarning, match="KerasHub classifies by the first position"):
        model.save_to_preset(tmp_path / "mean")
    assert all(it.passed for it in check_preset(tmp_path / "mean"))


def test_the_bundled_preset_passes():
    """Trained: what rounding does to it is more than to the golden ones, and is allowed for."""
    found = check_preset("fnet_mini_en")
    assert [it.what for it in found if not it.passed] == []
    assert max(it.limit for it in found) < 5e-3


def test_a_mixing_that_is_a_little_wrong_is_found(golden, monkeypatch):
    """As a library's FFT of another version might be."""
    from fnet_studio.models import encoder

    right = encoder.fourier_mix
    monkeypatch.setattr(encoder, "fourier_mix", lambda x: right(x) * 1.01)
    failed = [it for it in check_preset(golden / "kerashub_masked_lm") if not it.passed]
    assert failed
    assert all("NumPy" in it.against for it in failed)
    assert "allowed" in failed[0].words


def test_what_is_not_a_number_never_passes():
    assert not Comparison("a", "b", 1, float("nan"), 1.0, 1e-4).passed
    assert not Comparison("a", "b", 1, float("inf"), 1.0, 1e-4).passed
    assert Comparison("a", "b", 1, 0.0).passed
