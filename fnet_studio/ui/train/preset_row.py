"""The preset that a task begins with: one of those on this machine, or a folder."""

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QFileDialog, QWidget

from fnet_studio.core import presets
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Field
from fnet_studio.ui.widgets.field_row import FieldRow
from fnet_studio.ui.widgets.figures import short_count

NONE = "none"
"""What pretraining may begin with."""
FOLDER = "\0"
"""In place of a name: ask for a folder."""
HEADS = {"pretrained": "predicts words", "fine-tuned": "classifies", "none": "no head"}


class PresetRow(FieldRow):
    def __init__(self, field: Field, default: str, check: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(
            field.key, field.title, field.description, "", default, check, _choices(), wide=True, parent=parent
        )
        self._before = default

    def refresh(self) -> None:
        """Look again for what there is."""
        found = _choices()
        if [self._editor.itemData(at) for at in range(self._editor.count())] != [name for name, _ in found]:  # type: ignore[union-attr]
            self.set_choices(found)

    def set_text(self, text: str) -> None:
        self._before = text
        if text == NONE and self._editor.findData(NONE) < 0:  # type: ignore[union-attr]
            self._editor.addItem("None: random weights", NONE)  # type: ignore[union-attr]
        super().set_text(text)

    def _edited(self, *args: Any) -> None:
        if self.text != FOLDER:
            self._before = self.text
            super()._edited(*args)
            return
        folder = QFileDialog.getExistingDirectory(self, "A preset's folder")
        self.set_text(folder or self._before)
        super()._edited()


def problem(name: str) -> str:
    """What speaks against a preset, in words; '' when nothing does."""
    if name == NONE or name.startswith("run:"):  # a run's own: the worker knows whether it kept one
        return ""
    try:
        card = presets.read_card(presets.folder(name))
    except UserError as error:
        return f"{error.message} {error.advice}"
    return f"{card.name} cannot be used. {card.problem}" if card.problem else ""


def _choices() -> list[tuple[str, str]]:
    found = []
    for card in presets.list_presets():
        if not card.problem:
            size = f"{short_count(card.parameters)}, " if card.parameters else ""
            found.append((card.name, f"{card.name}  ({size}{HEADS[card.head]})"))
    return [*found, (FOLDER, "A folder …")]
