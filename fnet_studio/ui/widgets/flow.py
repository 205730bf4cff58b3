"""A layout that fills rows from left to right and breaks them like text."""

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Its height depends on its width; give the widget that carries it room to grow downwards."""

    def __init__(self, parent: QWidget | None = None, *, gap_x: int = 4, gap_y: int = 6, head: bool = False) -> None:
        """head: the first item is a title: the others stand at the right while all fit in one row, and under it when
        they do not."""
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._heights: dict[int, int] = {}
        """By width, until an item changes: Qt asks for them dozens of times when a style changes."""
        self._least: QSize | None = None
        self._gap_x, self._gap_y, self._head = gap_x, gap_y, head
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def invalidate(self) -> None:
        self._heights, self._least = {}, None
        super().invalidate()

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._heights[width] = self._arrange(QRect(0, 0, width, 0), place=False)
        return self._heights[width]

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._arrange(rect, place=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        if self._least is None:
            self._least = self._minimum()
        return self._least

    def _minimum(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        margins = self.contentsMargins()
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def _arrange(self, rect: QRect, *, place: bool) -> int:
        """Returns the height that the rows take, in pixels."""
        margins = self.contentsMargins()
        area = rect.marginsRemoved(margins)
        items = []
        for item in self._items:
            if not item.isEmpty():
                size = item.sizeHint()
                size.setWidth(min(size.width(), max(area.width(), item.minimumSize().width())))
                items.append((item, size))
        rows = self._wrapped(items, area.width())
        used = sum(size.width() + self._gap_x for _, size in rows[0]) if rows else 0
        push = 0
        if self._head and len(rows) == 1 and len(rows[0]) > 1:
            push = max(0, area.width() - (used - self._gap_x))
        elif self._head and len(rows) > 1 and len(rows[0]) > 1:
            rows = [rows[0][:1], *self._wrapped([item for row in rows for item in row][1:], area.width())]
        y = area.y()
        for row in filter(None, rows):
            height = max(size.height() for _, size in row)
            x = area.x()
            for item, size in row:
                if place:
                    item.setGeometry(QRect(QPoint(x, y + (height - size.height()) // 2), size))
                x += size.width() + self._gap_x + push
                push = 0
            y += height + self._gap_y
        return max(y - self._gap_y, area.y()) - rect.y() + margins.bottom()

    def _wrapped(self, items: list[tuple[QLayoutItem, QSize]], width: int) -> list[list[tuple[QLayoutItem, QSize]]]:
        rows: list[list[tuple[QLayoutItem, QSize]]] = []
        used = 0
        for item, size in items:
            if not rows or used + size.width() > width:
                rows.append([])
                used = 0
            rows[-1].append((item, size))
            used += size.width() + self._gap_x
        return rows
