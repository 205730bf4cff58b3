"""Naive Bayes beside the models: what the pieces of a text tell without their order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.engine import naive_bayes
from fnet_studio.engine.feed import Rows

PAD, LENGTH = 0, 6
texts = st.lists(st.lists(st.integers(1, 9), max_size=LENGTH), min_size=1, max_size=12)


def rows(texts, labels, as_inputs=lambda ids: ids):
    ids = np.array([text + [PAD] * (LENGTH - len(text)) for text in texts], np.uint16)
    return Rows(as_inputs(ids), np.array(labels, np.int32))


def counted(train, labels, asked, classes):
    """The answers as the book's formula has them, with exact fractions in place of logarithms."""
    known = set().union(*map(set, train))
    answers = []
    for text in asked:
        scores = []
        for one in range(classes):
            own = [set(other) for other, label in zip(train, labels) if label == one]
            size = sum(map(len, own)) + len(known)
            score = len(own) / len(train)
            for piece in set(text) & known:
                score *= (sum(piece in other for other in own) + 1) / size
            scores.append(score)
        answers.append(scores)
    return answers


@given(texts, texts, st.randoms())
def test_it_answers_as_the_formula_says(train, asked, random):
    labels = [random.randrange(3) for _ in train]
    scores = np.array(counted(train, labels, asked, 3))
    ranked = np.sort(scores, axis=1)
    clear = ranked[:, -1] > ranked[:, -2] * (1 + 1e-9)  # of a tie either is right
    if not clear.any():
        return
    asked, answers = [text for text, it in zip(asked, clear) if it], scores.argmax(axis=1)[clear].tolist()
    learnt = rows(train, labels)
    assert naive_bayes.accuracy(learnt, rows(asked, answers), 3, PAD) == 1
    wrong = [(answer + 1) % 3 for answer in answers]
    assert naive_bayes.accuracy(learnt, rows(asked, wrong), 3, PAD) == 0


def test_the_inputs_of_a_preset_are_counted_by_their_tokens_alone():
    def inputs(ids):
        return {"token_ids": ids, "segment_ids": np.ones_like(ids)}

    train, asked = rows([[1, 2], [3, 4]], [0, 1], inputs), rows([[4, 4], [2]], [1, 1], inputs)
    assert naive_bayes.accuracy(train, asked, 2, PAD) == 0.5


def test_of_more_texts_than_are_looked_at_some_of_every_part_are(monkeypatch):
    monkeypatch.setattr(naive_bayes, "MOST_TEXTS", 10)
    monkeypatch.setattr(naive_bayes, "MOST_ANSWERS", 10)
    train = rows([[1]] * 50 + [[2]] * 50, [0] * 50 + [1] * 50)
    assert naive_bayes.accuracy(train, train, 2, PAD) == 1


def test_nothing_is_said_where_there_is_nothing_to_count_or_too_much(monkeypatch):
    some, none = rows([[1]], [0]), Rows(np.zeros((0, LENGTH), np.uint16), np.zeros(0, np.int32))
    parts = {"train": some, "validation": rows([[]], [0]), "test": none}
    assert naive_bayes.measures(parts, "test", 2, PAD) == {}
    assert naive_bayes.measures(parts, "train", 2, PAD) == {}
    assert naive_bayes.measures(parts, "validation", 2, PAD) == {"naive_bayes": 1}
    monkeypatch.setattr(naive_bayes, "MOST_COUNTS", 3)
    assert naive_bayes.accuracy(some, some, 2, PAD) is None
