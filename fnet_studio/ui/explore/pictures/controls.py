"""The switches of the pictures. Each picture shows those that mean something to it."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSlider, QWidget

from fnet_studio.ui.explore.pictures.kinds import Kind
from fnet_studio.ui.explore.pictures.scene import Options, Scene
from fnet_studio.ui.widgets.flow import FlowLayout

DIRECTIONS = (1, 4, 16)
AS_KEPT = (
    "The run kept its maps in one way alone: the mean of the heads, without signs or zero frequency, with every pad. "
    "Choose a step with its model to have this switch."
)
OF_A_DIFFERENCE = (
    "A difference has colours of its own: blue below zero and red above, as far as its largest value goes. "
    "Choose “off” under Compare to have this switch."
)


class Controls(QWidget):
    """Owns the `Options`."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.options = Options()
        self._kind: Kind | None = None
        self._filling = False
        self.own_scale = self._box(
            "Own scale", "Colours span this layer's (or each row's) own range; switched off, one range serves all."
        )
        self.zero = self._box(
            "Zero frequency",
            "The row and column of frequency zero are sums over all tokens or all features. They are so large that the "
            "rest looks flat beside them.",
        )
        self.signed = self._box("Signed", "M itself, blue below zero and red above, in place of log(1 + |M|).")
        self.log = self._box("Log colours", "Colours follow the logarithm, so that small values can be told apart.")
        self.pads = self._box("Each pad", "Show every pad token in a column of its own.")
        self.head = self._choice("Head", "One head of the layer, or the mean of all of them.")
        self.into_layer = self._choice("Layer", "Up to which layer the influence is followed.")
        self.changed_layer = self._choice("In", "Which layers are changed.")
        self.token = self._choice("Token", "Where the impulse is put. A click on a column chooses it too.")
        self.directions = self._choice("Directions", "How many random directions estimate it: more are slower, truer.")
        for number in DIRECTIONS:
            self.directions[1].addItem(str(number), number)
        self.drop = QComboBox()
        self.drop.addItem("Drop", True)
        self.drop.addItem("Keep only", False)
        self.drop.setAccessibleName("What to do with the band")
        self.low, self.high = (
            self._slider("Lowest frequency of the band"),
            self._slider("Highest frequency of the band"),
        )
        self.band = QLabel()
        self.band.setProperty("role", "caption")
        self._band = QWidget()
        row = QHBoxLayout(self._band)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for item in (self.drop, _muted("from"), self.low, _muted("to"), self.high, self.band):
            row.addWidget(item)
        self._boxes = {
            "own_scale": self.own_scale,
            "zero": self.zero,
            "signed": self.signed,
            "log": self.log,
            "pads": self.pads,
        }
        self._choices = {
            "head": self.head,
            "into_layer": self.into_layer,
            "changed_layer": self.changed_layer,
            "token": self.token,
            "directions": self.directions,
        }
        self._of_the_mixing = (self.zero, self.signed, self.pads, self.head[1])
        self._tips = {each: each.toolTip() for each in (*self._of_the_mixing, self.own_scale, self.log)}
        layout = FlowLayout(self, gap_x=12, gap_y=4)
        for box in self._boxes.values():
            layout.addWidget(box)
            box.toggled.connect(self._read)
        for group, choice in self._choices.values():
            layout.addWidget(group)
            choice.activated.connect(self._read)
        layout.addWidget(self._band)
        self.drop.activated.connect(self._read)
        self.low.valueChanged.connect(self._low_moved)
        self.high.valueChanged.connect(self._high_moved)

    def _box(self, words: str, tip: str) -> QCheckBox:
        box = QCheckBox(words)
        box.setToolTip(tip)
        return box

    def _choice(self, words: str, tip: str) -> tuple[QWidget, QComboBox]:
        holder, choice, label = QWidget(), QComboBox(), _muted(words)
        label.setBuddy(choice)
        choice.setToolTip(tip)
        choice.setAccessibleName(words)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label)
        row.addWidget(choice)
        return holder, choice

    def _slider(self, name: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setAccessibleName(name)
        slider.setToolTip(f"{name}, in cycles per window")
        slider.setFixedWidth(72)
        return slider

    def add(self, widget: QWidget) -> None:
        """Something of the card's own, behind the switches."""
        self.layout().addWidget(widget)

    def show_kind(self, kind: Kind, scene: Scene | None, kept: bool = False, compared: bool = False) -> None:
        """Only what this picture needs, with what the scene allows. compared: a difference is shown; kept: to maps that
        a run kept."""
        self._kind, self._filling = kind, True
        options = self.options
        off = dict.fromkeys(self._of_the_mixing, AS_KEPT) if kept else {}
        if compared:
            off[self.log] = OF_A_DIFFERENCE
            if kept or not kind.by_rows:
                off[self.own_scale] = OF_A_DIFFERENCE
        for switch, tip in self._tips.items():
            switch.setEnabled(switch not in off)
            switch.setToolTip(off.get(switch, tip))
        for name, box in self._boxes.items():
            box.setVisible(name in kind.controls)
        for name, (group, _) in self._choices.items():
            group.setVisible(name in kind.controls)
        self._band.setVisible("band" in kind.controls)
        self.own_scale.setChecked(options.own_scale)
        self.zero.setChecked(options.keep_zero)
        self.signed.setChecked(options.signed)
        self.pads.setChecked(options.pads)
        self.log.setChecked(options.log.get(kind.key, kind.log))
        if scene is not None:
            options.fit(scene)
            layers = [(str(layer + 1), layer) for layer in range(scene.layers)]
            into = options.into_layer if options.into_layer >= 0 else scene.layers - 1
            _fill(self.head[1], [("mean", -1), *((str(head + 1), head) for head in range(scene.heads))], options.head)
            _fill(self.into_layer[1], layers, into)
            _fill(self.changed_layer[1], [("all layers", -1), *layers], options.changed_layer)
            tokens = [(f"{name} ({index})", index) for index, name in enumerate(scene.tokens)]
            _fill(self.token[1], tokens, min(options.token, scene.count - 1))
            for slider in (self.low, self.high):
                slider.setRange(0, scene.length // 2)
        self.low.setValue(options.low)
        self.high.setValue(options.high)
        self.drop.setCurrentIndex(self.drop.findData(options.drop))
        self._say_band()
        self._filling = False

    def choose_token(self, token: int) -> None:
        if token != self.options.token:
            self.options.token = token
            self.changed.emit()

    def choose_layer(self, layer: int) -> None:
        if layer != self.options.layer:
            self.options.layer = layer
            self.changed.emit()

    def _low_moved(self, value: int) -> None:
        if not self._filling and self.high.value() < value:
            self.high.setValue(value)
        self._read()

    def _high_moved(self, value: int) -> None:
        if not self._filling and self.low.value() > value:
            self.low.setValue(value)
        self._read()

    def _say_band(self) -> None:
        low, high = self.options.low, self.options.high
        what = f"{low}" if low == high else f"{low} to {high}"
        self.band.setText(f"{what} cycles")

    def _read(self, *_args: Any) -> None:
        if self._filling or self._kind is None:
            return
        options = self.options
        options.own_scale, options.keep_zero = self.own_scale.isChecked(), self.zero.isChecked()
        options.signed, options.pads = self.signed.isChecked(), self.pads.isChecked()
        options.log[self._kind.key] = self.log.isChecked()
        for name, (_holder, choice) in self._choices.items():
            if name in self._kind.controls and choice.currentIndex() >= 0:
                setattr(options, name, choice.currentData())
        options.low, options.high = self.low.value(), max(self.low.value(), self.high.value())
        options.drop = bool(self.drop.currentData())
        self._say_band()
        self.changed.emit()


def _muted(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "muted")
    return label


def _fill(choice: QComboBox, items: list[tuple[str, int]], chosen: int) -> None:
    if [choice.itemText(index) for index in range(choice.count())] != [words for words, _ in items]:
        choice.clear()
        for words, data in items:
            choice.addItem(words, data)
    choice.setCurrentIndex(max(0, choice.findData(chosen)))
