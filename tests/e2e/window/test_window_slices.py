"""The slices of a run's results, over the scripted worker's process."""

import csv
import shutil

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fnet_studio.core import run_store
from fnet_studio.core.patterns import Pattern
from fnet_studio.engine import measures
from fnet_studio.engine.scripted_train import COUNTS
from fnet_studio.ui.runs.slices_table import ACCURACY, NAME, OTHERS, TEXTS

CLASSES = ("negative", "positive")


@pytest.fixture
def results(open_window):
    """Of a run that is wrong on every text whose number ends in 7, and right on the others."""
    driver = open_window("rate=0,steps=10")
    driver.wait_ready()
    done = []
    driver.train(name="Sliced", epochs="1", on_done=lambda result, _blob: done.append(result))
    driver.wait(lambda: bool(done))
    rows = np.arange(COUNTS["test"])
    labels = rows % 2
    answered = np.where(rows % 10 == 7, 1 - labels, labels)
    probabilities = np.where(answered[:, None] == np.arange(2), 0.8, 0.2).astype(np.float32)
    accuracy = float((answered == labels).mean())
    measures.write(
        run_store.folder(done[0].run),
        "test",
        measures.Measured(0.3, accuracy, len(rows), labels, probabilities),
        CLASSES,
    )
    driver.window.show_run(done[0].run)
    page = driver.window.page("runs")
    driver.wait(lambda: page.selected is not None and page.selected.id == done[0].run)
    page.open_run("Results")
    driver.wait(lambda: len(page._view.results.slices.shown) > 1)
    return driver, page._view.results


def cell(results, row, column):
    model = results.slices.table.model()
    return model.index(row, column).data()


def add(driver, results, words):
    card = results.slices
    before = len(card.shown)
    QTest.keyClicks(card.finder.search.line, words)
    QTest.keyClick(card.finder.search.line, Qt.Key.Key_Return)
    driver.wait(lambda: len(card.shown) > before)


def test_a_slice_says_how_right_the_model_is_there_and_lists_its_errors(results):
    driver, results = results
    card = results.slices
    assert cell(results, 0, NAME) == "All test texts"
    assert cell(results, 0, ACCURACY) == "90.00 %"
    add(driver, results, "7.")
    last = len(card.shown) - 1
    assert card.table.currentIndex().row() == last
    assert cell(results, last, NAME) == "Holds “7.”"
    assert cell(results, last, TEXTS) == "2\u202f500"
    assert cell(results, last, ACCURACY) == "0.00 %"
    assert cell(results, last, OTHERS) == "100.0 points lower"
    assert results.listed.text() == "Errors: Holds “7.”: 50 of 2\u202f500"
    driver.wait(lambda: results.errors.chosen().text.endswith("7."))
    add(driver, results, "8.")
    assert cell(results, last + 1, OTHERS) == "11.1 points higher"
    assert results.errors.texts.nothing == "It made no errors on these texts."
    QTest.keyClick(card.table, Qt.Key.Key_Up)
    assert results.listed.text().startswith("Errors: Holds “7.”")
    assert card.finder.search.line.text() == ""


def test_slices_can_be_taken_away_and_stay_for_the_next_look(results, tmp_path):
    driver, results = results
    card = results.slices
    bands = len(card.shown)
    assert not card.remove_button.isEnabled()
    for words in ("7.", "8."):
        add(driver, results, words)
    assert card.remove_button.isEnabled()
    card.table.setFocus()
    QTest.keyClick(card.table, Qt.Key.Key_Delete)
    assert [one.name for one in card.shown[bands:]] == ["Holds “7.”"]
    assert not card.remove_button.isEnabled()
    card.save_to(tmp_path / "slices.csv")
    driver.wait(lambda: "Saved" in card.finder.said.text())
    with (tmp_path / "slices.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["slice"] for row in rows] == [one.name for one in card.shown]
    assert rows[-1]["accuracy"] == "0.0"
    results._load("test")
    driver.wait(lambda: len(card.shown) == bands + 1 and not card.finder.working.isVisible())
    assert card.shown[-1].name == "Holds “7.”"


def test_what_cannot_be_looked_for_is_said_at_once_and_the_same_words_are_asked_for_once(results):
    driver, results = results
    card = results.slices
    card.finder.search.regex.setChecked(True)
    QTest.keyClicks(card.finder.search.line, "(7")
    assert "not complete" in card.finder.search.problem.text()
    assert not card.finder.add_button.isEnabled()
    QTest.keyClick(card.finder.search.line, Qt.Key.Key_Return)
    assert card.finder.wanted == []
    card.finder.search.line.clear()
    add(driver, results, "7.$")
    card.table.selectRow(0)
    QTest.keyClicks(card.finder.search.line, "7.$")
    card.finder.add_button.click()
    assert card.table.currentIndex().row() == len(card.shown) - 1
    assert len(card.finder.wanted) == 1
    card.finder.search.case.setChecked(True)
    add(driver, results, "7.$")
    assert [one.name for one in card.shown[-2:]] == ["Fits 7.$", "Fits 7.$, case as typed"]
    assert card.table.currentIndex().row() == len(card.shown) - 1


def test_answers_on_other_data_than_now_are_refused_in_words(results):
    driver, results = results
    card = results.slices
    found = results._read.found
    card.put(card._run, "test", type(found)(found.labels[:10], found.probabilities[:10]))
    driver.wait(lambda: "measured on 10 texts" in card.finder.said.text())
    assert "Measure it again" in card.finder.said.text()
    assert not card.table.isVisible()
    assert card.finder.messages.card is None


def test_a_slice_that_cannot_be_found_is_told_and_the_others_stay(results):
    driver, results = results
    card = results.slices
    add(driver, results, "7.")
    shown = len(card.shown)
    shutil.rmtree(run_store.folder(card._run))
    QTest.keyClicks(card.finder.search.line, "8.")
    QTest.keyClick(card.finder.search.line, Qt.Key.Key_Return)
    driver.wait(lambda: card.finder.messages.card is not None)
    assert card._run in card.finder.messages.card.message.text()
    assert len(card.shown) == shown
    assert [one.text for one in card.finder.wanted] == ["7."]


def test_slices_are_there_again_after_the_program_was_closed(results, open_window):
    driver, results = results
    add(driver, results, "7.")
    results.slices.finder.search.regex.setChecked(True)
    add(driver, results, "[13]5")
    driver.window.close()
    again = open_window("rate=0")
    assert again.window.page("runs")._settings.slices == [Pattern("7."), Pattern("[13]5", regex=True)]
    again.wait_ready()
    page = again.window.page("runs")
    again.wait(lambda: page.selected is not None)
    page.open_run("Results")
    slices = page._view.results.slices
    again.wait(lambda: [one.name for one in slices.shown[-2:]] == ["Holds “7.”", "Fits [13]5"])


def test_stopping_gives_up_the_slice_that_was_looked_for_and_keeps_the_others(results):
    driver, results = results
    finder = results.slices.finder
    add(driver, results, "7.")
    QTest.keyClicks(finder.search.line, "8.")
    finder.add()
    finder._stopped()
    assert finder.wanted == [Pattern("7.")]
    assert not finder.working.isVisible()
    assert [one.name for one in finder.slices][-1] == "Holds “7.”"
    results._load("test")
    driver.wait(lambda: len(results.slices.shown) > 1 and not finder.working.isVisible())
    assert finder.wanted == [Pattern("7.")]
