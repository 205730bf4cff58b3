"""What the model answers about the sentence: predictions, own candidates, a comparison, and the tokens themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import answer_tables, files, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.ui.explore.compare_card import CompareCard
from fnet_studio.ui.explore.focus import NO_WORDS, Focus
from fnet_studio.ui.explore.predictions_card import PredictionsCard
from fnet_studio.ui.explore.score_card import ScoreCard
from fnet_studio.ui.explore.tokens_card import HEADS, TokensCard
from fnet_studio.ui.save_file import ask_save_path

Table = tuple[tuple[str, ...], list, Any]
"""(head, rows, value for JSON)"""


class AnswersCard(QFrame):
    failed = Signal(object)
    """A protocol.Failed: a file could not be written."""
    stop_wanted = Signal()
    """The answer that is on its way is no longer wanted."""

    def __init__(self, supervisor: Any, themes: Any, focus: Focus, top_k: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._question: protocol.FillMask | None = None
        self.predictions = PredictionsCard(themes, top_k)
        self.score = ScoreCard(supervisor, themes)
        self.compare = CompareCard(supervisor, themes)
        self.tokens = TokensCard(focus)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("Answers")
        pages = (("Predictions", self.predictions), ("Score", self.score), ("Compare", self.compare))
        for words, page in (*pages, ("Tokens", self.tokens)):
            holder = QWidget()
            inner = QVBoxLayout(holder)
            inner.setContentsMargins(0, 10, 0, 0)
            inner.addWidget(page)
            self.tabs.addTab(holder, words)
        tips = (
            "What the model would put there",
            "How well your own words fit there",
            "Two sentences or two presets, side by side",
            "Pieces, ids, places in the text, padding, and what was cut off",
        )
        for number, tip in enumerate(tips):
            self.tabs.setTabToolTip(number, tip)
        self.export = QPushButton("Copy or save")
        self.export.setProperty("small", True)
        self.export.setProperty("kind", "quiet")
        self.export.setAccessibleName("Copy or save what this tab shows")
        menu = QMenu(self.export)
        for words, do in (
            ("Copy as text", self._copy_text),
            ("Copy as CSV", self._copy_csv),
            ("Copy as JSON", self._copy_json),
            ("Save as CSV…", lambda: self._save("csv")),
            ("Save as JSON…", lambda: self._save("json")),
        ):
            menu.addAction(words, do)
        self.export.setMenu(menu)
        self.said = QLabel()
        self.said.setProperty("role", "caption")
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 0, 8, 0)
        self.stop = QPushButton("Stop")
        self.stop.setProperty("small", True)
        self.stop.setVisible(False)
        self.stop.clicked.connect(self.stop_wanted)
        foot.addWidget(self.said, 1)
        foot.addWidget(self.stop)
        foot.addWidget(self.export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 6, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(foot)
        self.tabs.currentChanged.connect(lambda _: self.say_took())

    def say(self, words: str) -> None:
        """A hint or a reason in the place of answers."""
        self._question = None
        self.predictions.show_masks(0)
        self.predictions.say(words)
        self.score.show_masks(None, None)
        self.compare.show_masks(None, None)
        self.say_took()

    def say_wordless(self, why: str) -> None:
        """Of a model that predicts no words: why, and what to do in the place of hiding one."""
        self.say(why)
        self.score.say_nothing(NO_WORDS)
        self.compare.say_nothing(NO_WORDS)

    def show_answers(self, question: protocol.FillMask, filled: protocol.Filled, originals: dict[int, str]) -> None:
        self._question = question
        self.predictions.show_masks(len(filled.answers))
        self.predictions.show_answers(filled, originals)
        self.score.show_masks(question, filled)
        self.compare.show_masks(question, filled)
        self.say_took()

    def say_busy(self, words: str, stop: bool = False) -> None:
        """An answer that may take seconds is on its way. stop: it can be stopped."""
        self.said.setText(words)
        self.stop.setVisible(stop)

    def say_took(self) -> None:
        self.stop.setVisible(False)
        filled = self.predictions.filled
        shown = filled is not None and self.tabs.currentIndex() == 0
        self.said.setText(f"Answered in {filled.took_ms:.0f} ms" if filled is not None and shown else "")

    # ------------------------------------------------------------------------------------------ export

    def table(self) -> Table | None:
        """What the tab in front shows; None when it shows nothing yet."""
        page = self.tabs.currentIndex()
        if page == 1:
            return self.score.as_rows()
        if page == 2:
            return self.compare.as_rows()
        if page == 3:
            rows = self.tokens.model.rows
            return (HEADS, rows, [dict(zip(HEADS, row, strict=True)) for row in rows]) if rows else None
        filled, question = self.predictions.filled, self._question
        if filled is None or question is None:
            return None
        text = question.text
        value = answer_tables.filled_json(text, filled)
        if filled.mode == "joint":
            return answer_tables.JOINT, answer_tables.joint_rows(text, filled), value
        return answer_tables.ANSWERS, answer_tables.answer_rows(text, filled.answers), value

    def _with_table(self, use: Callable[[Table], str]) -> None:
        table = self.table()
        self.said.setText(use(table) if table is not None else "There is nothing here yet.")

    def _put(self, words: str, kind: str) -> str:
        QGuiApplication.clipboard().setText(words)
        return f"Copied as {kind}"

    def _copy_text(self) -> None:
        def plain(table: Table) -> str:
            # a line for each row, whatever line breaks and tabs a text has; CSV has it as it is
            rows = ([" ".join(str(cell).split()) for cell in row] for row in table[1])
            return self._put(answer_tables.as_csv(table[0], rows, "\t").rstrip("\n"), "text")

        self._with_table(plain)

    def _copy_csv(self) -> None:
        self._with_table(lambda table: self._put(answer_tables.as_csv(table[0], table[1]), "CSV"))

    def _copy_json(self) -> None:
        self._with_table(lambda table: self._put(answer_tables.as_json(table[2]), "JSON"))

    def _save(self, kind: str) -> None:
        if self.table() is None:
            self._with_table(lambda _: "")
            return
        path = ask_save_path(self, "Save the answer", "fill-mask", f".{kind}", "Answers")
        if path is not None:
            self.save_to(path, kind)

    def save_to(self, path: Path, kind: str) -> None:
        """kind: csv or json."""

        def write(table: Table) -> str:
            words = answer_tables.as_csv(table[0], table[1]) if kind == "csv" else answer_tables.as_json(table[2])
            files.write_atomically(path, words.encode())
            return f"Saved as {path.name}"

        try:
            self._with_table(write)
        except UserError as error:
            self.failed.emit(protocol.Failed(error.kind, error.message, error.advice))
