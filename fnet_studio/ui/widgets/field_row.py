"""One setting of a form: its name, its editor, its bounds, and what is wrong with what was typed."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from fnet_studio.ui.parts import set_property
from fnet_studio.ui.widgets.choice import Choice
from fnet_studio.ui.widgets.text_boxes import TextLine

TITLE_PX = 108


class FieldRow(QWidget):
    """Texts in, texts out: `check` says in words what is wrong with a text, or ''. A value other than the default is
    marked with a dot and a button that brings the default back."""

    changed = Signal(str)
    """The text, after every edit, valid or not."""

    def __init__(
        self,
        key: str,
        title: str,
        description: str,
        bounds: str,
        default: str,
        check: Callable[[str], str],
        choices: Sequence[tuple[str, str]] = (),
        wide: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        """choices: (text, words) pairs of a closed set; without them the field is typed. wide: the editor has a line
        of its own under the title."""
        super().__init__(parent)
        self.key = key
        self._default = default
        self._check = check
        self._editor: QLineEdit | QComboBox
        if choices:
            self._editor = Choice()
            self._editor.setMinimumWidth(120)
            for text, words in choices:
                self._editor.addItem(words, text)
            self._editor.currentIndexChanged.connect(self._edited)
        else:
            self._editor = TextLine()
            self._editor.setMinimumWidth(76)
            self._editor.textEdited.connect(self._edited)
        self._editor.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._editor.setAccessibleName(title)
        self._label = QLabel(title)
        self._label.setBuddy(self._editor)
        if not wide:
            self._label.setWordWrap(True)
            self._label.setFixedWidth(TITLE_PX)
        self._hint = QLabel("" if choices else bounds)
        self._hint.setProperty("role", "caption")
        self.describe(description)
        self._reset = QToolButton()
        self._reset.setText("↺")
        self._reset.setAutoRaise(True)
        self._reset.clicked.connect(self.reset)
        policy = self._reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._reset.setSizePolicy(policy)
        self._error = QLabel()
        self._error.setProperty("role", "error")
        self._error.setWordWrap(True)
        self._error.setTextFormat(Qt.TextFormat.PlainText)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        if wide:
            grid.addWidget(self._label, 0, 0, 1, 3)
            grid.addWidget(self._editor, 1, 0, 1, 4)
        elif choices or not bounds:
            grid.addWidget(self._label, 0, 0)
            grid.addWidget(self._editor, 0, 1, 1, 2)
        else:
            grid.addWidget(self._label, 0, 0)
            grid.addWidget(self._editor, 0, 1)
            grid.addWidget(self._hint, 0, 2)
            grid.setColumnMinimumWidth(2, 80)
        grid.addWidget(self._reset, 0, 3)
        grid.addWidget(self._error, 2, 0 if wide else 1, 1, 4 if wide else 3)
        self.set_text(default)

    @property
    def editor(self) -> QLineEdit | QComboBox:
        return self._editor

    @property
    def text(self) -> str:
        if isinstance(self._editor, QComboBox):
            return str(self._editor.currentData())
        return self._editor.text()

    @property
    def error(self) -> str:
        return self._check(self.text)

    @property
    def default(self) -> str:
        return self._default

    @property
    def is_changed(self) -> bool:
        return self.text.strip() != self._default

    def set_text(self, text: str) -> None:
        """Show a value that was not typed here; emits nothing."""
        if isinstance(self._editor, QComboBox):
            self._editor.blockSignals(True)
            if self._editor.findData(text) < 0:  # a value from a file is shown, even one that is wrong here
                self._editor.addItem(text, text)
            self._editor.setCurrentIndex(self._editor.findData(text))
            self._editor.blockSignals(False)
        else:
            self._editor.setText(text)
            self._editor.setCursorPosition(0)
        self._judge()

    def set_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """Another closed set for a row that has one; the value stays, also one that is not in the set. Emits
        nothing."""
        assert isinstance(self._editor, QComboBox)
        text = self.text
        self._editor.blockSignals(True)
        self._editor.clear()
        for value, words in choices:
            self._editor.addItem(words, value)
        self._editor.blockSignals(False)
        self.set_text(text)

    def describe(self, words: str) -> None:
        """What the setting means."""
        for part in (self._editor, self._label, self._hint):
            part.setToolTip(words)

    def set_default(self, text: str) -> None:
        """What counts as unchanged from now on; the value in the field stays."""
        self._default = text
        self._judge()

    def begin_with(self, text: str) -> None:
        """A value that is its own default."""
        self._default = text
        self.set_text(text)

    def reset(self) -> None:
        self.set_text(self._default)
        self._editor.setFocus()
        self.changed.emit(self.text)

    def show_error(self, words: str) -> None:
        self._error.setText(words)
        self._error.setVisible(bool(words))
        set_property(self._editor, "invalid", bool(words))
        self._editor.setAccessibleDescription(words or self._hint.text())

    def show_clash(self, words: str) -> None:
        """What is wrong with the value beside others, '' when nothing is; the field's own fault goes before."""
        self.show_error(self.error or words)

    def _edited(self, *_: Any) -> None:
        self._judge()
        self.changed.emit(self.text)

    def _judge(self) -> None:
        changed = self.is_changed
        self._reset.setVisible(changed)
        self._reset.setToolTip(f"Back to {self._default or 'empty'}")
        self._reset.setAccessibleName(f"Reset {self._label.text().lstrip('• ')}")
        title = self._label.text().removeprefix("• ")
        self._label.setText(f"• {title}" if changed else title)
        set_property(self._label, "role", "changed" if changed else "")
        self.show_error(self.error)
