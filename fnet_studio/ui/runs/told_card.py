"""What was just done, with a way back if there is one."""

from collections.abc import Callable

from PySide6.QtWidgets import QProgressBar, QToolButton, QWidget

from fnet_studio.ui.background import Progress
from fnet_studio.ui.parts import Card, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource

BAR_PX = 160


class ToldCard(Card):
    def __init__(
        self,
        themes: ThemeSource,
        words: str,
        action: str = "",
        icon: str = "",
        on_action: Callable[[], object] | None = None,
        *,
        busy: Progress | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """busy: it is still being done, and can be stopped."""
        super().__init__(parent=parent)
        self.words = label(words, "strong", wrap=True)
        self._on_action = on_action
        self.setAccessibleName(words)
        mark = label("")
        follow_icon(mark, themes, "clock" if busy else "circle-check", "muted" if busy else "success", 20)
        line = row(mark, self.words, spacing=12)
        line.setStretch(1, 1)
        self.action = button(action, themes, icon, "primary", self._act) if action else None
        if self.action is not None:
            line.addWidget(self.action)
        if busy is not None:
            self.bar = QProgressBar()
            self.bar.setRange(0, 0)
            self.bar.setTextVisible(False)
            self.bar.setFixedWidth(BAR_PX)
            self.bar.setAccessibleName(words)
            line.addWidget(self.bar)
            line.addWidget(button("Stop", themes, "square", "", busy.stop))
            busy.moved.connect(self._moved)
        else:
            close = QToolButton()
            close.setAccessibleName("Close this message")
            close.setToolTip("Close this message")
            follow_icon(close, themes, "x", "muted")
            close.clicked.connect(lambda _=False: self._close())
            line.addWidget(close)
        self.column.addLayout(line)

    def _moved(self, share: float) -> None:
        self.bar.setRange(0, 100)
        self.bar.setValue(round(share * 100))

    def _act(self) -> None:
        if self._on_action is not None:
            self._on_action()
        self._close()

    def _close(self) -> None:
        self.hide()
        self.closed.emit()
        self.deleteLater()
