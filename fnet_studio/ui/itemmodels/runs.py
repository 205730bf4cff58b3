"""The runs on disk as a table."""

import time
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from fnet_studio.core.run_store import RunRecord
from fnet_studio.ui import icons
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration, percent

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
SORT = Qt.ItemDataRole.UserRole
RECORD = Qt.ItemDataRole.UserRole + 1


class Look(NamedTuple):
    words: str
    icon: str
    tone: str


STATUSES = {
    "running": Look("Running", "activity", "accent"),
    "finished": Look("Finished", "circle-check", "success"),
    "stopped": Look("Stopped", "circle-stop", "warning"),
    "paused": Look("Paused", "clock", "muted"),
    "failed": Look("Failed", "circle-x", "danger"),
    "interrupted": Look("Interrupted", "triangle-alert", "warning"),
}

COLUMNS = ("Status", "Name", "Started", "Duration", "Validation", "Test", "Parameters")
NUMBERS = (3, 4, 5, 6)
TIPS = {
    4: "Share of the validation texts that the model gets right",
    5: "Share of the test texts that the model gets right",
}


class RunsModel(QAbstractTableModel):
    def __init__(self, themes: ThemeSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._records: list[RunRecord] = []
        themes.changed.connect(self._recolour)

    def put(self, records: list[RunRecord]) -> None:
        """Show these runs. The same runs in the same order keep the selection of a view."""
        if [record.id for record in records] == [record.id for record in self._records]:
            self._records = records
            if records:
                self.dataChanged.emit(self.index(0, 0), self.index(len(records) - 1, len(COLUMNS) - 1))
            return
        self.beginResetModel()
        self._records = records
        self.endResetModel()

    def row_of(self, run: str) -> int:
        """-1 when it is not there."""
        return next((row for row, record in enumerate(self._records) if record.id == run), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Role.DisplayRole:
            return COLUMNS[section]
        if role == Role.TextAlignmentRole:
            return _alignment(section)
        return TIPS.get(section) if role == Role.ToolTipRole else None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        record, column = self._records[index.row()], index.column()
        if role == Role.DisplayRole:
            return _shown(record, column)
        if role == SORT:
            return _sorted_by(record, column)
        if role == RECORD:
            return record
        if role == Role.TextAlignmentRole:
            return _alignment(column)
        if role == Role.DecorationRole and column == 0:
            look = STATUSES[record.status]
            return icons.icon(look.icon, getattr(self._themes.current, look.tone), 16)
        if role == Role.ToolTipRole and column == 1:
            return record.id
        return None

    def _recolour(self, _theme: object) -> None:
        if self._records:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._records) - 1, 0), [Role.DecorationRole])


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def when(seconds: float) -> str:
    """`Today 14:05`, or a date that sorts by itself."""
    moment = time.localtime(seconds)
    today = time.localtime()
    if moment[:3] == today[:3]:
        return time.strftime("Today %H:%M", moment)
    return time.strftime("%Y-%m-%d %H:%M", moment)


def _shown(record: RunRecord, column: int) -> str:
    match column:
        case 0:
            return STATUSES[record.status].words
        case 1:
            return record.name
        case 2:
            return when(record.began)
        case 3:
            return duration(record.duration_s) if record.ended or record.status == "running" else "–"
        case 4:
            return _share(record.validation_accuracy)
        case 5:
            return _share(record.test_accuracy)
    return count(record.parameters) if record.parameters else "–"


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value, 2)


def _sorted_by(record: RunRecord, column: int) -> Any:
    values = (
        record.status,
        record.name.casefold(),
        record.began,
        record.duration_s,
        -1.0 if record.validation_accuracy is None else record.validation_accuracy,
        -1.0 if record.test_accuracy is None else record.test_accuracy,
        record.parameters,
    )
    return values[column]
