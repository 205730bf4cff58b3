"""Ctrl+C in a table: its rows on the clipboard, as a spreadsheet takes them."""

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QTableView, QTreeView

from fnet_studio.core import answer_tables

NOWHERE = QModelIndex()
THOUSANDS = "\u202f"
"""As `figures.count` parts them, and as no spreadsheet reads them."""


class CopiedRows(QObject):
    """The rows that are selected as a whole, or all where none is, under the columns' headings, with what a narrow
    window hides. Qt itself would copy one cell."""

    def __init__(self, view: QTableView | QTreeView) -> None:
        super().__init__(view)
        self._view = view
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: Any) -> bool:
        if event.type() != QEvent.Type.KeyPress or not event.matches(QKeySequence.StandardKey.Copy):
            return False
        QGuiApplication.clipboard().setText(self.words())
        return True

    def words(self) -> str:
        """Columns apart by tabs, a line for each row."""
        view, model, selection = self._view, self._view.model(), self._view.selectionModel()
        columns = range(model.columnCount())
        rows = list(self._rows(NOWHERE))
        rows = [row for row in rows if selection.isRowSelected(row.row(), row.parent())] or rows
        lines = [[_cell(row.siblingAtColumn(column)) for column in columns] for row in rows]
        heads = [_plain(model.headerData(column, Qt.Orientation.Horizontal)) for column in columns]
        if isinstance(view, QTableView) and not view.verticalHeader().isHidden():
            heads.insert(0, "")
            for row, line in zip(rows, lines, strict=True):
                line.insert(0, _plain(model.headerData(row.row(), Qt.Orientation.Vertical)))
        return answer_tables.as_csv(heads, lines, "\t")

    def _rows(self, parent: QModelIndex) -> Iterator[QModelIndex]:
        """From above, each before what is in it."""
        model = self._view.model()
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            yield index
            yield from self._rows(index)


def _cell(index: QModelIndex) -> str:
    """What is drawn is told in words, where there are any."""
    return _plain(index.data() or index.data(Qt.ItemDataRole.AccessibleTextRole))


def _plain(words: Any) -> str:
    return " ".join(str(words or "").replace(THOUSANDS, "").split())
