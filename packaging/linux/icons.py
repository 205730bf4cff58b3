"""Draws the icons in the sizes that menus and file managers ask for: icons.py HICOLOR."""

import os
import shutil
import sys
from pathlib import Path

SIZES = (16, 24, 32, 48, 64, 128, 256)
ROOT = Path(__file__).resolve().parents[2]
DRAWINGS = {
    "apps/fnet-studio": ROOT / "resources" / "icons" / "fnet-studio.svg",
    "mimetypes/application-x-fnet-studio-run": ROOT / "packaging/linux/files/application-x-fnet-studio-run.svg",
}


def main() -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    target = Path(sys.argv[1])
    application = QGuiApplication([])
    for name, drawing in DRAWINGS.items():
        renderer = QSvgRenderer(str(drawing))
        for size in SIZES:
            image = QImage(size, size, QImage.Format.Format_ARGB32)
            image.fill(Qt.GlobalColor.transparent)
            painter = QPainter(image)
            renderer.render(painter)
            painter.end()
            path = target / f"{size}x{size}" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if not image.save(str(path)):
                raise OSError(f"{path} could not be written")
        scalable = target / "scalable" / f"{name}.svg"
        scalable.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(drawing, scalable)
    application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
