"""Paints a plane with its axes and its colour bar: on the screen and into files, by the same strokes."""

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from fnet_studio.ui.explore.pictures.plane import Axis, Plane, Scale, figure, pooled, shades, ticks
from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.atlas import COLOUR_MAP, colour_table

SIGNED_MAP = "CET-D1A"
BAR_PX, GAP_PX, TICK_PX = 12.0, 8.0, 4.0
LONGEST_ROW_NAME_PX, LONGEST_COLUMN_NAME_PX = 96.0, 64.0
MOST_FIGURES = 160
MOST_VECTOR_CELLS = 6000
"""Up to here the cells are drawn one by one into a vector file; above, as an image."""


@dataclass(frozen=True)
class Look:
    """Colours as `#RRGGBB`."""

    text: str
    muted: str
    line: str
    accent: str
    font: QFont
    scale: Scale = "linear"
    vector: bool = False

    @property
    def small(self) -> QFont:
        font = QFont(self.font)
        font.setPointSizeF(9)
        return font


class Frame:
    """Where everything lies. window: the cells that are shown, (x: column, y: row)."""

    def __init__(self, rect: QRectF, plane: Plane, look: Look, window: QRectF, metrics: QFontMetricsF) -> None:
        self.plane, self.look, self.window, self.metrics = plane, look, window, metrics
        line = metrics.height()
        self.low, self.high = plane.levels(look.scale)
        most = max(2, int(rect.height() / (3 * line)))
        scale = "linear" if plane.signed else look.scale
        self.bar_ticks = ticks(self.low, self.high, most, scale)
        bar_words = max((metrics.horizontalAdvance(figure(tick)) for tick in self.bar_ticks), default=0.0)
        names = [metrics.horizontalAdvance(name) for name in plane.rows.names] or [
            metrics.horizontalAdvance(str(value)) for value in (plane.rows.first[0], plane.rows.last[-1])
        ]
        left = self.left = min(max(names), LONGEST_ROW_NAME_PX) + TICK_PX + line + GAP_PX
        right = GAP_PX + BAR_PX + TICK_PX + bar_words + line + 8
        width = max(20.0, rect.width() - left - right)
        self.upright = self._upright(plane.columns, width)
        longest = max((metrics.horizontalAdvance(name) for name in plane.columns.names), default=0.0)
        under = min(longest, LONGEST_COLUMN_NAME_PX) if self.upright else line
        top, bottom = line / 2 + 2, under + TICK_PX + line + 4
        self.picture = QRectF(rect.x() + left, rect.y() + top, width, max(20.0, rect.height() - top - bottom))
        self.bar = QRectF(self.picture.right() + GAP_PX, self.picture.top(), BAR_PX, self.picture.height())

    def _upright(self, columns: Axis, width: float) -> bool:
        """Whether the names under the picture stand on their heads for want of room."""
        if not columns.names:
            return False
        cell = width / self.window.width()
        return max(self.metrics.horizontalAdvance(name) for name in columns.names) > cell - 4

    def x(self, column: float) -> float:
        return self.picture.x() + (column - self.window.x()) / self.window.width() * self.picture.width()

    def y(self, row: float) -> float:
        share = (row - self.window.y()) / self.window.height() * self.picture.height()
        return self.picture.bottom() - share if self.plane.upwards else self.picture.top() + share

    def cell(self, point: QPointF) -> tuple[int, int] | None:
        """(row, column) at a point, None outside."""
        if not self.picture.contains(point):
            return None
        column = self.window.x() + (point.x() - self.picture.x()) / self.picture.width() * self.window.width()
        down = (point.y() - self.picture.y()) / self.picture.height()
        row = self.window.y() + (1 - down if self.plane.upwards else down) * self.window.height()
        rows, columns = self.plane.values.shape
        return min(max(int(row), 0), rows - 1), min(max(int(column), 0), columns - 1)

    def box(self, row: int, column: int, rows: int = 1, columns: int = 1) -> QRectF:
        """Of some cells."""
        return QRectF(
            QPointF(self.x(column), self.y(row)), QPointF(self.x(column + columns), self.y(row + rows))
        ).normalized()


def whole(plane: Plane) -> QRectF:
    return QRectF(0, 0, plane.values.shape[1], plane.values.shape[0])


def paint(painter: QPainter, frame: Frame) -> None:
    """The picture, its axes and its colour bar."""
    painter.setFont(frame.look.small)
    _cells(painter, frame)
    painter.setPen(QPen(QColor(frame.look.line), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(frame.picture)
    _rows(painter, frame)
    _columns(painter, frame)
    _bar(painter, frame)


def mark(painter: QPainter, frame: Frame, token: int) -> None:
    """A token's row and column, where an axis has tokens."""
    plane = frame.plane
    painter.save()
    painter.setClipRect(frame.picture.adjusted(-1, -1, 1, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(QColor("#000000"), 3), QPen(QColor("#FFFFFF"), 1.4)):
        painter.setPen(pen)
        if plane.columns.tokens and 0 <= token < len(plane.columns):
            painter.drawRect(frame.box(0, token, len(plane.rows)))
        if plane.rows.tokens and 0 <= token < len(plane.rows):
            painter.drawRect(frame.box(token, 0, 1, len(plane.columns)))
    painter.restore()


def _table(plane: Plane) -> list[int]:
    return colour_table(SIGNED_MAP if plane.signed else COLOUR_MAP)


def _cells(painter: QPainter, frame: Frame) -> None:
    plane, look, window = frame.plane, frame.look, frame.window
    scale: Scale = "linear" if plane.signed else look.scale
    top, bottom = int(np.floor(window.top())), int(np.ceil(window.bottom()))
    left, right = int(np.floor(window.left())), int(np.ceil(window.right()))
    values = plane.values[top:bottom, left:right]
    table = _table(plane)
    painter.save()
    painter.setClipRect(frame.picture)
    if look.vector and values.size <= MOST_VECTOR_CELLS:
        grey = shades(values, frame.low, frame.high, scale)
        up, down = (-1, 0) if plane.upwards else (0, 1)
        for (row, column), shade in np.ndenumerate(grey):
            # under the cells that are drawn next, or viewers leave hair lines
            box = frame.box(top + row, left + column).adjusted(0, up, 1, down).intersected(frame.picture)
            painter.fillRect(box, QColor.fromRgb(table[shade]))
    else:
        most = 8192 if look.vector else 1
        height, width = (max(most, int(size)) for size in (frame.picture.height(), frame.picture.width()))
        grey = shades(pooled(values, height, width), frame.low, frame.high, scale)
        grey = np.ascontiguousarray(grey[::-1] if plane.upwards else grey)
        image = QImage(grey.data, grey.shape[1], grey.shape[0], grey.shape[1], QImage.Format.Format_Indexed8)
        image.setColorTable(table)
        painter.drawImage(frame.box(top, left, bottom - top, right - left), image)
    _figures(painter, frame, values, (top, left), table, scale)
    painter.restore()


def _figures(
    painter: QPainter, frame: Frame, values: np.ndarray, first: tuple[int, int], table: list[int], scale: Scale
) -> None:
    """The numbers themselves, where the cells are few and large enough."""
    cell = frame.box(*first)
    room = frame.metrics.horizontalAdvance("0.0000") + 8
    if values.size > MOST_FIGURES or cell.width() < room or cell.height() < frame.metrics.height() + 4:
        return
    grey = shades(values, frame.low, frame.high, scale)
    percent = frame.plane.quantity == "probability"
    for (row, column), value in np.ndenumerate(values):
        dark = ink.luminance(QColor.fromRgb(table[grey[row, column]])) < 0.3
        painter.setPen(QColor("#FFFFFF" if dark else "#000000"))
        box = frame.box(first[0] + row, first[1] + column)
        words = f"{100 * value:.1f} %" if percent else f"{value:.3f}" if 0.0005 <= abs(value) < 10 else f"{value:.2g}"
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


def _shown(axis: Axis, start: float, size: float, pixels: float, room: float) -> list[tuple[int, str]]:
    """(cell, its words) of the ticks; room: what one takes at least, in pixels."""
    first, last = int(np.floor(start)), min(int(np.ceil(start + size)), len(axis)) - 1
    most = max(1, int(pixels / room))
    if axis.names:
        step = max(1, -(-(last - first + 1) // most))
        return [(index, axis.names[index]) for index in range(first, last + 1, step)]
    round_ones = ticks(axis.first[first], axis.last[last], min(most, 9))
    found = {}
    for value in round_ones:
        if value == int(value):
            index = int(np.searchsorted(axis.last, value))
            if first <= index <= last and axis.first[index] <= value:
                found[index] = str(int(value))
    return list(found.items())


def _rows(painter: QPainter, frame: Frame) -> None:
    axis, box, line = frame.plane.rows, frame.picture, frame.metrics.height()
    painter.setPen(QColor(frame.look.muted))
    for index, words in _shown(axis, frame.window.y(), frame.window.height(), box.height(), line * 1.15):
        y = frame.y(index + 0.5)
        words = frame.metrics.elidedText(words, Qt.TextElideMode.ElideRight, LONGEST_ROW_NAME_PX)
        painter.drawLine(QLineF(box.left() - TICK_PX, y, box.left(), y))
        where = QRectF(box.left() - TICK_PX - 3 - 200, y - line, 200, 2 * line)
        painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
    label = QPointF(box.left() - frame.left + line / 2, box.center().y())
    room = box.height() + line
    _turned(painter, label, _that_fits(frame, axis, room), frame, room)


def _columns(painter: QPainter, frame: Frame) -> None:
    axis, box, line, metrics = frame.plane.columns, frame.picture, frame.metrics.height(), frame.metrics
    painter.setPen(QColor(frame.look.muted))
    widest = max((metrics.horizontalAdvance(str(value)) for value in (axis.first[:1] + axis.last[-1:])), default=30.0)
    room = line * 1.05 if frame.upright else (1 if axis.names else widest * 2)
    for index, words in _shown(axis, frame.window.x(), frame.window.width(), box.width(), room):
        x = frame.x(index + 0.5)
        painter.drawLine(QLineF(x, box.bottom(), x, box.bottom() + TICK_PX))
        if frame.upright:
            words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, LONGEST_COLUMN_NAME_PX)
            painter.save()
            painter.translate(x, box.bottom() + TICK_PX + 2)
            painter.rotate(-90)
            where = QRectF(-200, -line, 200, 2 * line)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
            painter.restore()
        else:
            where = QRectF(x - 100, box.bottom() + TICK_PX + 1, 200, line)
            painter.drawText(where, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, words)
    longest = max((metrics.horizontalAdvance(name) for name in axis.names), default=0.0)
    under = min(longest, LONGEST_COLUMN_NAME_PX) if frame.upright else line
    where = QRectF(box.left() - 60, box.bottom() + TICK_PX + under + 3, box.width() + 120, line)
    label = metrics.elidedText(_that_fits(frame, axis, where.width()), Qt.TextElideMode.ElideRight, where.width())
    painter.drawText(where, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, label)


def _bar(painter: QPainter, frame: Frame) -> None:
    bar, table, line = frame.bar, _table(frame.plane), frame.metrics.height()
    scale: Scale = "linear" if frame.plane.signed else frame.look.scale
    if frame.look.vector:
        step = bar.height() / 128
        for index in range(128):
            box = QRectF(bar.x(), bar.bottom() - (index + 1) * step - 1, bar.width(), step + 1)
            painter.fillRect(box.intersected(bar), QColor.fromRgb(table[index * 2]))
    else:
        ramp = np.ascontiguousarray(np.arange(255, -1, -1, dtype=np.uint8)[:, None])
        image = QImage(ramp.data, 1, 256, 1, QImage.Format.Format_Indexed8)
        image.setColorTable(table)
        painter.drawImage(bar, image)
    painter.setPen(QPen(QColor(frame.look.line), 1))
    painter.drawRect(bar)
    painter.setPen(QColor(frame.look.muted))
    low, high = (np.log((frame.low, frame.high))) if scale == "log" else (frame.low, frame.high)
    widest = 0.0
    for tick in frame.bar_ticks:
        at = np.log(tick) if scale == "log" else tick
        y = bar.bottom() - (at - low) / (high - low) * bar.height()
        painter.drawLine(QLineF(bar.right(), y, bar.right() + TICK_PX, y))
        words = figure(tick)
        widest = max(widest, frame.metrics.horizontalAdvance(words))
        where = QRectF(bar.right() + TICK_PX + 2, y - line, 200, 2 * line)
        painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
    at = QPointF(bar.right() + TICK_PX + 8 + widest + line / 2, bar.center().y())
    _turned(painter, at, frame.plane.quantity, frame, bar.height() + line)


def _that_fits(frame: Frame, axis: Axis, room: float) -> str:
    """The label of an axis with its unit, or without it where there is no room for that."""
    return axis.label if frame.metrics.horizontalAdvance(axis.label) <= room else axis.short


def _turned(painter: QPainter, at: QPointF, words: str, frame: Frame, room: float) -> None:
    line = frame.metrics.height()
    painter.save()
    painter.translate(at)
    painter.rotate(-90)
    words = frame.metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
    painter.drawText(QRectF(-room / 2, -line / 2, room, line), Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()
