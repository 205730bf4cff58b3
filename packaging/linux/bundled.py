"""What the frozen folder is made of: Python distributions, Python itself, and libraries of this machine's system.

Read from the list of sources that the spec writes, so that nothing is named that is not in the folder, and nothing is
in the folder that is not named.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution
from pathlib import Path
from typing import NamedTuple


class Bundled(NamedTuple):
    distributions: list[Distribution]
    """By name."""
    system: dict[str, str]
    """Version by name of the Debian package that a library was taken from."""
    python: str
    """Version."""
    unknown: list[str]
    """Sources that nobody claims; there should be none."""


def read(listing: Path, folder: Path, own: list[Path]) -> Bundled:
    """listing: `[[name below _internal, source], …]`. folder: the frozen one; what was removed from it again does not
    count. own: this program's sources."""
    owners = _owners()
    base = {Path(sys.base_prefix).resolve(), Path(sysconfig.get_paths()["stdlib"]).resolve(), *own}
    found: dict[str, Distribution] = {}
    system: dict[str, str] = {}
    unknown: set[str] = set()
    for name, source in json.loads(listing.read_text()):
        # a source that is no path is a link inside the folder
        if not os.path.isabs(source) or (name and not (folder / "_internal" / name).exists()):
            continue
        path = Path(source)
        owner = owners.get(os.path.realpath(path)) or owners.get(os.path.abspath(path))
        if owner is not None:
            found[owner.name] = owner
        elif path.name == "base_library.zip" or any(path.resolve().is_relative_to(place) for place in base):
            continue
        else:
            package = debian_package(path)
            if package is None:
                unknown.add(source)
            else:
                system[package[0]] = package[1]
    ordered = sorted(found.values(), key=lambda it: it.name.lower())
    return Bundled(ordered, dict(sorted(system.items())), sys.version.split()[0], sorted(unknown))


def _owners() -> dict[str, Distribution]:
    """The distribution of each installed file, by its real path."""
    found = {}
    for distribution in importlib.metadata.distributions():
        for file in distribution.files or ():
            found[os.path.realpath(distribution.locate_file(file))] = distribution
    return found


def debian_package(path: Path) -> tuple[str, str] | None:
    """(name, version) of the package that a file belongs to, None when it belongs to none."""
    for place in {path, path.resolve()}:
        for spelled in (str(place), str(place).removeprefix("/usr"), f"/usr{place}"):
            done = subprocess.run(["dpkg-query", "-S", spelled], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                name = done.stdout.split(":")[0].split(",")[0].strip()
                asked = ["dpkg-query", "-W", "-f", "${Version}\n", name]
                version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[0]
                return name, version
    return None
