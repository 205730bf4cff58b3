"""The recipe as a form: one to begin with on top, the settings that count in groups, the rare ones folded away."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from fnet_studio.core import protocol, recipe_scope
from fnet_studio.core import recipe as recipes
from fnet_studio.core.data_sets import DataSet
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_descriptions import description
from fnet_studio.core.recipe_sections import DOWNLOAD
from fnet_studio.ui.parts import bring_into_view
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.data_preview import DataPreviewView, LabelNames, labels_of
from fnet_studio.ui.train.data_set_row import DataSetRow
from fnet_studio.ui.train.file_look import FileLook
from fnet_studio.ui.train.form_groups import groups
from fnet_studio.ui.train.form_rows import (
    ARCHIVES,
    COLUMNS,
    archive_problem,
    field_problem,
    file_problem,
    make_row,
    written,
)
from fnet_studio.ui.train.group_card import GroupCard
from fnet_studio.ui.train.known_recipes import KnownRecipe, own_recipe
from fnet_studio.ui.train.preset_row import NONE, PresetRow
from fnet_studio.ui.train.recipe_picker import RecipePicker
from fnet_studio.ui.widgets.field_row import FieldRow
from fnet_studio.ui.widgets.path_field import TABLES, PathField, dropped_path

FIRST = "sample-quick"
FOR_ANY_DATA = ("finetune", "adapt-then-finetune", "masked-lm")
"""Bundled recipes to which the sample is only an example."""
SOURCE, PATH = "data.source", "data.path"
_KEY = re.compile(r"\b[a-z]+\.[a-z_]+\b")
NAME = recipes.Field("name", "Run name", "The run's folder and every list carry it.", str, "")


class RecipeForm(QWidget):
    """Owns the recipe that is being written. Invalid texts stay in their fields, with words under them; a setting that
    does not count for the task is hidden and keeps the value of the recipe that one began with."""

    changed = Signal()
    preview_wanted = Signal(str)
    """A path whose first rows are wanted: `show_preview` or `fail_preview` takes the answer."""
    recipe_refused = Signal(object)
    """`UserError`: a recipe file could not be opened or saved."""
    copy_wanted = Signal()

    def __init__(self, themes: ThemeSource, imdb_path: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._known = recipes.fields()
        self._base: dict[str, str] = {}
        self.task = ""
        self._own_data: dict[str, str] = {}
        self._paths = {"imdb": imdb_path, "files": ""}
        self._source = ""
        self._file = FileLook(self)
        self._file.due.connect(self._look_at_path)
        self._file.wanted.connect(self.preview_wanted)
        self.rows: dict[str, Any] = {}
        for key, field in self._known.items():
            self.rows[key] = make_row(field, self._check(key))
            self.rows[key].changed.connect(self._edited)
        self.path: PathField = self.rows[PATH]
        self._download = self.path.add_choice("Download it (84 MB)", DOWNLOAD)
        self.name_row = FieldRow("name", NAME.title, NAME.description, "", "", self._name_problem)
        self.name_row.changed.connect(self._edited)
        self.picker = RecipePicker(themes)
        self.picker.column.insertWidget(4, self.name_row)
        self.picker.chosen.connect(self.begin_with)
        self.picker.reset_wanted.connect(self._reset_all)
        self.picker.save_wanted.connect(self.save)
        self.picker.copy_wanted.connect(self.copy_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(12)
        layout.addWidget(self.picker)
        self.groups: list[GroupCard] = []
        for group in groups(self._known):
            card = GroupCard(
                themes,
                group.title,
                {key: self.rows[key] for key in group.keys},
                {key: self.rows[key] for key in group.more},
            )
            self.groups.append(card)
            layout.addWidget(card)
        self.preview_view = DataPreviewView()
        self.label_names = LabelNames()
        self.label_names.changed.connect(self._labels_named)
        self.data_sets = DataSetRow(self)
        self.data_sets.chosen.connect(self.use_data)
        self.groups[0].insert_first(self.data_sets)
        self.groups[0].insert_after(PATH, self.preview_view)
        self.groups[0].insert_after("data.labels", self.label_names)
        layout.addStretch(1)
        self.choose(FIRST)

    # ---------------------------------------------------------------------------------- recipes in

    def choose(self, name: str) -> None:
        """Begin with a bundled recipe. KeyError for an unknown one."""
        self.begin_with(self.picker.find(name))

    def begin_with(self, known: KnownRecipe) -> None:
        """Fill the form from a recipe; its values are those that changes are marked against. One that cannot be read
        leaves the form as it is. Data of the user's own stay, unless the recipe is for certain data."""
        try:
            found = known.read()
        except UserError as error:
            self.recipe_refused.emit(error)
            if self._base:
                self.picker.show_recipe(self._begun)
            return
        data = self._own_data = self._chosen_data()
        fits = bool(data) and known.key in FOR_ANY_DATA and self._can_read(data, found.task)
        self.show_recipe(found, known)
        if fits:
            self._put_data(data)

    def show_recipe(self, recipe: recipes.Recipe, known: KnownRecipe) -> None:
        self._begun = known
        self.task = recipe.task
        self._base = {"name": recipe.name}
        for section, part in recipes.to_mapping(recipe).items():
            if isinstance(part, dict):
                self._base |= {f"{section}.{key}": written(value) for key, value in part.items()}
        for key, row in self.rows.items():
            row.describe(description(self._known[key], self.task))
        self.picker.show_recipe(known)
        self.reset()

    def reset(self) -> None:
        """Undo every change."""
        self.name_row.begin_with(self._base["name"])
        for key, row in self.rows.items():
            row.blockSignals(True)
            row.begin_with(self._base[key])
            row.blockSignals(False)
        self._source = ""
        if self._base[PATH]:
            self._paths[self._base[SOURCE]] = self._base[PATH]
        self._edited()

    def _reset_all(self) -> None:
        self._own_data = {}
        self.reset()

    # --------------------------------------------------------------------------------- recipes out

    @property
    def name(self) -> str:
        return self.name_row.text.strip()

    @property
    def counting(self) -> set[str]:
        """Keys of the settings that count for this task and data."""
        texts = {key: row.text for key, row in self.rows.items()}
        return {key for key in self.rows if recipe_scope.counts(key, self.task, texts)}

    @property
    def text_of(self) -> dict[str, str]:
        """Every setting as text: as the form shows it, or as the recipe that one began with has it. A file that is not
        read is not named."""
        counting = self.counting
        texts = {key: row.text if key in counting else self._base[key] for key, row in self.rows.items()}
        return texts | {key: self._known[key].default for key in recipe_scope.DATA_PLACES if key not in counting}

    def recipe(self, *, template: bool = False) -> recipes.Recipe:
        """UserError when a field is wrong. template: where the data lies may still be open."""
        values: dict[str, Any] = {"name": self.name, "task": self.task}
        for key, text in self.text_of.items():
            section, _, name = key.partition(".")
            values.setdefault(section, {})[name] = recipes.parse(self._known[key], text)
        return recipes.from_mapping(values, template=template)

    @property
    def problems(self) -> list[str]:
        """What has to be mended before this recipe can run, in words."""
        counting = self.counting
        found = [row.error for key, row in self.rows.items() if key in counting and key != PATH and row.error]
        found += [self.name_row.error] if self.name_row.error else []
        if PATH in counting and self.path.text and self.path.error:
            found.append(self.path.error)
        if not found:
            try:
                self.recipe()
            except UserError as error:
                found = [f"{error.message} {error.advice}"]
        return found + ([self._file.problem] if self._file.problem else [])

    def save(self, path: str) -> None:
        """Write the recipe to a file, and go on from there."""
        try:
            found = self.recipe(template=True)
            recipes.save(found, Path(path), f"Saved from “{self._begun.title}”.")
        except UserError as error:
            self.recipe_refused.emit(error)
            return
        self.picker.refresh()
        self.show_recipe(found, own_recipe(Path(path)))

    def focus_problem(self) -> None:
        """Put the cursor where something has to be mended."""
        counting = self.counting
        wrong = next((key for key, row in self.rows.items() if key in counting and row.error), None)
        if wrong is None:
            wrong = next((key for key in self._clash() if key in counting), PATH)
        if self.name_row.error:
            self.name_row.editor.setFocus()
            return
        for card in self.groups:
            if wrong in card.folded_keys:
                card.unfold()
        self.rows[wrong].editor.setFocus()
        bring_into_view(self.rows[wrong])

    # ------------------------------------------------------------------------------------ own data

    @property
    def preview(self) -> protocol.DataPreview | None:
        """The first rows of the file that the form names, once the worker has looked at them."""
        return self._file.preview

    def show_preview(self, preview: protocol.DataPreview) -> None:
        """Ignored when the path has changed since it was asked for."""
        if preview.path == self.path.text:
            self._file.take(preview, self.task)
            self._edited()

    def fail_preview(self, path: str, failed: protocol.Failed) -> None:
        if path != self.path.text or self.rows[SOURCE].text != "files":
            return
        words = f"{failed.message} {failed.advice}".strip()
        self._file.fail(failed.kind, words)
        self._edited()
        self.preview_view.fail(words)

    def use_data(self, one: DataSet) -> None:
        """Train on one of the list; what the form says of the model stays."""
        self.data_sets.refresh()
        self._put_data(one.settings)

    def _chosen_data(self) -> dict[str, str]:
        """Where the user's own data lie and how they are read, by dotted key: as they stand in the form, else those
        from before; empty when the user took the sample."""
        source = self.rows[SOURCE]
        if source.text == "sample" and source.is_changed:
            return {}
        if source.text == "sample" or not self.path.text or not (source.text == "files" or source.is_changed):
            return self._own_data
        return {key: self.rows[key].text for key in (SOURCE, PATH, *recipe_scope.OF_FILES)}

    def _can_read(self, data: Mapping[str, str], task: str) -> bool:
        preview = self.preview
        plain = preview is not None and preview.kind == "text" and preview.path == data[PATH]
        return not plain or task in recipes.LANGUAGE_TASKS

    def _put_data(self, settings: Mapping[str, str]) -> None:
        self.rows[SOURCE].set_text(settings[SOURCE])
        self._follow_source()
        for key, text in settings.items():
            if key in (SOURCE, PATH):
                continue
            row = self.rows[key]
            row.blockSignals(True)
            row.set_text(text)
            row.blockSignals(False)
        self.path.set_text(settings[PATH])
        self._edited()

    def refresh(self) -> None:
        """Look again for presets and recipes: they may have come since."""
        row = self.rows["model.preset"]
        assert isinstance(row, PresetRow)
        row.refresh()
        self.picker.refresh()
        self.data_sets.refresh()
        self._name_data_set()
        self.look_again()

    def look_again(self) -> None:
        """Have the first rows read again if the file has changed since."""
        self._file.again()

    def _look_at_path(self) -> None:
        if self.rows[SOURCE].text == "files" and self.path.text and not self.path.error:
            self.preview_view.clear("Looking at the first rows …")
            self._file.ask()

    def _labels_named(self, text: str) -> None:
        self.rows["data.labels"].set_text(text)
        self._edited()

    # ------------------------------------------------------------------------------------- editing

    def _check(self, key: str) -> Callable[[str], str]:
        """What is wrong with one field, whatever the others say."""
        field = self._known[key]

        def check(text: str) -> str:
            if key == PATH:
                return archive_problem(text) if self.rows.get(SOURCE) and self._is_imdb() else file_problem(text)
            if key.endswith("_path"):
                return file_problem(text)
            if key == "model.preset" and text == NONE and self.task != "pretrain":
                return "Only pretraining begins without a preset. Choose one."
            if key in COLUMNS and text != "auto" and self.preview is not None and self._file.is_table:
                names = [column.name for column in self.preview.columns]
                if text not in names:
                    return f"There is no column {text!r}. Choose among: {', '.join(names)}."
            return field_problem(field, text)

        return check

    def _is_imdb(self) -> bool:
        return self.rows[SOURCE].text == "imdb"

    @staticmethod
    def _name_problem(text: str) -> str:
        if not text.strip():
            return f"{NAME.title} is empty. Write one."
        return "" if len(text.strip()) <= 80 else f"{NAME.title} is too long. Write 80 letters at most."

    def _edited(self, *_: Any) -> None:
        self._follow_source()
        self._follow_path()
        self._follow_preview()
        counting = self.counting
        shown = set(counting)
        shown -= {key for key in COLUMNS if not self._file.is_table and not self.rows[key].is_changed}
        if self._name_labels(counting) or (self.preview is None and not self.rows["data.labels"].is_changed):
            shown.discard("data.labels")
        for card in self.groups:
            card.show_counting(shown)
        clash = self._clash()
        for key, row in self.rows.items():
            row.show_clash(clash.get(key, ""))
        changed = sum(self.rows[key].is_changed for key in counting) + self.name_row.is_changed
        self.picker.show_changes(changed)
        self._name_data_set()
        self.changed.emit()

    def _follow_source(self) -> None:
        """Each source remembers its own path."""
        source = self.rows[SOURCE].text
        if source == self._source:
            if source in self._paths:
                self._paths[source] = self.path.text
            return
        self._source = source
        self.path.set_title("Archive or folder" if source == "imdb" else "File or folder")
        self.path.files = ARCHIVES if source == "imdb" else TABLES
        self._download.setVisible(source == "imdb")
        self.path.blockSignals(True)
        self.path.set_text(self._paths.get(source, ""))
        self.path.blockSignals(False)

    def _follow_path(self) -> None:
        if self._file.follow(self.path.text if self._source == "files" else ""):
            self.preview_view.clear()

    def _follow_preview(self) -> None:
        preview = self.preview
        if preview is None:
            return
        names = [(column.name, column.name) for column in preview.columns]
        found = {"data.text_column": preview.text, "data.pair_column": preview.pair, "data.label_column": preview.label}
        for key, auto in found.items():
            none = "None" if key == "data.pair_column" else "Looked for"
            self.rows[key].set_choices([("auto", f"{auto} (found)" if auto else none), *names])
        used = {key: auto if self.rows[key].text == "auto" else self.rows[key].text for key, auto in found.items()}
        text, pair, label = used.values()
        if self.rows["data.text_column"].text != "auto" and self.rows["data.pair_column"].text == "auto":
            pair = ""  # a pair is looked for only together with its first text
        self.preview_view.show_preview(preview, text, pair, label, self.task)
        if self._file.problem:
            self.preview_view.error.setText(self._file.problem)
            self.preview_view.error.show()

    def _name_data_set(self) -> None:
        self.data_sets.follow({key: row.text for key, row in self.rows.items()})

    def _name_labels(self, counting: set[str]) -> bool:
        """Whether the labels are named one by one, in place of the line of text."""
        preview = self.preview
        on = "data.labels" in counting and preview is not None and preview.kind != "text"
        done = False
        if on and preview is not None:
            labels = labels_of(preview, self.rows["data.label_column"].text)
            done = self.label_names.show_labels(labels, self.rows["data.labels"].text)
        self.label_names.setVisible(done)
        return done

    def _clash(self) -> dict[str, str]:
        """Fields that do not go together, by key, with the words for it."""
        try:
            self.recipe(template=True)
        except UserError as error:
            keys = [key for key in _KEY.findall(error.message) if key in self.rows]
            return {keys[0]: f"{error.message} {error.advice}"} if keys else {}
        return {}

    # -------------------------------------------------------------------------------------- drops

    def dragEnterEvent(self, event: Any) -> None:
        if dropped_path(event):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """A recipe, IMDb's archive or folder, or data of one's own: by what it is called."""
        path = dropped_path(event)
        if not path:
            return
        event.acceptProposedAction()
        if path.endswith(".toml"):
            self.begin_with(own_recipe(Path(path)))
            return
        imdb = path.endswith((".tar.gz", ".tgz")) or (Path(path) / "train" / "unsup").is_dir()
        self.rows[SOURCE].set_text("imdb" if imdb else "files")
        self._follow_source()
        self.path.set_text(path)
        self._edited()
