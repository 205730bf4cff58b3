"""A table that is as high as its rows."""

from PySide6.QtWidgets import QTableWidget, QWidget

from fnet_studio.ui.widgets.copied_rows import CopiedRows

EDGES_PX = 4


class FittedTable(QTableWidget):
    """Its scroll bar, while it has one, lies below the rows and not over them."""

    def __init__(self, row_px: int, most: int, parent: QWidget | None = None) -> None:
        """most: with more rows than these it scrolls."""
        super().__init__(parent)
        self._row_px, self._most = row_px, most
        self.verticalHeader().setDefaultSectionSize(row_px)
        self.horizontalScrollBar().rangeChanged.connect(self.fit)
        CopiedRows(self)

    def fit(self, *_: int) -> None:
        """To be called when the rows are there."""
        bar = self.horizontalScrollBar()
        height = bar.sizeHint().height() if bar.maximum() else 0
        rows = min(self.rowCount(), self._most) * self._row_px
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + rows + height + EDGES_PX)
