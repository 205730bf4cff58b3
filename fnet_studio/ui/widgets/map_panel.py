"""A large map, the strip of all layers, and their switches: what Explore and Train both show."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QVBoxLayout, QWidget

from fnet_studio.ui.widgets.atlas import Atlas
from fnet_studio.ui.widgets.flow import FlowLayout
from fnet_studio.ui.widgets.layer_strip import LayerStrip
from fnet_studio.ui.widgets.map_view import MapView


class MapPanel(QWidget):
    """Owns which layer is looked at."""

    zero_switched = Signal(bool)
    """Whether the zero-frequency row and column are wanted."""
    painted = Signal()
    """Of the newest atlas the large map or the strip has reached the screen, once: the next one may be asked for."""

    def __init__(self, colours: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = MapView(colours)
        self.strip = LayerStrip(colours)
        self.atlas: Atlas | None = None
        self._note = ""
        self._fresh = False
        self.title = QLabel("Mixing")
        self.title.setProperty("role", "section")
        self.play = QPushButton("Play")
        self.play.setCheckable(True)
        self.play.setToolTip("Walk through the layers (Space on the strip)")
        self.zero = QCheckBox("Zero frequency")
        self.zero.setToolTip(
            "The row and column of frequency zero are sums over all tokens or all features. They are so large "
            "that the rest looks flat beside them."
        )
        self.own_scale = QCheckBox("Own scale")
        self.own_scale.setChecked(True)
        self.own_scale.setToolTip(
            "The colours span the range of this layer. Switched off, they span that of all layers, as in the strip."
        )
        self.line = QLabel(" ")
        self.line.setProperty("role", "caption")
        self.line.setTextFormat(Qt.TextFormat.PlainText)
        self.line.setWordWrap(True)
        top = self.top = FlowLayout(gap_x=12, gap_y=4, head=True)
        top.addWidget(self.title)
        top.addWidget(self.own_scale)
        top.addWidget(self.zero)
        top.addWidget(self.play)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.line)
        layout.addWidget(self.strip)
        self.view.read_out.connect(self._read)
        self.strip.chosen.connect(self._chosen)
        self.strip.playing_changed.connect(self._playing)
        self.play.toggled.connect(self.strip.play)
        self.zero.toggled.connect(self.zero_switched)
        self.own_scale.toggled.connect(lambda _: self._chosen(self.strip.layer))
        self.play.setEnabled(False)
        for shown in (self.view.viewport(), self.strip):  # either may lie outside what is scrolled into sight
            shown.installEventFilter(self)

    def show_atlas(self, atlas: Atlas, note: str = "") -> None:
        """note: a few words about this picture (its step, say), shown while nothing is pointed at."""
        self.atlas, self._note, self._fresh = atlas, note, True
        self.strip.show_atlas(atlas)
        self.play.setEnabled(atlas.layers > 1)
        self.zero.setVisible(atlas.kind == "mixing")
        self._chosen(self.strip.layer)
        self._read("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._fresh and event.type() == QEvent.Type.Paint:
            self._fresh = False
            QTimer.singleShot(0, self, self.painted.emit)
        return super().eventFilter(watched, event)

    def _chosen(self, layer: int) -> None:
        if self.atlas is not None:
            self.view.show_layer(self.atlas, layer, self.own_scale.isChecked())
            self.title.setText(f"{self.atlas.words.short} · layer {layer + 1} of {self.atlas.layers}")

    def _read(self, words: str) -> None:
        self.line.setText(words or self._note or " ")

    def _playing(self, on: bool) -> None:
        self.play.setChecked(on)
        self.play.setText("Pause" if on else "Play")
