"""The queue as a table: what waits, what is at work, what became of the others."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from fnet_studio.core.queue import Entry
from fnet_studio.ui import icons
from fnet_studio.ui.itemmodels.runs import TASKS
from fnet_studio.ui.theme import ThemeSource

HEADS = ("Run", "Recipe", "State")
LOOKS = {
    "waiting": ("Waiting", "clock", "muted"),
    "running": ("At work", "activity", "accent"),
    "done": ("Done", "circle-check", "success"),
    "failed": ("Failed", "circle-x", "danger"),
    "stopped": ("Stopped", "circle-stop", "warning"),
}
Index = QModelIndex | QPersistentModelIndex
SOURCES = {"sample": "the sample", "imdb": "IMDb", "files": "own files"}


class QueueModel(QAbstractTableModel):
    def __init__(self, themes: ThemeSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.entries: list[Entry] = []
        themes.changed.connect(self._recoloured)

    def show_entries(self, entries: list[Entry]) -> None:
        if [entry.id for entry in entries] == [entry.id for entry in self.entries]:
            self.entries = entries
            self._recoloured()
            return
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's own signature)
        return 0 if parent.isValid() else len(HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        words, icon, tone = LOOKS[entry.state]
        if role == Qt.ItemDataRole.DisplayRole:
            return (entry.name, recipe_words(entry.recipe), words)[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 2:
            return icons.icon(icon, getattr(self._themes.current, tone), 16)
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == 1:
            return QColor(self._themes.current.muted)
        if role == Qt.ItemDataRole.ToolTipRole and entry.failure:
            return f"{entry.failure['message']} {entry.failure['advice']}".strip()
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{entry.name}, {words}"
        return None

    def _recoloured(self, _theme: object = None) -> None:
        if self.entries:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.entries) - 1, len(HEADS) - 1))


def recipe_words(recipe: dict[str, Any]) -> str:
    """One short line: what is trained on what, and for how long."""
    data, model, training = (recipe.get(part, {}) for part in ("data", "model", "training"))
    if recipe.get("task") == "classify":
        what = {"fourier": "FNet", "attention": "Transformer"}.get(model.get("mixer", ""), model.get("mixer", ""))
    else:
        kind = TASKS.get(str(recipe.get("task")), "Train")
        what = f"{kind} {model.get('preset', '')}".strip()
    epochs = training.get("epochs", 0)
    source = SOURCES.get(data.get("source", ""), "")
    return f"{what} on {source}, {epochs} epoch{'s' * (epochs != 1)}"
