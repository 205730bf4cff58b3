"""One of the user's data sets, chosen by its name in place of paths and columns."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from fnet_studio.core import data_sets
from fnet_studio.core.data_sets import DataSet
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.field_row import TITLE_PX

NONE = ""


class DataSetRow(QWidget):
    """Hidden while the list holds nothing but the sample, which has a place of its own among the sources."""

    chosen = Signal(object)
    """`DataSet`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._known: dict[str, DataSet] = {}
        self.box = Choice()
        self.box.setAccessibleName("From the list of data sets")
        self.box.setToolTip("A data set of the Data page: its files, columns and labels are put in below.")
        name = QLabel("From the list")
        name.setBuddy(self.box)
        name.setFixedWidth(TITLE_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 32, 0)
        layout.setSpacing(8)
        layout.addWidget(name)
        layout.addWidget(self.box, 1)
        self.box.activated.connect(self._activated)
        self.refresh()

    def refresh(self) -> None:
        """Look again for what is in the list."""
        known = {one.id: one for one in data_sets.list_all()[0] if one.id != data_sets.SAMPLE.id}
        if known != self._known or not self.box.count():
            now = self.box.currentData()
            self._known = known
            self.box.clear()
            self.box.addItem("None of these", NONE)
            for one in known.values():
                self.box.addItem(one.name, one.id)
            self.box.setCurrentIndex(max(self.box.findData(now), 0))
        self.setHidden(not known)

    def follow(self, texts: dict[str, str]) -> None:
        """Name the data set that the form's settings describe, if there is one. texts: by dotted key."""
        fits = next((one.id for one in self._known.values() if _same(one, texts)), NONE)
        self.box.setCurrentIndex(max(self.box.findData(fits), 0))

    def _activated(self, place: int) -> None:
        one = self._known.get(str(self.box.itemData(place)))
        if one is not None:
            self.chosen.emit(one)


def _same(one: DataSet, texts: dict[str, str]) -> bool:
    return all(texts.get(key, text) == text for key, text in one.settings.items())
