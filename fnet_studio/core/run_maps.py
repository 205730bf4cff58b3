"""The mixing maps that a run kept of its probe sentence: ``maps/<step>.npy`` and ``maps/axes.json``."""

import io
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from msgspec import Struct

from fnet_studio.core import files, protocol, run_store
from fnet_studio.core.errors import UserError

AXES = "axes.json"


class MapAxes(Struct, frozen=True):
    """What rows and columns stand for, as in `protocol.Maps`. Runs of older versions did not write it."""

    kind: Literal["mixing", "attention"] = "mixing"
    row_span: tuple[float, float] = (0.0, 0.0)
    column_span: tuple[float, float] = (0.0, 0.0)
    keep_zero: bool = False

    @classmethod
    def of(cls, maps: protocol.Maps) -> "MapAxes":
        return cls(maps.kind, maps.row_span, maps.column_span, maps.keep_zero)


def keep(folder: Path, step: int, values: np.ndarray, axes: MapAxes) -> None:
    """values: (layers, rows, columns), stored as float16. folder: the run's. UserError when the disk refuses."""
    data = io.BytesIO()
    np.save(data, values.astype(np.float16))
    if not (folder / "maps" / AXES).is_file():
        files.write_json(folder / "maps" / AXES, axes)
    path = folder / "maps" / f"{step:08d}.npy"
    try:
        path.write_bytes(data.getvalue())
    except OSError as error:
        raise files.disk_error(error, path) from error


def steps(run: str) -> list[int]:
    """At which steps maps were kept, in order. UserError `run.missing`."""
    folder = run_store.folder(run) / "maps"
    return sorted(int(path.stem) for path in folder.glob("*.npy") if path.stem.isdecimal())


def read(run: str, step: int) -> np.ndarray:
    """(layers, rows, columns) float32. UserError `run.unreadable`."""
    path = run_store.folder(run) / "maps" / f"{step:08d}.npy"
    try:
        values = np.load(path, allow_pickle=False)
        if values.ndim != 3 or not values.size or values.dtype.kind != "f":
            raise ValueError(f"it holds {values.dtype} {values.shape}, not maps")
    except (OSError, ValueError, EOFError) as error:
        raise UserError("run.unreadable", f"{path} cannot be read: {error}.", "Other steps may be whole.") from None
    return np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)


def axes(run: str) -> MapAxes:
    try:
        return msgspec.json.decode((run_store.folder(run) / "maps" / AXES).read_bytes(), type=MapAxes)
    except (OSError, msgspec.DecodeError):
        return MapAxes()
