"""A file or folder: typed, chosen, or dropped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import run_bundle
from fnet_studio.ui.parts import set_property
from fnet_studio.ui.widgets.text_boxes import TextLine


def dropped_path(event: Any) -> str:
    """The one local path that a drag carries, or ''. Not that of a run, which no page takes: the window does."""
    urls = event.mimeData().urls()
    return urls[0].toLocalFile() if len(urls) == 1 and not dropped_runs(event) else ""


def dropped_runs(event: Any) -> list[Path]:
    """The files of runs that a drag carries, none when there is something else among them."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls()]
    return paths if all(path.suffix == run_bundle.SUFFIX for path in paths) else []


FILE = "file:///"
TABLES = (
    "Tables and texts (*.csv *.tsv *.tab *.jsonl *.ndjson *.json *.xlsx *.xlsm *.xlsb *.xls *.ods *.parquet *.txt "
    "*.gz *.bz2 *.xz *.zip);;All files (*)"
)


class PathField(QWidget):
    """As a `FieldRow`: texts in, texts out. One with a word for nothing may be left empty, is marked when it is not,
    and then has a button that empties it."""

    changed = Signal(str)

    def __init__(
        self,
        title: str,
        description: str,
        files: str,
        check: Callable[[str], str],
        nothing: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """files: a filter of the file dialogue, such as `Archives (*.tar.gz)`; check: what is wrong, in words; nothing:
        the text that an empty field stands for."""
        super().__init__(parent)
        self._check, self._title, self.files, self._nothing = check, title, files, nothing
        self.setAcceptDrops(True)
        self._label = QLabel(title)
        self.edit = TextLine()
        self.edit.setPlaceholderText("None; drop one here, or choose it" if nothing else "Drop it here, or choose it")
        self.edit.setAccessibleName(title)
        self._label.setBuddy(self.edit)
        self.describe(description)
        self.choose = QPushButton("Choose")
        menu = self._menu = QMenu(self.choose)
        menu.addAction("A file …").triggered.connect(self._choose_file)
        menu.addAction("A folder …").triggered.connect(self._choose_folder)
        self.choose.setMenu(menu)
        self.choose.setToolTip(f"{title}: choose it from the disk")
        self.choose.setAccessibleName(f"Choose: {title}")
        self._reset = QToolButton()
        self._reset.setText("↺")
        self._reset.setAutoRaise(True)
        self._reset.setToolTip("Back to none")
        self._reset.setAccessibleName(f"Reset {title}")
        self._reset.clicked.connect(self.reset)
        self._error = QLabel()
        self._error.setProperty("role", "error")
        self._error.setWordWrap(True)
        self._error.setTextFormat(Qt.TextFormat.PlainText)
        head = QHBoxLayout()
        head.addWidget(self._label, 1)
        policy = self._reset.sizePolicy()
        policy.setRetainSizeWhenHidden(bool(nothing))
        self._reset.setSizePolicy(policy)
        head.addWidget(self._reset)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.edit, 1)
        row.addWidget(self.choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addLayout(row)
        layout.addWidget(self._error)
        self.edit.textChanged.connect(self._changed)
        self._judge()

    def add_choice(self, words: str, text: str) -> QAction:
        """One more way to fill the field, by a click."""
        action = self._menu.addAction(words)
        action.triggered.connect(lambda _=False: self.set_text(text))
        return action

    @property
    def editor(self) -> QLineEdit:
        return self.edit

    @property
    def text(self) -> str:
        return self.edit.text().strip() or self._nothing

    @property
    def error(self) -> str:
        return "" if self._nothing and self.text == self._nothing else self._check(self.text)

    @property
    def is_changed(self) -> bool:
        """Where one has to be named, naming it is no change."""
        return bool(self._nothing) and self.text != self._nothing

    def set_text(self, text: str) -> None:
        self.edit.setText("" if self._nothing and text == self._nothing else text)
        self.edit.setCursorPosition(0)

    def begin_with(self, text: str) -> None:
        """A recipe's own path; one that names none leaves what is there."""
        if text:
            self.set_text(text)

    def set_title(self, title: str) -> None:
        self._title = title
        self._label.setText(title)
        self.edit.setAccessibleName(title)
        self._judge()

    def describe(self, words: str) -> None:
        """What is wanted here."""
        self.edit.setToolTip(words)
        self._label.setToolTip(words)

    def reset(self) -> None:
        self.set_text("")
        self.edit.setFocus()

    def show_clash(self, words: str) -> None:
        """What is wrong with the path beside other fields, '' when nothing is; its own fault goes before."""
        self._show_error((self.error if self.edit.text().strip() else "") or words)

    def _changed(self, text: str) -> None:
        if FILE in text:  # as a file that was copied is pasted: in place of what was there
            pasted = QGuiApplication.clipboard().text().strip()
            pasted = pasted if pasted.startswith(FILE) and pasted in text else text.strip()
            if pasted.startswith(FILE) and pasted.count(FILE) == 1:
                self.set_text(QUrl(pasted).toLocalFile())
                return
        self._judge()
        self.changed.emit(self.text)

    def _judge(self) -> None:
        changed = self.is_changed
        self._reset.setVisible(changed)
        self._label.setText(f"• {self._title}" if changed else self._title)
        set_property(self._label, "role", "changed" if changed else "")
        # an empty field asks, it does not blame
        self._show_error(self.error if self.edit.text().strip() else "")

    def _show_error(self, words: str) -> None:
        self._error.setText(words)
        self._error.setVisible(bool(words))
        set_property(self.edit, "invalid", bool(words))
        self.edit.setAccessibleDescription(words)

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self._title, self._start(), self.files)
        if path:
            self.set_text(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self._title, self._start())
        if path:
            self.set_text(path)

    def _start(self) -> str:
        return str(Path(self.text).parent) if self.edit.text() else ""

    def dragEnterEvent(self, event: Any) -> None:
        if dropped_path(event):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        path = dropped_path(event)
        if path:
            self.set_text(path)
            event.acceptProposedAction()
