"""Small wheels that stand in for JAX's NVIDIA ones, with their list, and a server for them.

The plugin is a Python package that JAX imports by its own discovery; it says so by failing with words of its own, since
there is no device that it could bring.
"""

import hashlib
import zipfile
from pathlib import Path

import msgspec
from local_hubs import Folder

from fnet_studio.core import gpu_list
from fnet_studio.core.gpu_list import GpuList, Wheel

WORDS = "the stand-in cuda plugin was here"
PLUGIN = f"""
import nvidia.stand_in

def initialize():
    raise RuntimeError({WORDS!r} + ", beside " + nvidia.stand_in.NAME)
"""


def _metadata(name: str, version: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


LIBRARY = "nvidia_stand_in_cu12-2.0-py3-none-any.whl"
PLUGINS = "jax_cuda12_pjrt-9.9-py3-none-any.whl"
CONTENTS = {
    LIBRARY: {
        "nvidia/stand_in/__init__.py": "NAME = 'its library'\n",
        "nvidia/stand_in/lib/large.bin": bytes(range(256)) * 2000,
        "nvidia/stand_in/.metadata/.sizes.txt": "3\n",
        "nvidia/stand_in/bin/assembler": "#!/bin/sh\necho assembled\n",
        "nvidia_stand_in_cu12-2.0.dist-info/METADATA": _metadata("nvidia-stand-in-cu12", "2.0"),
    },
    PLUGINS: {
        "jax_plugins/xla_cuda12/__init__.py": PLUGIN,
        "jax_cuda12_pjrt-9.9.data/platlib/jax_plugins/xla_cuda12/extra.py": "PLACE = 'beside it'\n",
        "jax_cuda12_pjrt-9.9.dist-info/METADATA": _metadata("jax-cuda12-pjrt", "9.9"),
        "jax_cuda12_pjrt-9.9.dist-info/entry_points.txt": "[jax_plugins]\nxla_cuda12 = jax_plugins.xla_cuda12\n",
    },
}


def write_wheel(path: Path, contents: dict) -> None:
    with zipfile.ZipFile(path, "w") as archive:  # stored, so that a part of the file is a part of its content
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100755 if "/bin/" in name else 0o100644) << 16
            archive.writestr(entry, content)


def write(folder: Path, contents: dict | None = None, **changes: str) -> GpuList:
    """Wheels and `list.json` in a folder. changes: of the list, such as jax="0.1"."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels = []
    for name, files in (contents or CONTENTS).items():
        write_wheel(folder / name, files)
        data = (folder / name).read_bytes()
        unpacked = sum(len(content) for content in files.values())
        wheels.append(Wheel(name, name, hashlib.sha256(data).hexdigest(), len(data), unpacked))
    jax, python, machine = gpu_list.here()
    one = GpuList(**{"schema": 1, "jax": jax, "python": python, "machine": machine, "wheels": tuple(wheels)} | changes)
    (folder / "list.json").write_bytes(msgspec.json.encode(one))
    return one


class Index(Folder):
    """Of wheels, with their list."""

    @property
    def list(self) -> str:
        return f"{self.address}/list.json"
