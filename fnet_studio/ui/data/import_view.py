"""Bring in data of one's own: choose it, see how it is read, say what is what, and have all of it checked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fnet_studio.core import data_sets, protocol
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import NO_LABEL, DataRecipe
from fnet_studio.ui import timers
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.data.imdb_card import ImdbCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.newest import NewestOnly
from fnet_studio.ui.parts import Card, button, label, row, scrolling
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.data_preview import LabelNames, facts_of, labels_of
from fnet_studio.ui.train.form_rows import field_problem, file_problem, make_row, written
from fnet_studio.ui.widgets.field_row import FieldRow
from fnet_studio.ui.widgets.path_field import TABLES, PathField
from fnet_studio.ui.widgets.working import Working

LOOK_MS = 300
PAIR, LABEL = "data.pair_column", "data.label_column"
SPLITTING = ("data.validation_split", "data.split")
COLUMNS = {"data.text_column": "text", PAIR: "pair", LABEL: "label"}
WIDTH_PX = 680
ROW_PX = 28


class ImportView(QWidget):
    """Owns a definition that is not in the list yet. What was typed stays until it is added or given up."""

    added = Signal(object, str, int, object)
    """(`DataRecipe`, name, texts, class names): checked, to be put into the list; `format` says how it was read."""
    cancelled = Signal()

    def __init__(
        self, supervisor: Supervisor, themes: ThemeSource, imdb_path: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._supervisor, self._themes = supervisor, themes
        self._known = recipes.fields()
        self.preview: protocol.DataPreview | None = None
        self.format = ""
        self._looking = NewestOnly(supervisor)
        self._checking = NewestOnly(supervisor, stop_older=True)
        self.imdb = ImdbCard(supervisor, themes, imdb_path)
        self.imdb.ready.connect(self._imdb_ready)
        self._build()
        self._look_soon = timers.once(self, LOOK_MS)
        self._look_soon.timeout.connect(self._look)
        self.clear()

    def _build(self) -> None:
        themes = self._themes
        self.path = PathField(
            "File or folder",
            "A table (CSV, TSV, JSON, Excel, OpenDocument, Parquet), a text file, a folder with one folder for each "
            "class, or IMDb's archive or folder.",
            TABLES.replace("Tables and texts (", "Tables, texts, archives (*.tgz "),
            file_problem,
        )
        self.path.changed.connect(self._path_changed)
        self.facts = label("", "muted", wrap=True)
        self.table = QTableWidget()
        self.table.setAccessibleName("The first rows")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.horizontalHeader().setMinimumSectionSize(72)
        self.rows: dict[str, Any] = {}
        for key in (*COLUMNS, "data.labels", "data.validation_path", "data.test_path", *SPLITTING):
            field = self._known[key]
            self.rows[key] = make_row(field, self._check(key))
            self.rows[key].changed.connect(self._edited)
        self.label_names = LabelNames()
        self.label_names.changed.connect(self._labels_named)
        self.name = FieldRow("name", "Name", "As it stands in the list.", "", "", _name_problem, wide=True)
        self.name.changed.connect(self._edited)
        self.add = button("Check and add", themes, "plus", "primary", self.check, "Read all of it, then add it")
        self.cancel = button("Cancel", themes, "", "", self._cancel)
        self.working = Working(self._supervisor, themes)
        self.working.stop_wanted.connect(self._stopped)
        self.messages = MessagePlace()
        source = Card()
        source.column.addWidget(label("Files of your own", "strong"))
        source.column.addWidget(self.path)
        self.seen = Card()
        self.seen.column.addWidget(label("How it is read", "strong"))
        self.seen.column.addWidget(self.facts)
        self.seen.column.addWidget(self.table)
        for key in (*COLUMNS, "data.labels"):
            self.seen.column.addWidget(self.rows[key])
        self.seen.column.addWidget(self.label_names)
        self.parts = Card()
        self.parts.column.addWidget(label("Validation and test", "strong"))
        for key in ("data.validation_path", *SPLITTING, "data.test_path"):
            self.parts.column.addWidget(self.rows[key])
        self.last = Card()
        self.last.column.addWidget(self.name)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(12)
        column.addLayout(row(label("Add data", "section"), None, self.cancel, self.add))
        for item in (self.messages, self.working, self.imdb, source, self.seen, self.parts, self.last):
            column.addWidget(item)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        self._scroll = scrolling(inner)
        whole.addWidget(self._scroll)
        self.messages.shown.connect(lambda: self._scroll.verticalScrollBar().setValue(0))

    # ---------------------------------------------------------------------------------------- beginning

    def clear(self) -> None:
        self._look_soon.stop()
        self._looking.forget()
        self._checking.forget()
        self.working.over()
        self.messages.say(None)
        self.preview, self.format = None, ""
        self.path.set_text("")
        self.name.begin_with("")
        for key, item in self.rows.items():
            item.begin_with(data_sets.SPLIT if key == "data.split" else written(self._known[key].default))
        self._follow()

    def begin(self, path: str = "") -> None:
        self.clear()
        if path:
            self.path.set_text(path)
        self.path.edit.setFocus()

    def _imdb_ready(self, path: str) -> None:
        """The archive has arrived."""
        self.path.set_text(path)
        self.name.set_text("IMDb reviews")
        self._look_soon.stop()
        self._follow()
        self.check()

    @property
    def source(self) -> str:
        return data_sets.source_of(self.path.text) if self.path.text else "files"

    # ------------------------------------------------------------------------------------------ looking

    def _path_changed(self, _path: str) -> None:
        self.preview = None
        self._looking.forget()
        self._checking.forget()
        self.working.over()
        self.messages.say(None)
        self.facts.clear()
        self._follow()
        if self.path.text and not self.path.error:
            self._look_soon.start()

    def _look(self) -> None:
        path = self.path.text
        if not path or self.path.error:
            return
        self._suggest_name(path)
        if self.source != "files":
            self.facts.setText("IMDb's own layout: its reviews are read as their authors parted them.")
            self._follow()
            return
        self.facts.setText("Looking at the first rows …")

        def done(preview: protocol.DataPreview, _blob: bytes) -> None:
            if preview.path == self.path.text:
                self.preview = preview
                self._show_preview(preview)

        def failed(reply: protocol.Failed) -> None:
            self.facts.clear()
            self._follow()
            self.messages.say(ErrorCard(self._themes, reply, "Look again", self._look))

        self._looking.ask(protocol.PreviewData(path), done, failed)
        self._follow()

    def _suggest_name(self, path: str) -> None:
        if not self.name.text.strip() or self.name.text == self.name.default:
            stem = Path(path).name.split(".")[0].replace("_", " ").replace("-", " ").strip()
            self.name.begin_with("IMDb reviews" if self.source == "imdb" else stem[:1].upper() + stem[1:80])

    def _show_preview(self, preview: protocol.DataPreview) -> None:
        self.facts.setText(facts_of(preview))
        names = [column.name for column in preview.columns] or ["text"]
        self.table.clear()
        self.table.setColumnCount(len(names))
        self.table.setRowCount(len(preview.samples))
        self.table.setHorizontalHeaderLabels(names)
        for line, cells in enumerate(preview.samples):
            for place, cell in enumerate(cells):
                item = QTableWidgetItem(cell)
                item.setToolTip(cell)
                self.table.setItem(line, place, item)
        head = self.table.horizontalHeader()
        wide = {preview.text, preview.pair} & set(names) or {names[0]}
        for place, name in enumerate(names):
            few = len(names) <= 5 and name in wide
            head.setSectionResizeMode(
                place, QHeaderView.ResizeMode.Stretch if few else QHeaderView.ResizeMode.Interactive
            )
        self.table.setFixedHeight(head.sizeHint().height() + ROW_PX * len(preview.samples) + 16)
        choices = [(name, name) for name in names]
        for key, field in COLUMNS.items():
            found = getattr(preview, field)
            none = "None" if key == PAIR else "Not found: choose it"
            fixed = [("auto", f"{found} (found)" if found else none)]
            if key == LABEL:
                fixed.append((NO_LABEL, "None: texts alone"))
            self.rows[key].set_choices([*fixed, *choices])
        self.rows[LABEL].set_text(NO_LABEL if len(names) == 1 else "auto")
        self._follow()

    # ------------------------------------------------------------------------------------------ editing

    def _check(self, key: str) -> Callable[[str], str]:
        field = self._known[key]

        def check(text: str) -> str:
            return file_problem(text) if key.endswith("_path") else field_problem(field, text)

        return check

    def _edited(self, *_: Any) -> None:
        self._follow()

    def _labels_named(self, text: str) -> None:
        self.rows["data.labels"].set_text(text)
        self._follow()

    def _follow(self) -> None:
        """Show what counts for what was chosen."""
        preview = self.preview
        table = preview is not None and preview.kind == "table"
        own = preview is not None and self.source == "files"
        self.seen.setVisible(bool(self.facts.text()))
        self.table.setVisible(own)
        alone = table and self.rows[LABEL].text == NO_LABEL
        for key in COLUMNS:
            self.rows[key].setVisible(table and not (alone and key == PAIR))
        labelled = own and preview is not None and preview.kind != "text" and not alone
        named = labelled and self._name_labels()
        self.label_names.setVisible(bool(named))
        self.rows["data.labels"].setVisible(bool(labelled and not named))
        parts = preview.parts if preview is not None else {}
        splits = "validation" not in parts and self.rows["data.validation_path"].text == "none"
        shown = {
            "data.validation_path": own and labelled and "validation" not in parts,
            "data.test_path": own and "test" not in parts,
            "data.validation_split": splits,
            "data.split": own and labelled and splits,
        }
        for key, wanted in shown.items():
            self.rows[key].setVisible(bool(wanted))
        self.parts.setVisible((own or self.source == "imdb") and any(shown.values()))
        for item in self.rows.values():
            item.show_clash("")
        ready = own or (self.source == "imdb" and bool(self.path.text))
        self.last.setVisible(ready)
        self.imdb.setVisible(not self.path.text)
        self.add.setEnabled(ready and not self._checking.id)

    def _name_labels(self) -> bool:
        preview = self.preview
        assert preview is not None
        labels = labels_of(preview, self.rows[LABEL].text)
        return self.label_names.show_labels(labels, self.rows["data.labels"].text)

    def recipe(self) -> DataRecipe:
        """UserError when a field is wrong."""
        wrong = next((item for item in (self.path, *self.rows.values()) if item.isVisibleTo(self) and item.error), None)
        if wrong is not None:
            wrong.editor.setFocus()
            raise UserError("data-set.invalid", "The description of the data is not ready.", wrong.error)
        if self.name.error:
            self.name.editor.setFocus()
            raise UserError("data-set.invalid", "The data set has no name.", self.name.error)
        values: dict[str, Any] = {"source": self.source, "path": self.path.text}
        for key, item in self.rows.items():
            if item.isVisibleTo(self) or (key == "data.labels" and self.label_names.isVisibleTo(self)):
                values[key.removeprefix("data.")] = recipes.parse(self._known[key], item.text)
        recipe = recipes.from_mapping({"data": values})
        return recipes.with_whole_paths(recipe).data

    # ----------------------------------------------------------------------------------------- checking

    def check(self) -> None:
        """Have the worker read all of it; only what can be read is added."""
        if self._checking.id:
            return
        try:
            data = self.recipe()
        except UserError as error:
            self.messages.say(ErrorCard(self._themes, error))
            return
        self.messages.say(None)
        name = self.name.text.strip()
        self.format = "IMDb" if self.source == "imdb" else (self.preview.format if self.preview else "")
        mapping = recipes.to_mapping(recipes.Recipe(data=data))["data"]

        def done(opened: protocol.DataOpened, _blob: bytes) -> None:
            self.working.over()
            self.added.emit(data, name, sum(one.texts for one in opened.splits), opened.class_names)

        def failed(reply: protocol.Failed) -> None:
            self.working.over()
            self._follow()
            self.messages.say(ErrorCard(self._themes, reply, "Check again", self.check))

        self._checking.ask(protocol.OpenData(mapping), done, failed)
        self.working.follow(lambda: self._checking.id, "Reading all of it")
        self._follow()

    def _stopped(self) -> None:
        self._checking.forget()
        self.working.over()
        self._follow()

    def _cancel(self) -> None:
        self.clear()
        self.cancelled.emit()


def _name_problem(text: str) -> str:
    if not text.strip():
        return "Write a name for the list."
    return "" if len(text.strip()) <= 80 else "Write 80 letters at most."
