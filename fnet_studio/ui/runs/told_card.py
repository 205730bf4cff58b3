"""What was just done, with a way back if there is one."""

from collections.abc import Callable

from PySide6.QtWidgets import QProgressBar, QToolButton, QWidget

from fnet_studio.ui.parts import Card, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource


class ToldCard(Card):
    def __init__(
        self,
        themes: ThemeSource,
        words: str,
        action: str = "",
        icon: str = "",
        on_action: Callable[[], object] | None = None,
        *,
        busy: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """busy: it is still being done."""
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
        if busy:
            bar = QProgressBar()
            bar.setRange(0, 0)
            bar.setTextVisible(False)
            bar.setFixedWidth(160)
            line.addWidget(bar)
        else:
            close = QToolButton()
            close.setAccessibleName("Close this message")
            close.setToolTip("Close this message")
            follow_icon(close, themes, "x", "muted")
            close.clicked.connect(lambda _=False: self._close())
            line.addWidget(close)
        self.column.addLayout(line)

    def _act(self) -> None:
        if self._on_action is not None:
            self._on_action()
        self._close()

    def _close(self) -> None:
        self.hide()
        self.closed.emit()
        self.deleteLater()
