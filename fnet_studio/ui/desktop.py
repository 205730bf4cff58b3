"""What is asked of the desktop: open a folder, move things to the trash, send the machine to sleep."""

import shutil
import subprocess
import sys
from pathlib import Path

import send2trash
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from fnet_studio.core.errors import UserError

POWER = {
    "linux": {"sleep": ("systemctl", "suspend"), "shut-down": ("systemctl", "poweroff")},
    "darwin": {
        "sleep": ("pmset", "sleepnow"),
        "shut-down": ("osascript", "-e", 'tell application "System Events" to shut down'),
    },
    "win32": {
        "sleep": ("rundll32.exe", "powrprof.dll,SetSuspendState", "0,1,0"),
        "shut-down": ("shutdown", "/s", "/t", "0"),
    },
}
"""The system's own commands; what the user may not do by them, they refuse."""
POWER_WAIT_S = 30


def power_actions() -> tuple[str, ...]:
    """Of `sleep` and `shut-down`, those that this machine has a command for."""
    return tuple(action for action, words in POWER.get(sys.platform, {}).items() if shutil.which(words[0]))


def power(action: str) -> None:
    """Send the machine to sleep, or shut it down. Takes moments: not for the window's own thread. UserError
    `desktop.no-power` when the system refuses."""
    try:
        done = subprocess.run(
            POWER[sys.platform][action], capture_output=True, text=True, errors="replace", timeout=POWER_WAIT_S
        )
        refused = (done.stderr or done.stdout).strip() if done.returncode else None
    except (OSError, subprocess.TimeoutExpired) as error:
        refused = str(error)
    if refused is not None:
        what = "sent to sleep" if action == "sleep" else "shut down"
        raise UserError(
            "desktop.no-power",
            f"The machine could not be {what}: {refused or 'it gave no reason.'}",
            "The runs are over and kept. Do it by hand.",
        )


def open_folder(path: Path) -> None:
    """In the file manager. UserError `desktop.no-opener` where there is none, `desktop.missing` without the folder."""
    if not path.is_dir():
        raise UserError("desktop.missing", f"The folder {path} does not exist.", "It may have been moved or deleted.")
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        raise UserError("desktop.no-opener", f"No program could be found to open {path}.", "Open it by hand.")


def open_own_folder(path: Path) -> None:
    """The same for a place of the program, which is made if need be. UserError `desktop.no-folder` too."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("desktop.no-folder", f"{path} cannot be made: {error.strerror}.", "Check its rights.") from None
    open_folder(path)


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
