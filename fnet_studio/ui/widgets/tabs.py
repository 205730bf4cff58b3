"""Tabs that need no more room than the one that is shown."""

from PySide6.QtWidgets import QSizePolicy, QTabWidget, QWidget

NO_ROOM = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)


class Tabs(QTabWidget):
    """Qt's own are as large as the largest of all pages, and the window scrolls for what nobody sees."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._policies: dict[QWidget, QSizePolicy] = {}
        self.currentChanged.connect(self._make_room)

    def heightForWidth(self, width: int) -> int:
        """As low as its page can be: a scroll area gives what has such a height all of it, and then scrolls."""
        page = self.currentWidget()
        layout = page.layout() if page is not None else None
        if page is None or layout is None or not layout.hasHeightForWidth():
            return self.minimumSizeHint().height()
        return self.tabBar().sizeHint().height() + layout.totalMinimumHeightForWidth(width)

    def tabInserted(self, index: int) -> None:
        page = self.widget(index)
        self._policies[page] = page.sizePolicy()
        self._make_room(self.currentIndex())

    def _make_room(self, current: int) -> None:
        for page, policy in self._policies.items():
            page.setSizePolicy(policy if page is self.widget(current) else NO_ROOM)
