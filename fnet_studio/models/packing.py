"""Packing of token segments into rows of one length: `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]`."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from fnet_studio.core.cutting import Cut, stays

Truncate = Literal["round_robin", "waterfall"]


class MultiSegmentPacker:
    """Arguments are those of `keras_hub.layers.MultiSegmentPacker`, for one start, separator and end id each.

    round_robin gives the free places one at a time to the segments in turn; waterfall fills the first segment, then
    the next. cut, which KerasHub does not have: what goes of a segment that gets fewer places than it has ids.
    """

    def __init__(
        self,
        sequence_length: int,
        start_value: int,
        end_value: int,
        sep_value: int | None = None,
        pad_value: int | None = None,
        truncate: Truncate = "round_robin",
        cut: Cut = "end",
    ) -> None:
        if truncate not in ("round_robin", "waterfall"):
            raise ValueError(f"truncate must be 'round_robin' or 'waterfall', not {truncate!r}")
        self.sequence_length = sequence_length
        self.start_value = start_value
        self.end_value = end_value
        self.sep_value = end_value if sep_value is None else sep_value
        self.pad_value = 0 if pad_value is None else pad_value
        self.truncate: Truncate = truncate
        self.cut: Cut = cut

    def __call__(self, segments: Any) -> tuple[np.ndarray, np.ndarray]:
        """segments: a tuple of batches (lists of id sequences), or of single id sequences; or one of these alone.

        Returns token ids and segment ids, both (batch, sequence_length) int32, or (sequence_length,) unbatched. The
        start belongs to segment 0, each separator to the segment before it; pads are in segment 0.
        """
        parts = segments if isinstance(segments, tuple) else (segments,)
        if not parts:
            raise ValueError("There is no segment to pack.")
        batched = [len(part) > 0 and np.ndim(part[0]) > 0 for part in parts]
        if len(set(batched)) > 1:
            raise ValueError("Segments must be all single or all batched.")
        rows = list(zip(*parts, strict=True)) if batched[0] else [parts]
        token_ids = np.full((len(rows), self.sequence_length), self.pad_value, np.int32)
        segment_ids = np.zeros((len(rows), self.sequence_length), np.int32)
        for index, row in enumerate(rows):
            ids, kinds = self.pack_one(row)
            token_ids[index, : len(ids)] = ids
            segment_ids[index, : len(kinds)] = kinds
        return (token_ids, segment_ids) if batched[0] else (token_ids[0], segment_ids[0])

    def pack_one(self, segments: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
        """Ids and segment ids of one row, without the pads."""
        kept = self.kept_lengths([len(segment) for segment in segments])
        pieces: list[Sequence[int]] = [[self.start_value]]
        for number, (segment, length) in enumerate(zip(segments, kept, strict=True)):
            first, last = stays(len(segment), length, self.cut)
            end = self.end_value if number == len(kept) - 1 else self.sep_value
            pieces += [segment[first], segment[last], [end]]
        kinds = np.repeat(np.arange(len(kept)), [length + 1 + (not number) for number, length in enumerate(kept)])
        ids = np.concatenate(pieces, dtype=np.int32, casting="unsafe")  # an empty list counts as floats
        return ids[: self.sequence_length], kinds[: self.sequence_length]

    def kept_lengths(self, lengths: Sequence[int]) -> list[int]:
        """How many ids of each segment fit beside the special ones."""
        room = max(self.sequence_length - 1 - len(lengths), 0)
        kept = [0] * len(lengths)
        if self.truncate == "waterfall":
            for index, length in enumerate(lengths):
                kept[index] = min(length, room - sum(kept))
            return kept
        while room and (short := [index for index, length in enumerate(lengths) if kept[index] < length]):
            # all rounds at once in which each of these gets one; in the last, not all do
            rounds = min(room // len(short), *(lengths[index] - kept[index] for index in short))
            for index in short if rounds else short[:room]:
                kept[index] += max(rounds, 1)
                room -= max(rounds, 1)
        return kept
