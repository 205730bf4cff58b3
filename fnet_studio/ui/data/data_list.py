"""The list of data sets at the left of the page: name, kind and size, and which of them lost their files."""

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from fnet_studio.ui import icons
from fnet_studio.ui.data.library import Entry
from fnet_studio.ui.theme import CAPTION_PT, ThemeSource
from fnet_studio.ui.widgets.figures import counted

ROW_PX = 52
ICON_PX = 16
ENTRY = Qt.ItemDataRole.UserRole


class DataList(QListWidget):
    """Delete and F2 tell what is wanted of the chosen one."""

    entry_chosen = Signal(str)
    delete_wanted = Signal()
    rename_wanted = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Data sets")
        self.setItemDelegate(_Delegate(themes, self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.currentItemChanged.connect(lambda now, _: self.entry_chosen.emit(now.data(ENTRY).id) if now else None)
        themes.changed.connect(lambda _: self.viewport().update())

    @property
    def chosen(self) -> str:
        """Id, or ''."""
        item = self.currentItem()
        return item.data(ENTRY).id if item is not None else ""

    def show_entries(self, entries: list[Entry]) -> None:
        """The chosen one stays chosen while it is there."""
        before = self.chosen
        self.blockSignals(True)
        self.clear()
        for entry in entries:
            item = QListWidgetItem()
            item.setData(ENTRY, entry)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{entry.one.name}, {words_of(entry)}")
            item.setToolTip("\n".join([entry.one.data.path or "Came with the program", *_gone(entry)]))
            self.addItem(item)
        self.blockSignals(False)
        self.choose(before)

    def choose(self, id: str) -> None:
        for place in range(self.count()):
            if self.item(place).data(ENTRY).id == id:
                self.setCurrentRow(place)
                return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        wanted = {Qt.Key.Key_Delete: self.delete_wanted, Qt.Key.Key_F2: self.rename_wanted}.get(Qt.Key(event.key()))
        if wanted is not None and self.chosen:
            wanted.emit()
        else:
            super().keyPressEvent(event)


def words_of(entry: Entry) -> str:
    if entry.missing:
        return "File missing"
    parts = [entry.one.format.split(",")[0]]
    if entry.one.texts:
        parts.append(counted(entry.one.texts, "text"))
    return ", ".join(part for part in parts if part)


def _gone(entry: Entry) -> list[str]:
    return [f"Missing: {path}" for path in entry.missing]


class _Delegate(QStyledItemDelegate):
    def __init__(self, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes

    def sizeHint(self, option: Any, index: Any) -> QSize:
        return QSize(120, ROW_PX)

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        entry: Entry = index.data(ENTRY)
        theme = self._themes.current
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        widget = option.widget
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, widget)
        box = option.rect.adjusted(12, 6, -10, -6)
        painter.save()
        name, tone = ("triangle-alert", theme.warning) if entry.missing else ("database", theme.muted)
        icons.icon(name, tone, ICON_PX).paint(painter, box.left(), box.top() + 3, ICON_PX, ICON_PX)
        left = box.adjusted(ICON_PX + 10, 0, 0, 0)
        font = option.font
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        metrics = painter.fontMetrics()
        name_words = metrics.elidedText(entry.one.name, Qt.TextElideMode.ElideRight, left.width())
        painter.drawText(left, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, name_words)
        font.setPointSizeF(CAPTION_PT)
        painter.setFont(font)
        painter.setPen(QColor(theme.warning_text if entry.missing else theme.muted))
        metrics = painter.fontMetrics()
        said = metrics.elidedText(words_of(entry), Qt.TextElideMode.ElideRight, left.width())
        painter.drawText(left, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, said)
        painter.restore()
