"""One plane on the screen: a read-out under the pointer, a cursor for the keyboard, marks of a token, zoom."""

from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from fnet_studio.ui.explore.pictures import drawing
from fnet_studio.ui.explore.pictures.plane import Plane, Scale

ZOOM = 1.25


class PlaneView(QWidget):
    """Arrow keys move a cursor over the cells; Ctrl and the wheel zoom, dragging moves, a double click shows all."""

    read_out = Signal(str)
    """What is under the pointer or the cursor, in words; '' for nothing."""
    pointed = Signal(int)
    """The token there, -1 for none."""
    chosen = Signal(int)
    """A token that was clicked, or on which Enter was pressed."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self.plane: Plane | None = None
        self._scale: Scale = "linear"
        self._window = QRectF()
        self.titled = False
        """Its title stands above it: for pictures side by side."""
        self._token = -1
        self._cell: tuple[int, int] | None = None
        self._dragged: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(190, 130)
        colours.changed.connect(self._repaint)

    def _repaint(self) -> None:
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 240)

    def show_plane(self, plane: Plane, scale: Scale = "linear") -> None:
        """The zoom stays while the shape does."""
        same = self.plane is not None and self.plane.values.shape == plane.values.shape
        self.plane, self._scale = plane, scale
        if not same:
            self._window, self._cell = drawing.whole(plane), None
        self.setAccessibleName(plane.title)
        low, high = plane.levels(scale)
        self.setAccessibleDescription(
            f"{plane.quantity} by {plane.rows.label} and {plane.columns.label}, from {low:.4g} to {high:.4g}"
        )
        if self._cell is not None:
            self.read_out.emit(plane.words_at(*self._cell))
        self.update()

    def mark(self, token: int) -> None:
        if token != self._token:
            self._token = token
            self.update()

    def look(self, vector: bool = False) -> drawing.Look:
        theme = self._colours.current
        return drawing.Look(theme.text, theme.muted, theme.line, theme.accent, self.font(), self._scale, vector)

    @property
    def window_cells(self) -> QRectF:
        """The cells in view (x: column, y: row)."""
        return self._window

    def _frame(self) -> drawing.Frame | None:
        if self.plane is None:
            return None
        look = self.look()
        metrics = QFontMetricsF(look.small)
        rect = QRectF(self.rect()).adjusted(0, metrics.height() + 4 if self.titled else 0, 0, 0)
        return drawing.Frame(rect, self.plane, look, self._window, metrics)

    def paintEvent(self, event: Any) -> None:
        frame = self._frame()
        if frame is None:
            return
        painter = QPainter(self)
        drawing.paint(painter, frame)
        if self.titled and self.plane is not None:
            painter.setPen(QColor(self._colours.current.text))
            words = frame.metrics.elidedText(self.plane.title, Qt.TextElideMode.ElideRight, self.width())
            painter.drawText(QRectF(0, 0, self.width(), frame.metrics.height()), Qt.AlignmentFlag.AlignLeft, words)
        drawing.mark(painter, frame, self._token)
        if self._cell is not None and self.hasFocus():
            painter.setClipRect(frame.picture)
            painter.setPen(QPen(QColor(self._colours.current.accent), 2))
            painter.drawRect(frame.box(*self._cell))
            painter.setClipping(False)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self._colours.current.accent), 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def cell_at(self, point: QPointF) -> tuple[int, int] | None:
        frame = self._frame()
        return frame.cell(point) if frame else None

    def token_at(self, cell: tuple[int, int] | None) -> int:
        """The token of a cell: its column's, or else its row's."""
        if self.plane is None or cell is None:
            return -1
        row, column = cell
        return column if self.plane.columns.tokens else row if self.plane.rows.tokens else -1

    def _point(self, cell: tuple[int, int] | None) -> None:
        self.read_out.emit(self.plane.words_at(*cell) if self.plane is not None and cell is not None else "")
        self.pointed.emit(self.token_at(cell))

    def mouseMoveEvent(self, event: Any) -> None:
        frame = self._frame()
        if frame is not None and self._dragged is not None:
            moved = event.position() - self._dragged
            self._dragged = event.position()
            across = -moved.x() / frame.picture.width() * self._window.width()
            down = moved.y() / frame.picture.height() * self._window.height()
            self._look_at(self._window.translated(across, down if frame.plane.upwards else -down))
        self._point(self.cell_at(event.position()))

    def mousePressEvent(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.plane is not None:
            self._cell = self.cell_at(event.position()) or self._cell
            if self._window != drawing.whole(self.plane):
                self._dragged = event.position()
            token = self.token_at(self.cell_at(event.position()))
            if token >= 0:
                self.chosen.emit(token)
            self.update()

    def mouseReleaseEvent(self, event: Any) -> None:
        self._dragged = None

    def mouseDoubleClickEvent(self, event: Any) -> None:
        if self.plane is not None:
            self._look_at(drawing.whole(self.plane))

    def wheelEvent(self, event: Any) -> None:
        frame = self._frame()
        if frame is None or not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()  # the page scrolls
            return
        cell = frame.cell(event.position())
        if cell is not None:
            self._zoom(ZOOM ** (-event.angleDelta().y() / 120), cell)
        event.accept()

    def _zoom(self, factor: float, cell: tuple[int, int]) -> None:
        window = self._window
        width, height = window.width() * factor, window.height() * factor
        x = cell[1] + 0.5 - (cell[1] + 0.5 - window.x()) * factor
        y = cell[0] + 0.5 - (cell[0] + 0.5 - window.y()) * factor
        self._look_at(QRectF(x, y, width, height))

    def _look_at(self, window: QRectF) -> None:
        if self.plane is None:
            return
        all_of_it = drawing.whole(self.plane)
        width = min(max(window.width(), min(2.0, all_of_it.width())), all_of_it.width())
        height = min(max(window.height(), min(2.0, all_of_it.height())), all_of_it.height())
        x = min(max(window.x(), 0.0), all_of_it.width() - width)
        y = min(max(window.y(), 0.0), all_of_it.height() - height)
        self._window = QRectF(x, y, width, height)
        self.update()

    def keyPressEvent(self, event: Any) -> None:
        if self.plane is None:
            super().keyPressEvent(event)
            return
        rows, columns = self.plane.values.shape
        row, column = self._cell or (rows // 2, columns // 2)
        up = 1 if self.plane.upwards else -1
        far = 10 if event.modifiers() & Qt.KeyboardModifier.ControlModifier else 1
        moves = {
            Qt.Key.Key_Left: (0, -far),
            Qt.Key.Key_Right: (0, far),
            Qt.Key.Key_Up: (up * far, 0),
            Qt.Key.Key_Down: (-up * far, 0),
        }
        key = Qt.Key(event.key())
        if key in moves:
            down, across = moves[key]
            self._cell = (min(max(row + down, 0), rows - 1), min(max(column + across, 0), columns - 1))
            self._point(self._cell)
            self.update()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._zoom(1 / ZOOM, (row, column))
        elif key == Qt.Key.Key_Minus:
            self._zoom(ZOOM, (row, column))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not far > 1 and self.token_at(self._cell) >= 0:
            self.chosen.emit(self.token_at(self._cell))
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: Any) -> None:
        self._point(None)
        super().leaveEvent(event)
