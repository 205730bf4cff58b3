"""One recipe several times, with other values of one setting or of two: what `core.sweep.over` makes of it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from fnet_studio.core import recipe as recipes
from fnet_studio.core import recipe_scope, sweep
from fnet_studio.core.errors import UserError
from fnet_studio.ui.parts import Card, button, label, row, set_property
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.form_rows import COLUMNS
from fnet_studio.ui.train.recipe_form import RecipeForm
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.text_boxes import TextLine

WHAT = "This recipe once for each value, each run waiting for its turn. With a second setting: once for each pair."
FIRST = ("training.seed", "training.learning_rate", "training.batch_size", "training.epochs")
"""What is tried out most."""
NOT_OFFERED = {*recipe_scope.DATA_PLACES, *COLUMNS, "data.source", "data.url", "data.labels", "training.auto_batch"}
OTHER_SECTIONS = ("observe.", "saving.")
"""They decide nothing of what a model learns."""
SEEDS = "0, 1, 2"
SETTING_LETTERS = 16
MISSING = "Write the values of each setting, with commas between."


class GridCard(Card):
    """Hidden until `open`. What it offers, and what it says, follows the form."""

    add_wanted = Signal()
    """Of `chosen`."""

    def __init__(self, themes: ThemeSource, form: RecipeForm, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._form, self._known = form, recipes.fields()
        self.settings = (Choice(), Choice())
        self.values = (TextLine(), TextLine())
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for line, (setting, values, which) in enumerate(zip(self.settings, self.values, ("First", "Second"))):
            setting.setAccessibleName(f"{which} setting")
            setting.setMinimumContentsLength(SETTING_LETTERS)
            values.setAccessibleName(f"Values of the {which.lower()} setting")
            grid.addWidget(setting, line, 0)
            grid.addWidget(values, line, 1)
            setting.currentIndexChanged.connect(self._chosen)
            values.textChanged.connect(self._look)
            values.returnPressed.connect(self._add)
        self.words = label("", "muted", wrap=True)
        self.add = button("Add to queue", themes, "plus", "primary", self._add)
        self.close_button = button("Close", themes, "x", "quiet", self.hide, "Add nothing (Esc)")
        self.column.addLayout(row(label("Several runs", "strong"), None, self.close_button))
        self.column.addWidget(label(WHAT, "muted", wrap=True))
        self.column.addLayout(grid)
        self.column.addWidget(self.words)
        self.column.addLayout(row(self.add, None))
        form.changed.connect(self._follow)
        self.hide()

    def open(self) -> None:
        self.show()
        self._follow()
        if not self.values[0].text():
            self.values[0].setText(SEEDS)
        self.values[0].setFocus()
        self.values[0].selectAll()

    @property
    def chosen(self) -> dict[str, list[str]]:
        """Values, as text, by dotted key."""
        return {
            setting.currentData(): sweep.values_of(values.text())
            for setting, values in zip(self.settings, self.values)
            if setting.currentData()
        }

    def _follow(self) -> None:
        """Offer what counts in the form now; what was chosen stays if it still does."""
        if self.isHidden():
            return
        counting = self._form.counting - NOT_OFFERED
        offered = [key for key in self._known if key in counting and not key.startswith(OTHER_SECTIONS)]
        offered = [key for key in FIRST if key in offered] + [key for key in offered if key not in FIRST]
        for place, setting in enumerate(self.settings):
            wanted = ([""] if place else []) + offered
            if [setting.itemData(at) for at in range(setting.count())] == wanted:
                continue
            before = setting.currentData()
            setting.blockSignals(True)
            setting.clear()
            for key in wanted:
                setting.addItem(self._known[key].title if key else "No second setting", key)
            setting.setCurrentIndex(max(setting.findData(before), 0))
            setting.blockSignals(False)
        self._chosen()

    def _chosen(self) -> None:
        for setting, values in zip(self.settings, self.values):
            key = setting.currentData()
            values.setEnabled(bool(key))
            values.setPlaceholderText(self._known[key].bounds if key else "")
        self._look()

    def _look(self) -> None:
        """Say what would be added, or what is wrong."""
        found, problem = [], ""
        if self.settings[0].currentData() == self.settings[1].currentData():
            problem = "Choose two different settings."
        elif all(self.chosen.values()):
            try:
                found = sweep.over(self._form.recipe(), self.chosen)
            except UserError as error:
                problem = f"{error.message} {error.advice}"
        self.words.setText(problem or (_worded(found) if found else MISSING))
        set_property(self.words, "role", "error" if problem else "muted")
        self.add.setText(f"Add {len(found)} to queue" if len(found) > 1 else "Add to queue")
        self.add.setEnabled(bool(found))

    def _add(self) -> None:
        if self.add.isEnabled():
            self.add_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)


def _worded(found: list[recipes.Recipe]) -> str:
    return found[0].name if len(found) == 1 else f"{len(found)} runs: {found[0].name} … {found[-1].name}"
