import numpy as np
import pytest

from fnet_studio.core.errors import UserError
from fnet_studio.data.dataset import load_dataset
from fnet_studio.data.sample import read_sample


def test_the_sample_is_balanced_and_no_review_stands_twice():
    corpus = read_sample()
    assert np.bincount(corpus.train.labels).tolist() == [80, 80]
    assert np.bincount(corpus.test.labels).tolist() == [40, 40]
    texts = corpus.train.texts + corpus.test.texts
    assert len(set(texts)) == 240
    assert all(25 <= len(text.split()) <= 60 for text in texts)


def test_its_words_tell_the_classes_apart():
    """Naive Bayes, the simplest learner there is, generalises from the training part to the test part."""
    data = load_dataset("sample", vocabulary_size=2000, sequence_length=96)
    counts = np.ones((2, len(data.vocabulary)))
    for row, label in zip(data.train.token_ids, data.train.labels, strict=True):
        counts[label, row[row > 1]] += 1
    weights = np.diff(np.log(counts / counts.sum(axis=1, keepdims=True)), axis=0)[0]
    guesses = [weights[row[row > 1]].sum() > 0 for row in data.test.token_ids]
    assert np.mean(guesses == data.test.labels) > 0.75


def test_an_installation_without_the_sample_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr("fnet_studio.core.places.resources", lambda: tmp_path)
    with pytest.raises(UserError) as caught:
        read_sample()
    assert caught.value.kind == "data.sample"
