"""The queue on the Train page: what waits, in an order that can be changed."""

from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from fnet_studio.core import protocol, queue
from fnet_studio.core.errors import UserError
from fnet_studio.ui import timers
from fnet_studio.ui.desktop import power_actions
from fnet_studio.ui.itemmodels.queue import QueueModel
from fnet_studio.ui.parts import Card, button, label, row, whole_rows
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.choice import Choice

LOOK_MS = 1500
"""Other programs may change the queue too."""
MOST_ROWS = 5
WHEN_DONE = {"stay": "Stay open", "close": "Close FNet Studio", "sleep": "Sleep", "shut-down": "Shut down"}


class QueuePanel(Card):
    """Hidden while the queue is empty."""

    run_wanted = Signal()
    pause_wanted = Signal()
    refused = Signal(object)
    """`protocol.Failed`."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.column.setContentsMargins(16, 12, 16, 12)
        self.model = QueueModel(themes, self)
        self.table = QTableView()
        self.table.setModel(self.model)
        whole_rows(self.table, "Queue of runs")
        self.table.setProperty("bare", True)
        self.table.setWordWrap(False)
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        head.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        head.setHighlightSections(False)
        self.words = label("", "muted")
        self.when_done = Choice()
        self.when_done.setAccessibleName("When the queue is done")
        self.when_done.setToolTip("What follows when nothing waits any more; a stop by hand is not followed by it")
        for action in ("stay", "close", *power_actions()):
            self.when_done.addItem(WHEN_DONE[action], action)
        words = label("When done", "muted")
        words.setBuddy(self.when_done)
        self._after = QWidget()
        self._after.setLayout(row(words, self.when_done, None))
        self.failure = label("", "error", wrap=True, selectable=True)
        self.run = button("Run the queue", themes, "play", "", self.run_wanted.emit, "One run after another")
        self.pause = button(
            "Stop after this run", themes, "pause", "", self.pause_wanted.emit, "Let this run end, and begin no other"
        )
        self.up = button("Up", themes, "chevron-up", "quiet", lambda: self._move(-1), "Earlier (Alt+Up)")
        self.down = button("Down", themes, "chevron-down", "quiet", lambda: self._move(1), "Later (Alt+Down)")
        self.again = button("Try again", themes, "rotate-cw", "quiet", self._again, "Let it wait for another turn")
        self.remove = button("Remove", themes, "x", "quiet", self._remove, "Take it out; its run stays (Delete)")
        self.column.addLayout(row(label("Queue", "strong"), self.words, None, self.run, self.pause))
        self.column.addWidget(self.table)
        self.column.addWidget(self.failure)
        self.column.addWidget(self._after)
        foot = row(self.up, self.down, self.again, self.remove, None, spacing=0)
        foot.setContentsMargins(-8, 0, 0, 0)
        self._tools = QWidget()
        self._tools.setLayout(foot)
        self.column.addWidget(self._tools)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._enable())
        self._active = False
        self._unreadable = False
        self._clock = timers.repeating(self, LOOK_MS)
        self._clock.timeout.connect(self.refresh)
        self.refresh()

    def take_when_done(self) -> str:
        """`stay`, or a key of `ui.when_done.WORDS`; the next queue begins with `stay` again."""
        action = str(self.when_done.currentData())
        self.when_done.setCurrentIndex(0)
        return action

    def show_active(self, active: bool) -> None:
        """active: the queue is being worked off."""
        self._active = active
        self.refresh()

    def watch(self, on: bool) -> None:
        """Look at the file now and then, while the page is seen."""
        if on:
            self._clock.start()
            self.refresh()
        else:
            self._clock.stop()

    def refresh(self) -> None:
        chosen = self._chosen()
        try:
            entries = queue.entries()
            self._unreadable = False
        except UserError as error:
            if not self._unreadable:
                self._unreadable = True
                self.refused.emit(protocol.Failed(error.kind, error.message, error.advice))
            entries = []
        self.model.show_entries(entries)
        if chosen is not None:
            self.select(chosen.id)
        height = self.table.horizontalHeader().sizeHint().height() + 4
        rows = min(len(entries), MOST_ROWS)
        self.table.setFixedHeight(height + rows * self.table.verticalHeader().defaultSectionSize())
        waiting = sum(entry.state == "waiting" for entry in entries)
        self.words.setText(f"{waiting} waiting" if waiting else "nothing waits")
        self.run.setVisible(not self._active)
        self.run.setEnabled(bool(waiting))
        self.pause.setVisible(self._active)
        self._after.setVisible(bool(waiting) or self._active)
        self.setVisible(bool(entries))
        self._enable()

    def select(self, id: str) -> None:
        for line, entry in enumerate(self.model.entries):
            if entry.id == id:
                flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
                self.table.selectionModel().setCurrentIndex(self.model.index(line, 0), flags)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_Delete and self.remove.isEnabled():
            self._remove()
        elif alt and event.key() == Qt.Key.Key_Up and self.up.isEnabled():
            self._move(-1)
        elif alt and event.key() == Qt.Key.Key_Down and self.down.isEnabled():
            self._move(1)
        else:
            super().keyPressEvent(event)

    def _chosen(self) -> queue.Entry | None:
        lines = self.table.selectionModel().selectedRows()
        line = lines[0].row() if lines else -1
        return self.model.entries[line] if 0 <= line < len(self.model.entries) else None

    def _enable(self) -> None:
        chosen = self._chosen()
        place = self.model.entries.index(chosen) if chosen is not None else -1
        idle = chosen is not None and chosen.state != "running"
        self.up.setEnabled(place > 0)
        self.down.setEnabled(0 <= place < len(self.model.entries) - 1)
        self.remove.setEnabled(idle)
        self.again.setEnabled(chosen is not None and chosen.state in ("failed", "stopped"))
        failure = chosen.failure if chosen is not None else None
        self.failure.setText(f"{failure['message']} {failure['advice']}".strip() if failure else "")
        self.failure.setVisible(bool(failure))
        self._tools.setVisible(chosen is not None)

    def _move(self, by: int) -> None:
        chosen = self._chosen()
        if chosen is not None:
            place = self.model.entries.index(chosen) + 1 + by
            self._change(lambda: queue.move(chosen.id, place))

    def _again(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self._change(lambda: queue.wait_again(chosen.id))

    def _remove(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            place = self.model.entries.index(chosen)
            self._change(lambda: queue.remove(chosen.id))
            if self.model.entries:  # the next one, so that Delete can be pressed again
                self.select(self.model.entries[min(place, len(self.model.entries) - 1)].id)

    def _change(self, do: Any) -> None:
        try:
            do()
        except UserError as error:
            self.refused.emit(protocol.Failed(error.kind, error.message, error.advice))
        self.refresh()
