"""Reading `.safetensors` files by memory map: tensor by tensor, nothing held twice, bfloat16 included.

Format: 8 bytes of header length, little endian; the header, JSON: name to dtype, shape and data_offsets; the data.
"""

import json
import mmap
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from fnet_studio.core.errors import UserError
from fnet_studio.models.tensors import ADVICE, Stored, corrupt

_DTYPES: dict[str, Any] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "I64": np.int64,
    "I32": np.int32,
    "I8": np.int8,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
_LARGEST_HEADER = 100_000_000


def list_safetensors(path: Path) -> dict[str, Stored]:
    """Every tensor of a file by name. UserError `preset.missing-weights`, `preset.corrupt`; the latter for an unknown
    dtype only when the tensor is read, since files hold more than anybody asks for."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if not 0 < size <= _LARGEST_HEADER:
                raise ValueError(f"its header would be {size} bytes long")
            header = json.loads(file.read(size))
        total = path.stat().st_size - 8 - size
        return {
            name: Stored(path.name, name, _reader(path, 8 + size, total, name, entry))
            for name, entry in header.items()
            if name != "__metadata__"
        }
    except FileNotFoundError:
        raise UserError(
            "preset.missing-weights",
            f"The weight file {path.name} is missing in {path.parent.name}.",
            ADVICE,
        ) from None
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
        raise corrupt(path.name, error) from None


def _reader(path: Path, start: int, total: int, name: str, entry: dict[str, Any]) -> Any:
    begin, end = entry["data_offsets"]
    shape = tuple(int(n) for n in entry["shape"])
    known = _DTYPES.get(entry["dtype"])
    dtype = None if known is None else np.dtype(known)
    size = end - begin if dtype is None else int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if min(shape, default=0) < 0 or not 0 <= begin <= end <= total or end - begin != size:
        raise ValueError(f"the bytes of tensor {name} are not all there")

    def read() -> np.ndarray:
        if dtype is None:
            raise UserError(
                "preset.unknown-dtype",
                f"In {path.name} of {path.parent.name} the tensor {name} has the dtype {entry['dtype']}, which FNet "
                "Studio does not read.",
                "Save the model with weights of float32, float16 or bfloat16.",
            )
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return np.frombuffer(mapped[start + begin : start + end], dtype).reshape(shape)

    return read
