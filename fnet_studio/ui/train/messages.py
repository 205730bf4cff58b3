"""What the Train page says above the pictures: one card, of the recipe, of its plan, of a refusal or of a run's end."""

import contextlib

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from fnet_studio.core import outcome, protocol, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_state import RunState
from fnet_studio.ui.cards import ConfirmCard, ErrorCard
from fnet_studio.ui.message_place import MessagePlace
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.failure_cards import Recovery
from fnet_studio.ui.train.plan_card import PlanCard
from fnet_studio.ui.train.recipe_form import RecipeForm
from fnet_studio.ui.train.results_card import ResultsCard
from fnet_studio.ui.train.run_starter import RunStarter

NOT_READY = "recipe.not-ready"


class TrainMessages(MessagePlace):
    discard_wanted = Signal()
    """Asked for and confirmed."""

    def __init__(
        self,
        themes: ThemeSource,
        form: RecipeForm,
        starter: RunStarter,
        recovery: Recovery,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._themes, self._form, self._starter, self._recovery = themes, form, starter, recovery
        form.changed.connect(self._follow_recipe)
        form.recipe_refused.connect(self.refuse)
        starter.planned.connect(self._show_plan)
        starter.refused.connect(self.refuse)
        recovery.chosen.connect(self.clear)
        recovery.refused.connect(self.refuse)

    def clear(self) -> None:
        self.say(None)

    def refuse(self, failed: UserError | protocol.Failed) -> None:
        self.say(ErrorCard(self._themes, failed))

    def not_ready(self, problem: str) -> None:
        self.refuse(UserError(NOT_READY, "The recipe is not ready.", problem))

    def ask_to_discard(self) -> None:
        card = ConfirmCard(
            self._themes,
            "Discard this run?",
            "It ends now, and what it wrote is removed.",
            [("discard", "Discard", "danger"), ("", "Keep running", "")],
        )
        card.answered.connect(lambda answer: self.discard_wanted.emit() if answer else self.clear())
        self.say(card)
        card.setFocus()

    def show_end(self, state: RunState, run: str) -> None:
        """Of a run that failed, was paused, or came to its end."""
        if state.failure is not None:
            self.say(self._recovery.card_of(state.failure, run))
        elif state.status == "paused":
            self.offer()
        else:
            trouble = None
            with contextlib.suppress(UserError):  # a folder that was moved away leaves what was heard of the run
                trouble = outcome.trouble(run_store.read(run))
            self.say(ResultsCard(self._themes, state, trouble))

    def offer(self) -> None:
        """To go on with a run that waits, unless something else is at hand."""
        if self.card is None and not self._starter.planning:
            self.say(self._recovery.offer())

    def _follow_recipe(self) -> None:
        """What was said of a recipe that was not ready follows the recipe; a plan, which would start the one that it
        was made for, goes."""
        if isinstance(self.card, PlanCard) and not self._is_estimated:
            self.clear()
        if isinstance(self.card, ErrorCard) and self.card.failed.kind == NOT_READY:
            problems = self._form.problems
            if not problems:
                self.clear()
            elif problems[0] != self.card.failed.advice:
                self.not_ready(problems[0])

    @property
    def _is_estimated(self) -> bool:
        """Whether the last estimate is of what the form shows."""
        with contextlib.suppress(UserError):
            return self._starter.has_estimated(self._form.recipe())
        return False

    def _show_plan(self, planned: protocol.Planned) -> None:
        if not self._is_estimated:
            changed = UserError("recipe.changed", "The recipe was changed while it was looked at.", "Begin once more.")
            self.say(ErrorCard(self._themes, changed, tone="warning"))
            return
        card = PlanCard(self._themes, planned)
        card.start_wanted.connect(self._starter.start_anyway)
        card.dismissed.connect(self.clear)
        self.say(card)
        card.setFocus()
