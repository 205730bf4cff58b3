"""Try a run's classifier on a text of one's own, or on a file of them."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QProgressBar, QVBoxLayout, QWidget

from fnet_studio.core import protocol, run_models
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.row_text import RowText
from fnet_studio.ui.runs.classified_file import ClassifiedFile
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import percent
from fnet_studio.ui.widgets.shortened_label import ShortenedLabel
from fnet_studio.ui.widgets.text_boxes import TextLines

BOX_PX, NAME_PX = 120, 300
SCALE = 10_000
FIRST = "The answer will stand here, a bar for each class."
LANGUAGE = "This run trained a language model; it knows no classes. Open its preset in Explore."


class TryTab(QWidget):
    explore_wanted = Signal(str)

    def __init__(self, supervisor: Supervisor, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._supervisor, self._themes = supervisor, themes
        self._run = ""
        self._model: tuple[str, str, float] | None = None
        self._asked = 0
        self._question = RowText()
        """What the answer that is shown, or on its way, is to."""
        self._first_words = FIRST
        self.box = _box("Text to classify", "A text to classify, such as: A slow start, but worth it.")
        self.second = _box("Second text", "The second text of the pair")
        self.ask_button = button("Classify", themes, "play", "primary", self.ask, "Ask the model (Ctrl+Enter)")
        self.explore = button("Open in Explore", themes, "compass", "", self._explore)
        self.words = label(FIRST, "muted", wrap=True)
        self.answers = QGridLayout()
        self.answers.setHorizontalSpacing(12)
        self.answers.setVerticalSpacing(8)
        self.answers.setColumnStretch(1, 1)
        self.trouble = QVBoxLayout()
        card = Card()
        card.column.addWidget(label("Try it", "section"))
        card.column.addLayout(row(self.box, self.second, spacing=12))
        card.column.addLayout(row(self.ask_button, self.explore, None))
        card.column.addLayout(self.trouble)
        card.column.addWidget(self.words)
        card.column.addLayout(self.answers)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        self.file = ClassifiedFile(supervisor, themes)
        self.file.try_wanted.connect(self.try_text)
        column.setSpacing(12)
        column.addWidget(card)
        column.addWidget(self.file, 1)
        column.addStretch()
        for box in (self.box, self.second):
            box.textChanged.connect(self._changed)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self.ask)

    def show_run(self, entry: RunEntry) -> None:
        self._first_words = FIRST if entry.record.classifies else LANGUAGE
        if entry.model != self._model:
            self._run, self._model = entry.id, entry.model
            self._forget()
        self.file.show_run(entry)
        self.file.setVisible(entry.record.classifies)
        self.second.setVisible(bool(run_models.paired(entry.record)))
        self.ask_button.setEnabled(entry.record.classifies)

    def try_text(self, asked: RowText) -> None:
        self.box.setPlainText(asked.text)
        self.second.setPlainText(asked.pair)
        if asked.pair:  # a run of before this was kept may not say so
            self.second.show()
        self.box.setFocus()

    def _changed(self) -> None:
        if self._asked_about() != self._question:
            self._forget()

    def _forget(self) -> None:
        """What was answered, or is on its way, is not about what stands here now."""
        self._asked += 1
        self._question = RowText()
        _clear(self.answers)
        _clear(self.trouble)
        self.words.setText(self._first_words)

    def ask(self) -> None:
        asked, paired = self._asked_about(), self.second.isVisibleTo(self)
        if not asked.text or not self.ask_button.isEnabled():
            self.words.setText("Write a text first.")
            self.box.setFocus()
            return
        if paired and not asked.pair:
            self.words.setText("This run learnt to sort pairs of texts: write the second one too.")
            self.second.setFocus()
            return
        self._asked += 1
        number, self._question = self._asked, asked
        _clear(self.trouble)
        self.words.setText("Asking the model … The first answer takes longest: it is read from disk and compiled.")

        def done(result: protocol.Result, _blob: bytes = b"") -> None:
            if number == self._asked and isinstance(result, protocol.Classified):
                self._show(result)

        def failed(reply: protocol.Failed) -> None:
            if number == self._asked:
                self.words.setText("")
                self.trouble.addWidget(ErrorCard(self._themes, reply, closable=False))

        command = protocol.Classify(self._run, (asked.text,), (asked.pair,) if paired else ())
        self._supervisor.ask(command, on_done=done, on_failed=failed)

    def _asked_about(self) -> RowText:
        return RowText(self.box.toPlainText().strip(), self.second.toPlainText().strip())

    def _show(self, result: protocol.Classified) -> None:
        _clear(self.answers)
        values = result.probabilities[0]
        best = max(range(len(values)), key=values.__getitem__)
        self.words.setText(f"It answers {result.class_names[best]}, with {percent(values[best])}.")
        order = list(range(len(values)))
        if len(values) > 2:  # the best ones in sight, however many there are
            order.sort(key=lambda at: -values[at])
        for place, at in enumerate(order):
            name, value = result.class_names[at], values[at]
            bar = QProgressBar()
            bar.setRange(0, SCALE)
            bar.setValue(round(value * SCALE))
            bar.setTextVisible(False)
            bar.setAccessibleName(f"{name}: {percent(value)}")
            title = ShortenedLabel("strong" if at == best else "", fills=False)
            title.setMaximumWidth(NAME_PX)
            title.setText(name)
            title.setToolTip(name)
            self.answers.addWidget(title, place, 0)
            self.answers.addWidget(bar, place, 1)
            self.answers.addWidget(label(percent(value)), place, 2, Qt.AlignmentFlag.AlignRight)

    def _explore(self) -> None:
        text = self._asked_about().prompt
        if text:
            self.explore_wanted.emit(text)


def _box(name: str, hint: str) -> TextLines:
    box = TextLines()
    box.setPlaceholderText(hint)
    box.setAccessibleName(name)
    box.setTabChangesFocus(True)
    box.setFixedHeight(BOX_PX)
    return box


def _clear(layout: QGridLayout | QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
