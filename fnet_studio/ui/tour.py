"""The guided tour: the real window with the real worker, driven through everything once by clicks and keys."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from fnet_studio.core import places, run_store
from fnet_studio.link.command import EngineName
from fnet_studio.ui.app import make_window
from fnet_studio.ui.cards import ConfirmCard, ErrorCard
from fnet_studio.ui.explore.pictures.kinds import KINDS
from fnet_studio.ui.hand import CONTROL, Hand
from fnet_studio.ui.train.plan_card import PlanCard

SENTENCE = "The capital of France is Paris."
FINISH_S = 240.0
"""How long a run may go on after its time in the tour was up: it is stopped then."""


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="fnet-studio tour", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".tour"), help="where the pictures go")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to watch the training at most")
    parser.add_argument("--engine", choices=("jax", "scripted"), default="jax")
    options = parser.parse_args(words)
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return run_tour(options.folder, options.seconds, options.engine)


def run_tour(folder: Path, seconds: float = 60.0, engine: EngineName = "jax") -> int:
    """Saves pictures of each page in light and dark, large and small; prints what it sees. 0 when all was as it
    should be. The user's own runs and settings stay out of it: the tour has a home of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    before = os.environ.get("FNET_STUDIO_HOME")
    with tempfile.TemporaryDirectory(prefix="fnet-studio-tour-", ignore_cleanup_errors=True) as home:
        os.environ["FNET_STUDIO_HOME"] = home
        try:
            failures = _tour(folder, seconds, engine)
        finally:
            os.environ.pop("FNET_STUDIO_HOME")
            if before is not None:
                os.environ["FNET_STUDIO_HOME"] = before
    print(f"\n{len(failures)} of what was expected did not come." if failures else "\nAll was as expected.")
    for words in failures:
        print(f"  FAIL  {words}")
    return 1 if failures else 0


def _tour(folder: Path, seconds: float, engine: EngineName) -> list[str]:
    application = QApplication.instance() or QApplication(["fnet-studio"])
    assert isinstance(application, QApplication)
    began = time.monotonic()
    window = make_window(application, engine)
    hand = Hand(window, folder)
    painted: list[float] = []
    window.painted.connect(lambda: painted.append(time.monotonic() - began))
    window.show()
    window.activateWindow()  # a bare X server has no window manager to do it, and keys would go nowhere
    try:
        hand.say("Start")
        hand.wait(lambda: painted, "the window is painted")
        hand.wait(lambda: window.supervisor.state.name == "ready", "the worker is ready", 120)
        ready = window.supervisor.ready
        if ready is not None:
            device = ready.devices[0].name if ready.devices else "no device"
            hand.say(f"        first paint after {painted[0] * 1000:.0f} ms, imports {ready.took_s:.1f} s, {device}")
        Explore(hand).see()
        training = Training(hand, seconds)
        training.wrong_inputs()
        training.own_data()
        training.a_run()
        training.a_stopped_run()
        training.a_killed_worker()
        _lists(hand)
        _data(hand)
        _settings(hand)
        hand.say(f"\n{hand.pictures} pictures in {folder}")
    finally:
        hand.watch_loop(False)
        if window.supervisor.long_running:
            window.supervisor.restart()
        worker = window.supervisor.pid
        window.close()
        hand.expect(not (worker and psutil.pid_exists(worker)), "closing the window ended its worker")
        hand.let_go()
        window.deleteLater()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return hand.failures


class Explore:
    def __init__(self, hand: Hand) -> None:
        self._hand = hand

    def see(self) -> None:
        hand = self._hand
        hand.say("\nExplore: type a sentence, hide a word, look inside, put a prediction in")
        hand.go("explore")
        page = hand.window.page("explore")
        hand.wait(lambda: page.sentence.chips.chips(), "the first sentence is there as chips")
        hand.type(page.sentence.box, SENTENCE)
        hand.wait(lambda: self._words() == SENTENCE.rstrip(".").split(), f"the chips spell “{SENTENCE}”")
        hand.click(self._chip("Paris"))
        rows = self._rows
        hand.wait(lambda: len(rows()) >= 5, "hiding “Paris” brings predictions")
        best = [f"{row.prediction.text} {row.prediction.probability:.1%}" for row in rows()[:5]]
        hand.say(f"        {', '.join(best)}")
        hand.expect(all(0 <= row.prediction.probability <= 1 for row in rows()), "probabilities lie from 0 to 1")
        card = page.pictures
        hand.wait(lambda: card.planes and card.strip.isVisible(), "the mixing maps came")
        low, high = card.planes[0].levels()
        hand.say(f"        {card.planes[0].title}, log(1 + |M|) from {low:.2f} to {high:.2f}")
        hand.settle()
        hand.snap("1-explore")
        card.strip.setFocus()
        hand.key(Qt.Key.Key_Right)
        hand.wait(lambda: "layer 2" in card.planes[0].title, "the right arrow goes to the next layer")
        before = card.planes[0].values.shape
        hand.click(card.controls.zero)
        hand.wait(lambda: card.planes[0].values.shape != before, "the zero frequency can be shown")
        hand.snap("1-explore-zero-frequency")
        hand.click(card.controls.zero)
        self._pictures(card)
        candidate = rows()[0].prediction.text
        hand.click(rows()[0])
        hand.wait(lambda: candidate in page.sentence.box.toPlainText(), f"a click puts “{candidate}” into the sentence")
        hand.type(page.sentence.box, "She opened the [MASK] and looked out.")
        hand.wait(lambda: any(chip.word.masked for chip in page.sentence.chips.chips()), "a typed [MASK] is a mask too")
        hand.wait(lambda: len(rows()) >= 5, "and is answered")
        self._more(page)
        long = "It was a long day. " * 60
        page.sentence.box.replace_text(long)
        hand.wait(lambda: "cut" in self._said(page.sentence), "a text that is too long is said to be cut")
        hand.snap("1-explore-too-long")
        hand.type(page.sentence.box, SENTENCE)

    def _more(self, page: Any) -> None:
        hand = self._hand
        hand.click(page.sentence.surprise)
        hand.wait(lambda: "Pseudo-log-likelihood" in page.sentence.note.text(), "every word can show its surprise")
        hand.settle()
        hand.snap("1-explore-surprise")
        hand.click(page.sentence.surprise)
        hand.type(page.sentence.box, "New [MASK] is a city in the United [MASK].")
        hand.wait(lambda: page.predictions.mode.isVisible(), "two masks can be answered together")
        page.predictions.choose_mode("joint")
        page.predictions.mode_changed.emit()
        hand.wait(lambda: page.predictions.joint.isVisible(), "and are", 60)
        hand.settle()
        hand.snap("1-explore-joint")
        for index, name in ((1, "score"), (2, "compare"), (3, "tokens")):
            page.answers.tabs.setCurrentIndex(index)
            if name == "score":
                hand.type(page.answers.score.candidates, "York, Jersey, Mississippi")
                hand.wait(lambda: page.answers.score.scored is not None, "own candidates are scored")
            elif name == "compare":
                hand.type(page.answers.compare.other, "The [MASK] is a city in the United [MASK].")
                hand.wait(lambda: page.answers.compare.compared is not None, "a second sentence is compared")
            hand.settle()
            hand.snap(f"1-explore-{name}")
        page.answers.tabs.setCurrentIndex(0)
        page.predictions.choose_mode("independent")

    def _pictures(self, card: Any) -> None:
        """Each tab once, its text and its files."""
        hand = self._hand
        for index, kind in enumerate(KINDS):
            card.tabs.setCurrentIndex(index)
            hand.wait(lambda: card.planes and not card.answers.busy, f"the picture “{kind.title}” came", 120)
            hand.settle()
            hand.snap(f"1-picture-{kind.key}")
        hand.key(Qt.Key.Key_F1)
        hand.wait(card.text.isVisible, "F1 explains the picture")
        hand.snap("1-picture-explained")
        hand.key(Qt.Key.Key_F1)
        for ending in ("png", "svg", "pdf", "csv", "npz"):
            path = hand.folder / f"1-exported.{ending}"
            card.export.export_to(path)
            hand.expect(path.is_file() and path.stat().st_size > 500, f"the picture is written as {ending}")
        card.tabs.setCurrentIndex(0)

    def _chip(self, text: str) -> QWidget:
        chips = self._hand.window.page("explore").sentence.chips.chips()
        return next(chip for chip in chips if chip.word.text.strip() == text)

    def _words(self) -> list[str]:
        chips = self._hand.window.page("explore").sentence.chips.chips()
        return [chip.word.text.strip() for chip in chips if not chip.word.special and chip.word.text.strip() != "."]

    def _rows(self) -> list:
        from fnet_studio.ui.widgets.predictions import PredictionRow

        page = self._hand.window.page("explore")
        return [row for row in page.predictions.findChildren(PredictionRow) if row.isVisible()]

    def _said(self, card: QWidget) -> str:
        return " ".join(item.text() for item in card.findChildren(QLabel) if item.isVisible())


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
        while page.run.running and time.monotonic() - began < min(self._seconds / 4, 8.0):
            hand.settle()
        hand.watch_loop(False)
        hand.say(f"        the event loop was held for {hand.longest_hold_s * 1000:.0f} ms at most")
        if page.run.running:
            hand.snap("2-train-live")
            self._hold()
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


def _lists(hand: Hand) -> None:
    window = hand.window
    hand.say("\nRuns and Presets")
    hand.key(Qt.Key.Key_3, CONTROL)
    hand.expect(window.current == "runs", "Ctrl+3 goes to Runs")
    runs = window.page("runs")
    hand.wait(lambda: runs.model.shown() == 3, "the runs are read")
    records = run_store.list_runs()[0]
    hand.expect(len(records) == 3 and runs.model.shown() == 3, "all three runs are listed")
    for record in records:
        hand.say(f"        {record.name}: {record.status}, {record.steps} steps, {record.parameters} parameters")
    statuses = {record.status for record in records}
    hand.expect({"interrupted", "stopped"} <= statuses, "what was stopped and what was killed are told apart")
    runs.select(records[-1].id)
    hand.settle()
    hand.snap("4-runs")
    _one_run(hand, runs)
    _presets(hand)


def _presets(hand: Hand) -> None:
    window = hand.window
    hand.go("presets")
    page = window.page("presets")
    hand.wait(lambda: page.library.loaded and page.details.isVisible(), "the presets are read")
    page.select("fnet_mini_en")
    details = page.details
    hand.expect("fnet_mini_en" in details.accessibleName(), "the bundled preset has a card")
    hand.snap("5-presets")
    hand.click(details.buttons["check"])
    hand.wait(details.checks.isVisible, "it can be compared with a second opinion", 120)
    hand.say(f"        {details.checks.verdict.text()}")
    hand.reach(details.checks)
    hand.snap("5-presets-self-test")
    page.select("f_net_base_en")
    hand.settle()
    hand.snap("5-presets-to-download")
    page.import_folder(places.resources())
    hand.wait(lambda: isinstance(page.notices.find("import"), ErrorCard), "a folder that is no preset is refused")
    hand.snap("5-presets-refused")
    outside = hand.folder / "an-outside-preset"
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", outside, dirs_exist_ok=True)
    page.link_folder(outside)
    hand.wait(lambda: page.list.model.index_of(outside.name).isValid(), "a folder can be used where it lies", 60)
    shutil.rmtree(outside)
    page.refresh()
    page.select(outside.name)
    hand.wait(lambda: "locate" in details.buttons, "a folder that has gone stays in the list")
    hand.snap("5-presets-folder-missing")
    hand.click(details.buttons["delete"])
    hand.wait(lambda: not page.list.model.index_of(outside.name).isValid(), "until it is taken off")
    hand.snap("5-presets-undo")
    page.select("fnet_mini_en")
    hand.settle()
    hand.click(details.buttons["use"])
    hand.expect(window.current == "explore", "Use in Explore goes there")


def _one_run(hand: Hand, runs: Any) -> None:
    """As large as the page, with everything that was kept of it; then all of them side by side."""
    hand.key(Qt.Key.Key_Return)
    view = runs._view
    if not hand.expect(view is not None, "Enter opens a run"):
        return
    hand.wait(lambda: len(view.chart.chart.trace) > 0, "its curves are read")
    hand.snap("4-run-curves")
    view.tabs.setCurrentIndex(1)
    hand.wait(lambda: len(view.maps.atlases) > 0, "the maps that it kept can be looked through")
    hand.snap("4-run-maps")
    view.tabs.setCurrentIndex(2)
    hand.wait(lambda: view.results.stack.currentWidget() is not view.results.busy, "and its results")
    hand.settle()
    hand.snap("4-run-results")
    view.tabs.setCurrentIndex(3)
    hand.type(view.trying.box, "A slow start, but worth it.")
    hand.click(view.trying.ask_button)
    hand.wait(lambda: view.trying.answers.count() > 0, "its model answers a text of one's own", 60)
    hand.say(f"        {view.trying.words.text()}")
    hand.snap("4-run-try")
    hand.click(view.back)
    runs.table.selectAll()
    hand.click(runs.compare)
    hand.expect(runs._comparing is not None, "three runs stand side by side")
    hand.settle()
    hand.snap("4-runs-compared")
    hand.click(runs._comparing.back)


def _data(hand: Hand) -> None:
    """The bundled reviews through every view, then a table of one's own: mapped, checked, removed and brought back."""
    window = hand.window
    hand.say("\nData")
    hand.go("data")
    page = window.page("data")
    hand.wait(lambda: page.overview._counted is not None, "the bundled reviews are read and their tokens counted", 60)
    hand.say(f"        {page.overview.cut.text()}")
    page.overview.row.number.setValue(32)
    hand.expect("are cut at 32" in page.overview.cut.text(), "the share that is cut follows the length")
    hand.snap("5-data-overview")
    hand.watch_loop(True)
    page.tabs.setCurrentWidget(page.texts)
    page.texts.regex.setChecked(True)
    hand.type(page.texts.search, "(never")
    hand.expect(page.texts.problem.isVisible(), "a pattern that is not complete says so while it is typed")
    hand.snap("5-data-pattern")
    hand.type(page.texts.search, "never|worst")
    hand.wait(lambda: 0 < page.texts.model.total < 240, "texts are found by a pattern")
    hand.say(f"        {page.texts.counted.text()}")
    hand.wait(lambda: page.texts.pack.isEnabled(), "the chosen one stands whole under the table")
    hand.snap("5-data-texts")
    hand.click(page.texts.pack)
    hand.wait(
        lambda: page.seen.packed is not None and page.seen.packed.cut_tokens > 0, "its tokens are shown, some cut off"
    )
    hand.snap("5-data-tokens")
    page.tabs.setCurrentWidget(page.twins)
    hand.wait(lambda: not page.twins._asking.busy, "texts that stand twice are looked for")
    hand.watch_loop(False)
    hand.say(f"        the event loop was held for {hand.longest_hold_s * 1000:.0f} ms at most")
    table = hand.folder / "5-data-own.csv"
    lines = [f"{row % 2};{'A joy' if row % 2 else 'Dull'} from start to end, number {row // 3}" for row in range(60)]
    table.write_text("\n".join(["stars;review", *lines]), encoding="utf-8")
    hand.click(page.add_button)
    hand.type(page.importing.path.edit, str(table))
    hand.wait(lambda: page.importing.preview is not None, "the worker has looked at the first rows of a table")
    hand.expect("semicolons" in page.importing.facts.text(), "it says how it reads them")
    hand.snap("5-data-import")
    hand.click(page.importing.add)
    hand.wait(lambda: page.opened is not None and page.title.text() == "5 data own", "it is checked and added", 60)
    page.tabs.setCurrentWidget(page.overview)
    hand.settle()
    hand.snap("5-data-added")
    page.list.setFocus()
    hand.key(Qt.Key.Key_Delete)
    hand.wait(lambda: page.notices.find("removed") is not None, "Delete takes it from the list")
    hand.expect(table.is_file(), "and leaves its file alone")
    hand.click(page.notices.find("removed").undo)  # type: ignore[union-attr]
    hand.wait(lambda: len(page.library.entries) == 2, "Undo brings it back")
    table.rename(table.with_name("5-data-moved.csv"))
    page.refresh()
    hand.wait(lambda: page.trouble.card is not None, "a file that is gone is said to be missing")
    hand.snap("5-data-missing")


def _settings(hand: Hand) -> None:
    window = hand.window
    hand.say("\nSettings")
    hand.go("settings")
    page = window.page("settings")
    hand.click(page.check)
    hand.wait(lambda: page.health.count() > 0, "the machine can be checked", 60)
    hand.say("        " + ", ".join(fact.accessibleName() for fact in page.facts_of(page.health)))
    hand.snap("6-settings")
    hand.click(page.themes.button(2))
    hand.expect(window.themes.current.name == "dark", "the dark theme is shown at once")
    hand.click(page.themes.button(1))
    hand.expect(window.themes.current.name == "light", "and the light one")
