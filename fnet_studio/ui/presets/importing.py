"""Bringing a preset in: copied aside or used where it lies, its weights read by the worker, and then given its name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMenu

from fnet_studio.core import places, preset_import, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.ui.background import STOPPED, Background, CommandProgress, Progress
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.parts import button
from fnet_studio.ui.runs.told_card import ToldCard
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource


class Importing(QObject):
    """One at a time. button: with a menu of the ways."""

    imported = Signal(str)
    """The name that it got."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, notices: Notices, parent: QObject) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._notices = supervisor, themes, notices
        self._background = Background(self)
        self.button = button(
            "Import", themes, "folder-input", "", None, "Bring a preset in; a folder or a zip can be dropped too"
        )
        menu = QMenu(self.button)
        menu.addAction("A folder, copied", self._choose_folder)
        menu.addAction("A zip archive", self._choose_archive)
        menu.addAction("A folder, used where it lies", self._choose_link)
        self.button.setMenu(menu)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self.button, "Choose a preset's folder")
        if folder:
            self.bring(Path(folder))

    def _choose_archive(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.button, "Choose an archive", str(Path.home()), "Zip archive (*.zip)")
        if path:
            self.bring(Path(path))

    def _choose_link(self) -> None:
        folder = QFileDialog.getExistingDirectory(self.button, "Choose a preset's folder, to be used where it lies")
        if folder:
            self.link(Path(folder))

    def bring(self, source: Path) -> None:
        """A folder or a zip archive: copied aside, every weight read by the worker, and then given its name."""
        if not self.button.isEnabled():
            return
        told = self._busy(f"Copying {source.name}", Progress(self))
        self._background.run(lambda: preset_import.stage(source, told), self._read_staged, self._not_imported)

    def _read_staged(self, staged: preset_import.Staged) -> None:
        def read() -> None:
            folder = self._try(lambda: preset_import.commit(staged))
            self._rest()
            if folder is not None:
                bundled = (places.bundled_presets() / folder.name).is_dir()
                more = " It is used in place of the one that came with the program." if bundled else ""
                self._notices.put("import", ToldCard(self._themes, f"{folder.name} was imported.{more}"))
                self.imported.emit(folder.name)

        def refused(failed: protocol.Failed | None) -> None:
            self._background.run(lambda: preset_import.abandon(staged), lambda _: None)
            self._not_imported(failed)

        self._ask_to_read(str(staged.folder), f"Reading the weights of {staged.name}", read, refused)

    def link(self, source: Path) -> None:
        """Use a folder where it lies, once the worker has read its weights."""
        if not self.button.isEnabled() or self._try(lambda: preset_import.check(source)) is None:
            return

        def read() -> None:
            name = self._try(lambda: preset_import.link(source))
            self._rest()
            if name is not None:
                self._notices.put("import", ToldCard(self._themes, f"{name} is used where it lies: {source}."))
                self.imported.emit(name)

        self._ask_to_read(str(source), f"Reading the weights of {source.name}", read, self._not_imported)

    def _ask_to_read(
        self,
        folder: str,
        words: str,
        read: Callable[[], object],
        refused: Callable[[protocol.Failed | None], object],
    ) -> None:
        id = 0
        self._busy(words, CommandProgress(lambda: self._supervisor.ask(protocol.Stop(id, "discard")), self))
        id = self._supervisor.ask(
            protocol.Load(folder),
            on_done=lambda _result, _blob: read(),
            on_failed=refused,
            on_stopped=lambda _: refused(None),
        )

    def _busy(self, words: str, progress: Progress) -> Progress:
        self.button.setEnabled(False)
        self._notices.put("import", ToldCard(self._themes, f"{words} …", busy=progress))
        return progress

    def _rest(self) -> None:
        self.button.setEnabled(True)
        self._notices.take("import")

    def _not_imported(self, failed: protocol.Failed | UserError | None) -> None:
        """None: it was stopped."""
        self._rest()
        if failed is not None and failed.kind != STOPPED:
            self._notices.put("import", ErrorCard(self._themes, failed))

    def _try(self, do: Callable[[], Any]) -> Any:
        """None when it failed, which is then said."""
        try:
            return do()
        except UserError as error:
            self._notices.put("error", ErrorCard(self._themes, error))
            return None
