"""Ctrl+C in the tables of runs."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTableWidgetItem

from fnet_studio.core import run_store
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.core.run_notes import RunNotes
from fnet_studio.ui.runs.classes_table import ClassesTable
from fnet_studio.ui.runs.confusion_table import ConfusionTable
from fnet_studio.ui.runs.library import RunEntry, RunLibrary
from fnet_studio.ui.runs.list_view import RunList

REPORT = EvaluationReport("test", 0.3, 0.75, 2003, class_names=("no", "yes"), confusion=((2000, 0), (1, 2)))


@pytest.fixture
def copied(qtbot):
    def press(table):
        QGuiApplication.clipboard().clear()
        QTest.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
        return QGuiApplication.clipboard().text()

    return press


def test_all_rows_are_copied_where_none_is_selected_and_else_those_that_are(qtbot, copied):
    table = ClassesTable()
    qtbot.addWidget(table)
    table.put(REPORT)
    head, no, yes = (
        "Class\tTexts\tPrecision\tRecall\tF1\n",
        "no\t2000\t99.95 %\t100.00 %\t0.9998\n",
        "yes\t3\t100.00 %\t66.67 %\t0.8000\n",
    )
    assert copied(table) == head + no + yes
    table.selectRow(1)
    assert copied(table) == head + yes
    table.selectAll()
    assert copied(table) == head + no + yes


def test_a_table_whose_cells_are_chosen_one_by_one_is_copied_as_a_whole_with_its_rows_names(qtbot, themes, copied):
    table = ConfusionTable(themes)
    qtbot.addWidget(table)
    table.put(REPORT)
    table.setCurrentCell(1, 0)
    assert copied(table) == "\tno\tyes\nno\t2000 100.0 %\t0 0.0 %\nyes\t1 33.3 %\t2 66.7 %\n"


def test_tabs_and_lines_within_a_cell_part_no_cells_and_what_is_drawn_is_told_in_words(qtbot, copied):
    table = ClassesTable()
    qtbot.addWidget(table)
    table.put(REPORT)
    table.item(0, 0).setText("a\tb\nc")
    drawn = QTableWidgetItem()
    drawn.setData(Qt.ItemDataRole.AccessibleTextRole, "half")
    table.setItem(0, 1, drawn)
    assert copied(table).splitlines()[1].startswith("a b c\thalf\t")


@pytest.mark.parametrize("group", ["", "status"])
def test_runs_are_copied_from_their_list_also_in_groups(qtbot, themes, copied, group):
    listed = RunList(RunLibrary(), themes)
    qtbot.addWidget(listed)
    entries = []
    for name in ("first", "second"):
        writer = run_store.RunWriter.create(name, to_mapping(Recipe()))
        writer.finish("finished")
        entries.append(RunEntry(writer.record, RunNotes()))
    listed.model.set_group(group)
    listed.put(entries)
    lines = [line.split("\t") for line in copied(listed.table).splitlines()]
    assert lines[0][:2] == ["Status", "Name"]
    assert {line[1] for line in lines[1:] if line[1]} == {"first", "second"}
    assert [line[0] for line in lines[1:] if not line[1]] == (["Finished (2)"] if group else [])
    listed.select(entries[0].id)
    assert [line.split("\t")[1] for line in copied(listed.table).splitlines()[1:]] == ["first"]
