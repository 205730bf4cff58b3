"""Runs that were deleted a moment ago: aside in a folder of their own, from where they come back in one step, until
the window hands them to the system's trash."""

import shutil
from pathlib import Path

from fnet_studio.core import aside, files, places, run_store
from fnet_studio.core.errors import UserError


def _aside() -> Path:
    """Among the runs, which may lie on another disk than the rest of the user's data."""
    return places.runs() / ".deleted"


def put_aside(run: str) -> None:
    """UserError `run.missing`, `run.running`, or when the disk refuses; then the run is where it was."""
    if run_store.read_status(run) == "running":
        raise UserError("run.running", f"The run {run} is under way.", "Stop it first.")
    source, target = run_store.folder(run), _aside() / run
    try:
        aside.put(source, target)
    except OSError as error:
        raise files.disk_error(error, source) from error


def bring_back(run: str) -> None:
    """UserError `run.missing` when it is not there any more, `run.present`, or when the disk refuses."""
    source = _find(run)
    if source is None:
        raise UserError("run.missing", f"No run {run} waits here.", "It may be in the system's trash by now.")
    if run_store.is_id(run):  # imported again since
        raise UserError("run.present", f"There is a run {run} by now.", "Delete that one first.")
    try:
        places.runs().mkdir(parents=True, exist_ok=True)
        source.rename(places.runs() / run)
    except OSError as error:
        raise files.disk_error(error, source) from error


def delete(run: str) -> None:
    """For good, whether it was put aside before or not: of a run that is linked, the link alone. UserError as
    `put_aside`; what is left then can be deleted again."""
    path = _find(run)
    if path is None or run_store.is_id(run):
        put_aside(run)
        path = _aside() / run
    try:
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)
    except OSError as error:
        raise files.disk_error(error, path) from error


def _find(run: str) -> Path | None:
    return next((path for path in waiting() if path.name == run), None)


def waiting() -> list[Path]:
    """The folders that were not handed on yet; after them those that lie where they were put formerly."""
    return aside.waiting(_aside(), places.data() / "deleted-runs")
