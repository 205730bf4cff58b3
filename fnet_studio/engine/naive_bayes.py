"""What can be told of a text by the pieces that it has, whatever their order: a measure beside that of a model."""

from collections.abc import Iterator, Mapping

import numpy as np

from fnet_studio.engine.feed import Rows
from fnet_studio.engine.run_texts import spread

MOST_TEXTS = 50_000
"""To learn from; spread over a larger part."""
MOST_ANSWERS = 100_000
"""Texts by classes, spread likewise: nobody can stop it, so that it must not take more than some seconds."""
MOST_COUNTS = 10_000_000
"""Of pieces by classes: 80 MB."""
AT_A_TIME = 2048


def measures(parts: Mapping[str, Rows], split: str, classes: int, pad_id: int) -> dict[str, float]:
    """As `Task.further_measures`: nothing of the training texts, which it has learnt by heart."""
    found = None if split == "train" else accuracy(parts["train"], parts[split], classes, pad_id)
    return {} if found is None else {"naive_bayes": found}


def accuracy(train: Rows, asked: Rows, classes: int, pad_id: int) -> float | None:
    """The share of texts whose class naive Bayes answers, from the same pieces as the model: multinomial, each piece
    counted once a text, with add-one smoothing (Jurafsky and Martin, Speech and Language Processing, 3rd ed., chapter
    on naive Bayes; Wang and Manning, ACL 2012, P12-2018). Pieces that no training text has are passed over. None where
    there is nothing to ask about or too much to count."""
    pieces = 1 + max(int(_token_ids(part).max(initial=0)) for part in (train, asked))
    if not len(train) or not len(asked) or classes * pieces > MOST_COUNTS:
        return None
    counts, texts = np.zeros((classes, pieces)), np.zeros(classes)
    for labels, rows, ids in _pieces(train, pad_id, MOST_TEXTS):
        counts += np.bincount(labels[rows] * pieces + ids, minlength=counts.size).reshape(counts.shape)
        texts += np.bincount(labels, minlength=classes)
    seen = counts.any(axis=0)
    likelihood = np.log((counts + 1) / (counts.sum(axis=1, keepdims=True) + max(seen.sum(), 1))) * seen
    with np.errstate(divide="ignore"):  # a class without texts is never answered
        prior = np.log(texts / texts.sum())
    right = total = 0
    for labels, rows, ids in _pieces(asked, pad_id, MOST_ANSWERS // classes):
        sums = [np.bincount(rows, weights=of_class[ids], minlength=len(labels)) for of_class in likelihood]
        right += int((np.argmax(np.stack(sums, axis=1) + prior, axis=1) == labels).sum())
        total += len(labels)
    return right / total


def _token_ids(part: Rows) -> np.ndarray:
    return part.inputs["token_ids"] if isinstance(part.inputs, dict) else part.inputs


def _pieces(part: Rows, pad_id: int, most: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of up to `most` texts, some at a time: their labels (texts,), and each piece of each of them once: the text's
    place and the piece's id, (pieces,) each."""
    token_ids, chosen = _token_ids(part), spread(len(part), most)
    for first in range(0, len(chosen), AT_A_TIME):
        some = chosen[first : first + AT_A_TIME]
        ids = np.sort(token_ids[some].astype(np.int64), axis=1)
        new = ids != pad_id
        new[:, 1:] &= ids[:, 1:] != ids[:, :-1]
        yield part.labels[some].astype(np.int64), np.nonzero(new)[0], ids[new]
