"""What is asked of the desktop: open a folder, move things to the trash."""

from pathlib import Path

import send2trash
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from fnet_studio.core.errors import UserError


def open_folder(path: Path) -> None:
    """In the file manager. UserError `desktop.no-opener` where there is none, `desktop.missing` without the folder."""
    if not path.is_dir():
        raise UserError("desktop.missing", f"The folder {path} does not exist.", "It may have been moved or deleted.")
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        raise UserError("desktop.no-opener", f"No program could be found to open {path}.", "Open it by hand.")


def to_trash(path: Path) -> None:
    """UserError `desktop.no-trash` when the system refuses: then nothing was removed."""
    try:
        send2trash.send2trash(str(path))
    except (OSError, send2trash.TrashPermissionError) as error:
        raise UserError(
            "desktop.no-trash",
            f"{path} could not be moved to the trash: {error}.",
            "Nothing was removed. Delete it in the file manager if it has to go.",
        ) from None


def size_of(path: Path) -> int:
    """Bytes of all files below a folder; what cannot be read counts nothing."""
    total = 0
    for item in path.rglob("*") if path.is_dir() else ():
        try:
            total += item.stat().st_size if item.is_file() and not item.is_symlink() else 0
        except OSError:
            continue
    return total


def size_words(amount: int) -> str:
    """`0 bytes`, `512 kB`, `17.9 MB`, `1.32 GB`."""
    if amount < 1000:
        return f"{amount} bytes"
    if amount < 1_000_000:
        return f"{amount / 1e3:.0f} kB"
    return f"{amount / 1e6:.1f} MB" if amount < 1_000_000_000 else f"{amount / 1e9:.2f} GB"
