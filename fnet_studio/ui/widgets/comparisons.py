"""What was compared with what, line by line, each with its verdict."""

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.core.comparison import Comparison
from fnet_studio.ui.parts import follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count


class Comparisons(QWidget):
    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.words: list[str] = []
        """Of each line."""
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._lines = QWidget()
        self._column.addWidget(self._lines)

    def put(self, comparisons: Sequence[Comparison]) -> None:
        old, self._lines, self.words = self._lines, QWidget(), []
        self._column.replaceWidget(old, self._lines)
        old.hide()
        old.deleteLater()
        column = QVBoxLayout(self._lines)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for it in comparisons:
            mark = label("")
            follow_icon(mark, self._themes, *(("circle-check", "success") if it.passed else ("circle-x", "danger")))
            told = QVBoxLayout()
            told.setSpacing(0)
            verdict = "As it should be" if it.passed else "Differs"
            both = f"{it.what}, against {it.against}", f"{verdict}: {it.words}; {count(it.count)} numbers"
            told.addWidget(label(both[0], "", wrap=True, selectable=True))
            told.addWidget(label(both[1], "caption", wrap=True))
            self.words.append(". ".join(both))
            line = row(mark, spacing=8)
            line.addLayout(told, 1)
            column.addLayout(line)
