"""The dialog that asks where to save a file."""

import re
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')
"""What the name of a file cannot have, on one system or another."""


def ask_save_path(
    parent: QWidget, title: str, stem: str, ending: str, words: str, folder: Path | None = None
) -> Path | None:
    """None when the user chose nothing.

    stem: the name to suggest, without its ending; it may be any text, such as the name of a run. ending: with its dot,
    or '' for a folder; a name that is typed without it gets it. words: what such files are called in the dialog.
    folder: where to begin, the home folder unless told."""
    start = (folder or Path.home()) / f"{NOT_IN_NAMES.sub('-', stem)}{ending}"
    while True:
        name, _ = QFileDialog.getSaveFileName(parent, title, str(start), f"{words} (*{ending})")
        if not name:
            return None
        if name.lower().endswith(ending):
            return Path(name)
        # here and not by the dialog's default suffix: some systems' dialogs ask before they add it, and Qt's own one
        # adds none to a name with a dot
        start = Path(f"{name}{ending}")
        if not start.exists() or _may_replace(parent, title, start):
            return start


def _may_replace(parent: QWidget, title: str, path: Path) -> bool:
    """The dialog asked of the name without the ending."""
    yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No
    words = f"{path.name} already exists.\nDo you want to replace it?"
    box = QMessageBox(QMessageBox.Icon.Warning, title, words, yes | no, parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setDefaultButton(no)
    return box.exec() == yes
