"""The field and the list over the window; Enter does what is chosen, Esc goes back to where the keyboard was."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget
from shiboken6 import isValid

from fnet_studio.core.errors import UserError
from fnet_studio.ui import icons
from fnet_studio.ui.command_palette import sources
from fnet_studio.ui.command_palette.commands import Command, matching
from fnet_studio.ui.parts import Card, label
from fnet_studio.ui.presets.library import PresetLibrary
from fnet_studio.ui.runs.library import RunLibrary
from fnet_studio.ui.theme import MARGIN, ThemeSource
from fnet_studio.ui.train.known_recipes import KnownRecipe, known_recipes
from fnet_studio.ui.widgets.two_lines import LINE, TwoLines

WIDTH = 600
MOST, MOST_ROWS = 100, 9
"""In the list, since there may be thousands of runs; and in sight."""
ICON_PX = 18
MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class CommandPalette(Card):
    """Lies over the window and belongs to it. What it lists is collected anew each time it opens."""

    def __init__(self, window: Any, themes: ThemeSource) -> None:
        super().__init__(parent=window)
        self._window, self._themes = window, themes
        self._commands: list[Command] = []
        self._recipes: list[KnownRecipe] = []
        self._found: list[Command] = []
        self._before: QWidget | None = None
        self._presets, self._runs = PresetLibrary(self), RunLibrary(self)
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type the name of a button, page, preset, recipe or run")
        self.field.setAccessibleName("Find a command")
        self.list = QListWidget()
        self.list.setAccessibleName("What fits")
        self.list.setProperty("bare", True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(TwoLines(WIDTH // 2, self.list))
        self.list.setIconSize(QSize(ICON_PX, ICON_PX))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.nothing = label("", "muted", wrap=True)
        for item in (self.field, self.list, self.nothing):
            self.column.addWidget(item)
        self.field.textChanged.connect(self._narrow)
        self.list.currentRowChanged.connect(lambda _: self._say_current())
        self.list.itemClicked.connect(lambda _: self._do())
        self.field.installEventFilter(self)
        window.installEventFilter(self)
        themes.changed.connect(lambda _: self._collect())
        self._presets.changed.connect(self._collect)
        self._runs.changed.connect(self._collect)
        self.hide()

    def open(self) -> None:
        """Show it, empty, in front. Presets and runs come in as soon as they have been read."""
        if self.isVisible():
            self.field.selectAll()
            return
        self._before = self._window.focusWidget()
        self._recipes = known_recipes()
        self.field.clear()
        self.show()
        self._collect()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._presets.refresh()
        self._runs.refresh()

    def leave(self) -> None:
        """Back to where the keyboard was."""
        if self.isVisible():
            self.hide()
            # a chip that had the keyboard may have gone with its sentence
            if self._before is not None and isValid(self._before) and self._before.isVisible():
                self._before.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window:
            if event.type() == QEvent.Type.Resize and self.isVisible():
                self._place()
        elif event.type() == QEvent.Type.FocusOut:
            self.hide()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._do()
        elif event.key() in MOVES:
            self.list.event(event)
        else:
            return False
        return True

    @property
    def _chosen(self) -> Command | None:
        row = self.list.currentRow()
        return self._found[row] if 0 <= row < len(self._found) else None

    def _do(self) -> None:
        chosen = self._chosen
        if chosen is not None:
            self.leave()
            try:
                chosen.do()
            except UserError as error:
                self._window.show_error(error)

    def _place(self) -> None:
        """As high as its rows, up to a limit."""
        room = self._window.centralWidget().geometry()
        width = min(WIDTH, room.width() - 2 * MARGIN)
        rows = sum(self.list.sizeHintForRow(row) for row in range(min(self.list.count(), MOST_ROWS)))
        self.list.setFixedHeight(rows)
        height = self.column.heightForWidth(width) if self.column.hasHeightForWidth() else self.sizeHint().height()
        self.setGeometry(room.x() + (room.width() - width) // 2, room.y() + 2 * MARGIN, width, height)

    def _collect(self) -> None:
        """Anew, and what was chosen stays so: runs may come in between an arrow key and Enter."""
        if not self.isVisible():
            return
        window, chosen = self._window, self._chosen
        self._commands = [
            *sources.in_sight(window.notices, window.page(window.current), window.status),
            *sources.pages(window),
            *sources.presets(window, self._presets.entries),
            *sources.recipes(window, self._recipes),
            *sources.looks(window),
            *sources.runs(window, self._runs.entries),
        ]
        self._narrow()
        for row, command in enumerate(self._found):
            if chosen is not None and command[:2] == chosen[:2]:
                self.list.setCurrentRow(row)
                break

    def _narrow(self) -> None:
        """Show what fits what was typed, the best one chosen."""
        typed = self.field.text()
        self._found = matching(self._commands, typed)[:MOST]
        self.list.clear()
        colour = self._themes.current.muted
        for command in self._found:
            item = QListWidgetItem(icons.icon(command.icon, colour, ICON_PX), command.words, self.list)
            item.setData(LINE, command.line)
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, command.line)
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(self._found))
        self.nothing.setVisible(not self._found)
        self.nothing.setText(f"Nothing here is called “{typed.strip()}”. A part of a name is enough.")
        self._place()

    def _say_current(self) -> None:
        """The keyboard stays in the field, so the field tells a screen reader what Enter would do."""
        found = self._chosen
        self.field.setAccessibleDescription(f"{found.words}. {found.line}" if found else "")
