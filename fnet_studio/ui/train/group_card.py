"""A card of settings that belong together, the rarer ones folded away."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QWidget

from fnet_studio.ui.parts import Card, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource


class GroupCard(Card):
    """Shows the rows that count. Folded, it still says how many of the hidden ones were changed."""

    def __init__(
        self,
        themes: ThemeSource,
        title: str,
        rows: Mapping[str, Any],
        more: Mapping[str, Any],
        parent: QWidget | None = None,
    ) -> None:
        """rows, more: by key, in order; `FieldRow` or alike. more: folded away at first."""
        super().__init__(parent=parent)
        self.title, self._rows, self._more = title, dict(rows), dict(more)
        self._counting: set[str] = set()
        self.column.setContentsMargins(12, 10, 8, 10)
        self.fold = button("", themes, "chevron-right", "quiet", self._toggle)
        self.fold.setProperty("small", True)
        self._icon = follow_icon(self.fold, themes, "chevron-right", "muted", 14)
        self.column.addLayout(row(label(title, "strong"), None, self.fold))
        for item in (*self._rows.values(), *self._more.values()):
            self.column.addWidget(item)
        self.unfolded = False

    @property
    def folded_keys(self) -> set[str]:
        """Of the rows that are hidden until the card is unfolded."""
        return set() if self.unfolded else set(self._more)

    def insert_after(self, key: str, widget: QWidget) -> None:
        """What explains a row, right under it."""
        self.column.insertWidget(self.column.indexOf(self._rows[key]) + 1, widget)

    def insert_first(self, widget: QWidget) -> None:
        """Above all rows, right under the title."""
        self.column.insertWidget(1, widget)

    def show_counting(self, counting: set[str]) -> None:
        """counting: keys of the rows that there is a use for; the others are hidden."""
        self._counting = counting
        self._show()

    def unfold(self, on: bool = True) -> None:
        self.unfolded = on
        self._show()

    def _toggle(self) -> None:
        self.unfold(not self.unfolded)

    def _show(self) -> None:
        more = [key for key in self._more if key in self._counting]
        for key, item in self._rows.items():
            item.setVisible(key in self._counting)
        for key, item in self._more.items():
            item.setVisible(self.unfolded and key in self._counting)
        changed = sum(self._more[key].is_changed for key in more)
        words = "Less" if self.unfolded else "More"
        if changed and not self.unfolded:
            words += f" · {changed} changed"
        self.fold.setText(words)
        self.fold.setAccessibleName(f"{words}: {self.title}")
        self._icon.show_icon("chevron-down" if self.unfolded else "chevron-right", "muted")
        self.fold.setVisible(bool(more))
        self.setVisible(bool(more) or any(key in self._counting for key in self._rows))
