"""All layers small, side by side: choose one, or play through them."""

from typing import Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from fnet_studio.ui import timers
from fnet_studio.ui.widgets.atlas import Atlas, colour_table

GAP = 6
PLAY_MS = 420


class LayerStrip(QWidget):
    """Left and Right choose a layer, Home and End the first and last, Space plays and pauses the sweep."""

    chosen = Signal(int)
    """Layer, from 0."""
    playing_changed = Signal(bool)

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours = colours
        self._atlas: Atlas | None = None
        self._picture: QImage | None = None
        self._layer = 0
        self._thumbnail = 64
        self._timer = timers.repeating(self, PLAY_MS)
        self._timer.timeout.connect(self._advance)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Layers")
        colours.changed.connect(self._repaint)

    def _repaint(self) -> None:
        self.update()

    @property
    def layer(self) -> int:
        return self._layer

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    def show_atlas(self, atlas: Atlas) -> None:
        self._atlas = atlas
        layers, rows, columns = atlas.pixels.shape
        # one indexed picture of all layers; the look-up table does the colouring, no Python per pixel
        self._picture = QImage(atlas.pixels.data, columns, layers * rows, columns, QImage.Format.Format_Indexed8)
        self._picture.setColorTable(colour_table())
        self._layer = min(self._layer, layers - 1)
        self._name()
        self.update()

    def set_thumbnail_height(self, pixels: int) -> None:
        """Choose it by something that it does not change itself: by the size of the page, not of what holds the strip,
        or the layout never comes to rest."""
        if pixels != self._thumbnail:
            self._thumbnail = pixels
            self.updateGeometry()

    def choose(self, layer: int) -> None:
        if self._atlas is None:
            return
        layer = min(max(layer, 0), self._atlas.layers - 1)
        if layer != self._layer:
            self._layer = layer
            self._name()
            self.update()
            self.chosen.emit(layer)

    def play(self, on: bool) -> None:
        """Walk through the layers, over and over, until told to stop."""
        on = on and self._atlas is not None and self._atlas.layers > 1
        if on != self.playing:
            self._timer.start() if on else self._timer.stop()
            self.playing_changed.emit(on)

    def _advance(self) -> None:
        if self._atlas is not None:
            self.choose((self._layer + 1) % self._atlas.layers)

    def _name(self) -> None:
        if self._atlas is not None:
            self.setAccessibleName(f"Layer {self._layer + 1} of {self._atlas.layers}")

    def sizeHint(self) -> QSize:
        return QSize(320, round(self._thumbnail + QFontMetricsF(self.font()).height() + 8))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def boxes(self) -> list[QRectF]:
        """Where each layer's picture lies."""
        if self._atlas is None:
            return []
        layers = self._atlas.layers
        height = self.height() - QFontMetricsF(self.font()).height() - 8
        width = min((self.width() - 4 - GAP * (layers - 1)) / layers, height * 3.2)
        return [QRectF(2 + index * (width + GAP), 2, width, height) for index in range(layers)]

    def paintEvent(self, event: Any) -> None:
        atlas, picture, theme = self._atlas, self._picture, self._colours.current
        if atlas is None or picture is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        _, rows, columns = atlas.pixels.shape
        flip = atlas.kind != "attention"
        for index, box in enumerate(self.boxes()):
            source = QRectF(0, index * rows, columns, rows)
            painter.save()
            if flip:  # frequencies grow upwards, as in the large map
                painter.translate(0, 2 * box.center().y())
                painter.scale(1, -1)
            painter.drawImage(box, picture, source)
            painter.restore()
            selected = index == self._layer
            if selected:
                painter.setPen(QPen(QColor(theme.accent), 2))
                painter.drawRect(box.adjusted(-1, -1, 1, 1))
            font = QFont(self.font())
            font.setPointSizeF(9)
            font.setBold(selected)
            painter.setFont(font)
            painter.setPen(QColor(theme.accent if selected else theme.muted))
            under = QRectF(box.x() - GAP, box.bottom() + 3, box.width() + 2 * GAP, self.height() - box.bottom() - 3)
            painter.drawText(under, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, str(index + 1))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.accent), 1, Qt.PenStyle.DotLine))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _layer_at(self, point: Any) -> int:
        return next((index for index, box in enumerate(self.boxes()) if box.contains(point)), -1)

    def mousePressEvent(self, event: Any) -> None:
        layer = self._layer_at(event.position())
        if layer >= 0:
            self.play(False)
            self.choose(layer)

    def mouseMoveEvent(self, event: Any) -> None:
        layer = self._layer_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if layer >= 0 else Qt.CursorShape.ArrowCursor)
        if layer >= 0:
            QToolTip.showText(event.globalPosition().toPoint(), f"Layer {layer + 1}", self)

    def keyPressEvent(self, event: Any) -> None:
        last = self._atlas.layers - 1 if self._atlas else 0
        steps = {
            Qt.Key.Key_Left: self._layer - 1,
            Qt.Key.Key_Right: self._layer + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in steps:
            self.play(False)
            self.choose(steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Space:
            self.play(not self.playing)
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: Any) -> None:
        self.play(False)
        super().hideEvent(event)
