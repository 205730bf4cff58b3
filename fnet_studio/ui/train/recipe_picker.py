"""The recipe to begin with: a list of them with a line on each, and files to open and to save."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from fnet_studio.core import places
from fnet_studio.ui.parts import Card, button, label, row
from fnet_studio.ui.save_file import ask_save_path
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.known_recipes import KnownRecipe, known_recipes, own_recipe
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.two_lines import LINE, TwoLines

FILES = "Recipes (*.toml);;All files (*)"
POPUP_PX = 440
EXAMPLE = ("imdb-fnet", "imdb-transformer")
COPIED_MS = 2000


class RecipePicker(Card):
    chosen = Signal(object)
    """`KnownRecipe`: the user wants to begin with it."""
    save_wanted = Signal(str)
    """Path of a file."""
    copy_wanted = Signal()
    reset_wanted = Signal()
    example_wanted = Signal()
    """Both runs of the published example."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.column.setContentsMargins(12, 10, 12, 10)
        self._known: dict[str, KnownRecipe] = {}
        self.box = Choice()
        self.box.setAccessibleName("Recipe")
        self.box.setToolTip("A recipe to begin with; every setting can then be changed")
        self.box.setItemDelegate(TwoLines(POPUP_PX - 24, self.box))
        self.box.view().setMinimumWidth(POPUP_PX)
        self.box.activated.connect(lambda _: self.chosen.emit(self._known[str(self.box.currentData())]))
        self.line = label("", "caption", wrap=True)
        self.changes = label("", "caption")
        self.reset = button("Reset all", themes, "undo-2", "quiet", self.reset_wanted.emit, "Undo every change")
        self.open = button("Open", themes, "folder-open", "quiet", self._open, "Open a recipe file")
        self.save = button("Save", themes, "save", "quiet", self._save, "Save these settings as a recipe file")
        self.copy = button(
            "Copy as command", themes, "copy", "quiet", self.copy_wanted.emit, "Copy the command that starts this run"
        )
        self.example = button(
            "Reproduce the example",
            themes,
            "chart-line",
            "",
            self.example_wanted.emit,
            "Train FNet and the Transformer one after another, beside the published figures",
        )
        self.column.addWidget(label("Recipe", "strong"))
        self.column.addWidget(self.box)
        self.column.addWidget(self.line)
        self.column.addWidget(self.example)
        self.column.addLayout(row(self.changes, None, self.reset))
        foot = row(self.open, self.save, self.copy, None, spacing=0)
        foot.setContentsMargins(-8, 0, -8, 0)  # the words of a button without a frame stand under those above
        self.column.addLayout(foot)
        self.refresh()

    @property
    def current(self) -> KnownRecipe:
        return self._known[str(self.box.currentData())]

    def refresh(self) -> None:
        """Look again for what there is; what is chosen stays chosen."""
        chosen = str(self.box.currentData() or "")
        kept = self._known.get(chosen)
        known = known_recipes()
        if kept is not None and kept.key not in [one.key for one in known]:
            known.append(kept)
        self._known = {one.key: one for one in known}
        self.box.clear()
        for one in known:
            self.box.addItem(one.title, one.key)
            self.box.setItemData(self.box.count() - 1, one.line, LINE)
            self.box.setItemData(self.box.count() - 1, one.line, Qt.ItemDataRole.AccessibleDescriptionRole)
        if chosen in self._known:
            self.box.setCurrentIndex(self.box.findData(chosen))

    def show_recipe(self, recipe: KnownRecipe) -> None:
        """Emits nothing."""
        if recipe.key not in self._known:
            self._known[recipe.key] = recipe
            self.box.addItem(recipe.title, recipe.key)
            self.box.setItemData(self.box.count() - 1, recipe.line, LINE)
        self.box.setCurrentIndex(self.box.findData(recipe.key))
        self.line.setText(recipe.line)
        self.example.setVisible(recipe.key in EXAMPLE)

    def find(self, key: str) -> KnownRecipe:
        """KeyError for an unknown one."""
        return self._known[key]

    def show_changes(self, number: int) -> None:
        words = "Nothing is changed" if not number else f"{number} setting{'s' * (number > 1)} changed"
        self.changes.setText(words)
        self.reset.setEnabled(bool(number))

    def say_copied(self) -> None:
        self.copy.setText("Copied")
        QTimer.singleShot(COPIED_MS, self, lambda: self.copy.setText("Copy as command"))

    def _open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a recipe", str(places.recipes()), FILES)
        if path:
            self.chosen.emit(own_recipe(Path(path)))

    def _save(self) -> None:
        stem = f"{Path(self.current.key).stem}-mine"
        path = ask_save_path(self, "Save the recipe", stem, ".toml", "Recipes", places.recipes())
        if path is not None:
            self.save_wanted.emit(str(path))
