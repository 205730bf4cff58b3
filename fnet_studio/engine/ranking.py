"""The best of a vocabulary, and a word's place among them."""

import numpy as np


def best_of(row: np.ndarray, count: int) -> np.ndarray:
    """Indices of the greatest values (vocabulary,), best first; among equals the lowest index first."""
    count = min(max(count, 1), len(row))
    least = np.partition(row, len(row) - count)[len(row) - count]
    found = np.flatnonzero(row >= least)
    return found[np.argsort(-row[found], kind="stable")][:count]


def rank_of(row: np.ndarray, index: int) -> int:
    """1 is the greatest."""
    return 1 + int((row > row[index]).sum())
