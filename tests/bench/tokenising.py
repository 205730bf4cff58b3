"""From the raw archive of IMDb to token ids: each step's wall time, and how many cores it kept busy on the whole.

    PYTHONPATH=. PYTHON tests/bench/tokenising.py aclImdb.tar.gz

Processor time counts the processes that tokenising starts; over wall time it is the cores that were busy. The last line
compares tokenising on one core with all of them, and checks that both give the same ids.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fnet_studio.core import all_cores
from fnet_studio.data.imdb import read_imdb
from fnet_studio.data.sources import parts_of
from fnet_studio.data.wordpiece import WordPieceTokenizer

LENGTH, VOCABULARY = 512, 15_000


@contextmanager
def timed(words: str, walls: dict[str, float]) -> Iterator[None]:
    before, began = os.times(), time.perf_counter()
    yield
    wall_s, after = time.perf_counter() - began, os.times()
    cpu_s = sum(after[:4]) - sum(before[:4])
    walls[words] = wall_s
    print(f"{words:28} {wall_s:6.2f} s   {cpu_s:6.2f} s of processor   {cpu_s / wall_s:5.2f} cores", flush=True)


def main(archive: Path) -> None:
    walls: dict[str, float] = {}
    print(f"{all_cores.cores()} cores")
    with timed("reading", walls):
        corpus = read_imdb(archive)
    parts = parts_of(corpus, 0.2, 42)
    texts = [text for part in parts.values() for text in part.texts]
    with timed("building the vocabulary", walls):
        tokenizer = WordPieceTokenizer.train(parts["train"].texts, VOCABULARY)
    with timed("tokenising, all cores", walls):
        together = tokenizer.encode_batch(texts, LENGTH)
    cores, all_cores.cores = all_cores.cores, lambda: 1
    with timed("tokenising, one core", walls):
        alone = tokenizer.encode_batch(texts, LENGTH)
    all_cores.cores = cores
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))
    gain = walls["tokenising, one core"] / walls["tokenising, all cores"]
    print(f"the same ids; all cores are {gain:.2f}x as fast as one")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
