"""What `Done` carries for the commands that look at texts and data sets."""

from typing import Literal

from msgspec import Struct

from fnet_studio.core.protocol.results import Token


class ColumnPreview(Struct, frozen=True):
    name: str
    labels: tuple[tuple[str, int], ...] = ()
    """Distinct values with how often each occurs, when they are few enough to be classes."""


class DataPreview(Struct, frozen=True, tag="data-preview"):
    path: str
    kind: Literal["table", "classes", "text"]
    """classes: a folder with one folder for each class. text: texts without labels."""
    format: str
    """Such as `CSV, UTF-8`."""
    rows: int
    whole: bool = True
    """False when only the first `rows` rows were read."""
    columns: tuple[ColumnPreview, ...] = ()
    """Of a table. For folders of classes one column, of the classes."""
    samples: tuple[tuple[str, ...], ...] = ()
    """The first rows, long cells cut, in the order of `columns`; of texts the first few."""
    text: str = ""
    pair: str = ""
    label: str = ""
    """The columns that `auto` stands for; empty where none was found."""
    parts: dict[str, str] = {}
    """What was found for `training`, `validation` and `test` in a folder, or in a file that holds several tables."""
    notes: tuple[str, ...] = ()


CELL_CHARS = 300


class DataSplit(Struct, frozen=True):
    name: str
    texts: int
    class_counts: tuple[int, ...] = ()
    """In the order of the class names; empty for texts without labels."""
    empty: int = 0
    duplicates: int = 0
    """Texts equal to an earlier one of the same part."""


class DataOpened(Struct, frozen=True, tag="data-opened"):
    splits: tuple[DataSplit, ...]
    """`train`, `validation` and `test`; a part without texts is there too."""
    class_names: tuple[str, ...]
    """Empty for texts without labels."""
    content_hash: str
    paired: bool = False
    validation_overlap: int = 0
    """Validation texts that also stand in the training part."""
    test_overlap: int = 0
    """Test texts that also stand in one of the others."""
    notes: tuple[str, ...] = ()
    took_s: float = 0.0


class DataRow(Struct, frozen=True, array_like=True):
    split: str
    row: int
    """In its part, from 0."""
    label: int
    """Index into the class names, -1 for none."""
    text: str
    pair: str = ""
    chars: int = 0
    """Of the whole text, and of the second one."""


class DataPage(Struct, frozen=True, tag="data-page"):
    total: int
    """Rows that fit the question."""
    first: int
    rows: tuple[DataRow, ...]
    content_hash: str = ""
    """Of the data as they were read for this page: another one than in `DataOpened` when the files changed since."""


class TwinsFound(Struct, frozen=True, tag="twins-found"):
    total: int
    """Pairs."""
    first: int
    pairs: tuple[tuple[DataRow, DataRow], ...]
    """Each text with the first one that is equal to it, whole ones cut at `TWIN_CHARS`."""
    content_hash: str = ""
    """As in `DataPage`."""


TWIN_CHARS = 4000


class LengthsCounted(Struct, frozen=True, tag="lengths-counted"):
    """The blob: for each split one row of `bins` counts, uint32; a row's i-th is of texts with i tokens, special ones
    included, the last one also of all longer ones."""

    splits: tuple[str, ...]
    bins: int
    texts: tuple[int, ...]
    """Of each split, those that were looked at."""
    longest: int
    own_length: int
    """Of the preset, or as in the data section."""
    most_length: int
    """The longest that the model can have, 0 for any."""
    sampled: bool = False
    vocabulary_size: int = 0
    took_s: float = 0.0


class TextPacked(Struct, frozen=True, tag="text-packed"):
    tokens: tuple[Token, ...]
    """All that the model gets but the pads that follow, special ones included."""
    segments: tuple[int, ...]
    """0 or 1 for each token: which of the two texts."""
    length: int
    padding: int
    cut: tuple[Token, ...]
    """The first of the tokens that did not fit, at most `CUT_TOKENS`."""
    cut_segments: tuple[int, ...]
    cut_tokens: int
    unknown: int
    """Tokens that stand for what the vocabulary does not have."""
    vocabulary_size: int = 0


CUT_TOKENS = 500


class Texts(Struct, frozen=True, tag="texts"):
    """In the order that was asked for."""

    texts: tuple[str, ...]
    pairs: tuple[str, ...] = ()
    """Of tasks on two sentences, the second of each."""


class TextSlice(Struct, frozen=True, tag="text-slice"):
    texts: int
    """In the slice."""
    of: int
    """In the whole split."""
