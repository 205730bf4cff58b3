"""A file or folder: typed, chosen, or dropped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget


def dropped_path(event: Any) -> str:
    """The one local path that a drag carries, or ''."""
    urls = event.mimeData().urls() if event.mimeData().hasUrls() else []
    return urls[0].toLocalFile() if len(urls) == 1 else ""


class PathField(QWidget):
    changed = Signal(str)

    def __init__(
        self, title: str, description: str, files: str, check: Callable[[str], str], parent: QWidget | None = None
    ) -> None:
        """files: a filter of the file dialogue, such as `Archives (*.tar.gz)`; check: what is wrong, in words."""
        super().__init__(parent)
        self._check, self._title, self._files = check, title, files
        self.setAcceptDrops(True)
        label = QLabel(title)
        self.edit = QLineEdit()
        self.edit.setPlaceholderText("Drop it here, or choose it")
        self.edit.setAccessibleName(title)
        self.edit.setToolTip(description)
        label.setBuddy(self.edit)
        self.choose = QPushButton("Choose")
        menu = QMenu(self.choose)
        menu.addAction("An archive …").triggered.connect(self._choose_file)
        menu.addAction("A folder …").triggered.connect(self._choose_folder)
        self.choose.setMenu(menu)
        self.choose.setToolTip(f"{title}: choose it from the disk")
        self._error = QLabel()
        self._error.setProperty("role", "error")
        self._error.setWordWrap(True)
        self._error.setTextFormat(Qt.TextFormat.PlainText)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.edit, 1)
        row.addWidget(self.choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(label)
        layout.addLayout(row)
        layout.addWidget(self._error)
        self.edit.textChanged.connect(self._changed)
        self._judge()

    @property
    def text(self) -> str:
        return self.edit.text().strip()

    @property
    def error(self) -> str:
        return self._check(self.text)

    def set_text(self, text: str) -> None:
        self.edit.setText(text)

    def _changed(self, _: str) -> None:
        self._judge()
        self.changed.emit(self.text)

    def _judge(self) -> None:
        # an empty field asks, it does not blame
        words = self.error if self.text else ""
        self._error.setText(words)
        self._error.setVisible(bool(words))
        self.edit.setProperty("invalid", bool(words))
        self.edit.style().unpolish(self.edit)
        self.edit.style().polish(self.edit)
        self.edit.setAccessibleDescription(words)

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self._title, self._start(), self._files)
        if path:
            self.set_text(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self._title, self._start())
        if path:
            self.set_text(path)

    def _start(self) -> str:
        return str(Path(self.text).parent) if self.text else ""

    def dragEnterEvent(self, event: Any) -> None:
        if dropped_path(event):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        path = dropped_path(event)
        if path:
            self.set_text(path)
            event.acceptProposedAction()
