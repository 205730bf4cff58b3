"""Tensors as the bytes of a safetensors file, part by part."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

_DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


def parts(tensors: Mapping[str, np.ndarray], metadata: dict[str, str] | None = None) -> Iterator[bytes | memoryview]:
    """A safetensors file, header first: written by its library it holds the interpreter's lock for as long as it copies
    everything, and a stop is not even heard."""
    described: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    place = 0
    for name, value in tensors.items():
        end = place + value.nbytes
        described[name] = {"dtype": _DTYPES[value.dtype.name], "shape": list(value.shape), "data_offsets": [place, end]}
        place = end
    header = json.dumps(described).encode()
    header += b" " * (-len(header) % 8)
    yield len(header).to_bytes(8, "little") + header
    for value in tensors.values():
        yield memoryview(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
