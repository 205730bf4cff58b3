"""IMDb's reviews in one click: a download that can be stopped and gone on with, or the archive that one has."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from fnet_studio.core import protocol
from fnet_studio.core.recipe_sections import IMDB_URL
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.working import Working


class ImdbCard(Card):
    ready = Signal(str)
    """Path of the archive, its checksum right."""

    def __init__(
        self,
        supervisor: Supervisor,
        themes: ThemeSource,
        imdb_path: str = "",
        url: str = IMDB_URL,
        parent: QWidget | None = None,
    ) -> None:
        """imdb_path: an archive or folder that was used before, or ''."""
        super().__init__(parent=parent)
        self._supervisor, self._themes, self.url = supervisor, themes, url
        self._id = 0
        self.words = label(
            "50 000 film reviews, half of them good: the data of the published example. 84 MB, checked when it has "
            "arrived; a download that breaks off goes on where it was.",
            "muted",
            wrap=True,
        )
        self.download = button("Download", themes, "download", "primary", self.fetch, "Fetch IMDb's archive")
        self.use = button("Use mine", themes, "folder-open", "", lambda: self.ready.emit(imdb_path))
        self.use.setToolTip(imdb_path)
        self.working = Working(supervisor, themes, "Stop the download")
        self.working.stop_wanted.connect(self._stop)
        self.messages = MessagePlace()
        self.column.addWidget(label("IMDb reviews", "strong"))
        line = row(self.words, self.use, self.download, spacing=12)
        line.setStretch(0, 1)
        self.column.addLayout(line)
        self.use.setVisible(bool(imdb_path))  # only now: without a parent it would be a window of its own
        self.column.addWidget(self.working)
        self.column.addWidget(self.messages)
        self.column.addWidget(
            label("Or name the archive, or the folder made from it, under Files of your own.", "caption")
        )

    def fetch(self) -> None:
        if self._id:
            return
        self.messages.say(None)
        self.download.setEnabled(False)
        self._id = self._supervisor.ask(
            protocol.Download(self.url),
            on_done=lambda result, _blob: self._done(result),
            on_failed=self._failed,
            on_stopped=lambda _: self._over("Stopped. What has arrived is kept: Download goes on from there."),
        )
        self.working.follow(lambda: self._id, "Asking for the archive")

    def _stop(self) -> None:
        self._supervisor.ask(protocol.Stop(self._id))

    def _done(self, result: protocol.Downloaded) -> None:
        self._over("Downloaded, and its checksum is right.")
        self.ready.emit(result.path)

    def _failed(self, failed: protocol.Failed) -> None:
        self._over("")
        self.messages.say(ErrorCard(self._themes, failed, "Try again", self.fetch))

    def _over(self, words: str) -> None:
        self._id = 0
        self.working.over()
        self.download.setEnabled(True)
        if words:
            self.words.setText(words)
