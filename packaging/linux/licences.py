"""The licence of every bundled library: one text each, and an index that goes into the package's copyright file."""

import re
import shutil
import sys
import sysconfig
from importlib.metadata import Distribution
from pathlib import Path

import bundled

LICENCE_FILES = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)", re.IGNORECASE)
DOCUMENTS = Path("/usr/share/doc")


def of_distribution(distribution: Distribution) -> tuple[str, str]:
    """(its licence in short, its texts). The texts are those that it ships, and nothing where it ships none."""
    metadata = distribution.metadata
    short = metadata.get("License-Expression") or ""
    if not short:
        kinds = [kind.split(" :: ")[-1] for kind in metadata.get_all("Classifier") or [] if kind.startswith("License")]
        short = ", ".join(kinds)
    if not short:
        short = (metadata.get("License") or "").strip().splitlines()[0] if metadata.get("License") else "not stated"
    texts = []
    for file in distribution.files or ():
        inside = ".dist-info" in file.parts[0] and file.name not in ("METADATA", "RECORD", "WHEEL")
        if file.suffix != ".py" and LICENCE_FILES.search(str(file) if inside else file.name):
            path = Path(str(distribution.locate_file(file)))
            if path.is_file() and path.suffix not in (".so", ".pyc", ".png", ".svg"):
                texts.append(f"--- {file}\n\n{path.read_text('utf-8', errors='replace').strip()}\n")
    return short, "\n".join(texts)


def write(parts: bundled.Bundled, target: Path, own_licence: Path) -> str:
    """Writes one text for each library into the folder target. The index: one line for each."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    lines = []

    def put(name: str, version: str, short: str, home: str, text: str) -> None:
        file = f"{re.sub('[^A-Za-z0-9.+-]', '-', name)}.txt"
        head = f"{name} {version}\nLicence: {short}\n{f'Source: {home}' if home else ''}\n\n"
        (target / file).write_text(head + (text or "Its distribution holds no text of the licence.\n"), "utf-8")
        lines.append(f"  {name} {version}: {short} ({file})")

    put("Python", parts.python, "PSF-2.0", "https://www.python.org", _python_licence())
    for distribution in parts.distributions:
        short, text = of_distribution(distribution)
        put(distribution.name, distribution.version, short, _home(distribution), text)
    for name, version in parts.system.items():
        path = DOCUMENTS / name / "copyright"
        put(name, version, "see its text", "", path.read_text("utf-8", errors="replace") if path.is_file() else "")
    (target / "FNet-Studio.txt").write_text(own_licence.read_text("utf-8"), "utf-8")
    return "\n".join(lines) + "\n"


def _python_licence() -> str:
    for place in (Path(sysconfig.get_paths()["stdlib"]) / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt"):
        if place.is_file():
            return place.read_text("utf-8", errors="replace")
    return ""


def _home(distribution: Distribution) -> str:
    for line in distribution.metadata.get_all("Project-URL") or []:
        label, _, url = line.partition(",")
        if label.strip().lower() in ("homepage", "source", "source code", "repository", "github"):
            return url.strip()
    return distribution.metadata.get("Home-page") or ""
