"""The button that writes and copies what the card shows."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from fnet_studio.core.errors import UserError
from fnet_studio.ui.explore.pictures.plane import Plane, Scale
from fnet_studio.ui.save_file import ask_save_path

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
            action = menu.addAction(f"{words} …")
            action.triggered.connect(lambda _=False, one=(ending, words): self._ask_where(*one))
        menu.addSeparator()
        menu.addAction("Copy as an image").triggered.connect(self.copy_image)
        menu.addAction("Copy the numbers").triggered.connect(self.copy_numbers)
        self.setMenu(menu)
        self.setEnabled(False)

    def _ask_where(self, ending: str, words: str) -> None:
        found = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        folder = Path(found) if found else None
        path = ask_save_path(self, "Export the picture", self._shown().name, f".{ending}", words, folder)
        if path is not None:
            self.export_to(path)

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
