"""Settings, Updates: what is newer, and its file, from a feed that the user asks for."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QProgressBar, QWidget

from fnet_studio import __version__
from fnet_studio.core import updates
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import size as size_words
from fnet_studio.core.pace import Pace
from fnet_studio.core.settings import Settings
from fnet_studio.ui.arriving import arriving
from fnet_studio.ui.background import STOPPED, Background, Progress
from fnet_studio.ui.desktop import open_folder
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.text_boxes import TextLine

QUIET = f"This is version {__version__}. Nobody is asked for newer ones unless you say so."

FAILED = "That did not work: what happened stands at the top of the page. Nothing was changed."


class UpdatesCard(Card):
    """Owns the question that is under way. Nothing is asked before a button is pressed."""

    failed = Signal(object)
    """The UserError of a question or a download."""

    def __init__(self, themes: ThemeSource, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._settings, self._background = settings, Background(self)
        self._progress: Progress | None = None
        self._found: updates.File | None = None
        self.column.addWidget(label("Updates", "section"))
        self.words = label(QUIET, "muted", wrap=True, selectable=True)
        self.notes = label("", "", wrap=True, selectable=True)
        self.at_start = QCheckBox("Look for updates when the program starts")
        self.at_start.setToolTip("One small file is fetched from the feed; nothing is sent along")
        self.at_start.setChecked(settings.update_check)
        self.at_start.toggled.connect(self._choose)
        built = updates.source(Settings())
        fields = QGridLayout()
        fields.setHorizontalSpacing(16)
        fields.setColumnStretch(1, 1)
        self.feed = TextLine(settings.update_feed)
        self.feed.setPlaceholderText(built.url or "Its address stands beside the downloads")
        self.key = TextLine(settings.update_key)
        self.key.setPlaceholderText(built.key or "64 digits, which stand there too")
        for place, (words, field, name) in enumerate(
            (("Feed", self.feed, "Address of the feed"), ("Key", self.key, "Public key of the feed"))
        ):
            field.setAccessibleName(name)
            field.editingFinished.connect(self._choose)
            caption = label(words, "muted")
            caption.setBuddy(field)
            fields.addWidget(caption, place, 0)
            fields.addWidget(field, place, 1)
        self.check = button("Look for updates", themes, "refresh-cw", "", self.look)
        self.download = button("Download", themes, "download", "primary", self._download)
        self.stop = button("Stop", themes, "x", "", self._stop, "What has arrived is kept")
        self.show_file = button("Open its folder", themes, "folder-open", "primary", self._open)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the download")
        self.column.addWidget(self.words)
        self.column.addWidget(self.notes)
        self.column.addWidget(self.bar)
        self.column.addLayout(row(self.check, self.download, self.show_file, self.stop, None))
        self.column.addSpacing(4)
        self.column.addWidget(self.at_start)
        self.column.addLayout(fields)
        self._show()

    @property
    def busy(self) -> bool:
        return self._progress is not None

    def look(self) -> None:
        """Ask the feed now."""
        self._choose()
        self._found = None
        self.notes.setText("")
        source, progress = updates.source(self._settings), self._begin()
        self.words.setText("Asking the feed …")
        self._background.run(
            lambda: updates.check(source, stopped=progress.asked_to_stop), self.show_update, self._failed, "feed"
        )

    def show_update(self, update: updates.Update) -> None:
        """What the feed answered, to this card or at the start of the program."""
        self._progress, self._found = None, update.file
        if update.release is None:
            self.words.setText(f"Version {__version__} is the newest.")
            self.notes.setText("")
        else:
            on = f" of {update.release.date}" if update.release.date else ""
            here = f", {size_words(update.file.bytes)}." if update.file else ", but it has no file for this machine."
            self.words.setText(f"Version {update.release.version}{on} is newer than this one ({__version__}){here}")
            self.notes.setText(update.release.notes)
        self._show()

    def _download(self) -> None:
        file, progress = self._found, self._begin()
        if file is None:
            return
        pace = Pace()

        def moved(share: float) -> None:
            if progress is not self._progress:
                return
            done = round(share * file.bytes)
            pace.tell(done, file.bytes)
            self.words.setText(f"Downloading: {arriving(done, file.bytes, pace.rate_per_s, pace.left_s)}")
            self.bar.setValue(round(share * 100))

        progress.moved.connect(moved)
        self.words.setText("Downloading. What has arrived is kept if it breaks off.")
        self._background.run(
            lambda: updates.fetch(file, lambda _, done, total: progress(done, total), progress.asked_to_stop),
            self._fetched,
            self._failed,
            "file",
        )

    def _fetched(self, path: object) -> None:
        self._progress, self._found = None, None
        self.words.setText(
            f"{path} is here, and it is what the publisher signed. Install it when no run is under way; "
            "your runs, presets and settings stay."
        )
        self._show(fetched=True)

    def _failed(self, error: UserError) -> None:
        self._progress = None
        self.words.setText("Stopped." if error.kind == STOPPED else FAILED)
        self._show()
        if error.kind != STOPPED:
            self.failed.emit(error)

    def _begin(self) -> Progress:
        self._progress = Progress(self)
        self.bar.setValue(0)
        self._show()
        return self._progress

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _open(self) -> None:
        try:
            open_folder(updates.folder())
        except UserError as error:
            self.failed.emit(error)

    def _choose(self) -> None:
        self._settings.update_check = self.at_start.isChecked()
        self._settings.update_feed = self.feed.text().strip()
        self._settings.update_key = self.key.text().strip()

    def _show(self, fetched: bool = False) -> None:
        self.check.setVisible(not self.busy)
        self.download.setVisible(not self.busy and self._found is not None)
        self.stop.setVisible(self.busy)
        self.bar.setVisible(self.busy and self._found is not None)
        self.show_file.setVisible(fetched)
        self.notes.setVisible(bool(self.notes.text()) and not fetched)
