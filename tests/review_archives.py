"""Builders of small review archives, sound and hostile, for the tests of this folder."""

import io
import tarfile
from pathlib import Path

REVIEWS = {
    f"aclImdb/{split}/{label}/{number}_{7 if label == 'pos' else 2}.txt": f"{split} {label} review {number}, {word}."
    for split in ("train", "test")
    for label, word in (("neg", "dull and awful"), ("pos", "a wonderful film"))
    for number in (0, 10, 2, 9)
}
"""Sixteen reviews; their names sort as text, so 10 stands between 0 and 2."""


def pack(path: Path, files: dict[str, str | bytes], extra: list[tuple[tarfile.TarInfo, bytes]] | None = None) -> Path:
    """A .tar.gz of the files and then of the extra members, written as they are."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            raw = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
        for member, raw in extra or []:
            archive.addfile(member, io.BytesIO(raw))
    return path


def unpack(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def member(name: str, kind: bytes = tarfile.REGTYPE, linkname: str = "", content: bytes = b"") -> tuple:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, linkname, len(content)
    return info, content
