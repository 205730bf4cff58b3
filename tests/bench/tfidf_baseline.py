"""A bag of words on the same split: tf-idf and logistic regression, on words, and on words and pairs of words.

    PYTHONPATH=. PYTHON_WITH_SKLEARN tests/bench/tfidf_baseline.py aclImdb.tar.gz --out tfidf.json
    python tests/bench/imdb_table.py --baseline tfidf.json

PYTHON_WITH_SKLEARN is a Python with scikit-learn, which is no dependency of the project. The strength of the penalty is
chosen on the validation texts; the test texts are looked at once, with the chosen one.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer  # pyright: ignore[reportMissingImports]
from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingImports]

from fnet_studio.data.imdb import read_imdb
from fnet_studio.data.split import split_rows

STRENGTHS = (3.0, 10.0, 30.0)
"""Inverse strengths of the penalty (`C`) that are tried."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("archive", type=Path)
    options.add_argument("--out", type=Path, help="a JSON file for imdb_table.py")
    chosen = options.parse_args()
    corpus = read_imdb(chosen.archive)
    rows = split_rows(len(corpus.train), 0.2, 42)
    train, validation = (corpus.train.take(part) for part in rows)
    results = []
    for name, longest in (("tf-idf words, logistic regression", 1), ("tf-idf words and pairs, logistic regression", 2)):
        began = time.perf_counter()
        vectorizer = TfidfVectorizer(ngram_range=(1, longest), min_df=2, sublinear_tf=True, dtype=np.float32)
        features = vectorizer.fit_transform(train.texts)
        held_out, tested = vectorizer.transform(validation.texts), vectorizer.transform(corpus.test.texts)
        fitted = [
            LogisticRegression(C=strength, solver="liblinear", max_iter=200).fit(features, train.labels)
            for strength in STRENGTHS
        ]
        figures = [model.score(held_out, validation.labels) for model in fitted]
        best = int(np.argmax(figures))
        results.append(
            {
                "name": name,
                "training_s": time.perf_counter() - began,
                "train_accuracy": fitted[best].score(features, train.labels),
                "validation_accuracy": figures[best],
                "test_accuracy": fitted[best].score(tested, corpus.test.labels),
                "parameters": features.shape[1] + 1,
                "strength": STRENGTHS[best],
            }
        )
        print(results[-1], flush=True)
    if chosen.out:
        chosen.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
