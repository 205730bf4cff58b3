"""A file of texts, answered part by part, as a table: so that it can be stopped at once and other questions come in
between."""

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QFileDialog, QFrame, QProgressBar, QSizePolicy, QTableView, QVBoxLayout, QWidget

from fnet_studio.core import files, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.ui.background import Background
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import button, label, whole_rows
from fnet_studio.ui.save_file import ask_save_path
from fnet_studio.ui.widgets.figures import count, duration
from fnet_studio.ui.widgets.flow import FlowLayout
from fnet_studio.ui.widgets.path_field import TABLES


class AnsweredFile(QFrame):
    """Owns the asking. What is read, asked, shown and saved is said by those that derive from it."""

    HEADING = ""
    ABOUT = ""
    """Said before a file is chosen."""
    UNIT = "texts"
    MAIN = True
    """Whether choosing a file is what the place is for."""

    def __init__(self, supervisor: Any, themes: Any, model: QAbstractItemModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._themes = themes
        self._newest = NewestOnly(supervisor, stop_older=True)
        self._background = Background(self)
        self._name = ""
        self._began = 0.0
        self._running = False
        self._reading: Path | None = None
        self.title = label(self.HEADING, "section")
        self.line = label(self.ABOUT, "muted", wrap=True)
        self.line.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.choose_button = button("Choose a file", themes, "folder-open", "primary" if self.MAIN else "", self.choose)
        self.stop_button = button("Stop", themes, "circle-stop", "", self.stop)
        self.csv_button = button("Save as CSV", themes, "save", "", lambda: self._save("csv"))
        self.json_button = button("Save as JSON", themes, "save", "", lambda: self._save("json"))
        self.view = QTableView()
        self.view.setModel(model)
        whole_rows(self.view, f"{self.HEADING}, and the answers")
        self.messages = MessagePlace()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        self.top = FlowLayout(gap_x=8, gap_y=6, head=True)
        for item in (self.title, self.choose_button, self.stop_button, self.csv_button, self.json_button):
            self.top.addWidget(item)
        layout.addLayout(self.top)
        layout.addWidget(self.line)
        layout.addWidget(self.messages)
        layout.addWidget(self.bar)
        layout.addWidget(self.view, 1)
        self._show_state()

    # ------------------------------------------------------------------------------- what differs

    def _read(self, path: Path) -> Any:
        """On a thread beside the window's. UserError."""
        raise NotImplementedError

    def _begin(self, found: Any) -> None:
        """With what `_read` returned."""
        raise NotImplementedError

    def _next_part(self) -> protocol.Command | None:
        """None when all is answered."""
        raise NotImplementedError

    def _add(self, told: Any) -> None:
        raise NotImplementedError

    def _done_of(self) -> tuple[int, int]:
        raise NotImplementedError

    def _answered_by(self) -> str:
        raise NotImplementedError

    def _found(self) -> str:
        """In sentences: what came of it so far, and what is to be known of the file."""
        raise NotImplementedError

    def _contents(self, kind: str) -> str:
        """What has been answered so far. kind: csv or json."""
        raise NotImplementedError

    # --------------------------------------------------------------------------------- the asking

    def choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, f"Choose a file of {self.UNIT}", "", TABLES)
        if name:
            self.read(Path(name))

    def read(self, path: Path) -> None:
        self._newest.forget()
        self.messages.say(None)
        self._running, self._reading = False, path
        self._show_state()
        self.line.setText(f"Reading {path.name} …")

        def failed(error: UserError) -> None:
            if self._reading is None:
                return  # it was closed meanwhile
            self._show_state()
            self._fail(protocol.Failed(error.kind, error.message, error.advice))

        self._background.run(lambda: self._read(path), lambda found: self._start(path, found), failed, "file")

    def stop(self) -> None:
        self._running, self._reading = False, None
        self._newest.forget()
        self._show_state()

    def save_to(self, path: Path, kind: str) -> None:
        """What has been answered so far. kind: csv or json."""
        self.messages.say(None)
        try:
            files.write_atomically(path, self._contents(kind).encode())
        except UserError as error:
            self._fail(protocol.Failed(error.kind, error.message, error.advice))
        else:
            self.line.setText(f"Saved as {path.name}.")

    def _start(self, path: Path, found: Any) -> None:
        if self._reading is None:
            return  # it was closed meanwhile
        self._name = path.name
        self._begin(found)
        self._running = True
        self._began = time.monotonic()
        self._next()

    def _next(self) -> None:
        command = self._next_part() if self._running else None
        self._running = command is not None
        if command is not None:
            self._newest.ask(command, self._has_some, self._failed)
        self._show_state()

    def _has_some(self, told: Any, _: bytes) -> None:
        self._add(told)
        self._next()

    def _failed(self, failed: protocol.Failed) -> None:
        self._running = False
        self._show_state()
        self._fail(failed)

    def _fail(self, failed: protocol.Failed) -> None:
        self.messages.say(ErrorCard(self._themes, failed))

    def _show_state(self) -> None:
        done, total = self._done_of()
        self.stop_button.setVisible(self._running)
        self.bar.setVisible(self._running)
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self.view.setVisible(total > 0)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred, policy.Preferred if total else policy.Maximum)
        for item in (self.csv_button, self.json_button):
            item.setVisible(done > 0)
        if not total:
            self.line.setText(self.ABOUT)
            return
        words = f"{self._name}, answered by {self._answered_by()}: {count(done)} of {count(total)} {self.UNIT}"
        if self._running and done:
            left = (time.monotonic() - self._began) / done * (total - done)
            words += f", {duration(left)} left"
        elif not self._running and done < total:
            words += ". Stopped" + (": what is there can be saved" if done else "")
        self.line.setText(f"{words}. {self._found()}".rstrip())

    def _save(self, kind: str) -> None:
        stem = Path(self._name).stem or self.UNIT
        path = ask_save_path(self, "Save the answers", f"{stem}-answers", f".{kind}", "Answers")
        if path is not None:
            self.save_to(path, kind)
