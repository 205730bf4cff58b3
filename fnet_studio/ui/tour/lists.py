"""The tour of the Runs and Presets pages."""

import shutil
from typing import Any

from PySide6.QtCore import Qt

from fnet_studio.core import places, run_store
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.hand import CONTROL, Hand


def see_lists(hand: Hand) -> None:
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
    page.importing.bring(places.resources())
    hand.wait(lambda: isinstance(page.notices.find("import"), ErrorCard), "a folder that is no preset is refused")
    hand.snap("5-presets-refused")
    outside = hand.folder / "an-outside-preset"
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", outside, dirs_exist_ok=True)
    page.importing.link(outside)
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
    hand.click(view.check)
    hand.click(view.repeat.start)
    hand.wait(lambda: view.repeat.verdict.isVisible(), "its last steps are trained again, and compared", 60)
    hand.say(f"        {view.repeat.verdict.text()}")
    hand.snap("4-run-repeated")
    hand.click(view.repeat.close_button)
    view.tabs.setCurrentIndex(1)
    hand.wait(lambda: len(view.maps.atlases) > 0, "the maps that it kept can be looked through")
    hand.snap("4-run-maps")
    view.tabs.setCurrentIndex(2)
    _results(hand, view.results)
    view.tabs.setCurrentIndex(3)
    hand.click(view.text_map.empty.action)
    hand.wait(lambda: view.text_map.map is not None, "its texts are put on a map", 120)
    view.text_map.plot.choose(0)
    hand.wait(view.text_map.explore.isEnabled, "a point says which text it is")
    hand.snap("4-run-texts")
    view.text_map.plot.setFocus()
    for _ in range(4):
        hand.key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    hand.expect(len(view.text_map.table.lines) > 1, "points that are gathered list their texts")
    hand.wait(view.text_map.explore.isEnabled, "and one of them can be looked into")
    hand.snap("4-run-texts-gathered")
    view.tabs.setCurrentIndex(4)
    hand.type(view.trying.box, "A slow start, but worth it.")
    hand.click(view.trying.ask_button)
    hand.wait(lambda: view.trying.answers.count() > 0, "its model answers a text of one's own", 60)
    hand.say(f"        {view.trying.words.text()}")
    own = hand.folder / "4-texts.csv"
    first, second, *_ = view.text_map.map.class_names
    own.write_text(f"text,label\nA wonderful film.,{second}\nA dull one.,{first}\n")
    file = view.trying.file
    file.read(own)
    hand.wait(lambda: "of 2 labels right" in file.line.text(), "and a file of texts with labels")
    own.unlink()
    hand.say(f"        {file.line.text()}")
    hand.snap("4-run-try")
    hand.click(view.back)
    runs.table.selectAll()
    hand.click(runs.compare)
    hand.expect(runs._comparing is not None, "three runs stand side by side")
    hand.settle()
    hand.snap("4-runs-compared")
    hand.click(runs._comparing.back)


def _results(hand: Hand, results: Any) -> None:
    def unmeasured() -> bool:
        return results.stack.currentWidget() is results.empty

    hand.wait(lambda: unmeasured() or results.stack.currentIndex() == 2, "its results are read")
    if unmeasured():
        # the scripted worker's training ends without the measures that the real one's has
        hand.click(results.empty.action)
    hand.wait(lambda: results.stack.currentIndex() == 2, "its model is measured on the test texts", 120)
    hand.wait(lambda: len(results.slices.shown) > 1, "and on slices of them, by length", 60)
    hand.settle()
    hand.snap("4-run-results")
    before = len(results.slices.shown)
    hand.type(results.slices.finder.search.line, "t")
    hand.key(Qt.Key.Key_Return)
    hand.wait(lambda: len(results.slices.shown) > before, "and on those that hold what was typed")
    hand.wait(lambda: bool(results.errors.texts.texts), "whose errors are listed")
    hand.reach(results.slices)
    hand.snap("4-run-slices")
