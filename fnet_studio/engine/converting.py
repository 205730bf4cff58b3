"""Presets into other formats, compared with themselves, and the authors' head onto a built-in one."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from fnet_studio.core import protocol
from fnet_studio.core.comparison import Comparison
from fnet_studio.engine.job import Job


def convert(command: protocol.Convert, job: Job) -> protocol.Converted:
    from fnet_studio.models import convert

    written = convert(
        command.source, command.destination, command.to, _Progress(job), lambda: bool(job.stop_mode), command.replace
    )
    return _converted(command.destination, written.notes, written.comparisons)


def average(command: protocol.Average, job: Job) -> protocol.Converted:
    from fnet_studio.models import average

    progress = _Progress(job)
    written = average(command.sources, command.destination, command.weights, progress, lambda: bool(job.stop_mode))
    return _converted(command.destination, written.notes, written.comparisons)


def check_preset(command: protocol.CheckPreset, job: Job) -> protocol.PresetChecked:
    from fnet_studio.models import check_preset

    began = time.monotonic()
    found = check_preset(command.preset, _Progress(job), lambda: bool(job.stop_mode))
    return protocol.PresetChecked(command.preset, tuple(found), time.monotonic() - began)


def fetch_head(command: protocol.FetchHead, job: Job) -> protocol.Converted:
    from fnet_studio.models import fetch_head

    notes = fetch_head(command.preset, command.destination, _Progress(job), lambda: bool(job.stop_mode))
    return _converted(command.destination, notes)


def _converted(destination: str, notes: list[str], comparisons: Sequence[Comparison] = ()) -> protocol.Converted:
    return protocol.Converted(str(Path(os.path.expanduser(destination)).absolute()), tuple(notes), tuple(comparisons))


class _Progress:
    """`models.progress.Progress` for a job: a phase is told when it begins, or when its length becomes known."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._told: tuple[str, int] | None = None

    def __call__(self, phase: str, done: int, total: int) -> None:
        if self._told != (phase, total):
            self._told = (phase, total)
            self._job.phase(phase, total, "bytes" if total else "")
        if total:
            self._job.progress(done)
