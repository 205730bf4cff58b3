"""Pictures and their numbers into files and onto the clipboard."""

import csv
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.ui.explore.pictures import drawing
from fnet_studio.ui.explore.pictures.plane import Axis, Plane, Scale
from fnet_studio.ui.theme import LIGHT

WIDTH, HEIGHT, MARGIN = 640.0, 420.0, 16.0
"""Of one plane, in pixels of 1/96 inch."""
WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A sentence may have such characters; in XML they cannot stand, escaped or not."""
PNG_SCALE = 3
FORMATS = {"png": "PNG image", "svg": "SVG drawing", "pdf": "PDF page", "csv": "CSV table", "npz": "NumPy arrays"}


def write(path: Path, planes: Sequence[Plane], scale: Scale, caption: str) -> None:
    """By the name's ending: one of FORMATS. UserError `export.format`, or when the disk refuses."""
    kind = path.suffix.lower().removeprefix(".")
    makers = {"png": _png, "svg": _svg, "pdf": _pdf, "csv": _csv, "npz": _npz}
    if kind not in makers:
        raise UserError(
            "export.format",
            f"There is no way to write {path.name}.",
            f"End its name with {', '.join(f'.{name}' for name in FORMATS)}.",
        )
    files.write_atomically(path, makers[kind](planes, scale, caption))


def image(planes: Sequence[Plane], scale: Scale, caption: str) -> QImage:
    """For the clipboard and PNG."""
    size = _size(planes, caption)
    picture = QImage(size.toSize() * PNG_SCALE, QImage.Format.Format_RGB32)
    picture.setDotsPerMeterX(round(96 / 0.0254))  # so that points mean the same as in the vector files
    picture.setDotsPerMeterY(round(96 / 0.0254))
    picture.fill(QColor("white"))
    painter = QPainter(picture)
    painter.scale(PNG_SCALE, PNG_SCALE)
    _paint(painter, planes, scale, caption, vector=False)
    painter.end()
    return picture


def _caption_room(planes: Sequence[Plane], caption: str) -> QRectF:
    """Under the planes, as high as all of the caption is."""
    room = QRectF(MARGIN, MARGIN + HEIGHT + 6, WIDTH * len(planes), math.inf)
    room.setHeight(QFontMetricsF(_font()).boundingRect(room, WRAPPED, caption).height() + 1)
    return room


def _size(planes: Sequence[Plane], caption: str) -> QSizeF:
    return QSizeF(WIDTH * len(planes) + 2 * MARGIN, _caption_room(planes, caption).bottom() + MARGIN)


def _font() -> QFont:
    font = QFont()
    font.setPixelSize(13)
    return font


def _paint(painter: QPainter, planes: Sequence[Plane], scale: Scale, caption: str, vector: bool) -> None:
    """In the print theme: dark on white."""
    small, strong = _font(), _font()
    strong.setBold(True)
    strong.setPixelSize(14)
    for index, plane in enumerate(planes):
        left = MARGIN + index * WIDTH
        painter.setFont(strong)
        painter.setPen(QColor(LIGHT.text))
        painter.drawText(QRectF(left, MARGIN, WIDTH - 16, 22), Qt.AlignmentFlag.AlignLeft, plane.title)
        look = _PrintLook(LIGHT.text, LIGHT.text, LIGHT.muted, LIGHT.accent, small, scale, vector=vector)
        where = QRectF(left, MARGIN + 24, WIDTH - 16, HEIGHT - 24)
        drawing.paint(painter, drawing.Frame(where, plane, look, drawing.whole(plane), QFontMetricsF(small)))
    painter.setFont(small)
    painter.setPen(QColor(LIGHT.muted))
    painter.drawText(_caption_room(planes, caption), WRAPPED, caption)


class _PrintLook(drawing.Look):
    """Sizes in pixels of 1/96 inch: the devices differ in what a point is."""

    @property
    def small(self) -> QFont:
        return self.font


def _png(planes: Sequence[Plane], scale: Scale, caption: str) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image(planes, scale, caption).save(buffer, "PNG")
    return bytes(buffer.data().data())


def _svg(planes: Sequence[Plane], scale: Scale, caption: str) -> bytes:
    held = QByteArray()
    buffer = QBuffer(held)
    size = _size(planes, caption)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(96)
    generator.setSize(size.toSize())
    generator.setViewBox(QRectF(QPointF(0, 0), size))
    generator.setTitle(planes[0].title)
    generator.setDescription(caption)
    painter = QPainter(generator)
    painter.fillRect(QRectF(QPointF(0, 0), size), QColor("white"))
    _paint(painter, planes, scale, caption, vector=True)
    painter.end()
    return NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", held.data().decode()).encode()


def _pdf(planes: Sequence[Plane], scale: Scale, caption: str) -> bytes:
    held = QByteArray()
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    size = _size(planes, caption)
    writer = QPdfWriter(buffer)
    writer.setResolution(96)
    writer.setPageSize(QPageSize(size * 0.75, QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setTitle(planes[0].title)
    painter = QPainter(writer)
    _paint(painter, planes, scale, caption, vector=True)
    painter.end()
    return bytes(held.data())


def _csv(planes: Sequence[Plane], scale: Scale, caption: str) -> bytes:
    return table(planes, caption, ",").encode()


def table(planes: Sequence[Plane], caption: str, delimiter: str) -> str:
    """One table a plane, a blank line between: the columns' names first, then a row's name and its values."""
    text = io.StringIO()
    lines = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    for index, plane in enumerate(planes):
        if index:
            lines.writerow([])
        lines.writerow([f"# {plane.title}: {plane.quantity}. {caption}"])
        lines.writerow([f"{plane.rows.label} \\ {plane.columns.label}", *_names(plane.columns)])
        for name, row in zip(_names(plane.rows), plane.values.tolist(), strict=True):
            lines.writerow([name, *row])
    return text.getvalue()


def _npz(planes: Sequence[Plane], scale: Scale, caption: str) -> bytes:
    """`values_0`, `rows_0`, `columns_0`, … for each plane, and `caption`."""
    arrays = {"caption": np.array(caption)}
    for index, plane in enumerate(planes):
        arrays |= {
            f"title_{index}": np.array(f"{plane.title}: {plane.quantity}"),
            f"values_{index}": plane.values,
            f"rows_{index}": np.array(_names(plane.rows)),
            f"columns_{index}": np.array(_names(plane.columns)),
        }
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)
    return held.getvalue()


def _names(axis: Axis) -> list[str]:
    if axis.names:
        return list(axis.names)
    return [str(first) if first == last else f"{first}..{last}" for first, last in zip(axis.first, axis.last)]
