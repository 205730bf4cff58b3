"""Draws the program's icon for Windows (.ico) and macOS (.icns) from the one picture among the resources.

    python packaging/make_icons.py

Both formats are boxes around PNG pictures. What is drawn is not kept in the repository: the release workflow runs this
before it freezes.
"""

import os
import struct
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "resources" / "icons" / "fnet-studio.svg"
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_TYPES = {b"icp4": 16, b"icp5": 32, b"icp6": 64, b"ic07": 128, b"ic08": 256, b"ic09": 512, b"ic10": 1024}


def png(renderer: QSvgRenderer, size: int) -> bytes:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def ico(pictures: dict[int, bytes]) -> bytes:
    """A directory of 16 bytes a picture after six of a head; a size of 256 is written as 0."""
    head, place = struct.pack("<HHH", 0, 1, len(pictures)), 6 + 16 * len(pictures)
    directory, bodies = b"", b""
    for size, data in pictures.items():
        directory += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(data), place + len(bodies))
        bodies += data
    return head + directory + bodies


def icns(pictures: dict[bytes, bytes]) -> bytes:
    """Type and length, in front of each picture and of the whole."""
    bodies = b"".join(struct.pack(">4sI", kind, len(data) + 8) + data for kind, data in pictures.items())
    return struct.pack(">4sI", b"icns", len(bodies) + 8) + bodies


def main() -> int:
    application = QGuiApplication(["icons"])
    renderer = QSvgRenderer(str(PICTURE))
    if not renderer.isValid():
        print(f"{PICTURE} cannot be drawn", file=sys.stderr)
        return 1
    windows = ROOT / "packaging" / "windows" / "fnet-studio.ico"
    macos = ROOT / "packaging" / "macos" / "fnet-studio.icns"
    windows.write_bytes(ico({size: png(renderer, size) for size in ICO_SIZES}))
    macos.write_bytes(icns({kind: png(renderer, size) for kind, size in ICNS_TYPES.items()}))
    print(f"{windows}\n{macos}")
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main())
