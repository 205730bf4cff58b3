"""Presets: the models that there are to choose from, and all that is done with a whole one."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from fnet_studio.core import places, preset_import, preset_trash, protocol, recipe
from fnet_studio.core.catalogue import Entry
from fnet_studio.core.errors import UserError
from fnet_studio.core.settings import Settings
from fnet_studio.ui.background import Background, CommandProgress
from fnet_studio.ui.cards import BusyState, EmptyState, ErrorCard
from fnet_studio.ui.desktop import open_folder, open_own_folder, to_trash
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.parts import Card, button, scrolling
from fnet_studio.ui.presets.average_card import fitting
from fnet_studio.ui.presets.details import PresetDetails
from fnet_studio.ui.presets.downloads import Downloads
from fnet_studio.ui.presets.importing import Importing
from fnet_studio.ui.presets.library import PresetLibrary
from fnet_studio.ui.presets.list_view import PresetList
from fnet_studio.ui.runs.told_card import ToldCard
from fnet_studio.ui.save_file import ask_save_path
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import MARGIN, ThemeSource
from fnet_studio.ui.widgets.figures import count
from fnet_studio.ui.widgets.page_header import PageHeader
from fnet_studio.ui.widgets.path_field import dropped_path
from fnet_studio.ui.widgets.side import WithSide

LIST_PX = 380


class PresetsPage(QWidget):
    chosen = Signal(str)
    """A preset, by name or folder, that is wanted in Explore."""
    recipe_wanted = Signal(object)
    """A recipe (`recipe.to_mapping`) that is wanted on the Train page."""
    run_wanted = Signal(str)
    """Id of a run that is wanted on the Runs page."""

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._settings = supervisor, themes, settings
        self._background = Background(self)
        self._checked: dict[tuple[str, str], protocol.PresetChecked] = {}
        """By key and version: what has been replaced was not checked."""
        self._checking: set[str] = set()
        self._transfers: dict[str, Path] = {}
        """What is being written, by the place of its message."""
        self._wanted = ""
        """A preset to be selected as soon as it is read."""
        self.library = PresetLibrary(self)
        self.downloads = Downloads(supervisor, self)
        self.list = PresetList(self.downloads, themes)
        self.details = PresetDetails(supervisor, themes)
        self.notices = Notices()
        self.notices.set_margins(0, 0, 0, 0)
        self.importing = Importing(supervisor, themes, self.notices, self)
        self.setAcceptDrops(True)
        self.empty = EmptyState(
            themes, "package", "No presets", "Models to explore are listed here. Import one, or drop its folder."
        )
        self.body = QStackedWidget()
        self._side = scrolling(self.details)
        self.with_side = WithSide("presets", "the list", self.list, self._side, LIST_PX, themes, settings)
        for page in (BusyState("Reading the presets"), self.empty, self.with_side):
            self.body.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, 16, MARGIN, 16)
        column.setSpacing(12)
        column.addWidget(self._header())
        column.addWidget(self.notices)
        column.addWidget(self.body, 1)
        self._connect()
        self._empty_trash()
        self.refresh()

    def _header(self) -> PageHeader:
        header = PageHeader("Presets", "Models to explore and to train: here, to be downloaded, and kept by your runs.")
        header.add_action(button("Open folder", self._themes, "folder-open", "", self._open_all))
        header.add_action(self.importing.button)
        return header

    def _connect(self) -> None:
        self.library.changed.connect(self._came)
        self.importing.imported.connect(self._imported)
        self.list.selection_changed.connect(self._show)
        self.list.view.delete_wanted.connect(lambda: self._of_selected("delete"))
        self.list.view.open_wanted.connect(lambda: self._of_selected("use"))
        self.list.view.doubleClicked.connect(lambda _: self._of_selected("use"))
        self.details.wanted.connect(self.do)
        self.details.average.wanted.connect(lambda others: self.average([self.details.entry, *others]))
        self.downloads.changed.connect(self.refresh)
        self.downloads.changed.connect(self._show)
        self.downloads.moved.connect(self._download_moved)
        self.downloads.failed.connect(lambda failed: self.notices.put("download", ErrorCard(self._themes, failed)))
        self.downloads.finished.connect(self._downloaded)

    # ---------------------------------------------------------------------------------------- what is shown

    @property
    def selected(self) -> Entry | None:
        return self.list.selected

    def refresh(self) -> None:
        """Read the folders again, beside the event loop."""
        self.library.refresh()

    def select(self, key: str) -> None:
        """Now, or as soon as it has been read."""
        if not self.list.select(key):
            self._wanted = key
            self.refresh()

    def _imported(self, name: str) -> None:
        """It may stand in the place of one of this name that is listed."""
        self._wanted = name
        self.refresh()

    def _came(self) -> None:
        self.list.put(self.library.entries)
        self.details.measure.know({entry.key: entry.version for entry in self.library.entries})
        self.body.setCurrentWidget(self.with_side if self.library.entries else self.empty)
        if self._wanted and self.list.select(self._wanted):
            self._wanted = ""
        if self.library.problem is not None:
            self.notices.put("unreadable", ErrorCard(self._themes, self.library.problem, tone="warning"))
        else:
            self.notices.take("unreadable")
        self._show()

    def _show(self) -> None:
        entry = self.selected
        key = entry.key if entry else ""
        self.details.show_entry(
            entry,
            self.downloads.running.get(key),
            self._checked.get((key, entry.version)) if entry else None,
            current=bool(entry) and self._settings.preset in (key, entry.card.folder if entry else ""),
            checking=key in self._checking,
            fitting=fitting(entry, self.library.entries) if entry else [],
        )

    def _download_moved(self, name: str) -> None:
        entry, download = self.selected, self.downloads.running.get(name)
        if entry is not None and entry.key == name and download is not None:
            if download.stopping:
                self._show()
            else:
                self.details.show_download(download)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self.refresh()

    # ------------------------------------------------------------------------------------- what can be done

    def _of_selected(self, what: str) -> None:
        """By a key in the list: only what there is a button for."""
        if self.selected is not None and what in self.details.buttons:
            self.do(what, self.selected)

    def do(self, what: str, entry: Entry) -> None:
        """See `PresetDetails.wanted`."""
        match what.partition("-"):
            case ("use", _, _):
                self.chosen.emit(entry.card.folder if entry.run and entry.origin == "run" else entry.key)
            case ("fine", _, "tune"):
                values = {"model.preset": entry.key}
                self._try(
                    lambda: self.recipe_wanted.emit(recipe.to_mapping(recipe.load(recipe.bundled("finetune"), values)))
                )
            case ("check", _, _):
                self.check(entry)
            case ("open", _, _):
                self._try(lambda: open_folder(Path(entry.card.folder)))
            case ("delete", _, _):
                self.remove(entry)
            case ("locate", _, _):
                folder = QFileDialog.getExistingDirectory(self, f"Where is the folder of {entry.title}?")
                if folder:
                    self.relocate(entry, Path(folder))
            case ("download", _, head):
                self.notices.take("download")
                self.downloads.start(entry.asked_for, bool(head))
            case ("resume", _, _):
                self.notices.take("download")
                self.downloads.start(entry.asked_for, entry.head_wanted)
            case ("pause", _, _):
                self.downloads.pause(entry.key)
            case ("cancel", _, _):
                running = self.downloads.running.get(entry.key)
                self.downloads.cancel(entry.key, running.preset if running else entry.asked_for)
            case ("fetch", _, "head"):
                self.fetch_head(entry)
            case ("run", _, _):
                self.run_wanted.emit(entry.run)
            case ("export", _, to):
                self._ask_export(entry, to)

    def check(self, entry: Entry) -> None:
        """The self-test; the worker does it beside everything else."""

        def over(failed: protocol.Failed | None) -> None:
            self._checking.discard(entry.key)
            if failed is not None:
                self.notices.put("check", ErrorCard(self._themes, failed))
            self._show()

        def done(checked: protocol.PresetChecked, _blob: bytes) -> None:
            self._checked[entry.key, entry.version] = checked
            over(None)

        self.notices.take("check")
        self._checking.add(entry.key)
        self._checked.pop((entry.key, entry.version), None)
        self._show()
        command = protocol.CheckPreset(entry.card.folder)
        self._supervisor.ask(command, on_done=done, on_failed=over, on_stopped=lambda _: over(None))

    def _downloaded(self, name: str, notes: tuple[str, ...]) -> None:
        self.notices.put("download", ToldCard(self._themes, " ".join([f"{name} was downloaded.", *notes])))
        self.select(name)

    # ------------------------------------------------------------------------------ folders, lists and trash

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self.importing.bring(path)

    def relocate(self, entry: Entry, folder: Path) -> None:
        if self._try(lambda: preset_import.relocate(entry.key, folder) or True):
            self.notices.take("error")
            self.select(entry.key)
            self.refresh()

    def remove(self, entry: Entry) -> None:
        """Out of the list at once, and back with one press of Undo; into the system's trash when that card goes."""
        removed = self._try(lambda: preset_trash.put_aside(entry.key))
        if removed is None:
            return
        self._empty_trash(keep=entry.key)
        words = f"{entry.title} was deleted." if removed.moved else f"{entry.title} was taken off the list."
        card = ToldCard(self._themes, words, "Undo", "undo-2", lambda: self._bring_back(removed))
        card.closed.connect(self._empty_trash)
        self.notices.put("trash", card)
        self.refresh()

    def _bring_back(self, removed: preset_trash.Removed) -> None:
        self._try(lambda: preset_trash.bring_back(removed))
        self.select(removed.name)
        self.refresh()

    def _empty_trash(self, keep: str = "") -> None:
        """Hand on to the system's trash what nobody took back."""
        folders = [path for path in preset_trash.waiting() if path.name != keep]

        def hand_on() -> None:
            for path in folders:
                to_trash(path)

        if folders:
            self._background.run(hand_on, lambda _: None, self._say)

    # ----------------------------------------------------------------------------- new folders from presets

    def _ask_export(self, entry: Entry, to: str) -> None:
        stem, ending, words = entry.title, ".keras", "Keras model"
        if to != "keras":
            stem, ending, words = f"{entry.title}-{to}", "", "Folder"
        path = ask_save_path(self, "Export the preset", stem, ending, words)
        if path is not None:
            self.export(entry, to, path)

    def export(self, entry: Entry, to: Any, target: Path) -> None:
        def done(converted: protocol.Converted) -> str:
            numbers = sum(it.count for it in converted.comparisons)
            return f"Written: {converted.folder}. It reads back equal, {count(numbers)} numbers bit for bit."

        replace = to == "keras"  # the dialog has asked
        command = protocol.Convert(entry.card.folder, str(target), to, replace)
        self._transfer(f"Exporting {entry.title}", command, target, done)

    def average(self, entries: list[Entry]) -> None:
        """The mean of their weights, as a preset of its own."""
        stem = re.sub(r"[^\w.-]+", "-", entries[0].title).strip(".-")[:60] or "preset"
        target = self._free_name(f"{stem}-mean")
        titles = [one.title for one in entries]

        def done(converted: protocol.Converted) -> str:
            self.select(target.name)
            numbers = sum(it.count for it in converted.comparisons)
            words = f"{target.name} is the mean of {', '.join(titles[:-1])} and {titles[-1]}."
            return f"{words} It reads back equal, {count(numbers)} numbers bit for bit."

        command = protocol.Average(tuple(one.key for one in entries), str(target))
        self._transfer(f"Averaging {', '.join(titles)}", command, target, done)

    def fetch_head(self, entry: Entry) -> None:
        """As a preset of its own beside the one without."""
        target = self._free_name(f"{entry.key}-head")

        def done(_converted: protocol.Converted) -> str:
            self.select(target.name)
            return f"{target.name} has the authors' head."

        command = protocol.FetchHead(entry.key, str(target))
        self._transfer(f"Fetching the authors' head of {entry.title}", command, target, done)

    def _free_name(self, name: str) -> Path:
        return preset_import.free_name(places.presets() / name, self._transfers.values())

    def _transfer(
        self, words: str, command: protocol.Command, target: Path, done: Callable[[protocol.Converted], str]
    ) -> None:
        """done: what is told of it. Several may be under way, each with a card of its own."""
        place = next(one for n in itertools.count() if (one := f"export {n}" if n else "export") not in self._transfers)
        self._transfers[place] = target
        id = 0
        progress = CommandProgress(lambda: self._supervisor.ask(protocol.Stop(id, "discard")), self)
        self.notices.put(place, ToldCard(self._themes, f"{words} …", busy=progress))

        def ended(card: Card | None) -> None:
            del self._transfers[place]
            if card is None:
                self.notices.take(place)
            else:
                self.notices.put(place, card)

        def written(converted: protocol.Converted, _blob: bytes) -> None:
            ended(ToldCard(self._themes, " ".join([done(converted), *converted.notes])))

        id = self._supervisor.ask(
            command,
            on_done=written,
            on_failed=lambda failed: ended(ErrorCard(self._themes, failed)),
            on_stopped=lambda _: ended(None),
        )

    # ---------------------------------------------------------------------------------------------- helpers

    def _open_all(self) -> None:
        self._try(lambda: open_own_folder(places.presets()))

    def _say(self, error: UserError) -> None:
        self.notices.put("error", ErrorCard(self._themes, error))

    def _try(self, do: Callable[[], Any]) -> Any:
        """None when it failed, which is then said."""
        try:
            return do()
        except UserError as error:
            self._say(error)
            return None


def _dropped(event: QDragEnterEvent | QDropEvent) -> Path | None:
    """The folder or zip archive that is dropped."""
    path = Path(dropped_path(event))
    return path if path.is_absolute() and (path.is_dir() or path.suffix.lower() == ".zip") else None
