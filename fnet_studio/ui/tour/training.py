"""The tour of the Train page: wrong inputs, data of one's own, a run, one that is stopped, one that is killed."""

import time

import psutil
from PySide6.QtCore import Qt

from fnet_studio.core import places
from fnet_studio.ui.cards import ConfirmCard, ErrorCard
from fnet_studio.ui.hand import CONTROL, Hand
from fnet_studio.ui.train.plan_card import PlanCard

FINISH_S = 240.0
"""How long a run may go on after its time in the tour was up: it is stopped then."""
WATCHED_S = 3.0
"""Of a run that takes ten on a fast machine."""


class Training:
    def __init__(self, hand: Hand, seconds: float) -> None:
        self._hand, self._seconds = hand, seconds

    @property
    def page(self):
        return self._hand.window.page("train")

    def wrong_inputs(self) -> None:
        hand = self._hand
        hand.say("\nTrain: wrong inputs are refused in words")
        hand.go("train")
        hand.snap("2-train-empty")
        batch = self.page.form.rows["training.batch_size"]
        hand.type(batch.editor, "99999")
        hand.click(self.page.start_button)
        card = self.page.message
        hand.expect(isinstance(card, ErrorCard) and not self.page.run.running, "a batch of 99999 starts nothing")
        if isinstance(card, ErrorCard):
            hand.say(f"        {card.message.text()} {card.advice.text()}")
            hand.expect("4096" in card.advice.text(), "the card names the bounds")
        hand.snap("2-train-out-of-range")
        hand.type(batch.editor, "8")
        source = self.page.form.rows["data.source"]
        hand.choose(source.editor, "imdb")
        hand.wait(lambda: self.page.form.path.isVisible(), "IMDb asks for its archive")
        hand.type(self.page.form.path.edit, "/no/such/place/aclImdb.tar.gz")
        hand.click(self.page.start_button)
        card = self.page.message
        hand.expect(isinstance(card, ErrorCard) and not self.page.run.running, "a missing archive starts nothing")
        if isinstance(card, ErrorCard):
            hand.say(f"        {card.message.text()} {card.advice.text()}")
        hand.snap("2-train-missing-archive")
        hand.type(self.page.form.path.edit, "")

    def own_data(self) -> None:
        hand, form = self._hand, self.page.form
        hand.say("\nTrain: a table of one's own is looked into, and its columns are there to choose from")
        hand.choose(form.picker.box, "finetune")
        hand.choose(form.rows["data.source"].editor, "files")
        table = places.resources() / "samples" / "reviews" / "train.jsonl"
        hand.type(form.path.edit, str(table))
        hand.wait(lambda: form.preview is not None, "the worker has looked at its first rows")
        hand.say(f"        {form.preview_view.facts.text()}")
        hand.expect(form.rows["data.label_column"].isVisible(), "the label's column can be chosen")
        hand.snap("2-train-own-data")
        hand.choose(form.picker.box, "sample-quick")

    def _begin(self, words: str) -> None:
        """Start the form's recipe, anyway where the estimate has something to say."""
        hand, page = self._hand, self.page
        hand.click(page.start_button)
        hand.wait(lambda: page.run.running or isinstance(page.message, PlanCard), "the run is estimated first", 120)
        if isinstance(page.message, PlanCard):
            hand.say(f"        {page.message.title}")
            hand.snap("2-train-plan")
            hand.click(page.message.buttons["start"])
        hand.wait(lambda: page.run.running, words, 60)

    def _hold(self) -> None:
        hand, page = self._hand, self.page
        hand.window.setFocus()
        page.setFocus()
        hand.key(Qt.Key.Key_P, CONTROL)
        hand.wait(lambda: page.run.state.held, "Ctrl+P holds the run", 30)
        hand.click(page.queue_button)
        hand.expect(page.queue_panel.isVisible(), "a second run waits in the queue")
        hand.snap("2-train-held")
        hand.click(page.queue_panel.remove)
        hand.expect(not page.queue_panel.isVisible(), "and can be taken out again")
        page.setFocus()
        hand.key(Qt.Key.Key_P, CONTROL)
        hand.wait(lambda: not page.run.state.held, "and Ctrl+P lets it go on", 30)

    def a_run(self) -> None:
        hand, page = self._hand, self.page
        hand.say("\nTrain: a run on the bundled sample")
        hand.go("train")
        self._begin("Start starts a run")
        hand.wait(lambda: len(page.run.state.step) > 2, "steps come back", 120)
        hand.wait(lambda: page.panels.maps.atlas is not None, "and the mixing maps of the probe sentence", 60)
        first = page.panels.maps.atlas
        hand.wait(lambda: page.panels.maps.atlas is not first, "the maps are drawn anew while it learns", 60)
        began = time.monotonic()
        hand.watch_loop(True)
        while page.run.running and time.monotonic() - began < min(self._seconds / 4, WATCHED_S):
            hand.settle()
        hand.watch_loop(False)
        hand.say(f"        the event loop was held for {hand.longest_hold_s * 1000:.0f} ms at most")
        if page.run.running:
            self._hold()  # pictures take seconds, in which a fast machine comes to the end
            hand.snap("2-train-live")
        state = page.run.state
        while page.run.running and time.monotonic() - began < self._seconds:
            hand.settle()
        if page.run.running:
            hand.say("        its time is up: stop and keep")
            hand.click(page.keep_button)
        hand.wait(lambda: not page.run.running, "the run comes to its end", FINISH_S)
        hand.expect(state.status in ("finished", "stopped"), f"it is {state.status}, not failed")
        third = max(1, len(state.loss) // 3)
        early, late = sum(state.loss[:third]) / third, sum(state.loss[-third:]) / third
        hand.expect(late < early, f"the loss fell, from {early:.3f} to {late:.3f}, in {len(state.step)} steps")
        hand.expect(bool(state.of_split("validation")), "it was validated")
        if state.result is not None:
            hand.say(f"        test accuracy {state.result.test_accuracy:.1%} in {state.result.duration_s:.0f} s")
        hand.settle()
        hand.snap("2-train-finished")

    def a_stopped_run(self) -> None:
        hand, page = self._hand, self.page
        hand.say("\nTrain: Ctrl+Enter starts, Esc asks and stops")
        hand.window.setFocus()
        hand.key(Qt.Key.Key_Return, CONTROL)
        hand.wait(lambda: len(page.run.state.step) > 2 and page.run.running, "a second run has begun", 120)
        hand.go("presets")
        hand.expect(hand.window.status.stop.isVisible(), "Stop is there on every page")
        hand.window.setFocus()
        hand.key(Qt.Key.Key_Escape)
        card = hand.window.notices.find("stop")
        if hand.expect(isinstance(card, ConfirmCard), "Esc asks first") and isinstance(card, ConfirmCard):
            hand.settle()
            hand.snap("2-stop-question")
            hand.click(card.buttons["keep"])
        hand.wait(lambda: page.run.state.status == "stopped", "the run stops and is kept", 60)
        hand.wait(lambda: hand.window.supervisor.state.name == "ready", "the worker is ready again", 30)

    def a_killed_worker(self) -> None:
        hand, page, window = self._hand, self.page, self._hand.window
        hand.say("\nA worker that is killed while it trains")
        hand.go("train")
        self._begin("a third run has begun")
        hand.wait(lambda: len(page.run.state.step) > 2, "its steps come back", 120)
        psutil.Process(window.supervisor.pid).kill()
        hand.wait(lambda: window.supervisor.state.name == "crashed", "the window notices")
        card = window.notices.find("worker")
        if hand.expect(isinstance(card, ErrorCard), "a card says what happened") and isinstance(card, ErrorCard):
            hand.say(f"        {card.message.text()}")
            hand.settle()
            hand.snap("3-crash")
            hand.click(card.action or card)
        hand.wait(lambda: window.supervisor.state.name == "ready", "its button starts a new one", 120)
        hand.expect(window.notices.find("worker") is None, "and the card is gone")
