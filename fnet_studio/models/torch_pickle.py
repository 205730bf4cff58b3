"""Reading `pytorch_model.bin` without PyTorch, and without running anything that the file names.

Such a file is a zip of a pickle and raw storages. The unpickler here knows six names and maps each to a function of
this module: whatever else the pickle asks for is refused by name. Nothing is imported, called or looked up elsewhere.
"""

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

from fnet_studio.core.errors import UserError
from fnet_studio.models.tensors import ADVICE, Stored, corrupt

_STORAGES: dict[str, Any] = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype
    count: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise pickle.UnpicklingError("a tensor without a storage")
    tensor = _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))
    last = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
    if min((tensor.offset, *tensor.shape, *tensor.strides)) < 0 or (all(tensor.shape) and last >= storage.count):
        raise pickle.UnpicklingError("a tensor that reaches beyond its storage")
    return tensor


def _rebuild_parameter(data: Any, *_: Any) -> _Tensor:
    if not isinstance(data, _Tensor):
        raise pickle.UnpicklingError("a parameter without a tensor")
    return data


class _Refused(Exception):
    pass


class _TensorUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module_name == "torch._utils" and global_name == "_rebuild_tensor_v2":
            return _rebuild_tensor
        if module_name == "torch._utils" and global_name == "_rebuild_parameter":
            return _rebuild_parameter
        if module_name == "torch" and global_name in _STORAGES:
            return np.dtype(_STORAGES[global_name])
        raise _Refused(f"{module_name}.{global_name}")

    def persistent_load(self, pid: Any, /) -> _Storage:
        kind, dtype, key, _location, count = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise _Refused(f"a reference of the kind {kind!r}")
        return _Storage(str(key), dtype, int(count))


def list_torch(path: Path) -> dict[str, Stored]:
    """Every tensor of a file by name. UserError `preset.missing-weights`, `preset.corrupt`, and `preset.unsafe-pickle`
    for a pickle with anything but tensors."""
    if not path.is_file():
        raise UserError(
            "preset.missing-weights",
            f"The weight file {path.name} is missing in {path.parent.name}.",
            ADVICE,
        )
    try:
        with zipfile.ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            if len(pickles) != 1:
                raise ValueError("it is no PyTorch file of the zip format")
            root = pickles[0].removesuffix("data.pkl")
            order = f"{root}byteorder"
            little = order not in archive.namelist() or archive.read(order) == b"little"
            with archive.open(pickles[0]) as stream:
                tensors = _TensorUnpickler(stream).load()
    except _Refused as refused:
        raise _unsafe(path, f"asks for {refused}") from None
    except Exception as error:  # a damaged pickle can raise almost anything; nothing of it has been run
        raise corrupt(path.name, error) from None
    if not isinstance(tensors, dict):
        raise _unsafe(path, f"holds a {type(tensors).__name__} in place of named tensors")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, _Tensor):
            raise _unsafe(path, f"holds a {type(tensor).__name__} under {name!r}")
    return {name: Stored(path.name, name, _reader(path, root, tensors[name], little)) for name in tensors}


def _reader(path: Path, root: str, tensor: _Tensor, little: bool) -> Any:
    def read() -> np.ndarray:
        storage = tensor.storage
        try:
            with zipfile.ZipFile(path) as archive:
                data = archive.read(f"{root}data/{storage.key}")
            if len(data) < storage.count * storage.dtype.itemsize:
                raise ValueError(f"storage {storage.key} is cut off")
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise corrupt(path.name, error) from None
        flat = np.frombuffer(data, storage.dtype, storage.count)
        flat = (flat if little else flat.byteswap())[tensor.offset :]
        strides = tuple(s * storage.dtype.itemsize for s in tensor.strides)
        return np.ascontiguousarray(np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False))

    return read


def _unsafe(path: Path, what: str) -> UserError:
    return UserError(
        "preset.unsafe-pickle",
        f"{path.name} in {path.parent.name} is a pickle that {what}; only tensors are let in.",
        "Ask for the weights as model.safetensors.",
    )
