"""What the worker can be asked. Each command gets exactly one terminal reply: `Done`, `Failed` or `Stopped`."""

from typing import Literal

from msgspec import Struct

from fnet_studio.core import measurements
from fnet_studio.core.preflight import Cost

VERSION = (1, 1)
"""(major, minor): another major is refused in words."""

FillMode = Literal["independent", "left-to-right", "joint"]


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
    """`Done(Tokenized)`: the text as the model would see it, nothing masked but typed `[MASK]`. Here and below,
    `[SEP]` in a text makes two texts of it, a pair."""

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


class RepeatSteps(Command, frozen=True, tag="repeat-steps"):
    """Train the steps between a run's two newest checkpoints again, and compare what comes of them with what is stored:
    `Done(StepsRepeated)`, also where something differs. The run stays as it is."""

    run: str


class Relocate(Command, frozen=True, tag="relocate"):
    """Write down where the data of a stored run lies now, once it was read and found to be the same. `Done(None)`.
    places: paths by dotted name, of `core.recipe_scope.DATA_PLACES`."""

    run: str
    places: dict[str, str]


class MeasurePreset(Command, frozen=True, tag="measure-preset"):
    """How well a preset's masked-LM head guesses plain text. `Done(PresetMeasured)`. path: a .txt or .txt.xz file, or a
    folder of such. windows: drawn from the text at most. tokens: that the pseudo-perplexity is estimated from."""

    preset: str
    path: str
    windows: int = 2048
    tokens: int = 2000


class Classify(Command, frozen=True, tag="classify"):
    """Ask a stored run's model about texts. `Done(Classified)`. pairs: the second text of each, for one that learnt to
    sort pairs. preset: one with a classifier's head, asked where `run` is empty."""

    run: str
    texts: tuple[str, ...]
    pairs: tuple[str, ...] = ()
    preset: str = ""


class MapTexts(Command, frozen=True, tag="map-texts"):
    """Where a stored run's classifier sees the texts of a split: the vectors that its last layer decides by, in the
    plane of their greatest variance. `Done(TextMap)`, and in the blob (rows, 2) float32, little-endian. most: so many
    texts, evenly over the split."""

    run: str
    split: Literal["train", "validation", "test"] = "test"
    most: int = 2_000


class PreviewData(Command, frozen=True, tag="preview-data"):
    """Look at the head of a table, a text file or a folder. `Done(DataPreview)`. path: as in `data.path` of a recipe
    with the source `files`."""

    path: str


class OpenData(Command, frozen=True, tag="open-data"):
    """Read a data set into memory, unless it is there and no file of it changed on the disk. `Phase` and `Progress`
    tell of it. `Done(DataOpened)`. data: the section of a recipe. The other commands on data open it themselves if need
    be, and look no deeper than at the time of a folder."""

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
    """One text, or a pair, as a model would be given it. `Done(TextPacked)`. preset, data: as for `DataLengths`; what
    goes of a longer text is the data section's `cut`. length: 0 for the preset's own, or the one that the data section
    has."""

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


class RunSlice(Command, frozen=True, tag="run-slice"):
    """Which texts of a stored run's split hold a pattern (`core.patterns`), all of them without one. `Done(TextSlice)`,
    and in the blob (2, texts) int32, little-endian: their places in the split, and how many letters each has."""

    run: str
    split: Literal["train", "validation", "test"]
    pattern: str = ""
    regex: bool = False
    case: bool = False


class Convert(Command, frozen=True, tag="convert"):
    """Write a preset as a new folder in another program's format, or as a `.keras` file, and read that back.
    `Done(Converted)`. source: a name, a folder, or a handle (`hf://…`, `kaggle://…`), which is downloaded where it is
    not on this machine yet."""

    source: str
    destination: str
    to: Literal["kerashub", "transformers", "keras"]
    replace: bool = False
    """A `.keras` file of that name, once the new one is whole."""


class Average(Command, frozen=True, tag="average"):
    """Write the mean of several presets' weights as a new preset folder. `Done(Converted)`. sources: as in `Convert`,
    two at least."""

    sources: tuple[str, ...]
    destination: str
    weights: Literal["same", "float32", "float16"] = "same"
    """On disk. same: float16 where all sources have it, else float32."""


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
    the first picture, too, comes only after a `Credit`. Its end takes none back."""

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


AnyCommand = (
    Hello | Load | Tokenize | FillMask | FillMany | Score | Compare | Surprise | Measure | Plan | Train | Resume
    | Evaluate | RepeatSteps | MeasurePreset | Classify | MapTexts | RunTexts | RunSlice | OpenData | DataRows
    | DataTwins | DataLengths | PackText | PreviewData | Convert | Average | FetchHead | FetchPreset | ForgetDownload
    | CheckPreset | Download | Inspect | Stop | Pause | Continue | CheckpointNow | EvaluateNow | Watch | Credit
    | Doctor | Relocate | Shutdown
)  # fmt: skip
