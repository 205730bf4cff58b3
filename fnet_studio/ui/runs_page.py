"""Runs: what is on disk, newest first, and the details of the selected one."""

from pathlib import Path

from PySide6.QtCore import QItemSelection, QSortFilterProxyModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QScrollArea,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import places, protocol, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunRecord
from fnet_studio.core.settings import Settings
from fnet_studio.ui.cards import ConfirmCard, EmptyState, ErrorCard
from fnet_studio.ui.desktop import open_folder, to_trash
from fnet_studio.ui.itemmodels.runs import COLUMNS, RECORD, SORT, RunsModel
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.parts import button
from fnet_studio.ui.run_details import RunDetails
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import MARGIN, ThemeSource
from fnet_studio.ui.widgets.page_header import PageHeader

DETAILS_PX = 380
REFRESH_MS = 300
GIVE_WAY = {"Parameters": 1300, "Duration": 1200, "Started": 1000}
"""Columns that are hidden in a page narrower than so many pixels."""


class RunsPage(QWidget):
    train_wanted = Signal()
    """The Train page is wanted: there is no run yet, or one goes on."""

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._settings = supervisor, themes, settings
        self.model = RunsModel(themes, self)
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSourceModel(self.model)
        self.sorted.setSortRole(SORT)
        self.table = self._table()
        self.details = RunDetails(themes, settings.smoothing)
        self.details.open_wanted.connect(lambda record: self._try(lambda: open_folder(run_store.folder(record.id))))
        self.details.trash_wanted.connect(self.ask_trash)
        self.details.resume_wanted.connect(self._resume)
        self.notices = Notices()
        self.notices.set_margins(0, 0, 0, 0)
        self.empty = EmptyState(
            themes,
            "history",
            "No runs yet",
            "Every training run is kept here with its recipe, curves and results.",
            "Train a first one",
            self.train_wanted.emit,
        )
        header = PageHeader("Runs", "What was trained on this machine, with which recipe, and how well it did.")
        header.add_action(button("Open folder", themes, "folder-open", "", self._open_all))
        header.add_action(button("Refresh", themes, "refresh-cw", "", self.refresh, "Read the folder again (F5)"))
        side = QScrollArea()
        side.setWidgetResizable(True)
        side.setFrameShape(QFrame.Shape.NoFrame)
        side.setWidget(self.details)
        side.setFixedWidth(DETAILS_PX)
        side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        work = QWidget()
        both = QHBoxLayout(work)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(16)
        both.addWidget(self.table, 1)
        both.addWidget(side)
        self.body = QStackedWidget()
        self.body.addWidget(self.empty)
        self.body.addWidget(work)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, 16, MARGIN, 16)
        column.setSpacing(12)
        column.addWidget(header)
        column.addWidget(self.notices)
        column.addWidget(self.body, 1)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REFRESH_MS)
        self._soon.timeout.connect(self.refresh)
        self.refresh()

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.sorted)
        table.setAccessibleName("Runs")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setSortingEnabled(True)
        table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(40)
        head = table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        head.setHighlightSections(False)
        head.setMinimumSectionSize(72)
        table.selectionModel().selectionChanged.connect(self._selected)
        return table

    # ---------------------------------------------------------------------------------------- what is shown

    @property
    def selected(self) -> RunRecord | None:
        rows = self.table.selectionModel().selectedRows()
        return rows[0].data(RECORD) if rows else None

    def refresh(self) -> None:
        """Read the folder again."""
        before = self.selected
        records, problems = run_store.list_runs()
        self.model.put(records)
        self.body.setCurrentIndex(1 if records else 0)
        if problems:
            more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
            error = UserError(problems[0].kind, problems[0].message + more, problems[0].advice)
            self.notices.put("unreadable", ErrorCard(self._themes, error, tone="warning"))
        else:
            self.notices.take("unreadable")
        if records:
            self.select(before.id if before and self.model.row_of(before.id) >= 0 else records[0].id)
        else:
            self.details.show_run(None)

    def schedule_refresh(self) -> None:
        """Soon, once for many calls; a hidden page reads when it is shown."""
        if self.isVisible():
            self._soon.start()

    def select(self, run: str) -> None:
        row = self.model.row_of(run)
        if row < 0:
            return
        index = self.sorted.mapFromSource(self.model.index(row, 0))
        if index.row() != self.table.currentIndex().row() or self.selected is None:
            self.table.selectRow(index.row())
            self.table.scrollTo(index)
        else:
            self.details.show_run(self.selected)

    def _selected(self, _on: QItemSelection, _off: QItemSelection) -> None:
        self.details.show_run(self.selected)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self.refresh()

    def resizeEvent(self, event: object) -> None:
        """Where there is little room the columns that the details show too give way."""
        super().resizeEvent(event)
        for column, least in GIVE_WAY.items():
            self.table.setColumnHidden(COLUMNS.index(column), self.width() < least)

    # ---------------------------------------------------------------------------------------------- actions

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.selected is not None:
            self.ask_trash(self.selected)
        else:
            super().keyPressEvent(event)

    def ask_trash(self, record: RunRecord) -> None:
        if record.status == "running":
            error = UserError("run.running", f"The run {record.name} is under way.", "Stop it first.")
            self.notices.put("trash", ErrorCard(self._themes, error, tone="warning"))
            return
        card = ConfirmCard(
            self._themes,
            f"Move the run {record.name} to the trash?",
            "Its model, curves and maps go with it. You can bring it back from the trash.",
            [("trash", "Move to trash", "danger"), ("no", "Keep it", "")],
        )
        card.answered.connect(lambda key: self._trash(record) if key == "trash" else None)
        self.notices.put("trash", card)
        card.setFocus()

    def _resume(self, record: RunRecord) -> None:
        if self._supervisor.long_running:
            error = UserError("run.running", "Another run is under way.", "Stop it, or wait for its end.")
            self.notices.put("resume", ErrorCard(self._themes, error, tone="warning"))
            return
        self.train_wanted.emit()
        self._supervisor.ask(protocol.Resume(record.id), on_failed=self._not_resumed)

    def _not_resumed(self, failed: protocol.Failed) -> None:
        self.notices.put("resume", ErrorCard(self._themes, failed))
        self.schedule_refresh()

    def _trash(self, record: RunRecord) -> None:
        self._try(lambda: to_trash(run_store.folder(record.id)))
        self.refresh()

    def _open_all(self) -> None:
        folder: Path = places.runs()
        folder.mkdir(parents=True, exist_ok=True)
        self._try(lambda: open_folder(folder))

    def _try(self, do) -> None:
        try:
            do()
        except UserError as error:
            self.notices.put("error", ErrorCard(self._themes, error))
