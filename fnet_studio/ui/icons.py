"""Icons from SVG files, in any colour, sharp on any screen."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from fnet_studio.core import places

SCALES = (1.0, 1.5, 2.0, 3.0)
"""Device pixel ratios that an icon is drawn for; Qt scales the next larger one for others."""


def icon(name: str, colour: str, size: int = 20, gap: int = 0) -> QIcon:
    """A Lucide icon of `resources/icons`. colour: `#RRGGBB`; size: in device-independent pixels; gap: room at its
    right, since Qt sets a button's words close to its icon. FileNotFoundError for an unknown name."""
    result = QIcon()
    for scale in SCALES:
        picture = pixmap(name, colour, size, scale, gap)
        result.addPixmap(picture)
        result.addPixmap(picture, QIcon.Mode.Selected)  # or Qt tints it in a selected row
    return result


@lru_cache(maxsize=512)
def pixmap(name: str, colour: str, size: int = 20, scale: float = 1.0, gap: int = 0) -> QPixmap:
    """One picture of an icon for a screen of that device pixel ratio."""
    return _paint(_source(name).replace("currentColor", colour), size, scale, gap)


@lru_cache(maxsize=1)
def program_icon() -> QIcon:
    """A spectrum that folds into tokens."""
    result = QIcon()
    source = _source("fnet-studio")
    for size in (16, 24, 32, 48, 64, 128, 256):
        result.addPixmap(_paint(source, size, 1.0))
    return result


@lru_cache(maxsize=128)
def _source(name: str) -> str:
    return (places.resources() / "icons" / f"{name}.svg").read_text("utf-8")


def _paint(source: str, size: int, scale: float, gap: int = 0) -> QPixmap:
    pixels = round(size * scale)
    picture = QPixmap(pixels + round(gap * scale), pixels)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture
