"""What is in a data set: its parts and classes, how long its texts are, and what one should know before training."""

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLayout, QProgressBar, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.preflight import classes_not_in, first_of, uneven
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.data.cutting import Cutting, CuttingRow
from fnet_studio.ui.itemmodels.data_rows import PART_WORDS
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import Card, button, follow_icon, label, row, scrolling
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.breaking_label import BreakingLabel
from fnet_studio.ui.widgets.figures import count, percent
from fnet_studio.ui.widgets.length_histogram import LengthHistogram
from fnet_studio.ui.widgets.shortened_label import ShortenedLabel
from fnet_studio.ui.widgets.working import Working

MOST_CLASSES = 12
"""That get a line each; the rest is summed up."""
BINS = 48
HISTOGRAM_PX = 136
NAME_PX = 300


class OverviewTab(QWidget):
    texts_wanted = Signal(bool, str, str)
    """(empty only, part, label): list these."""
    twins_wanted = Signal(str)
    """`duplicates` or `leaks`: list them."""

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, cutting: Cutting, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._supervisor, self._themes, self.cutting = supervisor, themes, cutting
        self._data: dict[str, Any] = {}
        self._counted: protocol.LengthsCounted | None = None
        self._counts = np.zeros((0, 0), np.int64)
        self._asking = NewestOnly(supervisor, stop_older=True)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 12, 4, 0)
        column.setSpacing(12)
        self.known = Card()
        self.classes = Card()
        for card in (self.known, self.classes, self._lengths_card()):
            column.addWidget(card)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scrolling(inner))
        cutting.preset_changed.connect(self._ask)
        cutting.length_changed.connect(self._draw)

    def _lengths_card(self) -> Card:
        card = Card()
        card.column.addWidget(label("Lengths", "strong"))
        self.row = CuttingRow(self.cutting)
        card.column.addWidget(self.row)
        self.histogram = LengthHistogram(self._themes)
        self.histogram.setFixedHeight(HISTOGRAM_PX)
        self.axis = label("Texts of all parts, by how many tokens they have", "caption")
        self.cut = label("", "", wrap=True)
        self.note = BreakingLabel("", "caption")
        self.working = Working(self._supervisor, self._themes)
        self.working.stop_wanted.connect(self._stopped)
        self.again = button("Count the tokens", self._themes, "refresh-cw", "", self._ask)
        self.messages = MessagePlace()
        for item in (self.working, self.messages, self.again, self.axis, self.histogram, self.cut, self.note):
            card.column.addWidget(item, 0, Qt.AlignmentFlag.AlignLeft if item is self.again else Qt.AlignmentFlag(0))
        self.again.hide()
        return card

    # -------------------------------------------------------------------------------------------- content

    def show_data(self, data: dict[str, Any], opened: protocol.DataOpened) -> None:
        self._data = data
        self._show_known(opened)
        self._show_classes(opened)
        self._ask()

    def refresh(self) -> None:
        self.row.refresh()

    def _show_known(self, opened: protocol.DataOpened) -> None:
        _clear(self.known.column)
        total = sum(one.texts for one in opened.splits)
        parts = ", ".join(f"{count(one.texts)} {PART_WORDS[one.name].lower()}" for one in opened.splits if one.texts)
        kind = "pairs of texts" if opened.paired else "texts"
        self.known.column.addWidget(label(f"{count(total)} {kind}: {parts}", "strong", wrap=True))
        empty = sum(one.empty for one in opened.splits)
        twice = sum(one.duplicates for one in opened.splits)
        leaks = opened.validation_overlap + opened.test_overlap
        lines = []
        if not opened.class_names:
            lines.append(("info", "muted", "No labels: good for masked-language training, not for a classifier.", None))
        if opened.class_names and not opened.splits[-1].texts:
            lines.append(("info", "muted", "No test part: a run on it tells its validation accuracy alone.", None))
        if leaks:
            where = [
                f"{count(many)} {name}"
                for many, name in ((opened.validation_overlap, "validation"), (opened.test_overlap, "test"))
                if many
            ]
            one = "text also stands in a part before it: it makes"
            several = "texts also stand in a part before them: they make"
            words = f"{' and '.join(where)} {one if leaks == 1 else several} results look better."
            lines.append(("triangle-alert", "warning", words, lambda: self.twins_wanted.emit("leaks")))
        if twice:
            one, several = "text stands more than once in its part.", "texts stand more than once in their part."
            words = f"{count(twice)} {one if twice == 1 else several}"
            lines.append(("triangle-alert", "warning", words, lambda: self.twins_wanted.emit("duplicates")))
        if empty:
            words = f"{count(empty)} {'text is' if empty == 1 else 'texts are'} empty."
            lines.append(("triangle-alert", "warning", words, lambda: self.texts_wanted.emit(True, "", "")))
        lines += [("info", "muted", note, None) for note in opened.notes]
        if not (leaks or twice or empty):
            lines.insert(0, ("circle-check", "success", "No text is empty, none stands twice, no part leaks.", None))
        for icon, tone, words, list_them in lines:
            mark = label("")
            follow_icon(mark, self._themes, icon, tone, 16)
            line = row(mark, label(words, "", wrap=True), spacing=8)
            line.setStretch(1, 1)
            line.setAlignment(mark, Qt.AlignmentFlag.AlignTop if list_them is None else Qt.AlignmentFlag.AlignVCenter)
            if list_them is not None:
                shower = button("List them", self._themes, "", "quiet", list_them)
                shower.setAccessibleName(f"List them: {words}")
                line.addWidget(shower)
            self.known.column.addLayout(line)

    def _show_classes(self, opened: protocol.DataOpened) -> None:
        _clear(self.classes.column)
        self.classes.setVisible(bool(opened.class_names))
        if not opened.class_names:
            return
        train = opened.splits[0].class_counts
        self.classes.column.addWidget(label("Classes", "strong"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        shown = [one for one in opened.splits if one.texts]
        grid.addWidget(label("Share of the training texts", "caption"), 0, 1)
        for place, one in enumerate(shown, 3):
            grid.addWidget(label(PART_WORDS[one.name], "caption"), 0, place, Qt.AlignmentFlag.AlignRight)
        order = sorted(range(len(train)), key=lambda number: -train[number]) if len(train) > MOST_CLASSES else None
        lines = [
            (opened.class_names[at], [one.class_counts[at] for one in shown]) for at in (order or range(len(train)))
        ]
        if len(lines) > MOST_CLASSES:
            rest = [sum(line[1][place] for line in lines[MOST_CLASSES:]) for place in range(len(shown))]
            more = len(train) - MOST_CLASSES
            lines = [*lines[:MOST_CLASSES], (f"{more} more {'class' if more == 1 else 'classes'}", rest)]
        total = max(sum(train), 1)
        for line, (name, numbers) in enumerate(lines, 1):
            share = numbers[0] / total
            bar = QProgressBar()
            bar.setRange(0, 1000)
            bar.setValue(round(1000 * share))
            bar.setTextVisible(False)
            bar.setAccessibleName(f"{name}: {percent(share)} of the training texts")
            title = ShortenedLabel(fills=False)
            title.setMaximumWidth(NAME_PX)
            title.setText(name)
            title.setToolTip(name)
            grid.addWidget(title, line, 0)
            grid.addWidget(bar, line, 1)
            grid.addWidget(label(percent(share)), line, 2, Qt.AlignmentFlag.AlignRight)
            for place, number in enumerate(numbers, 3):
                grid.addWidget(label(count(number)), line, place, Qt.AlignmentFlag.AlignRight)
        self.classes.column.addLayout(grid)
        least, most = min(train), max(train)
        if least == 0 or uneven(train):
            words = f"The largest class has {count(most)} training texts, the smallest {count(least)}."
            guess = f"A model that always answers the largest one would be right on {percent(most / total)} of them."
            self.classes.column.addWidget(label(f"{words} {guess}", "muted", wrap=True))
        for one in shown[1:]:
            missing = [opened.class_names[at] for at in classes_not_in(one.class_counts, train)]
            if missing:
                words = f"No {PART_WORDS[one.name].lower()} text is labelled {first_of(missing)}."
                self.classes.column.addWidget(label(words, "muted", wrap=True))

    # -------------------------------------------------------------------------------------------- lengths

    def _ask(self) -> None:
        if not self._data:
            return
        self._counted = None
        self._show_state("busy")
        asked = protocol.DataLengths(self._data, self.cutting.preset)

        def done(counted: protocol.LengthsCounted, blob: bytes) -> None:
            self.working.over()
            self._counts = np.frombuffer(blob, "<u4").reshape(len(counted.splits), counted.bins).astype(np.int64)
            self._counted = counted
            self._show_state("done")
            self.cutting.learn(counted.own_length, counted.most_length)

        self._asking.ask(asked, done, self._failed)
        self.working.follow(lambda: self._asking.id, "Counting tokens")

    def _failed(self, failed: protocol.Failed) -> None:
        self.working.over()
        self._show_state("failed")
        self.messages.say(ErrorCard(self._themes, failed, "Try again", self._ask))

    def _stopped(self) -> None:
        self._asking.forget()
        self.working.over()
        self._show_state("stopped")

    def _show_state(self, state: str) -> None:
        if state != "failed":
            self.messages.say(None)
        for item in (self.histogram, self.axis, self.cut, self.note):
            item.setVisible(state == "done")
        self.again.setVisible(state == "stopped")

    def _draw(self) -> None:
        counted = self._counted
        if counted is None:
            return
        counts, length = self._counts.sum(axis=0), self.cutting.length
        words = cut_words(counts, length)
        edges, bars = binned(counts)
        self.histogram.show_lengths(edges, bars, length, words)
        self.cut.setText(words)
        looked = sum(counted.texts)
        whose = "the texts' own vocabulary" if not self.cutting.preset else self.cutting.preset
        said = f"Tokens of {whose} ({count(counted.vocabulary_size)} pieces), special ones included."
        if counted.sampled:
            said += f" Counted on {count(looked)} texts that were drawn."
        self.note.show_text(f"{said} The longest text has {count(counted.longest)}.")


def cut_words(counts: np.ndarray, length: int) -> str:
    """counts: (bins,) texts of 0, 1, 2 … tokens. What a length cuts, as a sentence."""
    texts = int(counts.sum())
    if not texts:
        return "There are no texts."
    tokens = np.arange(len(counts)) * counts
    beyond = counts[length + 1 :]
    cut = int(beyond.sum())
    lost = int((tokens[length + 1 :] - length * beyond).sum())
    middle = int(np.searchsorted(np.cumsum(counts), texts / 2))
    if not cut:
        return f"No text is cut at {count(length)} tokens; half of them have {count(middle)} or less."
    return (
        f"{percent(cut / texts)} of the texts are cut at {count(length)} tokens, and with them "
        f"{percent(lost / max(int(tokens.sum()), 1))} of all tokens; half of the texts have {count(middle)} or less."
    )


def binned(counts: np.ndarray, bins: int = BINS) -> tuple[list[int], list[int]]:
    """Edges (bins + 1,) and texts (bins,), `bins` at most and all of one width: up to the longest but one in a hundred,
    the last bin with all beyond."""
    texts = counts.sum()
    p99 = int(np.searchsorted(np.cumsum(counts), 0.99 * texts)) if texts else 1
    width = -(-(max(p99, 1) + 1) // bins)
    edges = np.arange(0, max(p99, 1) + 1 + width, width)
    sums = np.add.reduceat(np.pad(counts, (0, max(edges[-1] - len(counts), 0))), edges[:-1])
    return edges.tolist(), sums.tolist()


def _clear(layout: QLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            _clear(inner)
            inner.deleteLater()
