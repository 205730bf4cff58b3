"""Transformers' checkpoints, and the authors' Flax layout of one of them, give Transformers' outputs."""

import json

import numpy as np
import pytest

from fnet_studio.models import FNetMaskedLM, FNetTextClassifier, FNetTokenizer

pytestmark = pytest.mark.usefixtures("optimised_programs")

from_transformers = pytest.mark.parametrize(
    ("folder", "golden_name", "cls"),
    [
        ("transformers_masked_lm", "transformers_masked_lm", FNetMaskedLM),
        ("transformers_pretraining", "transformers_pretraining", FNetMaskedLM),
        ("flax_pretraining", "transformers_pretraining", FNetMaskedLM),
        ("transformers_classifier", "transformers_classifier", FNetTextClassifier),
    ],
)


def agree(ours, theirs):
    assert np.abs(np.asarray(ours) - theirs).max() <= 1e-4 * np.abs(theirs).max()


@from_transformers
def test_every_output_agrees(others, folder, golden_name, cls):
    model = cls.from_preset(others / folder)
    with np.load(others / golden_name / "expected.npz") as file:
        wanted = dict(file)
    features = {name: wanted[name] for name in ("token_ids", "segment_ids")}
    outputs = model.backbone(features)
    agree(outputs["sequence_output"], wanted["sequence_output"])
    agree(outputs["pooled_output"], wanted["pooled_output"])
    short = {name: value[:, :29] for name, value in features.items()}
    agree(model.backbone(short)["sequence_output"], wanted["short_sequence_output"])
    if cls is FNetTextClassifier:
        agree(model(features), wanted["logits"])
        assert model.head_state == "fine-tuned"
        return
    positions = np.tile(np.arange(0, 64, 6), (2, 1))
    logits = model({**features, "mask_positions": positions})
    agree(logits, wanted.get("logits", wanted.get("mlm_logits")))
    assert model.head_state == "pretrained"
    if "nsp_logits" in wanted:
        agree(model.next_sentence_logits(features), wanted["nsp_logits"])
    else:
        with pytest.raises(ValueError, match="next-sentence"):
            model.next_sentence_logits(features)


@pytest.fixture(scope="module")
def cases(others):
    return json.loads((others / "transformers_masked_lm/fill_mask.json").read_text("utf-8"))


def test_compatible_tokenising_of_masks_is_that_of_transformers(others, cases):
    tokenizer = FNetTokenizer.from_preset(others / "transformers_masked_lm", transformers_compatible=True)
    for case in cases:
        wanted = [i for i in case["token_ids"] if i != tokenizer.pad_token_id]
        assert [4, *tokenizer.ids(case["text"]), 5] == wanted


def test_our_own_tokenising_differs_only_where_a_mask_stands_before_a_sign(others, cases):
    tokenizer = FNetTokenizer.from_preset(others / "transformers_masked_lm")
    differing = {c["text"] for c in cases if [4, *tokenizer.ids(c["text"]), 5] != [i for i in c["token_ids"] if i != 3]}
    assert differing == {
        "The capital of France is [MASK].",
        "He said that the[MASK]was here.",
        "No mask? just [MASK]!",
    }


def test_the_five_best_answers_are_those_of_transformers(others, cases):
    model = FNetMaskedLM.from_preset(others / "transformers_masked_lm")
    for case in cases:
        features = {name: np.array([case[name]], np.int32) for name in ("token_ids", "segment_ids", "mask_positions")}
        found = model.probabilities(features)[0]
        for row, answers in zip(found, case["top5"], strict=True):
            scores = [answer["score"] for answer in answers]
            assert [int(i) for i in row.argsort()[::-1][:5]] == [answer["token"] for answer in answers]
            np.testing.assert_allclose(row[[answer["token"] for answer in answers]], scores, rtol=1e-4)
