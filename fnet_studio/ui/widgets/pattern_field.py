"""What is looked for in texts: plain words or a regular expression, judged while it is typed."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox

from fnet_studio.core.errors import UserError
from fnet_studio.core.patterns import Pattern, compile_pattern
from fnet_studio.ui.parts import label, set_property
from fnet_studio.ui.widgets.text_boxes import TextLine

LEAST_PX = 120


class PatternField(QObject):
    """Owns the line, the two boxes and the words of what is wrong; the page lays them out."""

    changed = Signal()
    """Whether it can be looked for tells `valid`."""

    def __init__(self, words: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._quiet = False
        self.line = TextLine()
        self.line.setPlaceholderText(words)
        self.line.setAccessibleName(words)
        self.line.setClearButtonEnabled(True)
        self.line.setMinimumWidth(LEAST_PX)
        self.regex = QCheckBox("Regular expression")
        self.case = QCheckBox("Match case")
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        self.line.textChanged.connect(self._changed)
        self.regex.toggled.connect(self._changed)
        self.case.toggled.connect(self._changed)

    @property
    def pattern(self) -> Pattern:
        return Pattern(self.line.text(), self.regex.isChecked(), self.case.isChecked())

    @property
    def valid(self) -> bool:
        return not self.problem.text()

    def clear(self) -> None:
        """Quietly: `changed` is not told."""
        self._quiet = True  # and no blocked signals: the line itself shows its cross by them
        self.line.clear()
        self._quiet = False

    def _changed(self, *_: object) -> None:
        self._judge()
        if not self._quiet:
            self.changed.emit()

    def _judge(self) -> None:
        words = ""
        try:
            compile_pattern(self.pattern.text, regex=self.pattern.regex, case=self.pattern.case)
        except UserError as error:
            words = f"{error.message} {error.advice}"
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        set_property(self.line, "invalid", bool(words))
        self.line.setAccessibleDescription(words)
