"""The mixing maps of the sentence, and what they are."""

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.explore.newest import NewestOnly

PAUSE_MS = 250
ABOUT = (
    "What you see: the Fourier mixing of one layer for this sentence, log(1 + |M|) with M = Re(FFT2(X)), where X holds "
    "one vector a token, padding included. Up and down: how fast something changes along the sentence. Left and "
    "right: how fast it changes along the vector. Bright means strong.\n"
    "What it is not: attention. The transform is the same for every sentence and learns nothing; what differs is what "
    "goes into it. Only the real part is kept, so half of the phase is lost and the picture is symmetric about its "
    "middle."
)


SHORT = "Strength after mixing; this is not attention (F1)."
LEFT_OUT = "Zero is left out."


class MapsCard(QFrame):
    """Asks for the maps of the focus' sentence while it is visible. The drawing library is imported after the first
    paint of the page, so that the window opens quickly."""

    ready = Signal()

    def __init__(self, supervisor: Any, colours: Any, focus: Focus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._colours = colours
        self._focus = focus
        self._newest = NewestOnly(supervisor)
        self._looking = QTimer(self, interval=PAUSE_MS, singleShot=True)
        self._looking.timeout.connect(self._probe)
        focus.sentence_changed.connect(self._looking.start)
        focus.pointed.connect(self._mark)
        self.panel: Any = None
        self.keep_zero = False
        self._thumbnail = 64
        self.words = QLabel("The mixing maps of the sentence will be here once the model has read it.")
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.about = QPushButton("About")
        self.about.setCheckable(True)
        self.about.setShortcut("F1")
        self.about.setToolTip("What the map shows and what it does not (F1)")
        self._explained = QLabel(ABOUT)
        self._explained.setProperty("role", "muted")
        self._explained.setWordWrap(True)
        self._explained.setVisible(False)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 12, 16, 10)
        self._layout.setSpacing(6)
        self._layout.addWidget(self.words, 1)
        self._layout.addWidget(self._explained)
        self.about.setVisible(False)
        self.about.toggled.connect(self._explain)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._looking.start()
        if self.panel is None:
            QTimer.singleShot(30, self, self.build)

    def hideEvent(self, event: Any) -> None:
        self._looking.stop()
        super().hideEvent(event)

    def _probe(self) -> None:
        focus = self._focus
        if focus.loaded is None or not focus.text.strip() or not self.isVisible():
            return
        command = protocol.Probe(focus.preset, focus.text, focus.masked, keep_zero=self.keep_zero)
        self._newest.ask(command, self.show_maps, self._no_maps)

    def _no_maps(self, failed: protocol.Failed) -> None:
        if failed.kind != "worker.lost":
            self.say(f"{failed.message} {failed.advice}".strip())

    def _mark(self, position: int) -> None:
        if self.panel is not None:
            self.panel.view.mark(position)

    def build(self) -> None:
        if self.panel is not None:
            return
        from fnet_studio.ui.widgets.map_panel import MapPanel

        self.panel = MapPanel(self._colours)
        self.panel.strip.set_thumbnail_height(self._thumbnail)
        self.panel.setVisible(False)
        self.panel.zero_switched.connect(self._zero)
        self.panel.top.addWidget(self.about)
        self.about.setVisible(True)
        self._layout.insertWidget(0, self.panel, 1)
        self.ready.emit()

    def show_maps(self, maps: protocol.Maps, blob: bytes) -> None:
        from fnet_studio.ui.received_atlas import received_atlas

        self.build()
        atlas = received_atlas(maps, blob)
        self.panel.show_atlas(atlas, SHORT if maps.keep_zero else f"{SHORT} {LEFT_OUT}")
        self.panel.setVisible(True)
        self.words.setVisible(False)

    def say(self, words: str) -> None:
        self.words.setText(words)
        self.words.setVisible(True)
        if self.panel is not None:
            self.panel.setVisible(False)

    def resize_for(self, page_height: int) -> None:
        self._thumbnail = 64 if page_height >= 720 else 40
        if self.panel is not None:
            self.panel.strip.set_thumbnail_height(self._thumbnail)

    def _explain(self, on: bool) -> None:
        """The long text takes the place of the strip, so that the map keeps its size."""
        self._explained.setVisible(on)
        self.panel.strip.setVisible(not on)

    def _zero(self, on: bool) -> None:
        self.keep_zero = on
        self._probe()
