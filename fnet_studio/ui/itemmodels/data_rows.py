"""A data set's texts as a table that holds only the pages that were looked at."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor

from fnet_studio.core.protocol import DataRow
from fnet_studio.ui import timers
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count

PAGE = 100
KEPT_PAGES = 60
PART_WORDS = {"train": "Training", "validation": "Validation", "test": "Test"}
Index = QModelIndex | QPersistentModelIndex
HEADS = ("Part", "Row", "Label", "Text", "Letters")
PART, ROW, LABEL, TEXT, LETTERS = range(5)


class DataRowsModel(QAbstractTableModel):
    """Tells which page it lacks; whoever owns the question brings it."""

    page_wanted = Signal(int)
    """Number of a page that is in sight, newest last; at most one a turn of the event loop."""

    def __init__(self, themes: ThemeSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.total = 0
        self._names: tuple[str, ...] = ()
        self._pages: dict[int, tuple[DataRow, ...]] = {}
        self._lacking: dict[int, None] = {}
        self._soon = timers.once(self, 0)
        self._soon.timeout.connect(self._want)
        themes.changed.connect(self._recoloured)

    def begin(self, total: int, rows: tuple[DataRow, ...], names: tuple[str, ...]) -> None:
        """The answer to a new question: how many rows there are, and the first page of them."""
        self.beginResetModel()
        self.total, self._names = total, names
        self._pages, self._lacking = {0: rows}, {}
        self.endResetModel()

    def put(self, page: int, rows: tuple[DataRow, ...]) -> None:
        self._lacking.pop(page, None)
        self._pages[page] = rows
        while len(self._pages) > KEPT_PAGES:
            self._pages.pop(next(iter(self._pages)))
        first = page * PAGE
        last = min(first + PAGE, self.total) - 1
        if first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(HEADS) - 1))
        if self._lacking:
            self._soon.start()

    def known(self, row: int) -> DataRow | None:
        """None until its page has come."""
        page = self._pages.get(row // PAGE)
        place = row % PAGE
        return page[place] if page is not None and place < len(page) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else self.total

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = section in (ROW, LETTERS)
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = index.column() in (ROW, LETTERS)
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        row = self.known(index.row())
        if row is None:
            if role == Qt.ItemDataRole.DisplayRole:
                self._lack(index.row() // PAGE)
                return "…" if index.column() == TEXT else ""
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._words(row, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{PART_WORDS[row.split]} {row.row}, {self.label_of(row)}: {row.text}"
        if role == Qt.ItemDataRole.ForegroundRole and index.column() in (PART, ROW, LETTERS):
            return QColor(self._themes.current.muted)
        return None

    def label_of(self, row: DataRow) -> str:
        return self._names[row.label] if 0 <= row.label < len(self._names) else "–"

    def _words(self, row: DataRow, column: int) -> str:
        if column == PART:
            return PART_WORDS[row.split]
        if column == ROW:
            return count(row.row)
        if column == LABEL:
            return self.label_of(row)
        if column == LETTERS:
            return count(row.chars)
        text = " / ".join(part for part in (row.text, row.pair) if part.strip())
        return " ".join(text.split()) or "(empty)"

    def _lack(self, page: int) -> None:
        self._lacking.pop(page, None)
        self._lacking[page] = None  # newest last
        while len(self._lacking) > 3:  # those further back were scrolled past
            self._lacking.pop(next(iter(self._lacking)))
        if not self._soon.isActive():
            self._soon.start()

    def _want(self) -> None:
        if self._lacking:
            self.page_wanted.emit(next(reversed(self._lacking)))

    def _recoloured(self, _theme: object = None) -> None:
        if self.total:
            self.dataChanged.emit(self.index(0, 0), self.index(self.total - 1, len(HEADS) - 1))
