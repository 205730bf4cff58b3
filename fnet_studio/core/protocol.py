"""What the window (or the command line) and the worker say to each other: the messages and their bytes.

One frame: ``FNS1 | header length u32 | blob length u32 | header | blob``, little-endian. The header is one
msgpack `Envelope`; the blob is raw bytes that the body describes (a picture, say). There is no resync: bytes
that are not a frame close the link.

Every command gets exactly one terminal reply: `Done`, `Failed` or `Stopped`. Events carry the id of the command
they belong to in `reply_to`, or 0.
"""

import enum
import struct
import time
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from fnet_studio.core import measurements
from fnet_studio.core.comparison import Comparison
from fnet_studio.core.preflight import Cost, Problem

VERSION = (1, 1)
"""(major, minor): another major is refused in words."""

MAGIC = b"FNS1"
HEADER_LIMIT = 16 * 2**20
BLOB_LIMIT = 256 * 2**20
_PREFIX = struct.Struct("<4sII")


class ProtocolError(Exception):
    """The peer sent something that is not this protocol; the link must be closed."""


class ExitCode(enum.IntEnum):
    """What the worker's process ends with when it ends by itself."""

    ENDED = 0
    """Asked to shut down, or the other side is gone."""
    ENGINE_FAILED = 3
    """The engine could not be imported or started."""
    VIOLATION = 4
    """The other side sent bytes that are not this protocol."""


FillMode = Literal["independent", "left-to-right", "joint"]

# --------------------------------------------------------------------------------------------- commands


class Command(Struct, frozen=True, tag_field="type"):
    """Sent to the worker."""


class Hello(Command, frozen=True, tag="hello"):
    """First command on a link. Answered by `Done(Welcome)`, or `Failed` for another major version."""

    version: tuple[int, int] = VERSION
    client: str = ""


class Load(Command, frozen=True, tag="load"):
    """Read a model into memory. `Done(Loaded)`. preset: a name of `core.presets` or `core.run_models`, or a folder."""

    preset: str


class Tokenize(Command, frozen=True, tag="tokenize"):
    """`Done(Tokenized)`: the text as the model would see it, nothing masked but typed `[MASK]`."""

    preset: str
    text: str


class FillMask(Command, frozen=True, tag="fill-mask"):
    """`Done(Filled)`. masked: indices into `Tokenized.tokens` whose token is replaced by the mask in place.

    mode: how several masks are answered. `independent`: each with all the others hidden. `left-to-right`: each with the
    best pieces put into the masks before it. `joint`: a beam search of `beam_width` over the same chain."""

    preset: str
    text: str
    masked: tuple[int, ...] = ()
    top_k: int = 10
    transformers_compatible: bool = False
    mode: FillMode = "independent"
    beam_width: int = 5


class FillMany(Command, frozen=True, tag="fill-many"):
    """`Done(FilledMany)`: typed masks of many texts, answered independently and in batches."""

    preset: str
    texts: tuple[str, ...]
    top_k: int = 5


class Score(Command, frozen=True, tag="score"):
    """`Done(Scored)`: how well the user's own candidates fit at one mask. The mask at position `target` and its
    masked neighbours of the same word make room together for each candidate; other masks stay."""

    preset: str
    text: str
    target: int
    candidates: tuple[str, ...]
    masked: tuple[int, ...] = ()


class Compare(Command, frozen=True, tag="compare"):
    """`Done(Compared)`: the masks of two texts, or of one text in two presets, paired in order."""

    first: FillMask
    second: FillMask


class Surprise(Command, frozen=True, tag="surprise"):
    """`Done(Surprises)`: each token masked in turn, nothing else hidden but typed masks. positions: which tokens, all
    that are words by default."""

    preset: str
    text: str
    positions: tuple[int, ...] = ()


class Plan(Command, frozen=True, tag="plan"):
    """What a recipe would need, measured before it is started: its data is read, its steps are compiled and a few are
    timed. `Phase` and `Progress` tell of it; nothing is kept but caches. `Done(Planned)`, also for a recipe or data
    that cannot work, which is a problem of severity `error`."""

    recipe: dict


class Measure(Command, frozen=True, tag="measure"):
    """`Done(Measured)` with its arrays as blob. Works beside `FillMask` and the other quick commands, one at a time; a
    stop is heeded between two passes through the model."""

    preset: str
    text: str
    what: measurements.Question
    masked: tuple[int, ...] = ()


class Train(Command, frozen=True, tag="train"):
    """Run a recipe (`core.recipe.to_mapping`). Events tell of it; `Done(RunFinished)`, `Stopped` or `Failed`."""

    recipe: dict
    name: str = ""
    estimate: Cost | None = None
    """What `Planned` said, to be kept beside what the run then needed."""
    typed: str = ""
    """The command line that was typed, where there was one; kept with the run."""


class Resume(Command, frozen=True, tag="resume"):
    """Go on with a stored run from its newest checkpoint, as if it had never stopped. Answers as `Train` does.
    changes: settings by dotted name that the rest of the run goes by, of `core.remedies.CHANGEABLE`."""

    run: str
    changes: dict[str, str] = {}


class Evaluate(Command, frozen=True, tag="evaluate"):
    """Measure a stored run's model on the test texts. `Done(Evaluation)`. run: its folder's name."""

    run: str
    split: Literal["train", "validation", "test"] = "test"


class MeasurePreset(Command, frozen=True, tag="measure-preset"):
    """How well a preset's masked-LM head guesses plain text. `Done(PresetMeasured)`. path: a .txt or .txt.xz file, or a
    folder of such. windows: drawn from the text at most. tokens: that the pseudo-perplexity is estimated from."""

    preset: str
    path: str
    windows: int = 2048
    tokens: int = 2000


class Classify(Command, frozen=True, tag="classify"):
    """Ask a stored run's model about texts. `Done(Classified)`."""

    run: str
    texts: tuple[str, ...]


class PreviewData(Command, frozen=True, tag="preview-data"):
    """Look at the head of a table, a text file or a folder. `Done(DataPreview)`. path: as in `data.path` of a recipe
    with the source `files`."""

    path: str


class OpenData(Command, frozen=True, tag="open-data"):
    """Read a data set into memory, unless it is there and unchanged on the disk. `Phase` and `Progress` tell of it.
    `Done(DataOpened)`. data: the section of a recipe. The other commands on data open it themselves if need be."""

    data: dict


class DataRows(Command, frozen=True, tag="data-rows"):
    """A page of a data set's texts. `Done(DataPage)`. split, label: empty for all of them. pattern: looked for in the
    texts, see `core.patterns`. first, count: which of the rows that fit, count at most 1000."""

    data: dict
    split: str = ""
    label: str = ""
    pattern: str = ""
    regex: bool = False
    case: bool = False
    empty: bool = False
    """Only texts without a letter."""
    first: int = 0
    count: int = 100
    whole: bool = False
    """The whole texts; else their beginnings, of `CELL_CHARS` letters."""


class DataTwins(Command, frozen=True, tag="data-twins"):
    """Texts that stand more than once. `Done(TwinsFound)`. kind: within one part, or in two (training and test, say).
    loosely: letter case, white space and punctuation make no difference."""

    data: dict
    kind: Literal["duplicates", "leaks"] = "duplicates"
    loosely: bool = False
    first: int = 0
    count: int = 100


class DataLengths(Command, frozen=True, tag="data-lengths"):
    """How many tokens the texts have. `Done(LengthsCounted)` with uint32 counts as blob. preset: whose tokenizer; empty
    for a vocabulary that is learnt from the training texts, as a classifier from scratch does. most: with more texts
    than that, so many are drawn."""

    data: dict
    preset: str = ""
    most: int = 200_000


class PackText(Command, frozen=True, tag="pack-text"):
    """One text, or a pair, as a model would be given it. `Done(TextPacked)`. preset, data: as for `DataLengths`.
    length: 0 for the preset's own, or the one that the data section has."""

    data: dict
    text: str
    pair: str | None = None
    preset: str = ""
    length: int = 0


class RunTexts(Command, frozen=True, tag="run-texts"):
    """Texts that a stored run was measured on, by their places in the split (as in ``predictions-<split>.csv``).
    `Done(Texts)`."""

    run: str
    split: Literal["train", "validation", "test"]
    rows: tuple[int, ...]


class Convert(Command, frozen=True, tag="convert"):
    """Write a preset as a new folder in another program's format, or as a `.keras` file, and read that back.
    `Done(Converted)`. source: a name, a folder, or a handle (`hf://…`, `kaggle://…`), which is downloaded where it is
    not on this machine yet."""

    source: str
    destination: str
    to: Literal["kerashub", "transformers", "keras"]


class FetchHead(Command, frozen=True, tag="fetch-head"):
    """Join the authors' masked-LM head to a built-in preset's encoder, as a new preset folder. `Done(Converted)`."""

    preset: str
    destination: str


class FetchPreset(Command, frozen=True, tag="fetch-preset"):
    """Download a preset to the user's own, or go on with that: `Phase` and `Progress` in bytes tell of it.
    `Done(Converted)`. preset: a built-in name or a handle. head: of a built-in one, with its authors' masked-LM head.
    A stop with the mode `discard` removes what has arrived; any other keeps it: see `core.preset_downloads`."""

    preset: str
    head: bool = False


class ForgetDownload(Command, frozen=True, tag="forget-download"):
    """Remove what has arrived of a download of a preset that is not under way. `Done(None)`. preset: as it was asked
    for. Of one that was never begun, nothing is left, and that is no error."""

    preset: str


class CheckPreset(Command, frozen=True, tag="check-preset"):
    """Compare a preset with its files, with a second opinion, and with itself written and read back.
    `Done(PresetChecked)`, also where something differs."""

    preset: str


class Download(Command, frozen=True, tag="download"):
    """Fetch a data set's archive, unless it is on this machine. `Phase` and `Progress` in bytes tell of it.
    `Done(Downloaded)`. url: with its checksum after `#md5=` or `#sha256=`."""

    url: str


class Inspect(Command, frozen=True, tag="inspect"):
    """Read a data set as a training from scratch would, and say what is in it. `Done(Inspected)`. data: the section
    of a recipe."""

    data: dict


class Stop(Command, frozen=True, tag="stop"):
    """Stop the command with id `target`. `Done(None)` as soon as the token is set; the target then ends with
    `Stopped`. mode: `keep` saves the model so far, `discard` removes what the run wrote, `pause` writes a checkpoint
    and marks the run as paused. The device's memory is given back when the worker ends, which is for the sender to
    ask for."""

    target: int
    mode: Literal["keep", "discard", "pause"] = "keep"


class Pause(Command, frozen=True, tag="pause"):
    """Hold a training where it is, all its memory kept. `Done(None)` as soon as the token is set; the phase `paused`
    says that it holds, from the next step on. A target that is over is no error."""

    target: int


class Continue(Command, frozen=True, tag="continue"):
    """Let a held training go on. `Done(None)`. A target that is not held, or is over, is no error."""

    target: int


class CheckpointNow(Command, frozen=True, tag="checkpoint-now"):
    """Write a checkpoint of a training between two steps. `Done(Checkpointed)`; `run.over` when it ended first."""

    target: int


class EvaluateNow(Command, frozen=True, tag="evaluate-now"):
    """Measure a training's model on the validation texts between two steps; nothing that a later step depends on is
    touched. `Done(Evaluation)`, and an `Evaluated` with `asked`; `run.over` when the training ended first."""

    target: int


class Watch(Command, frozen=True, tag="watch"):
    """Describe the picture wanted of a stream (`maps`), or end it with rows=0. `Done(None)`. It grants no credit:
    the first picture, too, comes only after a `Credit`."""

    stream: str
    rows: int = 96
    columns: int = 128
    keep_zero: bool = False


class Credit(Command, frozen=True, tag="credit"):
    """One more frame of a stream may be sent. The one command that gets no reply."""

    stream: str


class Doctor(Command, frozen=True, tag="doctor"):
    """`Done(Health)`: versions, devices, memory, and a matrix product of about a second."""


class Shutdown(Command, frozen=True, tag="shutdown"):
    """End the process in order: running jobs are stopped and kept. `Done(None)`, then the stream ends."""


# ---------------------------------------------------------------------------------------------- results


class Device(Struct, frozen=True):
    platform: str
    """`cpu`, `gpu` or `tpu`, as JAX names it."""
    name: str
    memory_bytes: int = 0
    """Total memory, 0 when unknown."""


class Welcome(Struct, frozen=True, tag="welcome"):
    version: tuple[int, int]
    engine: str
    """`jax`, or `scripted` for the demonstration engine."""
    pid: int
    versions: dict[str, str] = {}
    devices: tuple[Device, ...] = ()
    """Empty until the engine has been imported; `Ready` then brings them."""


class Loaded(Struct, frozen=True, tag="loaded"):
    preset: str
    parameters: int
    num_layers: int
    hidden_dim: int
    vocabulary_size: int
    sequence_length: int
    head: Literal["pretrained", "none", "fine-tuned"]
    """Predictions are never shown from a head that is `none`."""
    mixings: tuple[str, ...] = ()
    """Of each layer: `fourier`, `attention`, `linear`, `random` or `identity`."""
    heads: int = 0
    """Of a layer that attends."""
    task: Literal["masked-lm", "classify"] = "masked-lm"
    """What it is: a classifier from scratch knows classes, not words."""


class Token(Struct, frozen=True, array_like=True):
    id: int
    piece: str
    """As the vocabulary spells it, `▁` for a leading space."""
    begin: int
    end: int
    """Character range in the text; both -1 for a special token that was added."""
    word: int
    """Tokens of one word share a number, counted from 0; -1 for special tokens."""
    special: bool = False


class Tokenized(Struct, frozen=True, tag="tokenized"):
    tokens: tuple[Token, ...]
    """All tokens before padding, `[CLS]` and `[SEP]` included, so an index here is a position in the model."""
    sequence_length: int
    padding: int
    """How many pad tokens follow."""
    cut_at: int = -1
    """The first character that did not fit, or -1."""
    cut_tokens: int = 0


class Candidate(Struct, frozen=True, array_like=True):
    piece: str
    text: str
    """As a person would write it: without `▁`."""
    id: int
    probability: float


class MaskAnswer(Struct, frozen=True):
    position: int
    """Index into `Tokenized.tokens`."""
    candidates: tuple[Candidate, ...]
    original: Candidate | None = None
    """What stood there before it was masked."""
    original_rank: int = 0
    """1 is the most probable; 0 when there was no original."""


class JointAnswer(Struct, frozen=True):
    """One piece for every mask, in the masks' order."""

    candidates: tuple[Candidate, ...]
    """Each with its probability given the pieces before it, the masks after it still hidden."""
    log_probability: float
    """Natural logarithm of the product of these."""


class Filled(Struct, frozen=True, tag="filled"):
    tokenized: Tokenized
    """With the masks put in."""
    answers: tuple[MaskAnswer, ...]
    """Each mask by itself; `left-to-right`: given the best pieces before it."""
    took_ms: float = 0.0
    mode: FillMode = "independent"
    joint: tuple[JointAnswer, ...] = ()
    """Best first: the beam's for `joint`, the one that was put in for `left-to-right`."""
    original_joint: JointAnswer | None = None
    """What stood there, by the same chain; None unless every mask had an original."""


class ManyRow(Struct, frozen=True):
    """What became of one text of `FillMany`."""

    answers: tuple[MaskAnswer, ...] = ()
    cut_tokens: int = 0
    problem: str = ""
    """Why there is no answer."""


class FilledMany(Struct, frozen=True, tag="filled-many"):
    rows: tuple[ManyRow, ...]
    took_ms: float = 0.0


class ScoredCandidate(Struct, frozen=True):
    text: str
    pieces: tuple[Candidate, ...] = ()
    """Each with its probability: of one piece at the mask; of several, each with only itself hidden."""
    log_probability: float = 0.0
    """Sum of their natural logarithms."""
    pseudo: bool = False
    """True for several pieces: a pseudo-log-likelihood (arXiv 1910.14659), which flatters words whose pieces give each
    other away, and is not the probability of one piece at one mask."""
    rank: int = 0
    """Of one piece among all of the vocabulary; 0 for several."""
    original: bool = False
    problem: str = ""
    """Why it has no score."""


class Scored(Struct, frozen=True, tag="scored"):
    rows: tuple[ScoredCandidate, ...]
    """As asked for, then the original where there was one."""
    took_ms: float = 0.0


class Difference(Struct, frozen=True):
    piece: str
    text: str
    first: float | None
    """Its probability; None where the vocabulary has no such piece."""
    second: float | None


class Compared(Struct, frozen=True, tag="compared"):
    first: Filled
    second: Filled
    masks: tuple[tuple[Difference, ...], ...]
    """For each pair of masks the best of both sides, with the probabilities of each side."""
    took_ms: float = 0.0


class TokenSurprise(Struct, frozen=True):
    position: int
    log_probability: float
    """Natural logarithm of the token's probability with it alone masked."""
    rank: int
    best: Candidate
    """What the model would have put there."""


class Surprises(Struct, frozen=True, tag="surprises"):
    """The sum over all words' tokens is the sentence's pseudo-log-likelihood."""

    tokenized: Tokenized
    tokens: tuple[TokenSurprise, ...]
    took_ms: float = 0.0


class Maps(Struct, frozen=True, tag="maps"):
    """An atlas of uint8 pictures, all layers stacked: the blob has layers * rows * columns bytes."""

    layers: int
    rows: int
    columns: int
    low: float
    high: float
    """The values that 0 and 255 stand for: log(1 + |M|) for mixing, a probability for attention."""
    kind: Literal["mixing", "attention"] = "mixing"
    row_span: tuple[float, float] = (0.0, 0.0)
    """First and last row's meaning: sequence frequency in cycles per window, or query position."""
    column_span: tuple[float, float] = (0.0, 0.0)
    keep_zero: bool = False
    took_ms: float = 0.0


class Planned(Struct, frozen=True, tag="planned"):
    """problems: worst first. The rest is 0 or empty where a problem kept it from being found out."""

    problems: tuple[Problem, ...] = ()
    estimate: Cost = Cost()
    disk_peak_bytes: int = 0
    """Most that is on the disk at one time while the run is at work."""
    memory_free_bytes: int = 0
    """What the worker may hold: what is free now, and what it holds already."""
    device_free_bytes: int = 0
    disk_free_bytes: int = 0
    parameters: int = 0
    step_s: float = 0.0
    """One training step, as timed."""
    steps_per_epoch: int = 0
    total_steps: int = 0
    """With early stopping (`optimisation.patience`) the most there can be."""
    data: dict = {}
    """Counts, class names, hash and the data report, as in `RunStarted`."""
    took_s: float = 0.0

    @property
    def possible(self) -> bool:
        return not any(problem.severity == "error" for problem in self.problems)


class Measured(Struct, frozen=True, tag="measured"):
    arrays: tuple[measurements.Array, ...]
    """What the blob holds, one after the other: float32, C order."""
    labels: dict[str, tuple[str, ...]] = {}
    """Words for an axis, by name."""
    took_ms: float = 0.0


class RunFinished(Struct, frozen=True, tag="run-finished"):
    run: str
    """Name of the run's folder."""
    test_loss: float
    test_accuracy: float
    duration_s: float


class Evaluation(Struct, frozen=True, tag="evaluation"):
    split: str
    loss: float
    accuracy: float
    examples: int
    duration_s: float
    confusion: tuple[tuple[int, ...], ...] = ()
    """Rows: true class; columns: predicted class."""


class Checkpointed(Struct, frozen=True, tag="checkpointed"):
    step: int
    path: str


class PresetMeasured(Struct, frozen=True, tag="preset-measured"):
    preset: str
    accuracy: float
    """Of the masked tokens, masked as in its pretraining."""
    loss: float
    masks: int
    pseudo_perplexity: float
    windows: int
    sequence_length: int
    duration_s: float


class Classified(Struct, frozen=True, tag="classified"):
    class_names: tuple[str, ...]
    probabilities: tuple[tuple[float, ...], ...]


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
    """Files or folders for `training`, `validation` and `test` that were found in a folder."""
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


class TwinsFound(Struct, frozen=True, tag="twins-found"):
    total: int
    """Pairs."""
    first: int
    pairs: tuple[tuple[DataRow, DataRow], ...]
    """Each text with the first one that is equal to it, whole ones cut at `TWIN_CHARS`."""


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


class Converted(Struct, frozen=True, tag="converted"):
    folder: str
    notes: tuple[str, ...] = ()
    """What its reader should know, in sentences."""
    comparisons: tuple[Comparison, ...] = ()
    """What was written with what is read back; all of them passed."""


class PresetChecked(Struct, frozen=True, tag="preset-checked"):
    preset: str
    comparisons: tuple[Comparison, ...]
    took_s: float = 0.0

    @property
    def passed(self) -> bool:
        return all(it.passed for it in self.comparisons)


class Downloaded(Struct, frozen=True, tag="downloaded"):
    path: str
    size_bytes: int


class Inspected(Struct, frozen=True, tag="inspected"):
    data: dict
    """As in `RunStarted`: counts, class names, hash, and the report (`data.report.DataReport`)."""


class Health(Struct, frozen=True, tag="health"):
    versions: dict[str, str]
    devices: tuple[Device, ...]
    memory_bytes: int
    memory_free_bytes: int
    places: dict[str, str]
    matmul_gflops: float
    gpu_trouble: str = ""
    """As in `Ready`."""


Result = (
    Welcome | Loaded | Tokenized | Filled | FilledMany | Scored | Compared | Surprises | Measured | Planned
    | RunFinished | Evaluation | PresetMeasured | Checkpointed | Classified | Texts | DataPreview | Converted
    | PresetChecked | Downloaded | Inspected | DataOpened | DataPage | TwinsFound | LengthsCounted | TextPacked
    | Health
)  # fmt: skip

RESULTS: Mapping[type[Command], type[Struct] | None] = {
    Hello: Welcome,
    Load: Loaded,
    Tokenize: Tokenized,
    FillMask: Filled,
    FillMany: FilledMany,
    Score: Scored,
    Compare: Compared,
    Surprise: Surprises,
    Measure: Measured,
    Plan: Planned,
    Train: RunFinished,
    Resume: RunFinished,
    Evaluate: Evaluation,
    MeasurePreset: PresetMeasured,
    Classify: Classified,
    PreviewData: DataPreview,
    OpenData: DataOpened,
    DataRows: DataPage,
    DataTwins: TwinsFound,
    DataLengths: LengthsCounted,
    PackText: TextPacked,
    RunTexts: Texts,
    Convert: Converted,
    FetchHead: Converted,
    FetchPreset: Converted,
    ForgetDownload: None,
    CheckPreset: PresetChecked,
    Download: Downloaded,
    Inspect: Inspected,
    Stop: None,
    Pause: None,
    Continue: None,
    CheckpointNow: Checkpointed,
    EvaluateNow: Evaluation,
    Watch: None,
    Doctor: Health,
    Shutdown: None,
}
"""What `Done` carries for each command. `Credit` gets no reply."""

# ------------------------------------------------------------------------------- replies and events


class Message(Struct, frozen=True, tag_field="type"):
    """Sent by the worker."""


class Done(Message, frozen=True, tag="done"):
    result: Result | None = None


class Failed(Message, frozen=True, tag="failed"):
    kind: str
    message: str
    advice: str = ""
    traceback: str = ""


class Stopped(Message, frozen=True, tag="stopped"):
    kept: bool = False
    run: str = ""
    paused: bool = False
    """By `Stop` with mode `pause`: the run waits to be resumed."""


class Ready(Message, frozen=True, tag="ready"):
    """The engine's imports are done: sent once, after `Welcome`."""

    devices: tuple[Device, ...]
    versions: dict[str, str]
    took_s: float = 0.0
    gpu_trouble: str = ""
    """Why the processor works although a GPU was asked for, or support for one is here; else empty."""


class Heartbeat(Message, frozen=True, tag="heartbeat"):
    """From a thread of its own, twice a second: the process answers. `moved` counts work done, so that a worker
    that lives but does not move can be told from one that does."""

    moved: int
    memory_bytes: int = 0
    device_memory_bytes: int = 0
    busy_with: int = 0
    """Id of the command at work in the job thread, 0 when idle."""


class Log(Message, frozen=True, tag="log"):
    level: Literal["info", "warning", "error"]
    text: str


class Phase(Message, frozen=True, tag="phase"):
    """A job went into a phase. name: see `core.run_state.PHASES`. total: its length in `Progress.done`'s unit,
    0 when unknown."""

    name: str
    total: int = 0
    unit: str = ""


class Progress(Message, frozen=True, tag="progress"):
    done: int
    rate_per_s: float = 0.0
    left_s: float = -1.0
    """Time left in the phase, or -1 when unknown."""


class RunStarted(Message, frozen=True, tag="run-started"):
    run: str
    folder: str
    recipe: dict
    parameters: int
    device: Device
    steps_per_epoch: int
    total_steps: int
    data: dict = {}
    """Counts, class names, hash and the data report."""
    resumed_at: int = 0
    """The step that a resumed run goes on from; its earlier metrics are on disk."""


class Metrics(Message, frozen=True, tag="metrics"):
    """Columns of training steps since the last batch. All tuples have one length."""

    step: tuple[int, ...]
    loss: tuple[float, ...]
    accuracy: tuple[float, ...]
    tokens_per_s: tuple[float, ...]
    time_s: tuple[float, ...]
    """Seconds that the run was at work: while it is held they stand still."""
    learning_rate: tuple[float, ...] = ()
    """This column and those after it are empty from a worker of protocol 1.0."""
    gradient_norm: tuple[float, ...] = ()
    """Of all gradients together, before they were clipped."""
    memory_bytes: tuple[int, ...] = ()
    """Of the worker's process."""
    device_memory_bytes: tuple[int, ...] = ()
    """In use on the accelerators, 0 where they do not tell."""


METRIC_COLUMNS = tuple(field.name for field in msgspec.structs.fields(Metrics))
"""In the order of `engine.job.Job.step`; also the names in a run's log."""


class Evaluated(Message, frozen=True, tag="evaluated"):
    split: Literal["train", "validation", "test"]
    step: int
    epoch: int
    loss: float
    accuracy: float
    examples: int
    time_s: float = 0.0
    asked: bool = False
    """By `EvaluateNow`, in the middle of an epoch: it decides nothing. epoch: how many were done."""


class Annotation(Message, frozen=True, tag="annotation"):
    """Something other than a step that happened to a run, to be marked on its curves."""

    kind: Literal["paused", "continued", "resumed", "checkpoint", "evaluated", "less-memory", "disk-low", "disk-freed"]
    step: int
    time_s: float = 0.0
    """As in `Metrics`."""
    text: str = ""
    """What happened, as a sentence; may be empty where the kind says it all."""


class Saved(Message, frozen=True, tag="saved"):
    step: int
    path: str


class Frame(Message, frozen=True, tag="frame"):
    """A picture of a stream, sent on credit; the atlas is the blob."""

    stream: str
    step: int
    maps: Maps


Reply = Done | Failed | Stopped
Event = Ready | Heartbeat | Log | Phase | Progress | RunStarted | Metrics | Evaluated | Annotation | Saved | Frame
Body = (
    Hello | Load | Tokenize | FillMask | FillMany | Score | Compare | Surprise | Measure | Plan | Train | Resume
    | Evaluate | MeasurePreset | Classify | RunTexts | OpenData | DataRows | DataTwins | DataLengths | PackText
    | PreviewData | Convert | FetchHead | FetchPreset | ForgetDownload | CheckPreset | Download | Inspect | Stop
    | Pause | Continue | CheckpointNow | EvaluateNow | Watch | Credit | Doctor | Shutdown | Reply | Event
)  # fmt: skip


class Envelope(Struct, frozen=True):
    seq: int
    """Counts the sender's frames from 1: a gap is a `ProtocolError`."""
    id: int
    """A command's own number, from 1; 0 on messages of the worker."""
    body: Body
    reply_to: int = 0
    """The command that a message belongs to, 0 for none."""
    time: float = 0.0
    """Seconds since the epoch, on the sender's clock."""


# ------------------------------------------------------------------------------------------------ bytes

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)
_body_decoder = msgspec.msgpack.Decoder(Body)


def check(body: Body) -> None:
    """Raises TypeError or msgspec.ValidationError when the other side could not read the message: a wrong type
    that a struct does not notice when it is made (a NumPy number, a missing field's None)."""
    _body_decoder.decode(_encoder.encode(body))


def encode(envelope: Envelope, blob: bytes | memoryview = b"") -> bytes:
    """The bytes of one frame. ValueError when header or blob exceeds its limit."""
    header = _encoder.encode(envelope)
    if len(header) > HEADER_LIMIT or len(blob) > BLOB_LIMIT:
        raise ValueError(f"a frame of {len(header)} + {len(blob)} bytes is over the limit")
    return b"".join((_PREFIX.pack(MAGIC, len(header), len(blob)), header, blob))


class Writer:
    """Numbers and encodes what one side sends."""

    def __init__(self) -> None:
        self._seq = 0

    def frame(self, body: Body, *, id: int = 0, reply_to: int = 0, blob: bytes = b"") -> bytes:
        """ValueError or TypeError when it cannot be encoded; the number is then not used up."""
        frame = encode(Envelope(self._seq + 1, id, body, reply_to, time.time()), blob)
        self._seq += 1
        return frame


class Reader:
    """Bytes in, envelopes out, for one direction of one link. Keeps what is incomplete for the next call."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._seq = 0
        self.closed = False

    def feed(self, data: bytes) -> Iterator[tuple[Envelope, bytes]]:
        """Yields (envelope, blob). ProtocolError for anything that is not a frame of this protocol; from then on
        every call raises it."""
        if self.closed:
            raise ProtocolError("the link was closed by an earlier violation")
        self._buffer += data
        try:
            yield from self._frames()
        except ProtocolError:
            self.closed = True
            raise

    def _frames(self) -> Iterator[tuple[Envelope, bytes]]:
        while len(self._buffer) >= _PREFIX.size:
            magic, header_length, blob_length = _PREFIX.unpack_from(self._buffer)
            if magic != MAGIC:
                raise ProtocolError(f"expected a frame, got {bytes(self._buffer[:16])!r}")
            if header_length > HEADER_LIMIT or blob_length > BLOB_LIMIT:
                raise ProtocolError(f"a frame of {header_length} + {blob_length} bytes is over the limit")
            end = _PREFIX.size + header_length + blob_length
            if len(self._buffer) < end:
                return
            view = memoryview(self._buffer)
            header = bytes(view[_PREFIX.size : _PREFIX.size + header_length])
            blob = bytes(view[_PREFIX.size + header_length : end])
            view.release()
            del self._buffer[:end]
            try:
                envelope = _decoder.decode(header)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ProtocolError(f"a header that cannot be read: {error}") from error
            self._seq += 1
            if envelope.seq != self._seq:
                raise ProtocolError(f"frame {envelope.seq} where {self._seq} was due")
            yield envelope, blob

    def finish(self) -> None:
        """Call at the end of the stream. ProtocolError when it ends inside a frame."""
        if self._buffer and not self.closed:
            raise ProtocolError(f"the stream ended inside a frame, {len(self._buffer)} bytes into it")
