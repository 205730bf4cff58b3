"""What a page shows when there is no work to show: an error, nothing yet, something under way, a question."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QProgressBar, QToolButton, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.ui.parts import Card, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource

TEXT_PX = 420


def failed_from(error: UserError) -> protocol.Failed:
    return protocol.Failed(error.kind, error.message, error.advice)


class ErrorCard(Card):
    """What happened, what to do, and a folded traceback."""

    def __init__(
        self,
        themes: ThemeSource,
        failed: protocol.Failed | UserError,
        action: str = "",
        on_action: Callable[[], object] | None = None,
        *,
        action_icon: str = "rotate-cw",
        closable: bool = True,
        tone: str = "danger",
        parent: QWidget | None = None,
    ) -> None:
        """action: the words of a button that does what is advised. tone: danger, or warning for what is not lost."""
        super().__init__(tone, parent)
        self.failed = failed_from(failed) if isinstance(failed, UserError) else failed
        self.setObjectName("error-card")
        mark = label("")
        follow_icon(mark, themes, "circle-alert" if tone == "danger" else "triangle-alert", tone, 20)
        self.message = label(self.failed.message, "strong", wrap=True, selectable=True)
        self.advice = label(self.failed.advice, "", wrap=True, selectable=True)
        self.setAccessibleName(f"Error: {self.failed.message} {self.failed.advice}".strip())
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.message)
        if self.failed.advice:
            words.addWidget(self.advice)
        top = row(mark, spacing=12)
        top.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        if closable:
            close = QToolButton()
            close.setAccessibleName("Close this message")
            close.setToolTip("Close this message")
            follow_icon(close, themes, "x", "muted")
            close.clicked.connect(self.dismiss)
            top.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.column.addLayout(top)

        foot = row(spacing=8)
        foot.setContentsMargins(32, 0, 0, 0)
        self.action = button(action, themes, action_icon, "primary", on_action) if action else None
        if self.action is not None:
            foot.addWidget(self.action)
        self.fold = button("Details", themes, "chevron-right", "quiet", self._toggle)
        self.copy = button("Copy details", themes, "copy", "quiet", self._copy)
        self._fold_icon = follow_icon(self.fold, themes, "chevron-right", "muted")
        self.details = QPlainTextEdit(self.failed.traceback)
        self.details.setProperty("mono", True)
        self.details.setReadOnly(True)
        self.details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.details.setFixedHeight(160)
        self.details.setAccessibleName("Details of the error")
        self.details.hide()
        has_details = bool(self.failed.traceback)
        for widget in (self.fold, self.copy):
            if has_details:
                foot.addWidget(widget)
            else:  # hidden, and gone with the card
                widget.setParent(self)
                widget.hide()
        foot.addStretch(1)
        if self.action is not None or has_details:
            self.column.addLayout(foot)
        self.column.addWidget(self.details)

    def dismiss(self) -> None:
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def _toggle(self) -> None:
        unfolded = not self.details.isVisibleTo(self)
        self.details.setVisible(unfolded)
        self._fold_icon.show_icon("chevron-down" if unfolded else "chevron-right", "muted")

    def _copy(self) -> None:
        f = self.failed
        QGuiApplication.clipboard().setText(f"{f.message}\n{f.advice}\n[{f.kind}]\n\n{f.traceback}".strip() + "\n")


def _centred(words: QLabel) -> QHBoxLayout:
    """As wide as it may be; a label that is aligned in its layout would not grow with its lines."""
    line = QHBoxLayout()
    line.addStretch(1)
    line.addWidget(words, 100)
    line.addStretch(1)
    return line


class EmptyState(QWidget):
    """What will be here, and how to begin."""

    def __init__(
        self,
        themes: ThemeSource,
        icon: str,
        title: str,
        words: str,
        action: str = "",
        on_action: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 48, 24, 48)
        column.setSpacing(8)
        mark = label("")
        follow_icon(mark, themes, icon, "muted", 40)
        self.title = label(title, "section")
        self.words = label(words, "muted", wrap=True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.words.setMaximumWidth(TEXT_PX)
        column.addStretch(1)
        column.addWidget(mark, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(8)
        column.addWidget(self.title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(_centred(self.words))
        if action:
            self.action = button(action, themes, "", "primary", on_action)
            column.addSpacing(8)
            column.addWidget(self.action, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)


class BusyState(QWidget):
    """Something is under way whose length is not known."""

    def __init__(self, words: str, detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 48, 24, 48)
        column.setSpacing(8)
        self.words = label(words, "section")
        self.detail = label(detail, "muted", wrap=True)
        self.detail.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.detail.setMaximumWidth(TEXT_PX)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setFixedWidth(240)
        column.addStretch(1)
        column.addWidget(self.words, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(_centred(self.detail))
        column.addSpacing(8)
        column.addWidget(bar, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)


class ConfirmCard(Card):
    """A question inside the page. Esc answers with the last choice, which changes nothing."""

    answered = Signal(str)
    """The key of the choice."""

    def __init__(
        self,
        themes: ThemeSource,
        question: str,
        words: str,
        choices: list[tuple[str, str, str]],
        parent: QWidget | None = None,
    ) -> None:
        """choices: (key, words of the button, kind), the one that changes nothing last."""
        super().__init__("warning", parent)
        self.setObjectName("confirm-card")
        self.way_out = choices[-1][0]
        mark = label("")
        follow_icon(mark, themes, "info", "warning", 20)
        texts = QVBoxLayout()
        texts.setSpacing(4)
        self.question = label(question, "strong", wrap=True)
        texts.addWidget(self.question)
        if words:
            texts.addWidget(label(words, "", wrap=True))
        top = row(mark, spacing=12)
        top.setAlignment(mark, Qt.AlignmentFlag.AlignTop)
        top.addLayout(texts, 1)
        self.column.addLayout(top)
        foot = row(spacing=8)
        foot.setContentsMargins(32, 0, 0, 0)
        self.buttons = {}
        for key, text, kind in choices:
            item = button(text, themes, "", kind, lambda key=key: self.answer(key))
            self.buttons[key] = item
            foot.addWidget(item)
        foot.addStretch(1)
        self.column.addLayout(foot)
        self.setFocusProxy(self.buttons[self.way_out])
        self.setAccessibleName(f"{question} {words}".strip())

    def answer(self, key: str) -> None:
        self.hide()
        self.answered.emit(key)
        self.closed.emit()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.answer(self.way_out)
        else:
            super().keyPressEvent(event)
