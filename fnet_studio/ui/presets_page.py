"""Presets: the models on this machine, as cards."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QProgressBar, QVBoxLayout, QWidget

from fnet_studio.core import places, preset_import, presets, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.core.settings import Settings
from fnet_studio.ui.cards import ConfirmCard, ErrorCard
from fnet_studio.ui.desktop import open_folder, size_words, to_trash
from fnet_studio.ui.notices import Notices
from fnet_studio.ui.parts import Card, button, label
from fnet_studio.ui.preset_card import PresetCardView
from fnet_studio.ui.runs.background import Background, Progress
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import MARGIN, ThemeSource
from fnet_studio.ui.widgets.page_header import PageHeader


class PresetsPage(QWidget):
    chosen = Signal(str)
    """Name of a preset that is wanted in Explore."""

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self._settings = supervisor, themes, settings
        self.import_button = button(
            "Import a folder", themes, "folder-input", "primary", self._choose, "Copy a preset's folder to yours"
        )
        header = PageHeader("Presets", "Models to explore: those that came with the program, and yours.")
        header.add_action(button("Open folder", themes, "folder-open", "", self._open_all))
        header.add_action(self.import_button)
        self.notices = Notices()
        self.notices.set_margins(0, 0, 0, 0)
        self._background = Background(self)
        self._progress = ImportCard()
        self._progress.hide()
        self.views: dict[str, PresetCardView] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(16)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, 16, MARGIN, 16)
        column.setSpacing(12)
        for item in (header, self.notices, self._progress):
            column.addWidget(item)
        column.addLayout(self._list)
        more = label("A folder that KerasHub saved can be imported: it is copied, and the original stays.", "caption")
        column.addWidget(more)
        column.addStretch(1)
        self.refresh()

    def refresh(self) -> None:
        """Read the folders again."""
        for view in self.views.values():
            view.hide()
            view.deleteLater()
        self.views = {}
        for card in presets.list_presets():
            view = PresetCardView(card, self._themes, current=card.name == self._settings.preset)
            view.use_wanted.connect(self.chosen)
            view.open_wanted.connect(lambda folder: self._try(lambda: open_folder(Path(folder))))
            view.trash_wanted.connect(self._ask_trash)
            self.views[card.name] = view
            self._list.addWidget(view)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self.refresh()

    # ------------------------------------------------------------------------------------------- import

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a preset's folder")
        if folder:
            self.import_folder(Path(folder))

    def import_folder(self, source: Path) -> None:
        """Copy it aside, have the worker read every weight, then give it its name."""
        if not self.import_button.isEnabled():
            return
        self.notices.take("import")
        self.import_button.setEnabled(False)
        self._progress.say(f"Copying {source.name}", 0, 0)
        told = Progress(self)
        told.moved.connect(lambda share: self._progress.say(f"Copying {source.name}", round(share * 1000), 1000))
        self._background.run(lambda: preset_import.stage(source, told), self._check, self._failed)

    def _check(self, staged: preset_import.Staged) -> None:
        self._progress.say(f"Checking {staged.name}: the worker reads its weights", 0, 0)

        def refused(failed: protocol.Failed) -> None:
            preset_import.abandon(staged)
            self._failed(failed)

        def stopped(_: object) -> None:
            preset_import.abandon(staged)
            self._rest()

        def loaded(_result: object, _blob: bytes) -> None:
            self._try(lambda: preset_import.commit(staged))
            self._rest()
            self.refresh()

        self._supervisor.ask(protocol.Load(str(staged.folder)), on_done=loaded, on_failed=refused, on_stopped=stopped)

    def _rest(self) -> None:
        self._progress.hide()
        self.import_button.setEnabled(True)

    def _failed(self, failed: protocol.Failed | UserError) -> None:
        self._rest()
        self.notices.put("import", ErrorCard(self._themes, failed))

    # ------------------------------------------------------------------------------------------ actions

    def _ask_trash(self, card: presets.PresetCard) -> None:
        question = ConfirmCard(
            self._themes,
            f"Move the preset {card.name} to the trash?",
            f"{size_words(card.size_bytes)} go with it. You can bring it back from the trash.",
            [("trash", "Move to trash", "danger"), ("no", "Keep it", "")],
        )
        question.answered.connect(lambda key: self._trash(card) if key == "trash" else None)
        self.notices.put("trash", question)
        question.setFocus()

    def _trash(self, card: presets.PresetCard) -> None:
        self._try(lambda: to_trash(Path(card.folder)))
        self.refresh()

    def _open_all(self) -> None:
        folder = places.presets()
        folder.mkdir(parents=True, exist_ok=True)
        self._try(lambda: open_folder(folder))

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except UserError as error:
            self.notices.put("error", ErrorCard(self._themes, error))


class ImportCard(Card):
    """How far an import is."""

    def __init__(self) -> None:
        super().__init__()
        self.words = label("", "strong")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.column.addWidget(self.words)
        self.column.addWidget(self.bar)

    def say(self, words: str, done: int, total: int) -> None:
        self.words.setText(words)
        self.bar.setRange(0, 1000 if total else 0)
        self.bar.setValue(round(1000 * done / total) if total else 0)
        self.show()
