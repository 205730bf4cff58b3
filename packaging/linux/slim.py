"""Makes the frozen folder small and free of this machine's paths: slim.py FOLDER.

Three things that PyInstaller leaves: libraries that only a plugin wanted which was left out, symbols for debuggers
(a third of XLA), and search paths of the machine that built Python. Needs binutils and patchelf.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

MAGIC = b"\x7fELF"
POOLS = ("PySide6/Qt/lib",)
"""Folders below `_internal` that hold libraries only, beside `_internal` itself and the `*.libs` of wheels."""
OPENED_BY_NAME = ("libpython",)
"""Libraries that nothing is linked against: the boot loader opens Python."""


def is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == MAGIC


def elf_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if is_elf(path))


def needed(path: Path) -> list[str]:
    """The names of the libraries that a file is linked against."""
    done = subprocess.run(["patchelf", "--print-needed", str(path)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def reachable(roots: Iterable[str], needs: Mapping[str, Iterable[str]]) -> set[str]:
    """The names that are needed by the roots, or by what they need, and so on, with the roots."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += needs.get(name, ())
    return found


def in_pool(path: Path, inside: Path) -> bool:
    """Whether a file is a plain library, which is of use only to what is linked against it."""
    if not path.is_relative_to(inside):
        return False
    where = path.parent.relative_to(inside).as_posix()
    plain = where == "." or where.endswith(".libs") or where in POOLS
    return plain and path.name.startswith("lib") and not path.name.startswith(OPENED_BY_NAME)


def remove_unneeded(folder: Path) -> list[str]:
    """Removes the libraries that nothing there is linked against, and links to them. Their names."""
    inside = folder / "_internal"
    files = elf_files(folder)
    needs: dict[str, set[str]] = {}
    for path in files:
        needs.setdefault(path.name, set()).update(needed(path))
    kept = reachable((path.name for path in files if not in_pool(path, inside)), needs)
    removed = []
    for path in files:
        if in_pool(path, inside) and path.name not in kept:
            path.unlink()
            removed.append(path.relative_to(inside).as_posix())
    for path in inside.rglob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()
    return sorted(removed)


def strip(files: list[Path]) -> None:
    """Not what lies in the `*.libs` of wheels: patchelf has moved its tables, and strip would break it."""
    own = [str(path) for path in files if not path.parent.name.endswith(".libs")]
    subprocess.run(["strip", "--strip-unneeded", *own], check=True)


def remove_absolute_paths(files: list[Path]) -> None:
    """Search paths that do not begin at the file itself."""
    for path in files:
        done = subprocess.run(["patchelf", "--print-rpath", str(path)], capture_output=True, text=True, check=True)
        search = [part for part in done.stdout.strip().split(":") if part]
        own = [part for part in search if part.startswith("$ORIGIN")]
        if own != search:
            words = ["--set-rpath", ":".join(own)] if own else ["--remove-rpath"]
            subprocess.run(["patchelf", *words, str(path)], check=True)


def remove_empty(folder: Path) -> None:
    for place, _, _ in os.walk(folder, topdown=False):
        if not os.listdir(place):
            os.rmdir(place)


def slim(folder: Path) -> None:
    removed = remove_unneeded(folder)
    # not the two programs themselves: their Python code is appended to them
    libraries = [path for path in elf_files(folder) if path.parent != folder]
    strip(libraries)
    remove_absolute_paths(libraries)
    remove_empty(folder)
    print(f"slim: {len(removed)} libraries that nothing needs are gone: {', '.join(removed)}")


if __name__ == "__main__":
    slim(Path(sys.argv[1]))
