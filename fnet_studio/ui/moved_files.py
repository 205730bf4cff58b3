"""Asking where the files of a run are now that are not where they were."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from fnet_studio.core.remedies import with_those_beside

CHOOSE = "Choose where it is now"


def ask_where(lost: dict[str, str]) -> dict[str, str]:
    """The new places by setting, of the first that is gone and of those that lie beside it; empty when the person does
    not say. lost: as of `remedies.gone`, not empty."""
    key, old = next(iter(lost.items()))
    path = _ask_for(Path(old))
    return with_those_beside({key: path}, lost) if path else {}


def _ask_for(old: Path) -> str:
    """'' when the person does not say."""
    title, beside = f"Where is {old.name} now?", str(old.parent)
    if old.suffix:
        return QFileDialog.getOpenFileName(None, title, beside)[0]
    return QFileDialog.getExistingDirectory(None, title, beside)
