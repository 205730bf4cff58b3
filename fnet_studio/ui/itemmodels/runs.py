"""The runs as a table that sorts, filters and groups thousands of them without being felt."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from fnet_studio.ui import icons
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count, duration, percent

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
ENTRY = Qt.ItemDataRole.UserRole
TOP = 0
"""Internal number of groups, and of runs without one; a run in group n has n + 1."""


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
TASKS = {"classify": "Classify", "finetune": "Fine-tune", "masked-lm": "Masked LM", "pretrain": "Pretrain"}


class Column(NamedTuple):
    title: str
    key: Callable[[RunEntry], Any]
    shown: Callable[[RunEntry], str]
    number: bool = False
    tip: str = ""


def when(seconds: float) -> str:
    """`Today 14:05`, or a date that sorts by itself."""
    moment = time.localtime(seconds)
    today = time.localtime()
    if moment[:3] == today[:3]:
        return time.strftime("Today %H:%M", moment)
    return time.strftime("%Y-%m-%d %H:%M", moment)


def share(value: float | None) -> str:
    return "–" if value is None else percent(value, 2)


def _or_less(value: float | None) -> float:
    return -1.0 if value is None else value


COLUMNS = (
    Column("Status", lambda e: e.record.status, lambda e: STATUSES[e.record.status].words),
    Column("Name", lambda e: e.name.casefold(), lambda e: e.name),
    Column("Loss", lambda e: e.record.train_loss or 0.0, lambda e: "", tip="Training loss from the first step on"),
    Column("Started", lambda e: e.record.began, lambda e: when(e.record.began)),
    Column("Duration", lambda e: e.record.duration_s, lambda e: duration(e.record.duration_s), True),
    Column(
        "Validation",
        lambda e: _or_less(e.record.validation_accuracy),
        lambda e: share(e.record.validation_accuracy),
        True,
        "Share of the validation texts that the model gets right",
    ),
    Column(
        "Test",
        lambda e: _or_less(e.record.test_accuracy),
        lambda e: share(e.record.test_accuracy),
        True,
        "Share of the test texts that the model gets right",
    ),
    Column(
        "Parameters",
        lambda e: e.record.parameters,
        lambda e: count(e.record.parameters) if e.record.parameters else "–",
        True,
    ),
    Column("Tags", lambda e: e.notes.tags, lambda e: ", ".join(e.notes.tags)),
)
STATUS, NAME, LOSS, STARTED = 0, 1, 2, 3

GROUPS: dict[str, tuple[str, Callable[[RunEntry], str]]] = {
    "": ("No groups", lambda e: ""),
    "status": ("By status", lambda e: STATUSES[e.record.status].words),
    "task": ("By task", lambda e: TASKS.get(str(e.record.recipe.get("task")), e.record.task)),
    "recipe": ("By recipe", lambda e: str(e.record.recipe.get("name", "–"))),
    "data": ("By data", lambda e: str(e.record.recipe.get("data", {}).get("source", "–"))),
    "tag": ("By first tag", lambda e: e.notes.tags[0] if e.notes.tags else "No tag"),
}
"""Key to (words, what a run's group is called)."""


class RunsModel(QAbstractItemModel):
    """Sorts and filters by itself: a proxy in Python would be asked twice for each comparison."""

    def __init__(self, themes: ThemeSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.entries: list[RunEntry] = []
        """All of them, as they were put."""
        self._words: list[str] = []
        """Of each entry, in lower case: what a filter is held against."""
        self._filter, self._group = "", ""
        self.sorted_by, self.order = STARTED, Qt.SortOrder.DescendingOrder
        self._groups: list[tuple[str, list[RunEntry]]] = [("", [])]
        self._rows = [0]
        """How many stand at the top, then how many in each group."""
        self._places: dict[str, tuple[int, int]] = {}
        """Run to (row, internal number) of what is shown."""
        themes.changed.connect(self._recolour)

    # ------------------------------------------------------------------------------------------ choices

    def put(self, entries: list[RunEntry]) -> None:
        """Show these runs."""
        self.entries = list(entries)
        self._words = [_searched(entry) for entry in entries]
        self._arrange()

    def set_filter(self, words: str) -> None:
        """All of these words have to be in a run's name, id, status, task, tags or notes."""
        self._filter = words.casefold()
        self._arrange()

    def set_group(self, key: str) -> None:
        """A key of `GROUPS`."""
        self._group = key
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.sorted_by, self.order = column, order
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        wanted = self._filter.split()
        kept = [entry for entry, words in zip(self.entries, self._words) if all(word in words for word in wanted)]
        kept.sort(key=COLUMNS[self.sorted_by].key, reverse=self.order == Qt.SortOrder.DescendingOrder)
        if self._group:
            found: dict[str, list[RunEntry]] = {}
            for entry in kept:
                found.setdefault(GROUPS[self._group][1](entry), []).append(entry)
            self._groups = sorted(found.items())
        else:
            self._groups = [("", kept)]
        self._rows = [len(self._groups), *(len(entries) for _, entries in self._groups)] if self._group else [len(kept)]
        self._places = {
            entry.id: (row, place + 1 if self._group else TOP)
            for place, (_, entries) in enumerate(self._groups)
            for row, entry in enumerate(entries)
        }
        self.endResetModel()

    # ---------------------------------------------------------------------------------------- what is there

    @property
    def grouped(self) -> bool:
        return bool(self._group)

    def shown(self) -> int:
        """How many runs the filter lets through."""
        return sum(len(entries) for _, entries in self._groups)

    def index_of(self, run: str) -> QModelIndex:
        """An invalid one when it is not shown."""
        found = self._places.get(run)
        return QModelIndex() if found is None else self.createIndex(found[0], 0, found[1])

    def entries_in(self, parent: Index) -> list[RunEntry]:
        """The runs of a group, from above; for an invalid index those without one."""
        if self.grouped:
            return self._groups[parent.row()][1] if parent.isValid() else []
        return self._groups[0][1]

    def entry(self, index: Index) -> RunEntry | None:
        """None for a group."""
        place = index.internalId()
        if not index.isValid() or (self.grouped and place == TOP):
            return None
        return self._groups[place - 1 if place else 0][1][index.row()]

    # -------------------------------------------------------------------------------------- Qt's own questions

    # An invalid index has row -1 and the internal number of the top, so that none of these needs to ask for it. They
    # are asked thousands of times when the table is laid out or a selection grows.

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 (Qt's)
        if not (0 <= row < self.rowCount(parent) and 0 <= column < len(COLUMNS)):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1)

    def parent(self, index: Index = QModelIndex()) -> Any:  # noqa: B008 (Qt's)
        place = index.internalId()
        return self.createIndex(place - 1, 0, TOP) if place else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's)
        if parent.internalId() != TOP or parent.column() > 0:
            return 0
        place = parent.row() + 1
        return self._rows[place] if place < len(self._rows) else 0

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:  # noqa: B008 (Qt's)
        return self.rowCount(parent) > 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's)
        return len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Role.DisplayRole:
            return column.title
        if role == Role.TextAlignmentRole:
            return _alignment(column)
        return column.tip or None if role == Role.ToolTipRole else None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self.entry(index)
        if entry is None:
            name, entries = self._groups[index.row()]
            return f"{name} ({len(entries)})" if role == Role.DisplayRole and index.column() == 0 else None
        column = COLUMNS[index.column()]
        if role == Role.DisplayRole:
            return column.shown(entry)
        if role == ENTRY:
            return entry
        if role == Role.TextAlignmentRole:
            return _alignment(column)
        if role == Role.DecorationRole and index.column() == STATUS:
            look = STATUSES[entry.record.status]
            return icons.icon(look.icon, getattr(self._themes.current, look.tone), 16)
        if role == Role.ToolTipRole and index.column() == NAME:
            return "\n".join(filter(None, (entry.id, entry.notes.text)))
        if role == Role.ToolTipRole and index.column() == STATUS:
            return column.shown(entry)
        return None

    def _recolour(self, _theme: object) -> None:
        parents = [self.index(row, 0) for row in range(len(self._groups))] if self.grouped else [QModelIndex()]
        for parent in parents:
            last = self.rowCount(parent) - 1
            if last >= 0:
                self.dataChanged.emit(self.index(0, 0, parent), self.index(last, 0, parent), [Role.DecorationRole])


def _searched(entry: RunEntry) -> str:
    record, notes = entry
    parts = (entry.name, record.id, record.name, record.status, record.task, *notes.tags, notes.text)
    return " ".join(parts).casefold()


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
