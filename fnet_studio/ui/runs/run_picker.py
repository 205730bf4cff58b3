"""Which other runs to draw behind the one that is looked at."""

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from fnet_studio.ui.itemmodels.runs import when
from fnet_studio.ui.parts import label
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.widgets.overlays import MOST
from fnet_studio.ui.widgets.text_boxes import TextLine

RUN = Qt.ItemDataRole.UserRole
SIZE = (320, 360)


class RunPicker(QFrame):
    """A list with a box to tick for each run, pinned ones first. Space ticks, Esc closes."""

    chosen = Signal(list)
    """Ids of the runs that are ticked now."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("card", "true")
        self.resize(*SIZE)
        self.search = TextLine()
        self.search.setPlaceholderText("Search runs")
        self.search.setAccessibleName("Search runs")
        self.list = QListWidget()
        self.list.setAccessibleName("Runs to draw behind")
        self.words = label("Reading the runs …", "muted", wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addWidget(self.words)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self.list.setFocus)
        self.list.itemChanged.connect(self._changed)

    def open_at(self, widget: QWidget) -> None:
        place = widget.mapToGlobal(QPoint(0, widget.height() + 4))
        screen = widget.screen().availableGeometry()
        place.setX(max(screen.left(), min(place.x(), screen.right() - self.width())))
        place.setY(max(screen.top(), min(place.y(), screen.bottom() - self.height())))
        self.move(place)
        self.show()
        self.search.setFocus()

    def put(self, entries: list[RunEntry], ticked: list[str]) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        first = sorted(entries, key=lambda entry: (entry.id not in ticked, not entry.notes.pinned))
        for entry in first:
            item = QListWidgetItem(f"{entry.name}\n{when(entry.record.began)}")
            item.setData(RUN, entry.id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if entry.id in ticked else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._say()
        self._filter(self.search.text())

    def ticked(self) -> list[str]:
        items = (self.list.item(row) for row in range(self.list.count()))
        return [item.data(RUN) for item in items if item.checkState() == Qt.CheckState.Checked]

    def _changed(self, item: QListWidgetItem) -> None:
        ticked = self.ticked()
        if len(ticked) > MOST:
            self.list.blockSignals(True)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.list.blockSignals(False)
            self.words.setText(f"{MOST} runs are the most that can be told apart.")
            return
        self._say()
        self.chosen.emit(ticked)

    def _say(self) -> None:
        many = len(self.ticked())
        if not self.list.count():
            self.words.setText("There are no other runs yet.")
        else:
            self.words.setText(f"{many} chosen" if many else "Tick the runs to draw behind this one.")

    def _filter(self, words: str) -> None:
        for row in range(self.list.count()):
            item = self.list.item(row)
            item.setHidden(words.casefold() not in item.text().casefold())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)
