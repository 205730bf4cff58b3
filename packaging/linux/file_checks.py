"""The files in dist/: whole, refused when they are spoilt, and as Debian wants a package."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from report import DIST, WORK, Report, deb


def check_package(report: Report) -> None:
    report.say("The files in dist/")
    whole = verify(DIST)
    report.expect(whole.returncode == 0 and "DAMAGED" not in whole.stdout, "verify.sh finds them whole", whole.stdout)
    spoilt = WORK / "spoilt"
    for how, spoil in (("changed in one byte", change), ("cut short", _cut), ("named otherwise", _rename)):
        shutil.rmtree(spoilt, ignore_errors=True)
        spoilt.mkdir()
        for name in ("SHA256SUMS", "verify.sh", deb().name):
            shutil.copy(DIST / name, spoilt / name)
        spoil(spoilt / deb().name)
        found = verify(spoilt, *(path.name for path in spoilt.glob("*.deb")))
        report.expect(found.returncode == 1, f"verify.sh refuses a package that was {how}", found.stdout)
    shutil.copy(DIST / deb().name, spoilt / "cut.deb")
    _cut(spoilt / "cut.deb")
    words = ["dpkg-deb", "--fsys-tarfile", str(spoilt / "cut.deb")]
    found = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    report.expect(found.returncode != 0, "dpkg refuses to unpack a package that was cut short")
    shutil.rmtree(spoilt)

    words = ["lintian", "--allow-root", "--fail-on", "error,warning", str(deb())]
    lint = subprocess.run(words, capture_output=True, text=True, check=False)
    report.expect(lint.returncode == 0, "lintian has nothing to say", lint.stdout + lint.stderr)
    tree = WORK / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", str(deb()), str(tree)], check=True)
    desktop = tree / "usr/share/applications/fnet-studio.desktop"
    words = ["desktop-file-validate", str(desktop)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    report.expect(done.returncode == 0 and not done.stdout, "desktop-file-validate has nothing to say", done.stdout)
    words = ["appstreamcli", "validate-tree", "--no-net", str(tree)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    report.expect(done.returncode == 0, "appstreamcli validate-tree is content", done.stdout)
    man = tree / "usr/share/man/man1/fnet-studio.1.gz"
    words = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(man)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "MANROFFSEQ": ""})
    report.expect(done.returncode == 0 and not done.stderr, "the man page is read without a warning", done.stderr)
    licences = list((tree / "opt/fnet-studio/licenses").glob("*.txt"))
    report.expect(len(licences) > 20, f"{len(licences)} texts of licences lie in the package")
    bill = json.loads(next(DIST.glob("*.cdx.json")).read_text())
    names = {component["name"].lower().replace("_", "-") for component in bill["components"]}
    report.expect(
        {"jax", "keras", "numpy", "pyside6-essentials", "python"} <= names, "the bill of materials names them"
    )
    report.expect(not names & {"pytest", "hatchling", "ruff", "pyright"}, "and none of the tools it was built with")
    shutil.rmtree(tree)


def verify(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    words = ["sh", str(folder / "verify.sh"), *names]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def change(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def _rename(path: Path) -> None:
    path.rename(path.with_name("something-else.deb"))
