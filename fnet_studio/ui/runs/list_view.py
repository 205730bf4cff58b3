"""The table of runs: search, groups, sparklines, selection that survives a reload."""

from typing import Any

import numpy as np
from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.ui import timers
from fnet_studio.ui.itemmodels.runs import COLUMNS, GROUPS, LOSS, NAME, STARTED, STATUS, RunsModel
from fnet_studio.ui.parts import label, row
from fnet_studio.ui.runs.library import RunEntry, RunLibrary
from fnet_studio.ui.theme import CAPTION_PT, ThemeSource
from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.copied_rows import CopiedRows
from fnet_studio.ui.widgets.text_boxes import TextLine

ROW_PX = 28
LONGEST = {
    "Status": "Interrupted",
    "Started": "8888-88-88 88:88",
    "Duration": "888 h 88 min",
    "Validation": "100.00 %",
    "Test": "100.00 %",
    "Parameters": "888 888 888",
}
"""The longest words that are usual in a column: it is as wide as they need."""
LOSS_PX, OTHER_PX = 96, 120
CELL_PX, HEAD_PX, ICON_PX = 24, 32, 24
"""What a cell and a title need beside their words, and a cell for an icon before them."""
GIVE_WAY = {"Tags": 1360, "Parameters": 1300, "Duration": 1200, "Loss": 1080, "Started": 1000}
"""Columns that are hidden in a page narrower than so many pixels."""
SIGNS_PX = 1000
"""In a page narrower than this a status is its icon alone: names need the room."""
FILTER_MS = 120
INDENT_PX = 14


class SparkDelegate(QStyledItemDelegate):
    """Draws a run's loss in the space of a word."""

    def __init__(self, library: RunLibrary, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._library, self._themes = library, themes

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        super().paint(painter, option, index)
        entry = index.model().entry(index)
        if entry is None:
            return
        values = self._library.spark(entry.record)
        if len(values) < 2:
            return
        box = QRectF(option.rect).adjusted(8, 8, -8, -8)
        low, high = float(values.min()), float(values.max())
        x = np.linspace(box.left(), box.right(), len(values))
        y = box.bottom() - (values - low) / ((high - low) or 1.0) * box.height()
        training, _ = ink.series(self._themes.current)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(training, 1.5))
        painter.drawPolyline(QPolygonF([QPointF(a, b) for a, b in zip(x, y)]))
        painter.restore()


class StatusDelegate(QStyledItemDelegate):
    """A run's status as an icon and a word, or as the icon alone."""

    signs_only = False

    def initStyleOption(self, option: Any, index: Any) -> None:
        super().initStyleOption(option, index)
        if self.signs_only and index.model().entry(index) is not None:
            option.text = ""


class Table(QTreeView):
    """Owns no run; Delete, F2 and Enter tell what is wanted of the selected ones."""

    delete_wanted = Signal()
    open_wanted = Signal()
    rename_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = {
            Qt.Key.Key_Delete: self.delete_wanted,
            Qt.Key.Key_Return: self.open_wanted,
            Qt.Key.Key_Enter: self.open_wanted,
            Qt.Key.Key_F2: self.rename_wanted,
        }
        wanted = keys.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if wanted is not None and plain and self.selectionModel().hasSelection():
            wanted.emit()
        else:
            super().keyPressEvent(event)


class RunList(QWidget):
    """Search and groups above the table."""

    selection_changed = Signal()

    def __init__(self, library: RunLibrary, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = RunsModel(themes, self)
        self._restoring = False
        self._widths: dict[int, int] = {}
        """That columns were given last. They are given others only where what they need has changed: a user may have
        chosen their own."""
        self.search = TextLine()
        self.search.setPlaceholderText("Search name, tag, status, notes")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search runs")
        self.groups = QComboBox()
        self.groups.setAccessibleName("Group runs")
        for key, (words, _) in GROUPS.items():
            self.groups.addItem(words, key)
        self.counted = label("", "muted")
        self.table = self._table(library, themes)
        top = row(self.search, self.groups, self.counted, spacing=8)
        top.setStretch(0, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        # on a turn of its own: laying out thousands of rows takes most of one
        self._tell = timers.once(self, 0)
        self._tell.timeout.connect(self.selection_changed)
        self._soon = timers.once(self, FILTER_MS)
        self._soon.timeout.connect(lambda: self._change(lambda: self.model.set_filter(self.search.text())))
        self.search.textChanged.connect(lambda _: self._soon.start())
        self.search.returnPressed.connect(self.table.setFocus)
        self.groups.currentIndexChanged.connect(self._grouped)
        library.sparks_changed.connect(self.table.viewport().update)

    def _table(self, library: RunLibrary, themes: ThemeSource) -> Table:
        table = Table()
        table.setModel(self.model)
        CopiedRows(table)
        table.setAccessibleName("Runs")
        table.setUniformRowHeights(True)
        table.setRootIsDecorated(False)
        table.setIndentation(INDENT_PX)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._status = StatusDelegate(table)
        table.setItemDelegateForColumn(STATUS, self._status)
        table.setItemDelegateForColumn(LOSS, SparkDelegate(library, themes, table))
        table.setStyleSheet(f"QTreeView::item {{ height: {ROW_PX}px; }}")
        head = table.header()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        head.setStretchLastSection(False)
        head.setMinimumSectionSize(64)
        head.setTextElideMode(Qt.TextElideMode.ElideRight)
        head.setSortIndicator(STARTED, Qt.SortOrder.DescendingOrder)
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(True)
        head.sortIndicatorChanged.connect(self._sorted)
        table.selectionModel().selectionChanged.connect(self._selected)
        # painting itself, a header asks for each selected row whether it is selected in that column
        head.setSelectionModel(QItemSelectionModel(self.model, head))
        return table

    # ------------------------------------------------------------------------------------------- content

    def put(self, entries: list[RunEntry]) -> None:
        """Nothing moves where nothing has changed."""
        if entries != self.model.entries:
            self._change(lambda: self.model.put(entries))

    def _sorted(self, column: int, order: Qt.SortOrder) -> None:
        self._change(lambda: self.model.sort(column, order))

    def _grouped(self) -> None:
        self.table.setRootIsDecorated(bool(self.groups.currentData()))
        self._fit_columns()
        self._change(lambda: self.model.set_group(self.groups.currentData()))

    def _change(self, change: Any) -> None:
        """What is selected stays so."""
        before = [entry.id for entry in self.selected]
        self._restoring = True
        change()
        if self.model.grouped:
            self.table.expandAll()
            for place in range(self.model.rowCount()):
                self.table.setFirstColumnSpanned(place, QModelIndex(), True)
        self._select_again(before)
        self._restoring = False
        shown, every = self.model.shown(), len(self.model.entries)
        none = "None matches" if every and not shown else ""
        self.counted.setText(none or (f"{shown} of {every}" if shown != every else f"{every} run{'s' * (every != 1)}"))
        if [entry.id for entry in self.selected] != before:
            self._tell.start()

    # ------------------------------------------------------------------------------------------ selection

    @property
    def selected(self) -> list[RunEntry]:
        """From above."""
        blocks = [(one.parent(), one.top(), one.bottom()) for one in self.table.selectionModel().selection().toList()]
        blocks.sort(key=lambda block: (block[0].row(), block[1]))
        return [entry for parent, top, bottom in blocks for entry in self.model.entries_in(parent)[top : bottom + 1]]

    def select(self, run: str) -> bool:
        """That one alone. False when it is not shown."""
        index = self.model.index_of(run)
        if index.isValid():
            # the view's own way would look at which keys are held, and add to the selection under Ctrl
            model = self.table.selectionModel()
            model.setCurrentIndex(index, model.SelectionFlag.ClearAndSelect | model.SelectionFlag.Rows)
            self.table.scrollTo(index)
        return index.isValid()

    def _select_again(self, runs: list[str]) -> None:
        """Those of them that are shown, as few blocks of rows: one selection a run takes seconds for thousands."""
        found = [index for run in runs if (index := self.model.index_of(run)).isValid()]
        if not found:
            return
        blocks: list[tuple[QModelIndex, QModelIndex]] = []
        for index in sorted(found, key=lambda one: (one.internalId(), one.row())):
            last = blocks[-1][1] if blocks else None
            if last is not None and (last.internalId(), last.row() + 1) == (index.internalId(), index.row()):
                blocks[-1] = (blocks[-1][0], index)
            else:
                blocks.append((index, index))
        selection = QItemSelection()
        for first, last in blocks:
            selection.select(first, last)
        model = self.table.selectionModel()
        model.setCurrentIndex(found[-1], model.SelectionFlag.NoUpdate)
        model.select(selection, model.SelectionFlag.ClearAndSelect | model.SelectionFlag.Rows)

    def _selected(self, *_: Any) -> None:
        if not self._restoring:
            self.selection_changed.emit()

    def fit(self, width: int) -> None:
        """Where there is little room the columns that the details show too give way. width: the page's, in pixels."""
        for place, column in enumerate(COLUMNS):
            self.table.setColumnHidden(place, width < GIVE_WAY.get(column.title, 0))
        self._status.signs_only = width < SIGNS_PX
        self._fit_columns()

    def _fit_columns(self) -> None:
        heads = QFont(self.table.font())
        heads.setPointSizeF(CAPTION_PT)
        heads.setWeight(QFont.Weight.DemiBold)
        metrics, of_heads = self.table.fontMetrics(), QFontMetrics(heads)
        for place, column in enumerate(COLUMNS):
            words = LONGEST.get(column.title, "")
            wide = metrics.horizontalAdvance(words) + CELL_PX if words else OTHER_PX
            if place == LOSS:
                wide = LOSS_PX
            elif place == STATUS:
                # in a group a run stands two steps to the right
                indent = 2 * INDENT_PX if self.groups.currentData() else 0
                wide = indent + ICON_PX + (CELL_PX if self._status.signs_only else wide)
            wide = max(wide, of_heads.horizontalAdvance(column.title) + HEAD_PX)
            if place != NAME and self._widths.get(place) != wide:
                self._widths[place] = wide
                self.table.header().resizeSection(place, wide)
