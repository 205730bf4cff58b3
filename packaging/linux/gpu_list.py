"""Writes the list of what "Add GPU support" fetches: gpu_list.py [--cuda 12] [--index URL] OUT.

For the JAX, the Python and the machine of the environment that it runs in, which is the one that is frozen. pip chooses
the wheels, from its own index or from the one that is named; sizes are asked of the server. The list holds the
addresses, so it belongs to a build and never to the repository: `make gpu-list` puts it where `make package` finds it.
Some indexes give pip no metadata alone: it then fetches all the wheels, 3 GB, to read them.
"""

import argparse
import io
import json
import platform
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from fnet_studio.core import gpu_list  # noqa: E402  # its place has to be known first

TAGS = ("manylinux_2_27", "manylinux_2_17", "manylinux_2_12", "manylinux2014", "manylinux2010", "manylinux1")
"""Of the oldest system that the wheels of JAX itself run on, and what it runs, too."""
BLOCK_BYTES = 2**16


class Remote(io.RawIOBase):
    """A file on a server, read in the ranges that are asked for."""

    def __init__(self, url: str) -> None:
        self.url, self.place = url, 0
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD")) as head:
            self.length = int(head.headers["Content-Length"])

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.place = (0, self.place, self.length)[whence] + offset
        return self.place

    def readinto(self, buffer) -> int:
        end = min(self.length, self.place + len(buffer)) - 1
        if end < self.place:
            return 0
        asked = urllib.request.Request(self.url, headers={"Range": f"bytes={self.place}-{end}"})
        with urllib.request.urlopen(asked) as answer:
            if answer.status != 206:
                raise OSError("the server sends no parts of files")
            data = answer.read()
        buffer[: len(data)] = data
        self.place += len(data)
        return len(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuda", choices=("12", "13"), default="12", help="NVIDIA's version; drivers from 525 have 12")
    parser.add_argument("--index", default="", metavar="URL", help="where pip looks (its own configuration)")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    jax, python = metadata.version("jax"), f"{sys.version_info.major}.{sys.version_info.minor}"
    report = chosen(f"jax-cuda{options.cuda}-plugin[with-cuda]=={jax}", python, options.index)
    one = gpu_list.GpuList(1, jax, python, platform.machine(), tuple(map(described, report["install"])))
    content = msgspec.json.format(msgspec.json.encode(one), indent=1)
    gpu_list.decode(content, str(options.out))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(content)
    print(f"{options.out}: {len(one.wheels)} wheels for JAX {jax}, {one.bytes / 1e6:,.0f} MB to fetch, ", end="")
    print(f"{one.unpacked_bytes / 1e6:,.0f} MB unpacked")
    return 0


def chosen(wanted: str, python: str, index: str) -> dict:
    """pip's report of what it would install (PyPA's installation report)."""
    abi = f"cp{python.replace('.', '')}"
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    words += ["--disable-pip-version-check", "--only-binary=:all:", "--implementation", "cp", "--abi", abi]
    words += ["--python-version", python]
    for tag in TAGS:
        words += ["--platform", f"{tag}_{platform.machine()}"]
    if index:
        words += ["--index-url", index]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        done = subprocess.run([*words, "--target", folder, "--report", str(out), wanted], check=False)
        if done.returncode:
            raise SystemExit(f"pip could not choose the wheels of {wanted}: see above.")
        return json.loads(out.read_text("utf-8"))


def described(item: dict) -> gpu_list.Wheel:
    download = item["download_info"]
    url, digest = download["url"], download["archive_info"]["hashes"]["sha256"]
    remote = Remote(url)
    try:
        with zipfile.ZipFile(io.BufferedReader(remote, BLOCK_BYTES)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except OSError:
        unpacked = 0
    return gpu_list.Wheel(unquote(Path(urlsplit(url).path).name), url, digest, remote.length, unpacked)


if __name__ == "__main__":
    sys.exit(main())
