"""A sentence with alternatives in braces: the answers to all that it stands for, beside each other."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import answer_tables, files, protocol
from fnet_studio.core.alternatives import Variant, variants
from fnet_studio.core.errors import UserError
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import button, label
from fnet_studio.ui.save_file import ask_save_path
from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.figures import count, percent
from fnet_studio.ui.widgets.flow import FlowLayout

LISTED, LOOKED_UP = 8, 200
"""Words of each sentence that get a row, and those of it that are known to the rows of the others."""
LEAST_COLUMN_PX, COLUMN_MARGIN_PX = 96, 28
LONG_COLUMN_PX = 140
"""Of a sentence whose name needs more; it gets more where the table has room left."""
SHARE = Qt.ItemDataRole.UserRole


class Bars(QStyledItemDelegate):
    """Behind a figure, a bar: its SHARE of the column's width."""

    def __init__(self, themes: Any, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        share = index.data(SHARE)
        if share:
            room = QRectF(option.rect).adjusted(4, 3, -4, -3)
            room.setLeft(room.right() - room.width() * share)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.faded(self._themes.current.accent, 0.22))
            painter.drawRoundedRect(room, 4, 4)
        super().paint(painter, option, index)


class AlternativesCard(QFrame):
    def __init__(self, supervisor: Any, themes: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._themes = themes
        self._newest = NewestOnly(supervisor, stop_older=True)
        self._preset = ""
        self.variants: tuple[Variant, ...] = ()
        self.rows: tuple[protocol.ManyRow, ...] = ()
        self.title = label("Alternatives beside each other", "section")
        self.line = label("", "muted", wrap=True)
        self.mask = Choice()
        self.mask.setAccessibleName("Which mask")
        self.order = Choice()
        self.order.setAccessibleName("Sorted by")
        self.order.setToolTip("Which sentence's most probable words come first")
        self.copy_button = button("Copy table", themes, "copy", "", self._copy)
        self.csv_button = button("Save as CSV", themes, "save", "", lambda: self._save("csv"))
        self.json_button = button("Save as JSON", themes, "save", "", lambda: self._save("json"))
        self.table = QTableWidget()
        self.table.setAccessibleName("Words and how probable each sentence makes them")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        head = self.table.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        head.setTextElideMode(Qt.TextElideMode.ElideRight)
        head.setHighlightSections(False)
        head.setSectionsClickable(True)
        self.table.setItemDelegate(Bars(themes, self.table))
        self.messages = MessagePlace()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        top = FlowLayout(gap_x=8, gap_y=6, head=True)
        for item in (self.title, self.mask, self.order, self.copy_button, self.csv_button, self.json_button):
            top.addWidget(item)
        layout.addLayout(top)
        layout.addWidget(self.line)
        layout.addWidget(self.messages)
        layout.addWidget(self.table, 1)
        themes.changed.connect(lambda _: self.table.viewport().update())
        head.sectionClicked.connect(self._sort)
        self.order.activated.connect(lambda _: self._show())
        self.mask.activated.connect(lambda _: self._show())

    def ask(self, preset: str, text: str) -> None:
        """text: with `[MASK]` where words are wanted."""
        self._newest.forget()
        self.messages.say(None)
        try:
            asked = variants(text)
        except UserError as error:
            self.forget()
            self.messages.say(ErrorCard(self._themes, error))
            return
        if preset != self._preset or len(asked) != len(self.variants):
            self._preset = preset
            self._put(asked, ())
            self.line.setText(f"Asking {preset} for {count(len(asked))} sentences …")
        command = protocol.FillMany(preset, tuple(one.text for one in asked), LOOKED_UP)
        self._newest.ask(command, lambda found, _: self._put(asked, found.rows), self._failed)

    def forget(self) -> None:
        """The sentence was refused: the answers to the one before are not its own."""
        self._newest.forget()
        self.messages.say(None)
        self._put((), ())
        self.line.setText("")

    def _put(self, asked: tuple[Variant, ...], rows: tuple[protocol.ManyRow, ...]) -> None:
        self.variants, self.rows = asked, rows
        masks, chosen = max((len(row.answers) for row in rows), default=0), max(self.mask.currentIndex(), 0)
        if masks != self.mask.count():
            self.mask.clear()
            self.mask.addItems([f"Mask {number + 1} of {masks}" for number in range(masks)])
            self.mask.setCurrentIndex(min(chosen, masks - 1))
        sorts = ["Sorted by all", *(f"Sorted by {_name(one)}" for one in asked)]
        if sorts != [self.order.itemText(at) for at in range(self.order.count())]:
            self.order.clear()
            self.order.addItems(sorts)
        self._show()

    def _failed(self, failed: protocol.Failed) -> None:
        self.forget()
        self.messages.say(ErrorCard(self._themes, failed))

    def words(self) -> list[tuple[str, list[float | None]]]:
        """A word and its probability in each sentence, None where it is below those that are known; the most probable
        first, by all sentences or by the one that was chosen."""
        at = max(self.mask.currentIndex(), 0)
        columns = [
            {one.text: one.probability for one in reversed(row.answers[at].candidates)} if len(row.answers) > at else {}
            for row in self.rows
        ]
        listed = {word for column in columns for word in sorted(column, key=column.__getitem__)[-LISTED:]}
        table = [(word, [column.get(word) for column in columns]) for word in listed]

        by = max(self.order.currentIndex(), 0)

        def probable(line: tuple[str, list[float | None]]) -> float:
            known = [value or 0.0 for value in line[1]]
            return known[by - 1] if by else max(known)

        return sorted(table, key=lambda line: (-probable(line), line[0]))

    def _sort(self, column: int) -> None:
        self.order.setCurrentIndex(column)
        self._show()

    def _show(self) -> None:
        known = any(row.answers for row in self.rows)
        for item in (self.copy_button, self.csv_button, self.json_button):
            item.setEnabled(known)
        self.mask.setVisible(self.mask.count() > 1 and known)
        self.order.setVisible(known)
        words = self.words()
        names = [_name(one) for one in self.variants]
        self.table.setColumnCount(1 + len(names))
        self.table.setRowCount(len(words))
        for column, name in enumerate(("Word", *names)):
            head = QTableWidgetItem(f"{name} ▾" if known and column == self.order.currentIndex() else name)
            head.setToolTip(self.variants[column - 1].text if column else f"The {LISTED} best words of each sentence")
            if not column:
                head.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            self.table.setHorizontalHeaderItem(column, head)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        widest = max((header.fontMetrics().horizontalAdvance(f"{one} ▾") for one in names), default=0)
        header.setMinimumSectionSize(min(max(widest + COLUMN_MARGIN_PX, LEAST_COLUMN_PX), LONG_COLUMN_PX))
        best = [max((line[1][at] or 0.0 for line in words), default=0.0) for at in range(len(self.rows))]
        largest = max(best, default=0.0)
        for line, (word, values) in enumerate(words):
            self.table.setItem(line, 0, QTableWidgetItem(word or "␣"))
            for at, value in enumerate(values):
                cell = self._cell(at, value, value == best[at])
                cell.setData(SHARE, (value or 0.0) / largest)
                self.table.setItem(line, 1 + at, cell)
        if self.rows:
            self._tell()

    def _cell(self, at: int, value: float | None, best: bool) -> QTableWidgetItem:
        row, mask = self.rows[at], max(self.mask.currentIndex(), 0)
        if value is not None:
            words = percent(value)
        elif len(row.answers) > mask:
            words = f"< {percent(row.answers[mask].candidates[-1].probability)}"
        else:
            words = "–"
        cell = QTableWidgetItem(words)
        cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if best:
            font = QFont(self.table.font())
            font.setBold(True)
            cell.setFont(font)
        return cell

    def _tell(self) -> None:
        problems = sorted({row.problem for row in self.rows if row.problem})
        if not any(row.answers for row in self.rows):
            self.line.setText(" ".join([*problems, "Click a word above to hide it, or type [MASK]."]))
            return
        told = (
            f"The {LISTED} best words for each of the {count(len(self.variants))} sentences; bold: the best one of "
            "each."
        )
        self.line.setText(" ".join([told, *problems]))

    # ------------------------------------------------------------------------------------------ taking away

    def as_csv(self) -> str:
        """The table as it is shown; empty where a word is below those that are known."""
        lines = [
            (word, *("" if value is None else f"{value:.6g}" for value in values)) for word, values in self.words()
        ]
        return answer_tables.as_csv(("word", *(one.text for one in self.variants)), lines)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.as_csv())
        self.line.setText("The table is on the clipboard, as CSV.")

    def _save(self, kind: str) -> None:
        path = ask_save_path(self, "Save the answers", "alternatives", f".{kind}", "Answers")
        if path is not None:
            self.save_to(path, kind)

    def save_to(self, path: Path, kind: str) -> None:
        """kind: csv, the table, or json, every answer."""
        self.messages.say(None)
        texts = [one.text for one in self.variants]
        words = self.as_csv() if kind == "csv" else answer_tables.as_json(answer_tables.many_json(texts, self.rows))
        try:
            files.write_atomically(path, words.encode())
        except UserError as error:
            self.messages.say(ErrorCard(self._themes, error))
        else:
            self.line.setText(f"Saved as {path.name}.")


def _name(variant: Variant) -> str:
    return ", ".join(words or "∅" for words in variant.chosen)
