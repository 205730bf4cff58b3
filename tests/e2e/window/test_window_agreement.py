"""Where compared runs disagree, over the scripted worker's process."""

import csv

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
    return card.words.text().split(", ")[1].split(" (the reference)")[0]


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


def test_another_run_can_be_the_reference(compared):
    driver, _, compare = compared
    card = compare()
    driver.wait(lambda: bool(card.agreements))
    name = first_name(card)
    other = "Earlier" if name == "Later" else "Later"
    assert [card.reference.itemText(at) for at in range(2)] == [name, other]
    card.reference.setCurrentIndex(1)
    card.reference.activated.emit(1)
    assert first_name(card) == other
    assert card.table.verticalHeaderItem(0).text() == name
    assert card.listed.text().startswith(f"Only {name} is right")


def test_slices_stand_beside_each_other_and_one_restricts_where_the_runs_disagree(compared, tmp_path):
    driver, _, compare = compared
    card = compare()
    view = driver.window.page("runs")._comparing
    driver.wait(lambda: len(view.slices.shown) > 1)
    table, name = view.slices.table, first_name(card)
    assert [table.item(0, at).text() for at in range(4)] == ["All test texts", "25\u202f000", "80.00 %", "80.00 %"]
    QTest.keyClicks(view.slices.finder.search.line, "3.")
    QTest.keyClick(view.slices.finder.search.line, Qt.Key.Key_Return)
    driver.wait(lambda: view.slices.shown[-1].name == "Holds “3.”" and table.currentRow() == table.rowCount() - 1)
    earlier, later = ("0.00 %", "▲ 100.0   100.00 %") if name == "Earlier" else ("▼ 100.0   0.00 %", "100.00 %")
    figures = (earlier, later) if name == "Earlier" else (later, earlier)
    last = table.rowCount() - 1
    assert [table.item(last, at).text() for at in range(1, 4)] == ["2\u202f500", *figures]
    assert "2\u202f500 of the test texts (Holds “3.”)" in card.words.text()
    only_first, only_other = ("0", "2\u202f500") if name == "Earlier" else ("2\u202f500", "0")
    assert [card.table.item(0, at).text() for at in range(4)] == ["0", only_first, only_other, "0"]
    card.reference.activated.emit(1)
    assert table.currentRow() == last
    assert table.item(last, 2).text() == ("100.00 %" if name == "Earlier" else "0.00 %")
    assert card.table.item(0, FIRST).text() == only_other
    view.slices.save_to(tmp_path / "slices.csv")
    driver.wait(lambda: "Saved" in view.slices.finder.said.text())
    with (tmp_path / "slices.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["slice"] == "Holds “3.”"]
    assert {row["run"]: row["accuracy"] for row in rows} == {"Earlier": "0.0", "Later": "1.0"}
    assert [row["difference"] for row in rows] == ["", "-1.0" if name == "Earlier" else "1.0"]
    view.slices.remove()
    assert card.words.text().startswith("On all test texts")
