"""The map of a run's texts, against the model's own vectors and answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fnet_studio.core import protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.engine.classifying import Classifying
from fnet_studio.engine.kept_preset import FOLDER
from fnet_studio.engine.run_texts import run_texts, spread
from fnet_studio.engine.text_map import principal_plane, text_map
from fnet_studio.engine.train import train
from fnet_studio.models import FNetTextClassifier

DEVICE = protocol.Device("cpu", "test")
numbers = st.floats(-100, 100, width=32)


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 6)), elements=numbers))
def test_a_plane_loses_no_more_than_any_other_and_says_how_much_it_keeps(vectors):
    points, explained = principal_plane(vectors)
    assert points.shape == (len(vectors), 2)
    whole = ((vectors - vectors.mean(axis=0)) ** 2).sum()
    kept = (points**2).sum(axis=0)
    singular = np.linalg.svd(vectors - vectors.mean(axis=0), compute_uv=False) ** 2
    best = np.pad(singular, (0, 2))[:2]
    np.testing.assert_allclose(kept, best, atol=1e-6 * max(whole, 1))
    np.testing.assert_allclose(explained, best / (whole or 1.0), atol=1e-6)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-6)


def test_what_lies_in_a_plane_keeps_its_distances_and_its_direction():
    flat = np.random.default_rng(1).normal(size=(40, 2)) * (5, 1)
    there = np.linalg.qr(np.random.default_rng(2).normal(size=(7, 2)))[0]
    points, explained = principal_plane(flat @ there.T + 3)
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.testing.assert_allclose(apart, np.linalg.norm(flat[:, None] - flat[None], axis=-1), atol=1e-9)
    assert sum(explained) == pytest.approx(1)
    again, _ = principal_plane(np.ascontiguousarray((flat @ there.T + 3)[::-1]))
    np.testing.assert_allclose(again[::-1], points, atol=1e-9)


@given(st.integers(1, 500), st.integers(1, 100))
def test_the_texts_are_spread_over_the_whole_split(texts, most):
    rows = spread(texts, most)
    assert len(rows) == min(texts, most)
    assert rows[0] == 0
    assert len(rows) == 1 or rows[-1] == texts - 1


@pytest.fixture
def finetuned(preset, job):
    changes = {"training.epochs": "1", "model.preset": preset}
    values = recipe.to_mapping(recipe.load(recipe.bundled("finetune"), changes))
    return train(protocol.Train(values), job, DEVICE, {}).run


@pytest.fixture
def from_scratch(tiny, job):
    return train(protocol.Train(recipe.to_mapping(tiny)), job, DEVICE, {}).run


@pytest.mark.parametrize("kind", ["finetuned", "from_scratch"])
def test_the_map_answers_as_the_run_does_and_names_the_texts_by_their_rows(kind, request, job):
    run = request.getfixturevalue(kind)
    found, blob = text_map(protocol.MapTexts(run, "test", 20), job)
    points = np.frombuffer(blob, "<f4").reshape(-1, 2)
    assert len(points) == len(found.rows) == len(found.labels) == 20
    assert found.texts == run_store.read(run).data["test"]
    texts = run_texts(protocol.RunTexts(run, "test", found.rows), job).texts
    answers = np.array(Classifying().classify(protocol.Classify(run, texts)).probabilities)
    assert tuple(answers.argmax(axis=1)) == found.predicted
    np.testing.assert_allclose(answers.max(axis=1), found.confidence, atol=2e-4)
    assert job.phases[-1] == "asking"


def test_the_points_are_the_vectors_before_the_last_layer(finetuned, job):
    found, blob = text_map(protocol.MapTexts(finetuned, "test", 12), job)
    model = FNetTextClassifier.from_preset(run_store.folder(finetuned) / FOLDER)
    texts = run_texts(protocol.RunTexts(finetuned, "test", found.rows), job).texts
    features = model.preprocessor(list(texts))
    hidden = np.asarray(model.backbone(features)["sequence_output"])
    real = features["token_ids"] != model.preprocessor.tokenizer.pad_token_id
    vectors = np.stack([row[here].mean(axis=0) for row, here in zip(hidden, real, strict=True)])
    assert found.dimensions == vectors.shape[1]
    np.testing.assert_allclose(np.frombuffer(blob, "<f4").reshape(-1, 2), principal_plane(vectors)[0], atol=1e-3)


def test_what_has_no_map_says_so_and_a_stop_is_heeded(preset, finetuned, job, tmp_path):
    (tmp_path / "text.txt").write_text("A line of text.\n" * 60)
    changes = {"model.preset": preset, "data.source": "files", "data.path": str(tmp_path), "training.epochs": "1"}
    language = train(
        protocol.Train(recipe.to_mapping(recipe.load(recipe.bundled("masked-lm"), changes))), job, DEVICE, {}
    )
    with pytest.raises(UserError, match="classified no texts"):
        text_map(protocol.MapTexts(language.run), job)
    job.stop_mode = "discard"
    with pytest.raises(Stopped):
        text_map(protocol.MapTexts(finetuned), job)
