"""What to do about a run that failed, was cut off or waits: the words, and a button for each next step."""

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from fnet_studio.core import protocol, recipe_scope, run_notes, run_store
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.core.remedies import Remedy, after_failure, goes_on, gone, remedies
from fnet_studio.core.run_store import RunRecord
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.moved_files import CHOOSE, ask_where
from fnet_studio.ui.parts import button, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.known_recipes import of_run
from fnet_studio.ui.train.live_run import LiveRun
from fnet_studio.ui.train.recipe_form import RecipeForm
from fnet_studio.ui.widgets.figures import count, duration

DAY_S = 86_400
MOVED = Remedy(CHOOSE, "resume")
"""Of a run whose data is not where it was. What is chosen has to hold the very same texts."""
OnRemedy = Callable[[RunRecord, Remedy], object]


class NextStepsCard(ErrorCard):
    """An error card with several ways on, the best one first. A way that has a price says so."""

    def __init__(
        self,
        themes: ThemeSource,
        failed: protocol.Failed | UserError,
        record: RunRecord,
        ways: tuple[Remedy, ...],
        on_remedy: OnRemedy,
        *,
        tone: str = "danger",
    ) -> None:
        super().__init__(themes, failed, tone=tone)
        self.buttons = []
        line = row(spacing=8)
        line.setContentsMargins(32, 0, 0, 0)
        for place, way in enumerate(ways):
            icon = "play" if way.do == "resume" else "rotate-cw"
            kind = "" if place else "primary"
            one = button(way.words, themes, icon, kind, lambda way=way: on_remedy(record, way), _tip(way))
            self.buttons.append(one)
            line.addWidget(one)
        line.addStretch(1)
        self.column.insertLayout(1, line)
        for way in ways:
            if way.warning:
                words = label(f"{way.words}: {way.warning}", "caption", wrap=True)
                words.setContentsMargins(32, 0, 0, 0)
                self.column.insertWidget(2, words)
        if self.buttons:
            self.setFocusProxy(self.buttons[0])


def _tip(way: Remedy) -> str:
    if "training.accumulation" in way.changes:
        return "Half the texts at a time, twice the accumulation: the same steps with less memory"
    return way.warning


def card_of(
    themes: ThemeSource, failed: protocol.Failed, run: str, on_remedy: OnRemedy, on_start: Callable[[], object]
) -> ErrorCard:
    """Of a run that just failed. run: its folder's name, '' when it never got one."""
    record, ways = after_failure(failed.kind, run)
    if record is None or not ways or failed.kind == "run.no-checkpoint":
        return ErrorCard(themes, failed, "Start again", on_start)
    if failed.kind == "worker.lost":
        # the window's own card says what happened to the worker; this one says what that means for the run
        step = record.steps
        words = f"The run was cut off after step {count(step)}." if step else "The run was cut off at its beginning."
        cut_off = UserError("run.cut-off", words, f"{goes_on(record)} {_written(record)}".strip())
        return NextStepsCard(themes, cut_off, record, ways, on_remedy, tone="warning")
    if gone(record):
        ways = (MOVED, *ways)
    return NextStepsCard(themes, failed, record, ways, on_remedy)


def _written(record: RunRecord) -> str:
    """When this run writes checkpoints; '' where its record does not tell its recipe."""
    every_s = recipe_scope.counting(record.recipe).get("saving.checkpoint_every_s")
    if every_s is None:
        return ""
    return f"Checkpoints are written after each {f'epoch and every {duration(every_s)}' if every_s else 'step'}."


def offer(themes: ThemeSource, on_remedy: OnRemedy) -> NextStepsCard | None:
    """Of the newest run that waits to be resumed: None when there is none."""
    waiting = [record for record in run_store.list_runs()[0] if record.status in ("interrupted", "paused")]
    ways = remedies(waiting[0]) if waiting else ()
    if not ways:
        return None
    record = waiting[0]
    state = "is paused" if record.status == "paused" else "was cut off"
    at = f" at step {count(record.steps)} of {count(record.total_steps)}" if record.steps else ""
    ago_s = time.time() - (record.ended or record.began)
    ago = f", {_span(ago_s)} ago" if ago_s >= 60 else ""
    others = len(waiting) - 1
    more = f" {others} more {'waits' if others == 1 else 'wait'} on the Runs page." if others else ""
    words = UserError(
        "run.waits",
        f"“{run_notes.name_of(record)}” {state}{at}{ago}.",
        f"{goes_on(record)}{more}",
    )
    return NextStepsCard(themes, words, record, ways, on_remedy, tone="warning")


def _span(seconds: float) -> str:
    """In whole days from the second one on."""
    return f"{seconds / DAY_S:.0f} days" if seconds >= 2 * DAY_S else duration(seconds)


class Recovery(QObject):
    """Makes the cards, and does what their buttons say."""

    chosen = Signal()
    """One of the ways on was taken: its card has served."""
    start_wanted = Signal()
    refused = Signal(object)
    """`UserError`."""

    def __init__(self, supervisor: Any, themes: ThemeSource, run: LiveRun, form: RecipeForm) -> None:
        super().__init__()
        self._supervisor, self._themes, self._run, self._form = supervisor, themes, run, form

    def card_of(self, failed: protocol.Failed, run: str) -> ErrorCard:
        return card_of(self._themes, failed, run, self._do, self.start_wanted.emit)

    def offer(self) -> NextStepsCard | None:
        return offer(self._themes, self._do)

    def _do(self, record: RunRecord, way: Remedy) -> None:
        changes = way.changes
        if way is MOVED and (lost := gone(record)):
            changes = ask_where(lost)
            if not changes:
                return
        self.chosen.emit()
        if way.do == "resume":
            self._supervisor.start()  # does nothing while one lives
            self._run.resume(record.id, changes)
            return
        try:
            values = dict(record.recipe)
            for key, text in changes.items():
                recipes.put(values, key, text)
            recipe = recipes.from_mapping(values)
            self._form.show_recipe(recipe, of_run(record.id, run_notes.name_of(record), recipe))
        except UserError as error:
            self.refused.emit(error)
            return
        self.start_wanted.emit()
