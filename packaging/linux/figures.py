"""Sizes and times of the package: gathered by the build and by its test, and written into the README between two
comments."""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "packaging" / "figures.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- figures of the package -->\n", "<!-- end of the figures of the package -->\n"

ROWS = (
    ("folder_bytes", "installed folder", "520 MB"),
    ("deb_bytes", "`.deb`", "150 MB"),
    ("archive_bytes", "`.tar.xz`", ""),
    ("freeze_s", "freezing, on the build machine", ""),
    ("package_s", "`make package` in all", ""),
    ("first_paint_s", "first paint of the installed program, warm", "1 s"),
    ("first_paint_cold_s", "first paint right after installation", ""),
    ("worker_hello_s", "worker's first word", ""),
    ("worker_ready_s", "worker's libraries imported", ""),
    ("command_s", "`fnet-studio --version`", ""),
)


def put(found: dict[str, Any], kept: Path = KEPT, readme: Path = README) -> None:
    """Adds figures to those kept, and writes them all into the README. A new version of the program begins afresh."""
    before = json.loads(kept.read_text()) if kept.is_file() else {}
    if found.get("version", before.get("version")) != before.get("version"):
        before = {}
    values = {**before, **found}
    kept.write_text(json.dumps(values, indent=2) + "\n")
    above, rest = readme.read_text().split(BEGIN)
    readme.write_text(above + BEGIN + table(values) + END + rest.split(END)[1])


def table(values: dict[str, Any]) -> str:
    lines = [
        f"**The Linux package**, version {values.get('version', '?')} (`make package`, `make package-test`)",
        "",
        "| | measured | at most |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {words} | {in_words(key, values[key])} | {most} |" for key, words, most in ROWS if key in values]
    return "\n".join(lines) + "\n"


def in_words(key: str, value: float) -> str:
    if key.endswith("_bytes"):
        return f"{value / 1e6:.0f} MB"
    return f"{value:.0f} s" if value >= 10 else f"{value:.2f} s"


if __name__ == "__main__":
    put(json.loads(sys.argv[1]))
