"""The button that writes and copies what the card shows."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from fnet_studio.core.errors import UserError
from fnet_studio.ui.explore.pictures.plane import Plane, Scale

ENDINGS = (
    ("png", "PNG image"),
    ("svg", "SVG drawing"),
    ("pdf", "PDF page"),
    ("csv", "CSV table"),
    ("npz", "NumPy arrays (NPZ)"),
)


class Shown(NamedTuple):
    """A picture as it was drawn, whatever sentence and switches are by now."""

    name: str
    """For the file."""
    planes: list[Plane]
    scale: Scale
    caption: str


NOTHING = Shown("", [], "linear", "")


class ExportButton(QPushButton):
    said = Signal(str)
    """What came of it."""

    def __init__(self, shown: Callable[[], Shown], parent: QWidget | None = None) -> None:
        super().__init__("Export", parent)
        self._shown = shown
        menu = QMenu(self)
        for ending, words in ENDINGS:
            menu.addAction(f"{words} …").triggered.connect(lambda _=False, ending=ending: self._ask_where(ending))
        menu.addSeparator()
        menu.addAction("Copy as an image").triggered.connect(self.copy_image)
        menu.addAction("Copy the numbers").triggered.connect(self.copy_numbers)
        self.setMenu(menu)
        self.setEnabled(False)

    def _ask_where(self, ending: str) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation) or "."
        start = str(Path(folder) / f"{self._shown().name}.{ending}")
        name, _ = QFileDialog.getSaveFileName(self, "Export the picture", start, f"*.{ending}")
        if name:
            self.export_to(Path(name) if name.endswith(f".{ending}") else Path(f"{name}.{ending}"))

    def export_to(self, path: Path) -> None:
        from fnet_studio.ui.explore.pictures import export

        shown = self._shown()
        try:
            export.write(path, shown.planes, shown.scale, shown.caption)
        except UserError as error:
            self.said.emit(f"{error.message} {error.advice}")
        else:
            self.said.emit(f"Written to {path}")

    def copy_image(self) -> None:
        from fnet_studio.ui.explore.pictures import export

        shown = self._shown()
        QGuiApplication.clipboard().setImage(export.image(shown.planes, shown.scale, shown.caption))
        self.said.emit("The picture is on the clipboard.")

    def copy_numbers(self) -> None:
        """As a table that spreadsheets take."""
        from fnet_studio.ui.explore.pictures import export

        shown = self._shown()
        QGuiApplication.clipboard().setText(export.table(shown.planes, shown.caption, "\t"))
        self.said.emit("The numbers are on the clipboard.")
