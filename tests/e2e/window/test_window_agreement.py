"""Where compared runs disagree, over the scripted worker's process."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fnet_studio.core import run_store
from fnet_studio.engine import measures
from fnet_studio.engine.scripted_train import COUNTS
from fnet_studio.ui.runs.agreement_card import DIFFERENCE, FIRST, NEITHER, SECOND

CLASSES = ("negative", "positive")


def answer(run, wrong_ends, texts=COUNTS["test"]):
    """The run is wrong on the test texts whose numbers end in one of `wrong_ends`."""
    rows = np.arange(texts)
    labels = rows % 2
    answered = np.where(np.isin(rows % 10, wrong_ends), 1 - labels, labels)
    sure = np.where(rows % 100 == 13, 0.95, 0.8)[:, None]
    probabilities = np.where(answered[:, None] == np.arange(2), sure, 1 - sure).astype(np.float32)
    measured = measures.Measured(0.3, float((answered == labels).mean()), texts, labels, probabilities)
    measures.write(run_store.folder(run), "test", measured, CLASSES)


@pytest.fixture
def compared(open_window):
    """Two trained runs of the same texts, the later one first in the list of runs."""
    driver = open_window("rate=0,steps=10")
    driver.wait_ready()
    runs = []
    for name in ("Earlier", "Later"):
        done = []
        driver.train(name=name, epochs="1", on_done=lambda result, _blob, done=done: done.append(result))
        driver.wait(lambda done=done: bool(done))
        runs.append(done[0].run)
    answer(runs[0], (3, 7))
    answer(runs[1], (7, 9))
    driver.window.show_run(runs[1])
    page = driver.window.page("runs")
    driver.wait(lambda: page.selected is not None and page.selected.id == runs[1])

    def compare():
        page.table.selectAll()
        page.open_comparison()
        return page._comparing.agreement

    return driver, runs, compare


def first_name(card):
    return card.words.text().split(", ")[1].split(" (the first)")[0]


def test_a_number_lists_the_texts_that_only_one_of_them_gets_right(compared):
    driver, _, compare = compared
    card = compare()
    driver.wait(lambda: bool(card.agreements))
    name = first_name(card)
    other = "Earlier" if name == "Later" else "Later"
    assert card.table.verticalHeaderItem(0).text() == other
    assert [card.table.item(0, at).text() for at in range(5)] == [
        "17\u202f500",
        "2\u202f500",
        "2\u202f500",
        "2\u202f500",
        "no clear difference",
    ]
    assert card.listed.text() == f"Only {other} is right: 50 of 2\u202f500 texts, with the answers of {name}"
    wrong_of_other = "3" if other == "Earlier" else "9"
    wrong_of_first = "9" if other == "Earlier" else "3"
    driver.wait(lambda: card.texts.chosen().text.endswith(f"{wrong_of_first}."))
    card.table.setFocus()
    card.table.setCurrentCell(0, SECOND)
    QTest.keyClick(card.table, Qt.Key.Key_Left)
    assert card.table.currentColumn() == FIRST
    driver.wait(lambda: card.texts.chosen().text.endswith(f"{wrong_of_other}."))
    assert card.listed.text().endswith(f"with the answers of {other}")
    card.table.setCurrentCell(0, NEITHER)
    assert card.listed.text().startswith("Both ")
    driver.wait(lambda: card.texts.chosen().text.endswith("7."))
    card.table.setCurrentCell(0, DIFFERENCE)
    assert card.listed.text().startswith("Both ")
    assert "(95 % confidence interval)" in card.difference.text()
    text = card.texts.chosen().text
    card.explore.click()
    assert driver.window.current == "explore"
    assert driver.window.page("explore").sentence.text == text


def test_runs_of_other_texts_are_refused_in_words_and_asked_again_when_measured(compared):
    driver, runs, compare = compared
    answer(runs[0], (3, 7), texts=100)
    card = compare()
    driver.wait(lambda: "different test texts" in card.words.text())
    assert "trained on the same data" in card.words.text()
    assert not card.table.isVisible()
    assert not card.texts.isVisible()
    answer(runs[0], (3, 7))
    compare()
    driver.wait(lambda: bool(card.agreements))
    assert card.table.isVisible()


def test_runs_that_were_not_measured_say_what_to_do(compared):
    driver, runs, compare = compared
    (run_store.folder(runs[0]) / "evaluation-test.json").unlink()
    card = compare()
    driver.wait(lambda: "not all measured" in card.words.text())
    assert "measure it on the test texts" in card.words.text()
