"""A file of texts sorted by a run's classifier, over the scripted engine."""

import csv
import io

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from fnet_studio.core import run_store
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.run_notes import RunNotes
from fnet_studio.ui.runs.classified_file import ANSWERED, CONFIDENCE, ROW, TEXT, TRUE
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.try_tab import TryTab

WAIT_MS = 30_000


def make_run(task="classify", **data):
    writer = run_store.RunWriter.create("it", to_mapping(Recipe(task=task)))
    writer.record.data = {"class_names": ["negative", "positive"], **data}
    writer.finish("finished")
    return RunEntry(writer.record, RunNotes())


@pytest.fixture
def tab(qtbot, supervisor, themes):
    it = TryTab(supervisor, themes)
    qtbot.addWidget(it)
    it.resize(1000, 700)
    it.show()
    it.show_run(make_run(paired=False))
    return it


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "reviews.csv"
    rows = "".join(f"text number {number},{'positive' if number % 2 else 'negative'}\n" for number in range(100))
    path.write_text("text,label\n" + rows)
    return path


def read(tab, qtbot, path, done):
    tab.file.read(path)
    qtbot.waitUntil(lambda: tab.file.model.found.done == done and not tab.file.stop_button.isVisible(), timeout=WAIT_MS)


def cells(tab, column):
    model = tab.file.view.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_a_table_with_labels_is_answered_compared_and_saved(tab, qtbot, table, tmp_path):
    read(tab, qtbot, table, 100)
    right = sum(map(str.__eq__, cells(tab, TRUE), cells(tab, ANSWERED)))
    assert f"{right} of 100 labels right" in tab.file.line.text()
    for kind in ("csv", "json"):
        tab.file.save_to(tmp_path / f"out.{kind}", kind)
    saved = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    assert [row["predicted"] for row in saved] == cells(tab, ANSWERED)
    assert list(saved[0]) == ["row", "text", "label", "predicted", "p(negative)", "p(positive)"]
    assert [row["row"] for row in saved] == cells(tab, ROW)
    assert (tmp_path / "out.json").read_text().startswith('[{"row":0,"text":"text number 0"')


def test_lines_of_text_are_sorted_without_a_column_of_labels_and_a_row_can_be_tried(tab, qtbot, tmp_path):
    (tmp_path / "a.txt").write_text("One text.\nAnother text.\n")
    read(tab, qtbot, tmp_path / "a.txt", 2)
    assert tab.file.view.isColumnHidden(TRUE)
    assert cells(tab, TEXT) == ["One text.", "Another text."]
    tab.file.view.setFocus()
    tab.file.view.selectRow(1)
    QTest.keyClick(tab.file.view, Qt.Key.Key_Return)
    assert tab.box.toPlainText() == "Another text."


def test_rows_are_put_in_the_order_of_a_heading_that_is_clicked(tab, qtbot, table):
    read(tab, qtbot, table, 100)
    head = tab.file.view.horizontalHeader()
    assert cells(tab, ROW)[:2] == ["0", "1"]
    place = head.sectionViewportPosition(CONFIDENCE) + 5
    QTest.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place, 5))
    values = [float(text.split()[0]) for text in cells(tab, CONFIDENCE)]
    assert values in (sorted(values), sorted(values, reverse=True))
    assert sorted(cells(tab, TEXT)) == sorted(f"text number {number}" for number in range(100))
    read(tab, qtbot, table, 100)
    again = [float(text.split()[0]) for text in cells(tab, CONFIDENCE)]
    assert again == values, "the answers came in the file's order, and stand in that of the heading"


def test_it_is_stopped_at_once_and_what_is_there_can_be_saved(tab, qtbot, tmp_path):
    path = tmp_path / "many.txt"
    path.write_text("".join(f"text {number}\n" for number in range(5000)))
    tab.file.read(path)
    qtbot.waitUntil(lambda: tab.file.model.found.done > 0, timeout=WAIT_MS)
    tab.file.stop_button.click()
    known = tab.file.model.found.done
    assert "Stopped" in tab.file.line.text()
    QTest.qWait(200)
    assert tab.file.model.found.done == known < 5000
    tab.file.save_to(tmp_path / "out.csv", "csv")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == known + 1


def test_another_run_begins_without_the_answers_of_the_one_before(tab, qtbot, table):
    read(tab, qtbot, table, 100)
    tab.show_run(make_run(paired=False))
    assert not tab.file.view.isVisible()
    assert tab.file.line.text() == tab.file.ABOUT
    read(tab, qtbot, table, 100)


def test_a_file_without_texts_and_one_of_single_texts_for_pairs_say_what_to_do(tab, qtbot, tmp_path, table):
    (tmp_path / "empty.txt").write_text("\n")
    tab.file.read(tmp_path / "empty.txt")
    qtbot.waitUntil(lambda: tab.file.messages.card is not None, timeout=WAIT_MS)
    assert "no text" in tab.file.messages.card.message.text()
    tab.show_run(make_run(paired=True))
    assert tab.file.messages.card is None
    tab.file.read(table)
    qtbot.waitUntil(lambda: tab.file.messages.card is not None, timeout=WAIT_MS)
    assert "two columns of texts" in tab.file.messages.card.message.text()


def test_a_language_models_run_has_no_such_card(tab):
    tab.show_run(make_run("pretrain"))
    assert not tab.file.isVisible()
