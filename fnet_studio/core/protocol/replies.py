"""How a command ends: exactly one terminal reply to each, `Done`, `Failed` or `Stopped`."""

from collections.abc import Mapping

from msgspec import Struct

from fnet_studio.core.protocol import commands
from fnet_studio.core.protocol.data_results import (
    DataOpened,
    DataPage,
    DataPreview,
    LengthsCounted,
    TextPacked,
    Texts,
    TextSlice,
    TwinsFound,
)
from fnet_studio.core.protocol.results import (
    Checkpointed,
    Classified,
    Compared,
    Converted,
    Downloaded,
    Evaluation,
    Filled,
    FilledMany,
    Health,
    Inspected,
    Loaded,
    Measured,
    Planned,
    PresetChecked,
    PresetMeasured,
    RunFinished,
    Scored,
    StepsRepeated,
    Surprises,
    TextMap,
    Tokenized,
    Welcome,
)

Result = (
    Welcome | Loaded | Tokenized | Filled | FilledMany | Scored | Compared | Surprises | Measured | Planned
    | RunFinished | Evaluation | PresetMeasured | Checkpointed | Classified | TextMap | Texts | TextSlice | DataPreview
    | Converted | PresetChecked | Downloaded | Inspected | DataOpened | DataPage | TwinsFound | LengthsCounted
    | TextPacked | StepsRepeated | Health
)  # fmt: skip

RESULTS: Mapping[type[commands.Command], type[Struct] | None] = {
    commands.Hello: Welcome,
    commands.Load: Loaded,
    commands.Tokenize: Tokenized,
    commands.FillMask: Filled,
    commands.FillMany: FilledMany,
    commands.Score: Scored,
    commands.Compare: Compared,
    commands.Surprise: Surprises,
    commands.Measure: Measured,
    commands.Plan: Planned,
    commands.Train: RunFinished,
    commands.Resume: RunFinished,
    commands.Evaluate: Evaluation,
    commands.RepeatSteps: StepsRepeated,
    commands.Relocate: None,
    commands.MeasurePreset: PresetMeasured,
    commands.Classify: Classified,
    commands.MapTexts: TextMap,
    commands.PreviewData: DataPreview,
    commands.OpenData: DataOpened,
    commands.DataRows: DataPage,
    commands.DataTwins: TwinsFound,
    commands.DataLengths: LengthsCounted,
    commands.PackText: TextPacked,
    commands.RunTexts: Texts,
    commands.RunSlice: TextSlice,
    commands.Convert: Converted,
    commands.Average: Converted,
    commands.FetchHead: Converted,
    commands.FetchPreset: Converted,
    commands.ForgetDownload: None,
    commands.CheckPreset: PresetChecked,
    commands.Download: Downloaded,
    commands.Inspect: Inspected,
    commands.Stop: None,
    commands.Pause: None,
    commands.Continue: None,
    commands.CheckpointNow: Checkpointed,
    commands.EvaluateNow: Evaluation,
    commands.Watch: None,
    commands.Doctor: Health,
    commands.Shutdown: None,
}
"""What `Done` carries for each command. `Credit` gets no reply."""


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


Reply = Done | Failed | Stopped
