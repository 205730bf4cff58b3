"""One preset as a card: what it is, what it needs, what it can answer, and what can be done with it."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QProgressBar, QVBoxLayout, QWidget

from fnet_studio.core import protocol, run_store
from fnet_studio.core.builtin_presets import BUILTIN
from fnet_studio.core.catalogue import BATCH, Entry
from fnet_studio.core.files import size as size_words
from fnet_studio.core.presets import class_words
from fnet_studio.ui.parts import Badge, Card, Fact, bring_into_view, button, label, row
from fnet_studio.ui.presets.average_card import AverageCard
from fnet_studio.ui.presets.downloads import Download
from fnet_studio.ui.presets.looks import HEADS, ORIGINS, STATES, state_of
from fnet_studio.ui.presets.measure_card import MeasureCard
from fnet_studio.ui.presets.model_card import ModelCard
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.breaking_label import BreakingLabel
from fnet_studio.ui.widgets.comparisons import Comparisons
from fnet_studio.ui.widgets.figures import count
from fnet_studio.ui.widgets.flow import FlowLayout

FORMATS = {
    "kerashub": "As a KerasHub folder",
    "transformers": "As a Transformers folder",
    "keras": "As a .keras file",
}
HEADLESS = "It was saved without a head: pictures and fine-tuning work, but it predicts no words. "


class PresetDetails(QWidget):
    """Shows one entry. Every button tells what is wanted; the page does it."""

    wanted = Signal(str, object)
    """(what, `Entry`): use, fine-tune, check, open, delete, locate, download, download-head, fetch-head,
    resume, pause, cancel, run, or export- and a format."""

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.entry: Entry | None = None
        self._shown: object = None
        self._fitting: list[Entry] = []
        self._focused = ""
        """The button that has the focus, or gets it back."""
        self.buttons: dict[str, QWidget] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.card = Card()
        self.card.column.setSpacing(12)
        self.sheet = QWidget()
        self.card.column.addWidget(self.sheet)
        self.average = AverageCard(themes)
        self.average.closed.connect(lambda: self._back_to("average"))
        self.measure = MeasureCard(supervisor, themes)
        self.measure.closed.connect(lambda: self._back_to("measure"))
        self.checks = Checks(themes)
        self.checks.hide()
        self.text_card = Card()
        self.text_card.column.addWidget(label("Model card", "section"))
        self.text = ModelCard()
        self.text_card.column.addWidget(self.text)
        for item in (self.card, self.average, self.measure, self.checks, self.text_card):
            column.addWidget(item)
        column.addStretch(1)

    def show_entry(
        self,
        entry: Entry | None,
        download: Download | None,
        checked: protocol.PresetChecked | None,
        *,
        current: bool,
        checking: bool,
        fitting: list[Entry],
    ) -> None:
        """current: it is the one that Explore shows. checking: its self-test is under way. fitting: others that
        it can be averaged with."""
        self.setVisible(entry is not None)
        stopping = bool(download and download.stopping)
        wanted = (entry, download is not None, stopping, current, checking, checked, [one.key for one in fitting])
        if entry is not None and wanted != self._shown:
            if self.entry != entry or self._fitting != fitting:
                self.average.hide()
            self._shown, self.entry, self._fitting = wanted, entry, fitting
            self.measure.show_entry(entry)
            self._build(entry, download, current, checking)
            self.checks.show_checked(checked if entry.state == "ready" else None)
            self.text_card.setVisible(bool(entry.card.model_card.strip()))
            self.text.show_text(entry.card.model_card)
        if download is not None:
            self.show_download(download)

    def show_download(self, download: Download) -> None:
        self.progress.setText(download.words)
        self.bar.setRange(0, 1000 if download.total else 0)
        self.bar.setValue(round(1000 * download.done / download.total) if download.total else 0)
        self.bar.setAccessibleDescription(download.words)

    # -------------------------------------------------------------------------------------------- the sheet

    def _build(self, entry: Entry, download: Download | None, current: bool, checking: bool) -> None:
        if not self.card.hasFocus():  # else it waits there for a button that is of no use yet
            self._focused = next((name for name, it in self.buttons.items() if it.hasFocus()), "")
        old, self.sheet, self.buttons = self.sheet, QWidget(), {}
        self.card.column.replaceWidget(old, self.sheet)
        old.hide()
        old.deleteLater()
        column = QVBoxLayout(self.sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.setAccessibleName(f"Preset {entry.title}")
        column.addWidget(BreakingLabel(entry.title, "section"))
        badges = FlowLayout(gap_x=8)
        for badge in self._badges(entry, download, current):
            badges.addWidget(badge)
        column.addLayout(badges)
        if entry.card.problem:
            column.addWidget(BreakingLabel(entry.card.problem, "error"))
        self.progress = label("", "strong", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(f"Download of {entry.title}")
        if download is not None:
            column.addWidget(self.progress)
            column.addWidget(self.bar)
        elif entry.state == "paused":
            words = (
                f"{size_words(entry.arrived_bytes)} of {size_words(entry.download_bytes)} have arrived and are kept."
            )
            column.addWidget(label(words, "strong", wrap=True))
        self._actions(column, entry, download, checking)
        facts = FlowLayout(gap_x=28, gap_y=12)
        for caption, value, tip in _facts(entry) if entry.state != "missing" else ():
            fact = Fact(caption, value)
            fact.setToolTip(tip)
            facts.addWidget(fact)
        column.addLayout(facts)
        self._head(column, entry)
        known = entry.card.problem if entry.state == "missing" else ""
        told = (
            ("Classes", class_words(entry.card.class_names)),
            ("Began from", entry.parent.removeprefix(run_store.RUN)),
            ("Folder", entry.card.folder),
            ("Came from", entry.source),
        )
        for caption, value in told:
            if value and value not in known:
                column.addWidget(BreakingLabel(f"{caption}: {value}", "caption"))
        self.sheet.show()  # what is not to be seen yet takes no focus
        if self._focused in self.buttons:
            self.buttons[self._focused].setFocus()

    def _badges(self, entry: Entry, download: Download | None, current: bool) -> list[Badge]:
        look = state_of(entry, download)
        badges = [] if download is not None else [Badge(self._themes, look.words, look.icon, look.tone, look.tip)]
        if entry.key in BUILTIN and (download is not None or entry.state in ("remote", "paused")):
            head = HEADS["none"]
            badges.append(Badge(self._themes, head.words, head.icon, head.tone, head.tip))
        if entry.state not in STATES:
            badges.append(Badge(self._themes, ORIGINS[entry.origin], "package", "muted"))
        if current:
            badges.append(Badge(self._themes, "In Explore", "compass", "accent"))
        return badges

    def _actions(self, column: QVBoxLayout, entry: Entry, download: Download | None, checking: bool) -> None:
        line = FlowLayout(gap_x=8, gap_y=8)
        column.addLayout(line)

        def add(
            what: str, words: str, icon: str, kind: str = "", tip: str = "", do: Callable[[], object] | None = None
        ) -> None:
            item = button(words, self._themes, icon, kind, do or (lambda: self.wanted.emit(what, self.entry)), tip)
            self.buttons[what] = item
            line.addWidget(item)

        if download is not None:
            if not download.stopping:
                add("pause", "Pause", "pause", "", "What has arrived is kept, also after a restart")
                add("cancel", "Cancel", "x", "", "Remove what has arrived")
            return
        if entry.state == "remote":
            add("download", "Download", "download", "primary", "The encoder alone, as KerasHub publishes it")
            add(
                "download-head", "Download with head", "download", "", "With the authors' masked-LM head: twice as much"
            )
        elif entry.state == "paused":
            add("resume", "Resume", "play", "primary")
            add("cancel", "Cancel", "x", "", "Remove what has arrived")
        elif entry.state == "missing":
            add("locate", "Locate the folder", "search", "primary", "Say where it is now")
            add("delete", "Take off the list", "trash-2")
        else:
            if entry.usable:
                add("use", "Use in Explore", "compass", "primary")
                add("fine-tune", "Fine-tune", "graduation-cap", "", "Train a classifier that begins from it")
                add("check", "Checking" if checking else "Check", "gauge", "", "Compare it with a second opinion")
                self.buttons["check"].setEnabled(not checking)
                self._export(line)
                if entry.card.head == "pretrained":
                    tip = "How well it guesses the words of a text"
                    add("measure", "Measure", "chart-line", "", tip, self._open_measure)
                if self._fitting:
                    tip = "The mean of its weights with those of others"
                    add("average", "Average", "layers", "", tip, self._open_average)
            add("open", "Open folder", "folder-open")
            if entry.origin in ("yours", "linked"):
                words = "Delete" if entry.origin == "yours" else "Take off the list"
                add("delete", words, "trash-2", "", "It can be undone (Delete)")
        if entry.run:
            add("run", "Show the run", "history", "", f"The run that kept it: {entry.run}")

    def _open_measure(self) -> None:
        self.measure.show()
        self.measure.path.edit.setFocus()
        bring_into_view(self.measure)

    def _open_average(self) -> None:
        if self.entry is not None:
            self.average.ask(self.entry, self._fitting)
            bring_into_view(self.average)

    def _back_to(self, what: str) -> None:
        if what in self.buttons:
            self.buttons[what].setFocus()

    def _export(self, line: FlowLayout) -> None:
        item = button("Export", self._themes, "save", "", None, "Write it in another format, and read that back")
        menu = QMenu(item)
        for key, words in FORMATS.items():
            menu.addAction(words, lambda key=key: self.wanted.emit(f"export-{key}", self.entry))
        item.setMenu(menu)
        self.buttons["export"] = item
        line.addWidget(item)

    def _head(self, column: QVBoxLayout, entry: Entry) -> None:
        """What a preset without a head lacks, and how it gets the authors' one."""
        if entry.card.head != "none" or entry.state in ("damaged", "missing"):
            return
        builtin = entry.key in BUILTIN
        words = HEADLESS
        if entry.head_wanted:
            words = "This download brings the authors' head too, which predicts words."
        elif entry.state in ("remote", "paused") and not builtin:
            return
        elif entry.state in ("remote", "paused"):
            words += "Download with head brings the authors' one."
        elif builtin:
            words += "The authors' head can be fetched and joined to it, as a preset of its own."
        else:
            words += "Masked-LM training, on the Train page, gives it one."
        column.addWidget(label(words, "muted", wrap=True))
        if builtin and entry.state == "ready":
            fetch = button("Fetch the authors' head", self._themes, "download", "", None)
            fetch.clicked.connect(lambda _=False: self.wanted.emit("fetch-head", self.entry))
            self.buttons["fetch-head"] = fetch
            column.addLayout(row(fetch, None))


class Checks(Card):
    """What a self-test compared, and how far apart it was."""

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self.column.addWidget(label("Self-test", "section"))
        self.verdict = label("", "strong", wrap=True)
        self.column.addWidget(self.verdict)
        self.compared = Comparisons(themes)
        self.column.addWidget(self.compared)

    def show_checked(self, checked: protocol.PresetChecked | None) -> None:
        self.setVisible(checked is not None)
        if checked is None:
            return
        good = f"All as it should be, in {checked.took_s:.1f} s."
        self.verdict.setText(good if checked.passed else "Something differs by more than it may.")
        self.compared.put(checked.comparisons)


def _facts(entry: Entry) -> list[tuple[str, str, str]]:
    """Caption, value and what is to be known about it."""
    card = entry.card

    def known(value: int) -> str:
        return count(value) if value else "–"

    def about(value: int) -> str:
        return f"about {size_words(value)}" if value else "–"

    remote = entry.state in ("remote", "paused")
    size = about(entry.download_bytes) if remote else size_words(card.size_bytes) if card.size_bytes else "–"
    return [
        ("Parameters", known(card.parameters), "In the encoder, without a head"),
        ("Layers", known(card.num_layers), ""),
        ("Hidden size", known(card.hidden_dim), ""),
        ("Intermediate", known(card.intermediate_dim), ""),
        ("Vocabulary", known(card.vocabulary_size), ""),
        (
            "Length",
            known(card.sequence_length),
            "Texts are always padded to it: padding is part of the input. Another one can be chosen up to the model's "
            f"{known(card.positions)} positions",
        ),
        ("Download" if remote else "On disk", size, ""),
        ("Memory to use", about(entry.use_bytes), "For one text of full length, in float32"),
        (
            "Memory to train",
            about(entry.training_bytes),
            f"All of it, with AdamW in float32, {BATCH} texts of full length at a time",
        ),
        ("Licence", entry.licence or "not stated", "As its model card says"),
    ]
