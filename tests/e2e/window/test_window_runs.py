"""One run as large as the page: its curves, maps, results and the try-it box, over the real worker process."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fnet_studio.core import run_store
from fnet_studio.ui.row_text import RowText

EVALUATION = {
    "split": "test",
    "loss": 0.3,
    "accuracy": 0.75,
    "examples": 4,
    "class_names": ["negative", "positive"],
    "confusion": [[2, 0], [1, 1]],
    "calibration": {"bins": [{"texts": 4, "confidence": 0.8, "accuracy": 0.75}], "expected_error": 0.05},
    "errors": [{"row": 2, "label": 1, "predicted": 0, "confidence": 0.6}],
}
PREDICTIONS = """row,label,predicted,p(negative),p(positive)
0,negative,negative,0.9,0.1
1,negative,negative,0.8,0.2
2,positive,negative,0.6,0.4
3,positive,positive,0.1,0.9
"""


@pytest.fixture
def opened(open_window):
    """A window with a finished run, open on the Runs page."""
    driver = open_window("rate=0,steps=40")
    driver.wait_ready()
    done = []
    driver.train(name="A quick one", epochs="2", on_done=lambda result, _blob: done.append(result))
    driver.wait(lambda: bool(done))
    folder = run_store.folder(done[0].run)
    (folder / "evaluation-test.json").write_text(json.dumps(EVALUATION))
    (folder / "predictions-test.csv").write_text(PREDICTIONS)
    driver.window.show_run(done[0].run)
    page = driver.window.page("runs")
    driver.wait(lambda: page.selected is not None and page.selected.id == done[0].run)
    return driver, page


def test_a_run_is_looked_through_with_the_keyboard(opened):
    driver, page = opened
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    view = page._view
    driver.wait(lambda: len(view.chart.chart.trace) == 40)
    assert view.chart.chart.trace.validation().best("accuracy") is not None
    tabs = view.tabs.tabBar()
    QTest.keyClick(tabs, Qt.Key.Key_Right)
    driver.wait(lambda: len(view.maps.atlases) >= 2)
    assert view.maps.step.text() == "Step 40"
    QTest.keyClick(view.maps.slider, Qt.Key.Key_Home)
    assert view.maps.step.text() == "Step 1"
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert page.body.currentWidget() is page.with_side


def test_a_cell_of_the_confusion_lists_its_texts_and_one_opens_in_explore(opened):
    driver, page = opened
    page.open_run("Results")
    results = page._view.results
    driver.wait(lambda: len(results.errors.lines) == 1 and "number 2" in results.errors.chosen().text)
    results.confusion.cell_chosen.emit(0, 0)
    driver.wait(lambda: "number 0" in results.errors.chosen().text)
    assert len(results.errors.lines) == 2
    results.threshold.slider.setValue(300)
    assert "100.0 %" in results.threshold.slider.accessibleDescription()
    text = results.errors.chosen().text
    results.explore.click()
    assert driver.window.current == "explore"
    assert driver.window.page("explore").sentence.text == text


def test_the_try_it_box_answers_with_a_share_for_each_class(opened):
    driver, page = opened
    page.open_run("Try it")
    box = page._view.trying
    box.ask()
    assert box.words.text() == "Write a text first."
    box.try_text(RowText("A slow start, but worth it."))
    QTest.keyClick(box.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    driver.wait(lambda: box.words.text().startswith("It answers"))
    assert box.answers.count() == 6


def test_a_runs_recipe_is_put_into_the_form_to_be_trained_again(opened):
    driver, page = opened
    page.details.duplicate_wanted.emit(page.selected)
    assert driver.window.current == "train"
    assert driver.window.page("train").form.recipe().training.epochs == 2
