"""What counts as texts for tokenizer, preprocessors and tasks: nothing is read as the words for it."""

import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

_FEATURES = "for ready features set `model.preprocessor = None`"


def texts(given: Any) -> str | list[str]:
    """A text, or a list of texts from anything that holds texts in one dimension; bytes are UTF-8.

    TypeError for anything else, with the number of the row."""
    if isinstance(given, str | bytes):
        return _decoded(given)
    if isinstance(given, Mapping):
        raise TypeError(f"A {type(given).__name__} does not say which of its values are texts; {_FEATURES}.")
    if hasattr(given, "__array__"):  # arrays, columns of tables, tensors
        given = np.asarray(given).tolist()
        if isinstance(given, str | bytes):
            return _decoded(given)
    if not isinstance(given, Iterable):
        raise TypeError(f"{reprlib.repr(given)} is not a text.")
    return [_row(number, value) for number, value in enumerate(given)]


def segments(given: Any) -> list[str] | list[list[str]]:
    """The texts of each segment of a tuple, or of the only one. ValueError when they are not equally many."""
    found: list[Any] = [texts(one) for one in (given if isinstance(given, tuple) else (given,))]
    sizes = ["a single text" if isinstance(one, str) else f"{len(one)} texts" for one in found]
    if len(set(sizes)) > 1:
        raise ValueError(f"The segments are {' and '.join(sizes)}: every row needs one of each.")
    return found


def _row(number: int, value: Any) -> str:
    if isinstance(value, str | bytes):
        return _decoded(value)
    nested = isinstance(value, Iterable)
    advice = f" Give two segments as a tuple (first, second); {_FEATURES}." if nested else ""
    raise TypeError(f"Row {number} is {reprlib.repr(value)}, not a text.{advice}")


def _decoded(text: str | bytes) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
