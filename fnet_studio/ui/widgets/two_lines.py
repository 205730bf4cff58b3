"""Rows of a list with a name and a line on it."""

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QIcon, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from fnet_studio.ui.theme import CAPTION_PT

LINE = int(Qt.ItemDataRole.UserRole) + 1
"""Role of the second line."""


class TwoLines(QStyledItemDelegate):
    """The item's text above its `LINE`, beside its icon if it has one."""

    PAD_X, PAD_Y, GAP = 10, 6, 2

    def __init__(self, width: int, parent: QObject) -> None:
        """width: wanted for a row, in pixels."""
        super().__init__(parent)
        self._width = width

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        bold, small = self._fonts(option)
        return QSize(self._width, _height(bold) + self.GAP + _height(small) + 2 * self.PAD_Y)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        item: Any = QStyleOptionViewItem(option)
        self.initStyleOption(item, index)
        icon, size = QIcon(item.icon), item.decorationSize  # a copy: item.icon itself is emptied
        item.text, item.icon = "", QIcon()
        item.widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, item, painter, item.widget)
        bold, small = self._fonts(item)
        area: QRect = item.rect.adjusted(self.PAD_X, self.PAD_Y, -self.PAD_X, -self.PAD_Y)
        painter.save()
        if not icon.isNull():
            icon.paint(painter, QRect(area.topLeft(), QSize(size.width(), area.height())))
            area.setLeft(area.left() + size.width() + self.PAD_X)
        for font, role, text in (
            (bold, QPalette.ColorRole.Text, index.data(Qt.ItemDataRole.DisplayRole)),
            (small, QPalette.ColorRole.PlaceholderText, index.data(LINE)),
        ):
            painter.setFont(font)
            painter.setPen(item.palette.color(role))
            words = painter.fontMetrics().elidedText(str(text or ""), Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, int(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft), words)
            area.setTop(area.top() + _height(font) + self.GAP)
        painter.restore()

    @staticmethod
    def _fonts(option: Any) -> tuple[QFont, QFont]:
        bold, small = QFont(option.font), QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        small.setPointSizeF(CAPTION_PT)
        return bold, small


def _height(font: QFont) -> int:
    return QFontMetrics(font).height()
