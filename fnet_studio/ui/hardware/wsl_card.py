"""Settings on Windows: the steps to a worker in WSL, each with its command and its check."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from fnet_studio.core import wsl
from fnet_studio.core.errors import UserError
from fnet_studio.core.wsl import Answer, Outcome
from fnet_studio.ui.background import Background
from fnet_studio.ui.parts import Card, IconFollower, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource


class WslCard(Card):
    command_chosen = Signal(str)
    """The worker's command line, for the settings."""
    failed = Signal(object)

    def __init__(
        self,
        themes: ThemeSource,
        asked: Callable[[Sequence[str]], Answer] = wsl.ask,
        parent: QWidget | None = None,
    ) -> None:
        """asked: of another machine, in tests."""
        super().__init__(parent=parent)
        self._asked, self._background = asked, Background(self)
        self.column.addWidget(label("A worker with the GPU, in WSL", "section"))
        self.column.addWidget(
            label(
                "Under Windows itself JAX computes on the processor. In WSL, Windows' own Linux, it can use an NVIDIA "
                "GPU. What such a worker trains lies in WSL's own folders: take a run over with: fnet-studio runs "
                "export (there), and Import on the Runs page here.",
                "muted",
                wrap=True,
            )
        )
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(1, 1)
        self.marks: list[IconFollower] = []
        self._told = []
        for place, step in enumerate(wsl.steps()):
            mark = label("")
            self.marks.append(follow_icon(mark, themes, "circle", "muted"))
            words = QVBoxLayout()
            words.setSpacing(4)
            words.addWidget(label(f"{place + 1}. {step.title}", "strong"))
            words.addWidget(label(step.words, "caption", wrap=True))
            line = QLineEdit(step.command)
            line.setReadOnly(True)
            line.setProperty("mono", True)
            line.setAccessibleName(f"Command of step {place + 1}")
            copy = button("Copy", themes, "copy", "", lambda text=step.command: _copy(text))
            copy.setAccessibleName(f"Copy the command of step {place + 1}")
            words.addLayout(row(line, copy))
            told = label("", "caption", wrap=True, selectable=True)
            told.hide()
            words.addWidget(told)
            self._told.append(told)
            grid.addWidget(mark, place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addLayout(words, place, 1)
        self.column.addLayout(grid)
        self.check = button("Check the steps", themes, "refresh-cw", "", self.look)
        self.use = button(
            "Use the worker in WSL", themes, "terminal", "primary", lambda: self.command_chosen.emit(wsl.WORKER)
        )
        self.column.addLayout(row(self.check, self.use, None))
        self.use.setEnabled(False)
        self.use.setToolTip("When all steps hold")

    def told(self) -> list[str]:
        """What is said of the steps that were checked."""
        return [item.text() for item in self._told if item.isVisibleTo(self)]

    def look(self) -> None:
        """Ask WSL about every step; after the first that does not hold, the rest cannot."""
        self.check.setEnabled(False)
        self.check.setText("Checking …")

        def all_steps() -> list[Outcome]:
            outcomes: list[Outcome] = []
            for step in wsl.steps():
                outcomes.append(wsl.tried(step, self._asked))
                if not outcomes[-1].held:
                    break
            return outcomes

        self._background.run(all_steps, self._show, self._failed, "wsl")

    def _show(self, outcomes: list[Outcome]) -> None:
        self._settle()
        for place, (mark, told) in enumerate(zip(self.marks, self._told)):
            outcome = outcomes[place] if place < len(outcomes) else None
            told.setVisible(outcome is not None)
            if outcome is None:
                mark.show_icon("circle", "muted")
            elif outcome.held:
                mark.show_icon("circle-check", "success")
                told.setText(f"Done: {outcome.words}")
            else:
                mark.show_icon("circle-x", "danger")
                told.setText(f"Not yet: {outcome.words}")
        self.use.setEnabled(len(outcomes) == len(self._told) and outcomes[-1].held)

    def _failed(self, error: UserError) -> None:
        self._settle()
        self.failed.emit(error)

    def _settle(self) -> None:
        self.check.setEnabled(True)
        self.check.setText("Check the steps")


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
