"""Keras' `.weights.h5` files: tensors by path, read and written without Keras' own loader."""

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import h5py
import ml_dtypes
import numpy as np

from fnet_studio.core.errors import UserError
from fnet_studio.core.json_files import shard_names
from fnet_studio.models.tensors import Stored, aligned_empty, corrupt

H5_ERRORS = (OSError, RuntimeError, KeyError, ValueError)
_BESIDE_TENSORS = 1 << 20
"""Bytes that a file needs at most for the names and places of its tensors."""


def list_sharded_h5(index: Path) -> dict[str, Stored]:
    """The datasets of all files that a `model.weights.json` index names."""
    found: dict[str, Stored] = {}
    for name in shard_names(index):
        found |= list_h5(index.with_name(name))
    return found


def list_h5(path: Path) -> dict[str, Stored]:
    """Every dataset of a file by its path inside, each readable later. UserError `preset.missing-weights`,
    `preset.corrupt`."""
    if not path.is_file():
        raise UserError(
            "preset.missing-weights",
            f"The weight file {path.name} is missing in {path.parent.name}.",
            "Fetch the preset again.",
        )
    found: dict[str, Stored] = {}

    def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = Stored(path.name, name, lambda: _read(path, name))

    try:
        with h5py.File(path, "r") as file:
            file.visititems(note)
    except H5_ERRORS as error:
        raise corrupt(path.name, error) from None
    return found


def _read(path: Path, name: str) -> np.ndarray:
    try:
        with h5py.File(path, "r") as file:
            dataset = file[name]
            if dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2:
                return dataset[()].view(ml_dtypes.bfloat16)
            if dataset.size == 0 or not dataset.shape:
                return np.asarray(dataset[()])
            value = aligned_empty(dataset.shape, dataset.dtype)
            dataset.read_direct(value)
            return value
    except H5_ERRORS as error:
        raise corrupt(path.name, error, name) from None


def write_h5(path: Path, tensors: Mapping[str, np.ndarray], layer_names: Mapping[str, str] | None = None) -> None:
    """Write datasets by path; layer_names gives the `name` attribute of groups, as Keras writes it. The file appears
    whole or not at all. OSError."""
    # looked at before: HDF5 that finds a disk full may end the process
    if shutil.disk_usage(path.parent).free < sum(value.nbytes for value in tensors.values()) + _BESIDE_TENSORS:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    part = path.with_name(f".{path.name}.part")
    try:
        with h5py.File(part, "w") as file:
            for group, name in (layer_names or {}).items():
                file.require_group(group).attrs["name"] = name
            for name, value in tensors.items():
                dataset = file.create_dataset(name, data=value)
                if value.dtype == ml_dtypes.bfloat16:  # HDF5 knows no such kind: Keras reads it by this mark
                    dataset.attrs["dtype"] = "bfloat16"
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
