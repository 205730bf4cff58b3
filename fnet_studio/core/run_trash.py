"""Runs that were deleted a moment ago: aside in a folder of their own, from where they come back in one step, until
the window hands them to the system's trash."""

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
    """UserError `run.missing` when it has gone on to the system's trash, or when the disk refuses."""
    source = next((path for path in waiting() if path.name == run), None)
    if source is None:
        raise UserError("run.missing", f"The run {run} is in the system's trash by now.", "Bring it back from there.")
    try:
        places.runs().mkdir(parents=True, exist_ok=True)
        source.rename(places.runs() / run)
    except OSError as error:
        raise files.disk_error(error, source) from error


def waiting() -> list[Path]:
    """The folders that were not handed on yet; after them those that lie where they were put formerly."""
    return aside.waiting(_aside(), places.data() / "deleted-runs")
