"""BERT's random masking of token ids (arXiv 1810.04805, section 3.1)."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np


class MaskedRows(NamedTuple):
    """token_ids (rows, length); positions, labels, weights (rows, masks): weight 0 for a place that is not used."""

    token_ids: np.ndarray
    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


class _Masked(NamedTuple):
    ids: np.ndarray
    positions: np.ndarray
    originals: np.ndarray


class MaskedLMMaskGenerator:
    """Chooses each selectable token with `mask_selection_rate`; a chosen one becomes the mask with `mask_token_rate`,
    a random id of the vocabulary with `random_token_rate`, and stays as it is otherwise.

    Arguments and defaults are those of `keras_hub.layers.MaskedLMMaskGenerator`, and `seed` beside them: two
    generators of equal seed give equal sequences of results. mask_selection_length: how many may be chosen in a row at
    most; the last three results are then padded with 0 to that length, otherwise they are lists of arrays.
    """

    def __init__(
        self,
        vocabulary_size: int,
        mask_selection_rate: float,
        mask_token_id: int,
        mask_selection_length: int | None = None,
        unselectable_token_ids: Sequence[int] = (0,),
        mask_token_rate: float = 0.8,
        random_token_rate: float = 0.1,
        seed: int | None = None,
        name: str = "masked_lm_mask_generator",
    ) -> None:
        if not 0 <= mask_token_id < vocabulary_size:
            raise ValueError(f"mask_token_id {mask_token_id} is not in [0, {vocabulary_size}).")
        if not 0 <= mask_selection_rate <= 1:
            raise ValueError(f"mask_selection_rate {mask_selection_rate} is not in [0, 1].")
        if min(mask_token_rate, random_token_rate) < 0 or mask_token_rate + random_token_rate > 1 + 1e-9:
            raise ValueError("mask_token_rate and random_token_rate must not be negative, nor sum to more than 1.")
        self.name = name
        self.vocabulary_size = vocabulary_size
        self.mask_selection_rate = mask_selection_rate
        self.mask_token_id = mask_token_id
        self.mask_selection_length = mask_selection_length
        self.unselectable_token_ids = list(unselectable_token_ids)
        self.mask_token_rate = mask_token_rate
        self.random_token_rate = random_token_rate
        self.seed = seed
        self._random = np.random.default_rng(seed)

    def __call__(self, inputs: Any) -> dict[str, Any]:
        """inputs: ids (length,), (batch, length), or a list of sequences of any lengths. Returns `token_ids` of the
        same form, and `mask_positions`, `mask_ids` (the original ones), `mask_weights` (1 for a choice, 0 for a pad),
        each (batch, mask_selection_length)."""
        batched = np.ndim(inputs[0]) > 0 if len(inputs) else False
        done = [self._mask(np.array(row, dtype=np.int32)) for row in (inputs if batched else [inputs])]
        same_length = len({len(row.ids) for row in done}) == 1
        rows: dict[str, Any] = {
            "token_ids": np.stack([row.ids for row in done]) if same_length else [row.ids for row in done],
            "mask_positions": self._padded(row.positions for row in done),
            "mask_ids": self._padded(row.originals for row in done),
            "mask_weights": self._padded(np.ones(len(row.positions), np.float32) for row in done),
        }
        return rows if batched else {name: value[0] for name, value in rows.items()}

    def _mask(self, ids: np.ndarray) -> _Masked:
        selectable = ~np.isin(ids, self.unselectable_token_ids)
        chosen = np.flatnonzero(selectable & (self._random.random(len(ids)) < self.mask_selection_rate))
        limit = self.mask_selection_length
        if limit is not None and len(chosen) > limit:
            chosen = np.sort(self._random.choice(chosen, limit, replace=False))
        originals = ids[chosen]
        fate = self._random.random(len(chosen))
        random_ids = self._random.integers(0, self.vocabulary_size, len(chosen), dtype=np.int32)
        replaced = np.where(fate < self.mask_token_rate + self.random_token_rate, random_ids, originals)
        masked = ids.copy()
        masked[chosen] = np.where(fate < self.mask_token_rate, self.mask_token_id, replaced)
        return _Masked(masked, chosen.astype(np.int32), originals)

    def _padded(self, rows: Iterable[np.ndarray]) -> Any:
        if self.mask_selection_length is None:
            return list(rows)
        return np.stack([np.pad(row, (0, self.mask_selection_length - len(row))) for row in rows])

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "vocabulary_size": self.vocabulary_size,
            "mask_selection_rate": self.mask_selection_rate,
            "mask_token_id": self.mask_token_id,
            "mask_selection_length": self.mask_selection_length,
            "unselectable_token_ids": self.unselectable_token_ids,
            "mask_token_rate": self.mask_token_rate,
            "random_token_rate": self.random_token_rate,
            "seed": self.seed,
        }


def mask_rows(
    token_ids: np.ndarray,
    random: np.random.Generator,
    *,
    rate: float,
    room: int,
    mask_token_id: int,
    unselectable: np.ndarray,
    word_begins: np.ndarray | None = None,
    chances: np.ndarray | None = None,
    mask_token_rate: float = 0.8,
    random_token_rate: float = 0.1,
) -> MaskedRows:
    """The masking of `MaskedLMMaskGenerator` for many rows (rows, length) at once, with `rate` of each row's selectable
    tokens, no more and no less (rounded at random), at least one and at most `room`.

    unselectable, word_begins: (vocabulary,) bool. With the pieces that begin a word all those of a word are chosen
    together, except in the last word of a row that still fits in part. chances: (rows, length) float32, how likely a
    place is drawn beside the others of its row; 0: it cannot be selected. A word goes by that of its first piece.
    """
    ids = np.asarray(token_ids, np.int32)
    selectable = ~unselectable[ids]
    if chances is not None:
        selectable &= chances > 0
    count = selectable.sum(axis=1)
    wanted = np.floor(rate * count + random.random(len(ids))).astype(int)
    wanted = np.minimum(np.clip(wanted, 1, room), count)
    scores = random.random(ids.shape, np.float32)
    if chances is not None:  # the smallest of exponential times: a draw without replacement (Efraimidis, Spirakis 2006)
        scores = -np.log1p(-scores) / np.where(selectable, chances, 1.0)
    if word_begins is not None:
        begins = np.where(word_begins[ids] | ~selectable, np.arange(ids.shape[1]), 0)
        scores = np.take_along_axis(scores, np.maximum.accumulate(begins, axis=1), axis=1)
    order = np.argsort(np.where(selectable, scores, np.inf), axis=1, kind="stable")[:, :room]
    chosen = np.arange(room) < wanted[:, None]
    positions = np.where(chosen, order, 0).astype(np.int32)
    labels = np.where(chosen, np.take_along_axis(ids, positions, axis=1), 0).astype(np.int32)
    fate = random.random(positions.shape, np.float32)
    others = random.choice(np.flatnonzero(~unselectable).astype(np.int32), positions.shape)
    put = np.where(
        fate < mask_token_rate, mask_token_id, np.where(fate < mask_token_rate + random_token_rate, others, labels)
    )
    masked = ids.copy()
    rows, places = np.nonzero(chosen)
    masked[rows, positions[rows, places]] = put[rows, places]
    return MaskedRows(masked, positions, labels, chosen.astype(np.float32))
