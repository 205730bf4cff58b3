"""A file of sentences, answered one after the other, as a table."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QWidget

from fnet_studio.core import answer_tables, protocol
from fnet_studio.tables.sentences import Sentences, read_sentences
from fnet_studio.ui.answered_file import AnsweredFile
from fnet_studio.ui.parts import button
from fnet_studio.ui.widgets.figures import count, percent

AT_A_TIME = 16
IN_A_CELL = 6
"""Answers: more would be cut, and the second mask's not seen. The rest stands in the tool tip and in what is saved."""
NOWHERE = QModelIndex()
HEADS = ("#", "Sentence", "Answers, best first")


class BatchModel(QAbstractTableModel):
    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.texts: tuple[str, ...] = ()
        self.rows: list[protocol.ManyRow] = []

    def begin(self, texts: tuple[str, ...]) -> None:
        self.beginResetModel()
        self.texts, self.rows = texts, []
        self.endResetModel()

    def add(self, rows: tuple[protocol.ManyRow, ...]) -> None:
        first = len(self.rows)
        self.rows += rows
        self.dataChanged.emit(self.index(first, 0), self.index(len(self.rows) - 1, len(HEADS) - 1))

    def rowCount(self, parent: Any = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.texts)

    def columnCount(self, parent: Any = NOWHERE) -> int:
        return len(HEADS)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        at, column = index.row(), index.column()
        if column == 0:
            return count(at + 1)
        if column == 1:
            return self.texts[at]
        if at >= len(self.rows):
            return "…"
        return _words(self.rows[at], short=role == Qt.ItemDataRole.DisplayRole)

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        return None


def _words(row: protocol.ManyRow, *, short: bool) -> str:
    if row.problem:
        return f"No answer: {row.problem}"
    shown = max(1, IN_A_CELL // max(len(row.answers), 1)) if short else None
    masks = [
        ", ".join(f"{item.text or '␣'} {percent(item.probability)}" for item in answer.candidates[:shown])
        for answer in row.answers
    ]
    cut = f"  ·  {row.cut_tokens} tokens cut" if row.cut_tokens else ""
    return "  |  ".join(masks) + cut


class BatchCard(AnsweredFile):
    HEADING = "Sentences from a file"
    ABOUT = (
        "One sentence a line with [MASK] in it, or a table with a column named text. Every mask is answered "
        "with the others hidden."
    )
    UNIT = "sentences"
    closed = Signal()

    def __init__(self, supervisor: Any, themes: Any, parent: QWidget | None = None) -> None:
        self._preset, self._top_k = "", 5
        self._next_preset, self._next_top_k = "", 5
        self._notes = ""
        self.model = BatchModel()
        super().__init__(supervisor, themes, self.model, parent)
        self.model.setParent(self)
        self.close_button = button("Back to one sentence", themes, "undo-2", "", self.closed.emit)
        self.top.addWidget(self.close_button)
        head = self.view.horizontalHeader()
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        for column in (1, 2):
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def prepare(self, preset: str, top_k: int) -> None:
        """Whose answers the next file gets."""
        self._next_preset, self._next_top_k = preset, min(top_k, 10)

    def _read(self, path: Path) -> Sentences:
        return read_sentences(path)

    def _begin(self, found: Sentences) -> None:
        self._preset, self._top_k = self._next_preset, self._next_top_k  # one model for the whole file
        self._notes = " ".join(found.notes)
        self.model.begin(found.texts)

    def _next_part(self) -> protocol.FillMany | None:
        done, texts = self._done_of()[0], self.model.texts
        return protocol.FillMany(self._preset, texts[done : done + AT_A_TIME], self._top_k) if texts[done:] else None

    def _add(self, told: protocol.FilledMany) -> None:
        self.model.add(told.rows)

    def _done_of(self) -> tuple[int, int]:
        return len(self.model.rows), len(self.model.texts)

    def _answered_by(self) -> str:
        return self._preset

    def _found(self) -> str:
        missing = sum(bool(it.problem) for it in self.model.rows)
        has = "has" if missing == 1 else "have"
        return (f"{count(missing)} {has} no answer. " if missing else "") + self._notes

    def _contents(self, kind: str) -> str:
        rows = self.model.rows
        texts = self.model.texts[: len(rows)]
        if kind == "csv":
            return answer_tables.as_csv(answer_tables.ANSWERS, answer_tables.many_rows(texts, rows))
        return answer_tables.as_json(answer_tables.many_json(texts, rows))
