"""What a picture is subtracted from: a remembered sentence and preset, or a step of a training run."""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from fnet_studio.core import run_maps, run_models, run_notes, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_models import name_of
from fnet_studio.core.run_names import Named, told_apart
from fnet_studio.ui.background import Background
from fnet_studio.ui.explore.pictures.scene import Scene

NOTHING, REMEMBERED, STEP = range(3)
KEPT_MODEL = -1
MOST_STEPS = 200
"""In the list; of more, every so manyth."""


class Choice(NamedTuple):
    """A run that has something to compare with."""

    run: str
    named: Named
    probe: str
    """The sentence that its maps are of."""
    preset: str
    """That it began with; '' from scratch."""
    maps: tuple[int, ...]
    checkpoints: tuple[int, ...]
    model: bool


class KeptMaps(NamedTuple):
    """(layers, rows, columns) of a run's probe sentence, as they were at a step."""

    run: str
    step: int
    probe: str
    values: np.ndarray


def read_choices() -> list[Choice]:
    """Of all runs on disk, newest first."""
    found = []
    for record in run_store.list_runs()[0]:
        try:
            maps, checkpoints = run_maps.steps(record.id), run_models.checkpoint_steps(record.id)
            model = run_models.kept(record)
        except UserError:  # deleted meanwhile
            continue
        if maps or checkpoints or model:
            probe = str(record.recipe.get("observe", {}).get("probe", ""))
            began = record.recipe.get("model", {}).get("preset", "") if record.task != "classify" else ""
            named = Named(run_notes.name_of(record), record.began)
            found.append(Choice(record.id, named, probe, str(began), tuple(maps), tuple(checkpoints), model))
    return found


def _read_maps(choice: Choice, step: int) -> KeptMaps:
    return KeptMaps(choice.run, step, choice.probe, run_maps.read(choice.run, step))


class Comparing(QObject):
    """Three choosers: with what, which run, which step. `widgets` are laid out by the owner, among its switches."""

    changed = Signal()
    sentence_wanted = Signal(str)
    """The probe sentence of a run."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(self)
        self._scene: Scene | None = None
        self._pinned: Scene | None = None
        self._choices: list[Choice] = []
        self._kept: KeptMaps | None = None
        self.problem = ""
        """Why there is nothing to compare with, in words."""
        self.what, self.run, self.step = QComboBox(), QComboBox(), QComboBox()
        for words, tip in (
            ("off", "The picture as it is."),
            ("with this", "Sentence and preset are remembered: change either, and every picture shows the difference."),
            ("with a step", "The same sentence in a run's model as it was at a step, or the maps that it kept."),
        ):
            self.what.addItem(words)
            self.what.setItemData(self.what.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.what.setAccessibleName("Compare with")
        self.what.setToolTip("Every picture then shows the difference, blue below zero and red above.")
        self.run.setAccessibleName("Run to compare with")
        self.run.setMinimumContentsLength(12)
        self.run.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.step.setAccessibleName("Step to compare with")
        self.step.setToolTip(
            "Where the run kept its model, every picture can be compared; where it kept maps of its probe sentence "
            "alone, the mixing map."
        )
        self.probe = QPushButton("Show its sentence")
        self.probe.setToolTip("The sentence that the run kept maps of")
        self.probe.setProperty("small", True)
        self.probe.clicked.connect(self._want_probe)
        label = QLabel("Compare")
        label.setProperty("role", "muted")
        label.setBuddy(self.what)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label)
        row.addWidget(self.what)
        self.widgets = (holder, self.run, self.step, self.probe)
        for item in (self.run, self.step, self.probe):
            item.setVisible(False)
        self.what.activated.connect(self._what_chosen)
        self.run.activated.connect(self._run_chosen)
        self.step.activated.connect(self._step_chosen)

    # ------------------------------------------------------------------------------------------ the other

    @property
    def on(self) -> bool:
        return self.what.currentIndex() != NOTHING

    def show_scene(self, scene: Scene | None) -> None:
        """What is looked at now."""
        self._scene = scene
        kept = self._kept
        self.probe.setVisible(kept is not None and scene is not None and scene.text.strip() != kept.probe.strip())

    def other(self, scene: Scene) -> Scene | None:
        """What the worker is to measure too; None when nothing, or when the maps of a run are read from the disk."""
        if self.what.currentIndex() == REMEMBERED:
            return self._pinned if self._pinned != scene else None
        choice, step = self._choice, self._chosen_step
        if self.what.currentIndex() != STEP or choice is None or step is None or self._of_maps:
            return None
        name = name_of(choice.run, None if step == KEPT_MODEL else step)
        return replace(scene, preset=name) if name != scene.preset else None

    @property
    def kept(self) -> KeptMaps | None:
        return self._kept if self.what.currentIndex() == STEP and self._of_maps else None

    @property
    def waiting(self) -> bool:
        return self._background.busy

    def words(self, scene: Scene | None) -> str:
        """What it is compared with, as a caption says it; '' for nothing."""
        kept = self.kept
        if kept is not None:
            return f"step {kept.step} of the run {kept.run}, from the maps that it kept of “{kept.probe}”"
        other = self.other(scene) if scene is not None else None
        return other.words() if other is not None else ""

    # ------------------------------------------------------------------------------------------ choosing

    def remember(self, scene: Scene | None) -> None:
        self._pinned = scene
        self.what.setCurrentIndex(REMEMBERED if scene is not None else NOTHING)
        self._show_choosers()
        self.changed.emit()

    def compare_with_step(self, run: str = "", step: int | None = None) -> None:
        """Offer the runs on this machine; `run` and `step` are chosen where they are there."""
        self.what.setCurrentIndex(STEP)
        self.problem = ""
        self._background.run(read_choices, lambda found: self._came(found, run, step), key="runs")
        self._show_choosers()
        self.changed.emit()

    def _what_chosen(self, what: int) -> None:
        if what == STEP:
            self.compare_with_step()
        else:
            self.remember(self._scene if what == REMEMBERED else None)

    def _came(self, choices: list[Choice], run: str, step: int | None) -> None:
        self._choices = choices
        self.problem = "" if choices else "No run on this machine has kept maps or a checkpoint. Train one first."
        self.run.clear()
        for choice, name in zip(choices, told_apart([choice.named for choice in choices]), strict=True):
            self.run.addItem(name, choice.run)
            self.run.setItemData(self.run.count() - 1, choice.run, Qt.ItemDataRole.ToolTipRole)
        wanted = self.run.findData(run or self._likely())
        self.run.setCurrentIndex(max(wanted, 0) if choices else -1)
        self._fill_steps(step)
        self._show_choosers()
        self._step_chosen()

    def _likely(self) -> str:
        """The run that is looked at, or the newest one that began with the preset that is."""
        preset = self._scene.preset if self._scene is not None else ""
        if run_models.is_run(preset):
            preset = preset.removeprefix(run_models.RUN).partition("@")[0]
            return next((it.run for it in self._choices if it.run == preset), "")
        return next((it.run for it in self._choices if it.preset == preset), "")

    def _fill_steps(self, step: int | None = None) -> None:
        self.step.clear()
        choice = self._choice
        if choice is None:
            return
        for at in _thinned(sorted({*choice.maps, *choice.checkpoints}), choice.checkpoints):
            kind = "model" if at in choice.checkpoints else "maps"
            self.step.addItem(f"step {at} · {kind}", at)
        if choice.model:
            self.step.addItem("kept model", KEPT_MODEL)
        self.step.setCurrentIndex(max(self.step.findData(step), 0))

    def _run_chosen(self, _: int) -> None:
        self._fill_steps()
        self._step_chosen()

    def _step_chosen(self, *_: Any) -> None:
        self._kept = None
        choice, step = self._choice, self._chosen_step
        if choice is not None:
            self.problem = ""  # of a step that was chosen before
        if choice is not None and step is not None and self._of_maps:
            self._background.run(partial(_read_maps, choice, step), self._has_maps, self._has_none, key="maps")
        self.show_scene(self._scene)
        self.changed.emit()

    def _has_maps(self, kept: KeptMaps) -> None:
        self._kept, self.problem = kept, ""
        self.show_scene(self._scene)
        self.changed.emit()

    def _has_none(self, error: UserError) -> None:
        self.problem = f"{error.message} {error.advice}"
        self.changed.emit()

    def _want_probe(self) -> None:
        if self._kept is not None:
            self.sentence_wanted.emit(self._kept.probe)

    def _show_choosers(self) -> None:
        stepping = self.what.currentIndex() == STEP and bool(self._choices)
        self.run.setVisible(stepping)
        self.step.setVisible(stepping)
        if self.what.currentIndex() != STEP:
            self._kept, self.problem = None, ""
        self.show_scene(self._scene)

    @property
    def _choice(self) -> Choice | None:
        return next((it for it in self._choices if it.run == self.run.currentData()), None)

    @property
    def _chosen_step(self) -> int | None:
        return self.step.currentData()

    @property
    def _of_maps(self) -> bool:
        """Of the chosen step there are maps alone."""
        choice, step = self._choice, self._chosen_step
        return choice is not None and step != KEPT_MODEL and step not in choice.checkpoints


def _thinned(steps: list[int], always: tuple[int, ...]) -> list[int]:
    if len(steps) <= MOST_STEPS:
        return steps
    some = {steps[int(at)] for at in np.linspace(0, len(steps) - 1, MOST_STEPS)}
    return [step for step in steps if step in some or step in always]
