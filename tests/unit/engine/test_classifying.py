"""A stored classifier asked about many texts: as the same model answers one by one, and never an older one."""

import json

import keras
import numpy as np
import pytest

from fnet_studio.core import protocol, run_models, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.recipe import bundled, load, to_mapping
from fnet_studio.engine import stored_run
from fnet_studio.engine.classifying import AT_ONCE, Classifying
from fnet_studio.engine.train import train
from fnet_studio.models import FNetTextClassifier

DEVICE = protocol.Device("cpu", "test")
TINY = {
    "training.epochs": "1",
    "data.sequence_length": "32",
    "data.vocabulary_size": "400",
    "model.hidden_dim": "16",
}


def trained(job, **changes):
    recipe = load(bundled("sample-quick"), {**TINY, **changes})
    return train(protocol.Train(to_mapping(recipe)), job, DEVICE, {}).run


def asked(classifying, run, texts, job):
    return np.array(classifying.classify(protocol.Classify(run, tuple(texts)), job).probabilities)


def test_many_texts_get_the_answers_that_each_gets_alone_and_none_gets_none(job):
    run, classifying = trained(job), Classifying()
    texts = [f"a {'wonderful' if number % 3 else 'dull'} film number {number}" for number in range(3 * AT_ONCE - 1)]
    kept = stored_run.bring_back(*stored_run.stored(run))
    alone = np.concatenate([
        kept.objective.probabilities(kept.model(kept.encode([text], None), training=False)) for text in texts
    ])  # fmt: skip
    for count in (1, 3, AT_ONCE, AT_ONCE + 1, len(texts)):
        np.testing.assert_allclose(asked(classifying, run, texts[:count], job), alone[:count], atol=1e-5)
    assert asked(classifying, run, (), job).shape == (0,)


def test_a_model_that_was_kept_again_and_another_run_are_read_anew(job):
    classifying, text = Classifying(), ("a wonderful film",)
    one, other = trained(job), trained(job, **{"training.seed": "7"})
    first, second = asked(classifying, one, text, job), asked(classifying, other, text, job)
    assert not np.allclose(first, second)
    np.testing.assert_allclose(asked(classifying, one, text, job), first, atol=1e-6)
    weights = run_store.folder(one) / run_models.WEIGHTS
    weights.write_bytes((run_store.folder(other) / run_models.WEIGHTS).read_bytes())
    assert not np.allclose(asked(classifying, one, text, job), first)


def test_a_stop_is_heeded_between_two_passes(job):
    run, classifying = trained(job), Classifying()
    asked(classifying, run, ("one",), job)
    job.stop_mode = "keep"
    with pytest.raises(Stopped):
        asked(classifying, run, ["one"] * (2 * AT_ONCE), job)


@pytest.fixture
def head(tmp_path):
    """The bundled encoder with a classifier, as a preset's folder."""

    def written(classes, activation, **own):
        model = FNetTextClassifier.from_preset(
            "fnet_mini_en", num_classes=classes, activation=activation, head_state="fine-tuned"
        )
        folder = tmp_path / f"{classes} {activation}"
        model.save_to_preset(folder)
        told = json.loads((folder / "fnet_studio.json").read_text())
        (folder / "fnet_studio.json").write_text(json.dumps(told | {"head": told["head"] | own}))
        return model, str(folder)

    return written


@pytest.mark.parametrize(
    ("activation", "names", "expected"),
    [(None, {}, ("0", "1", "2")), ("softmax", {"class_names": ["so", "la", "la la"]}, ("so", "la", "la la"))],
)
def test_a_presets_classifier_answers_as_its_model_does_by_the_names_that_it_has(head, activation, names, expected):
    model, preset = head(3, activation, **names)
    texts, pairs = ("a fine film", "dull"), ("really", "or not")
    told = Classifying().classify(protocol.Classify("", texts, pairs, preset))
    outputs = model.predict((list(texts), list(pairs)), verbose=0)
    right = outputs if activation else keras.ops.softmax(outputs)
    np.testing.assert_allclose(told.probabilities, right, atol=1e-5)
    assert told.class_names == expected


def test_a_head_that_does_not_choose_among_classes_is_refused(head):
    for made in (head(1, None), head(2, "sigmoid"), head(3, None, regression=True)):
        with pytest.raises(UserError, match="does not choose among classes") as caught:
            Classifying().classify(protocol.Classify("", ("fine",), preset=made[1]))
        assert caught.value.kind == "preset.no-classifier"
