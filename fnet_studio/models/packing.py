"""Packing of token segments into rows of one length: `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]`."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from fnet_studio.core.cutting import Cut, stays

Truncate = Literal["round_robin", "waterfall"]
PaddingSide = Literal["left", "right"]
Special = int | Sequence[int]


class MultiSegmentPacker:
    """Arguments are those of `keras_hub.layers.MultiSegmentPacker`, for ids: one, or several in a row, as start,
    separator and end.

    round_robin gives the free places one at a time to the segments in turn; waterfall fills the first segment, then
    the next. cut, which KerasHub does not have: what goes of a segment that gets fewer places than it has ids.
    """

    def __init__(
        self,
        sequence_length: int,
        start_value: Special,
        end_value: Special,
        sep_value: Special | None = None,
        pad_value: int | None = None,
        truncate: Truncate = "round_robin",
        padding_side: PaddingSide = "right",
        cut: Cut = "end",
        name: str = "multi_segment_packer",
    ) -> None:
        if truncate not in get_args(Truncate):
            raise ValueError(f"truncate must be 'round_robin' or 'waterfall', not {truncate!r}")
        if padding_side not in get_args(PaddingSide):
            raise ValueError(f"padding_side must be 'left' or 'right', not {padding_side!r}")
        self.sequence_length = sequence_length
        self.start_value = _several(start_value)
        self.end_value = _several(end_value)
        self.sep_value = self.end_value if sep_value is None else _several(sep_value)
        self.pad_value = 0 if pad_value is None else pad_value
        self.truncate: Truncate = truncate
        self.padding_side: PaddingSide = padding_side
        self.cut: Cut = cut
        self.name = name

    def __call__(
        self,
        segments: Any,
        sequence_length: int | None = None,
        add_start_value: bool = True,
        add_end_value: bool = True,
    ) -> tuple[np.ndarray, np.ndarray]:
        """segments: a tuple of batches (lists of id sequences), or of single id sequences; or one of these alone.
        sequence_length: another one than the packer's, for this call.

        Returns token ids and segment ids, both (batch, sequence_length) int32, or (sequence_length,) unbatched. The
        start belongs to segment 0, each separator to the segment before it; pads are in segment 0. No special id is
        ever cut: rows are longer where these alone do not fit.
        """
        parts = segments if isinstance(segments, tuple) else (segments,)
        if not parts:
            raise ValueError("There is no segment to pack.")
        batched = [len(part) > 0 and np.ndim(part[0]) > 0 for part in parts]
        if len(set(batched)) > 1:
            raise ValueError("Segments must be all single or all batched.")
        rows = list(zip(*parts, strict=True)) if batched[0] else [parts]
        start, end = self.start_value if add_start_value else [], self.end_value if add_end_value else []
        special = len(start) + (len(parts) - 1) * len(self.sep_value) + len(end)
        length = max(sequence_length or self.sequence_length, special)
        token_ids = np.full((len(rows), length), self.pad_value, np.int32)
        segment_ids = np.zeros((len(rows), length), np.int32)
        for index, row in enumerate(rows):
            ids, kinds = self._joined(row, self.kept_lengths([len(part) for part in row], length - special), start, end)
            places = slice(len(ids)) if self.padding_side == "right" else slice(length - len(ids), length)
            token_ids[index, places] = ids
            segment_ids[index, places] = kinds
        return (token_ids, segment_ids) if batched[0] else (token_ids[0], segment_ids[0])

    def _joined(
        self, segments: Sequence[Sequence[int]], kept: Sequence[int], start: Sequence[int], end: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ids and segment ids of one row, without the pads."""
        pieces: list[Sequence[int]] = [start]
        counts = []
        for number, (segment, length) in enumerate(zip(segments, kept, strict=True)):
            first, last = stays(len(segment), length, self.cut)
            after = end if number == len(kept) - 1 else self.sep_value
            pieces += [segment[first], segment[last], after]
            counts.append(length + len(after))
        counts[0] += len(start)
        ids = np.concatenate(pieces, dtype=np.int32, casting="unsafe")  # an empty list counts as floats
        return ids, np.repeat(np.arange(len(kept)), counts)

    def kept_lengths(self, lengths: Sequence[int], room: int | None = None) -> list[int]:
        """How many ids of each segment fit into room, by default that beside all special ids."""
        if room is None:
            special = len(self.start_value) + (len(lengths) - 1) * len(self.sep_value) + len(self.end_value)
            room = max(self.sequence_length - special, 0)
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


def _several(value: Special) -> list[int]:
    return [value] if isinstance(value, int | np.integer) else list(value)
