"""The recipe `imdb-best`, small: n-grams, merged positions and token dropout through a whole run."""

import numpy as np
import pytest

from fnet_studio.core import protocol, recipe, run_store
from fnet_studio.core.errors import Stopped
from fnet_studio.engine import classifier, stored_run
from fnet_studio.engine.classifying import Classifying
from fnet_studio.engine.optimiser import make_optimiser
from fnet_studio.engine.train import resume, train

DEVICE = protocol.Device("cpu", "test")


def small(**changes):
    few = {
        "data.path": "somewhere",
        "data.source": "sample",
        "data.sequence_length": "32",
        "data.vocabulary_size": "500",
        "data.validation_split": "0.2",
        "model.ngram_buckets": "2048",
        "model.hidden_dim": "16",
        "training.batch_size": "16",
        "training.epochs": "2",
    }
    return recipe.to_mapping(recipe.load(recipe.bundled("imdb-best"), few | changes))


def losses(run):
    return [row["loss"] for row in run_store.read_metrics(run) if "split" not in row]


def test_it_has_at_most_ten_million_parameters():
    best = recipe.load(recipe.bundled("imdb-best"), {"data.path": "somewhere"})
    assert classifier.build(best, best.data.vocabulary_size).count_params() <= 10_000_000
    assert best.model.mixer == "fourier"


def test_a_kept_model_answers_as_it_did_and_every_text_as_when_it_stands_alone(job):
    finished = train(protocol.Train(small()), job, DEVICE, {})
    again = stored_run.evaluate(protocol.Evaluate(finished.run), job)
    assert again.loss == pytest.approx(finished.test_loss, rel=1e-5)
    texts = ("A joy from start to end.", "Dull.", "")
    together = Classifying().classify(protocol.Classify(finished.run, texts)).probabilities
    alone = [Classifying().classify(protocol.Classify(finished.run, (text,))).probabilities[0] for text in texts]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_token_dropout_goes_on_bit_for_bit_after_a_stop(job):
    whole = losses(train(protocol.Train(small()), job, DEVICE, {}).run)
    job.stop_at_step = 5
    with pytest.raises(Stopped) as caught:
        train(protocol.Train(small()), job, DEVICE, {})
    job.stop_at_step, job.stop_mode = 0, ""
    assert losses(resume(protocol.Resume(caught.value.run), job, DEVICE, {}).run) == whole


@pytest.mark.parametrize("epsilon", [1e-7, 1e-5])
def test_a_raised_epsilon_holds_back_what_is_seen_once_alone(epsilon):
    """Two weights: one with a small gradient in one step of twenty, one with it in every step."""
    import keras

    values = {"optimisation": {"epsilon": epsilon}, "training": {"learning_rate": 0.01}}
    weights = keras.Variable(np.zeros(2, "float32"))
    optimiser = make_optimiser(recipe.from_mapping(values), [weights], 20)
    for step in range(20):
        optimiser.apply_gradients([(np.array([7e-5 * (step == 0), 1e-3], "float32"), weights)])
    once, always = np.abs(np.asarray(weights.value))
    assert always > 0.15
    assert (once < 0.04) == (epsilon == 1e-5)
