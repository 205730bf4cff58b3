"""The `.deb`: its control file, with what it depends on read from the programs themselves, and its tree."""

import gzip
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import bundled
import slim

FILES = Path(__file__).parent / "files"
PLACE = Path("opt/fnet-studio")
MAINTAINER = "FNet Studio maintainers <maintainers@users.noreply.fnet.studio>"
OPENED_BY_NAME = ("libegl1", "libgl1", "libfontconfig1", "xkb-data")
"""Needed although no file is linked against them: Qt opens them, or reads their files."""
GLIBCXX_OF_GCC = ((30, 12), (31, 13), (32, 13), (33, 14), (34, 15))
"""Minor version of GLIBCXX_3.4 and the GCC release that brought it, above 3.4.29, which came with 11."""

CONTROL = """\
Package: fnet-studio
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size_kib}
Depends: {depends}
Recommends: ca-certificates, xdg-utils, fonts-dejavu-core
Suggests: fonts-noto-cjk, git
Section: science
Priority: optional
Description: explore, fine-tune and teach FNet language models
 FNet is a language model that mixes its tokens by a Fourier transform where
 others have attention. FNet Studio shows what it does: click a word and see
 what the model would put there; press Train and watch loss, accuracy and the
 Fourier mixing maps move while a classifier learns.
 .
 It brings its own Python, Qt and learning libraries, and works without a
 network. There is a command line for everything.
"""


def newest(names: Iterable[str], prefix: str) -> tuple[int, ...]:
    """The highest version among symbol versions such as `GLIBC_2.34`; () without any."""
    found = [tuple(map(int, name[len(prefix) :].split("."))) for name in names if name.startswith(prefix)]
    return max(found, default=())


def symbol_versions(path: Path) -> set[str]:
    done = subprocess.run(["objdump", "-p", str(path)], capture_output=True, text=True, check=True)
    return set(re.findall(r"\b(?:GLIBC|GLIBCXX)_[0-9.]+\b", done.stdout))


def depends(folder: Path) -> str:
    """What the frozen folder takes from the system, as a Depends field."""
    files = slim.elf_files(folder)
    own = {path.name for path in folder.rglob("*")}
    wanted = {name for path in files for name in slim.needed(path)} - own
    versions = {name for path in files for name in symbol_versions(path)}
    listing = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    packages = set(OPENED_BY_NAME)
    for name in sorted(wanted):
        place = next((line.split(" => ")[1] for line in listing.splitlines() if line.split(" ")[0].strip() == name), "")
        if not place:
            raise LookupError(f"{name} is needed by the frozen program, but not on this machine")
        package = bundled.debian_package(Path(place))
        if package is None:
            raise LookupError(f"no package of this machine owns {place}")
        packages.add(package[0])
    # releases after the 64-bit time transition still provide the names without the suffix
    names = {package.removesuffix("t64") for package in packages}
    glibc = ".".join(map(str, newest(versions, "GLIBC_")))
    minor = (*newest(versions, "GLIBCXX_"), 0, 0, 0)[2]
    gcc = next((release for version, release in GLIBCXX_OF_GCC if version >= minor), 15) if minor > 29 else 11
    bounds = {"libc6": f"libc6 (>= {glibc})", "libstdc++6": f"libstdc++6 (>= {gcc})"}
    return ", ".join(bounds.get(name, name) for name in sorted(names))


def tree(folder: Path, target: Path, *, version: str, date: float, share: Path, index: str, changes: str) -> None:
    """Lays out what is installed. share: what goes into /usr/share. index: of the licences."""
    shutil.rmtree(target, ignore_errors=True)
    (target / PLACE.parent).mkdir(parents=True)
    shutil.copytree(folder, target / PLACE, symlinks=True)
    (target / "usr" / "bin").mkdir(parents=True)
    (target / "usr" / "bin" / "fnet-studio").symlink_to(f"/{PLACE}/fnet-studio")
    shutil.copytree(share, target / "usr" / "share")
    documents = target / "usr" / "share" / "doc" / "fnet-studio"
    documents.mkdir(parents=True)
    (documents / "copyright").write_text(copyright_file(index), "utf-8")
    when = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(date))
    entry = f"fnet-studio ({version}) unstable; urgency=medium\n\n{changes}\n\n -- {MAINTAINER}  {when}\n"
    with open(documents / "changelog.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=int(date)) as packed:
        packed.write(entry.encode())
    overrides = target / "usr" / "share" / "lintian" / "overrides"
    overrides.mkdir(parents=True)
    shutil.copyfile(FILES / "lintian-overrides", overrides / "fnet-studio")


def copyright_file(index: str) -> str:
    return (
        "FNet Studio is licensed under the Apache License, Version 2.0: on Debian systems its text is in\n"
        "/usr/share/common-licenses/Apache-2.0. Copyright 2026 the FNet Studio maintainers.\n\n"
        "The icons in the window are Lucide's, under the ISC licence, which lies beside them.\n\n"
        "It brings these libraries, each under its own licence; the texts are in /opt/fnet-studio/licenses,\n"
        "in the files named here. Qt and PySide6 are used under the LGPL, version 3: their libraries are files of\n"
        "their own in /opt/fnet-studio/_internal/PySide6 and may be replaced.\n\n"
    ) + index


def build(target: Path, package: Path, *, version: str, depends_on: str, compression: int) -> None:
    """Packs a tree. compression: xz's level."""
    control = target / "DEBIAN"
    control.mkdir()
    size_kib = sum(-(-path.lstat().st_size // 1024) for path in target.rglob("*") if path.is_file())
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout
    fields = CONTROL.format(
        version=version,
        architecture=architecture.strip(),
        maintainer=MAINTAINER,
        size_kib=size_kib,
        depends=depends_on,
    )
    (control / "control").write_text(fields)
    shutil.copyfile(FILES / "postrm", control / "postrm")
    set_modes(target)
    (control / "postrm").chmod(0o755)
    sums = [
        "md5sum",
        *(str(path.relative_to(target)) for path in sorted(target.rglob("*")) if _installed(path, control)),
    ]
    (control / "md5sums").write_text(
        subprocess.run(sums, cwd=target, capture_output=True, text=True, check=True).stdout
    )
    words = ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{compression}", "--build", str(target), str(package)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def _installed(path: Path, control: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.is_relative_to(control)


def set_modes(target: Path) -> None:
    """Readable by all and writable by the owner alone; only the two programs and scripts can be started."""
    for path in [target, *target.rglob("*")]:
        if path.is_symlink():
            continue
        if path.is_dir():
            path.chmod(0o755)
        else:
            starts = path.name in ("fnet-studio", "fnet-studio-worker", "install.sh") and os.access(path, os.X_OK)
            path.chmod(0o755 if starts else 0o644)
