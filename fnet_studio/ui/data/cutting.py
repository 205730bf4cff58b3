"""Whose tokens, how many of them, and what goes of a longer text: chosen once for the whole page."""

from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QSlider, QSpinBox, QWidget

from fnet_studio.core import presets
from fnet_studio.core.cutting import Cut
from fnet_studio.ui import timers
from fnet_studio.ui.parts import label, row
from fnet_studio.ui.train.form_groups import CHOICES
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.flow import FlowLayout

SETTLE_MS = 120
LEAST, MOST = 8, 4096
PRESET_PX, SLIDER_PX = 168, 136


class Cutting(QObject):
    """Owns the choice. length: 0 until the preset's own is known."""

    preset_changed = Signal()
    length_changed = Signal()
    """At once, with every move."""
    cut_changed = Signal()

    def __init__(self, preset: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.preset, self.length, self.most = preset, 0, MOST
        self.cut: Cut = "end"

    def choose_preset(self, name: str) -> None:
        """Empty: a vocabulary of the texts' own."""
        if name != self.preset:
            self.preset, self.length = name, 0
            self.preset_changed.emit()

    def choose_length(self, length: int) -> None:
        length = max(LEAST, min(length, self.most))
        if length != self.length:
            self.length = length
            self.length_changed.emit()

    def choose_cut(self, cut: Cut) -> None:
        if cut != self.cut:
            self.cut = cut
            self.cut_changed.emit()

    def learn(self, own: int, most: int) -> None:
        """What the tokenizer's model is made for."""
        self.most = most or MOST
        if not self.length or self.length > self.most:
            self.length = min(own, self.most)
        self.length_changed.emit()


class CuttingRow(QWidget):
    """Tokenizer, the length as a slider and as a number, and what goes of a longer text."""

    def __init__(self, cutting: Cutting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cutting = cutting
        self.preset = Choice()
        self.preset.setAccessibleName("Tokenizer")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Length in tokens")
        self.slider.setFixedWidth(SLIDER_PX)
        self.number = QSpinBox()
        self.number.setAccessibleName("Length in tokens")
        self.number.setSuffix(" tokens")
        self.number.setKeyboardTracking(False)
        self.number.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)  # the arrow keys and the slider do the same
        self.number.lineEdit().setTextMargins(8, 0, 0, 0)  # Qt leaves the sheet's padding out at the left
        for item in (self.slider, self.number):
            item.setRange(LEAST, MOST)
            item.valueChanged.connect(cutting.choose_length)
        self.slider.setPageStep(32)
        self.preset.currentIndexChanged.connect(lambda _: cutting.choose_preset(str(self.preset.currentData())))
        self.cut = Choice()
        self.cut.setAccessibleName("Cut long texts")
        for value, words in CHOICES["data.cut"]:
            self.cut.addItem(words, value)
        self.cut.currentIndexChanged.connect(lambda _: cutting.choose_cut(self.cut.currentData()))
        self.preset.setFixedWidth(PRESET_PX)
        layout = FlowLayout(self, gap_x=16, gap_y=8)
        for words, *items in (
            ("Tokenizer", self.preset),
            ("Cut long texts", self.cut),
            ("Length", self.slider, self.number),
        ):
            name = label(words, "muted")
            name.setBuddy(items[0])
            together = QWidget()
            together.setLayout(row(name, *items))
            layout.addWidget(together)
        cutting.length_changed.connect(self._follow)
        cutting.preset_changed.connect(self._follow)
        self.refresh()

    def refresh(self) -> None:
        """Look again for presets."""
        found = [(card.name, card.name) for card in presets.list_presets() if not card.problem]
        found.append(("", "A new vocabulary (from scratch)"))
        if [self.preset.itemData(at) for at in range(self.preset.count())] != [key for key, _ in found]:
            self.preset.blockSignals(True)
            self.preset.clear()
            for key, words in found:
                self.preset.addItem(words, key)
            self.preset.blockSignals(False)
        if self.preset.findData(self._cutting.preset) < 0:
            self._cutting.choose_preset(str(self.preset.itemData(0)))
        self._follow()

    def _follow(self, *_: Any) -> None:
        self.preset.blockSignals(True)
        self.preset.setCurrentIndex(max(self.preset.findData(self._cutting.preset), 0))
        self.preset.blockSignals(False)
        known = bool(self._cutting.length)
        for item in (self.slider, self.number):
            item.blockSignals(True)
            item.setRange(LEAST, self._cutting.most)
            item.setValue(self._cutting.length or LEAST)
            item.setEnabled(known)
            item.blockSignals(False)


def settled(parent: QObject, do: Any) -> QTimer:
    """Calls `do` a moment after it was started last."""
    timer = timers.once(parent, SETTLE_MS)
    timer.timeout.connect(do)
    return timer
