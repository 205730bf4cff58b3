"""Several masks answered together: a beam search over the chain of their conditional probabilities, left to right.

A masked LM has no joint probability of its own. Here it is p(w1 | rest, masks) p(w2 | w1, rest, masks) …: each mask in
reading order, with the pieces before it put in and the masks after it still hidden.
"""

from dataclasses import dataclass

import numpy as np

from fnet_studio.engine.fill_mask import LoadedPreset
from fnet_studio.engine.first_calls import Heeds
from fnet_studio.engine.ranking import best_of


@dataclass(frozen=True)
class Chain:
    """One piece a mask. log_probabilities: natural, each given the pieces before it."""

    ids: tuple[int, ...] = ()
    log_probabilities: tuple[float, ...] = ()

    @property
    def total(self) -> float:
        return sum(self.log_probabilities)


@dataclass(frozen=True)
class Found:
    chains: tuple[Chain, ...]
    """Best first."""
    greedy_rows: np.ndarray
    """(masks, vocabulary) log probabilities along the chain that was best at every step."""


def search(preset: LoadedPreset, ids: np.ndarray, at: list[int], width: int, wanted: int, job: Heeds) -> Found:
    """ids: (length,) with masks at `at`. After each mask the `width` best beginnings are kept, after the last one the
    `wanted` best chains: with a width of the whole vocabulary it is exact."""
    beam = [Chain()]
    rows = []
    segments = preset.segments(ids[None])  # a separator that a chain puts in is a guess, and parts nothing
    for step, place in enumerate(at):
        filled = np.stack([_filled(ids, at, chain.ids) for chain in beam])
        keep = wanted if step == len(at) - 1 else width
        longer: list[tuple[float, Chain]] = []
        for index, values in preset.log_probabilities(filled, np.full((len(beam), 1), place), job, segments):
            row, chain = values[0], beam[index]
            if index == 0:
                rows.append(row)
            for token_id in best_of(row, keep):
                longer.append((chain.total + float(row[token_id]), _longer(chain, int(token_id), float(row[token_id]))))
        longer.sort(key=lambda item: (-item[0], item[1].ids))
        beam = [chain for _, chain in longer[:keep]]
    return Found(tuple(beam), np.stack(rows))


def score(preset: LoadedPreset, ids: np.ndarray, at: list[int], chosen: list[int], job: Heeds) -> Chain:
    """The chain of given pieces, in one batch."""
    filled = np.stack([_filled(ids, at, tuple(chosen[:step])) for step in range(len(at))])
    found = preset.log_probabilities(filled, np.array(at)[:, None], job, preset.segments(ids[None]))
    return Chain(tuple(chosen), tuple(float(values[0][chosen[step]]) for step, values in found))


def _filled(ids: np.ndarray, at: list[int], chosen: tuple[int, ...]) -> np.ndarray:
    row = ids.copy()
    row[at[: len(chosen)]] = chosen
    return row


def _longer(chain: Chain, token_id: int, log_probability: float) -> Chain:
    return Chain((*chain.ids, token_id), (*chain.log_probabilities, log_probability))
