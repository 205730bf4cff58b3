"""What `Done` carries for each command."""

from typing import Literal

from msgspec import Struct

from fnet_studio.core import measurements
from fnet_studio.core.comparison import Comparison
from fnet_studio.core.counts import plural
from fnet_studio.core.preflight import Cost, Problem
from fnet_studio.core.protocol.commands import FillMode


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
    mixes_pads: bool = True
    """Whether what a token becomes depends on the pads behind it."""
    class_names: tuple[str, ...] = ()
    """Of any classifier, a preset too: its head is `none`, since it knows no words."""


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
    """Texts, or masked words of a language model."""
    duration_s: float
    confusion: tuple[tuple[int, ...], ...] = ()
    """Rows: true class; columns: predicted class. Empty for a language model."""

    @property
    def counted(self) -> str:
        """What the examples are."""
        return plural("text" if self.confusion else "masked word", self.examples)


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
    model: str = ""
    """Another one where the run has kept another model since."""


class TextMap(Struct, frozen=True, tag="text-map"):
    split: str
    texts: int
    """In the split."""
    rows: tuple[int, ...]
    """Places in the split of those that are on the map; what follows is in their order."""
    labels: tuple[int, ...]
    predicted: tuple[int, ...]
    confidence: tuple[float, ...]
    class_names: tuple[str, ...]
    dimensions: int
    """Of the vectors that were projected."""
    explained: tuple[float, float]
    """Share of the variance of all dimensions that lies along each axis."""


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


class StepsRepeated(Struct, frozen=True, tag="steps-repeated"):
    run: str
    first: int
    last: int
    """Steps, both of them repeated."""
    comparisons: tuple[Comparison, ...]
    devices_then: int = 1
    """That shared a batch; another number adds up in another order."""
    devices: int = 1
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
