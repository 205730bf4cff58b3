"""What the results of a run say before it was measured, and after."""

import json

import numpy as np
import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QLabel

from fnet_studio.core import protocol, run_store
from fnet_studio.core.recipe import Recipe, from_mapping, to_mapping
from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.core.run_notes import RunNotes
from fnet_studio.engine.measures import Measured, write
from fnet_studio.link.command import local
from fnet_studio.ui.runs.confusion_table import ConfusionTable
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.results_tab import ResultsTab
from fnet_studio.ui.runs.texts_table import Line
from fnet_studio.ui.supervisor import Supervisor


@pytest.fixture
def tab(qtbot, qapp, themes):
    it = ResultsTab(Supervisor(local("scripted"), qapp), themes, [])
    qtbot.addWidget(it)
    return it


def make_run(task, data):
    writer = run_store.RunWriter.create("it", to_mapping(Recipe(task=task)))
    writer.record.data = data
    writer.finish("finished")
    return writer.folder, RunEntry(writer.record, RunNotes())


def shown(tab):
    return " ".join(item.text() for item in tab.facts.parentWidget().findChildren(QLabel))


def test_a_pretraining_run_offers_its_validation_texts_and_speaks_of_masks(tab, qtbot):
    folder, entry = make_run("pretrain", {"train": 100, "validation": 8, "test": 0, "class_names": []})
    tab.show_run(entry)
    qtbot.waitUntil(lambda: tab.stack.currentWidget() is tab.empty)
    assert tab.empty.action.text() == "Measure on the validation texts"
    assert "masked words" in tab.empty.words.text()
    assert "confusion" not in tab.empty.words.text()
    figures = {"split": "validation", "loss": 3.4, "accuracy": 0.338, "examples": 94_603, "pseudo_perplexity": 50.41}
    (folder / "evaluation-validation.json").write_text(json.dumps(figures))
    tab.show_run(entry)
    qtbot.waitUntil(lambda: tab.facts.count() == 4)
    words = shown(tab)
    assert "Pseudo-perplexity" in words
    assert "50.4" in words
    assert "Masked words" in words


def test_files_that_were_moved_are_chosen_and_the_run_knows_their_place(
    qtbot, supervisor, themes, tmp_path, monkeypatch
):
    tab = ResultsTab(supervisor, themes, [])
    qtbot.addWidget(tab)
    data = {
        "source": "files",
        "path": str(tmp_path / "gone" / "train.csv"),
        "test_path": str(tmp_path / "gone" / "b.csv"),
    }
    for name in ("train.csv", "b.csv"):
        (tmp_path / name).write_text("text,label\n")
    writer = run_store.RunWriter.create("it", to_mapping(from_mapping({"data": data})))
    writer.finish("finished")
    tab.show_run(RunEntry(writer.record, RunNotes()))
    qtbot.waitUntil(lambda: tab.stack.currentWidget() is tab.empty)
    tab.errors.failed.emit(protocol.Failed("data.missing", "There is no file train.csv."))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "train.csv"), ""))
    card = tab.trouble.itemAt(0).widget()
    assert card.action.text() == "Choose where it is now"
    card.action.click()
    qtbot.waitUntil(lambda: tab.trouble.count() == 0)
    now = run_store.read(writer.record.id).recipe["data"]
    assert (now["path"], now["test_path"]) == (str(tmp_path / "train.csv"), str(tmp_path / "b.csv"))


def test_files_that_are_back_are_read_without_asking_where_they_are(tab, qtbot, monkeypatch):
    _, entry = make_run("classify", {"train": 100, "validation": 8, "test": 50, "class_names": ["a", "b"]})
    tab.show_run(entry)
    qtbot.waitUntil(lambda: tab.stack.currentWidget() is tab.empty)
    tab.errors.failed.emit(protocol.Failed("data.missing", "There is no file train.csv."))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", None)
    tab.trouble.itemAt(0).widget().action.click()
    assert tab.trouble.count() == 0
    qtbot.waitUntil(lambda: tab.stack.currentWidget() is tab.empty)


def test_classes_with_sentences_for_names_leave_room_for_the_texts(tab):
    table = tab.errors
    long = "a class that somebody has named by a whole sentence, so that it says all that it is about " * 2
    table.put("a run", "test", [Line(0, long, long, 0.9)], "")
    assert table.columnWidth(0) == table.columnWidth(1) < table.fontMetrics().horizontalAdvance(long) / 3
    assert table.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole) == long


def test_a_classifier_offers_its_test_texts_and_what_comes_with_them(tab, qtbot):
    _, entry = make_run("classify", {"train": 100, "validation": 8, "test": 50, "class_names": ["a", "b"]})
    tab.show_run(entry)
    qtbot.waitUntil(lambda: tab.stack.currentWidget() is tab.empty)
    assert tab.empty.action.text() == "Measure on the test texts"
    assert "confusion" in tab.empty.words.text()


class Busy(QObject):
    """A supervisor whose worker trains."""

    message = Signal(object, object)

    def __init__(self):
        super().__init__()
        self.long_running = {7: protocol.Train({})}


def test_measuring_beside_a_training_is_refused_in_words_until_its_end(qtbot, themes):
    worker = Busy()
    tab = ResultsTab(worker, themes, [])
    qtbot.addWidget(tab)
    _, entry = make_run("classify", {"train": 100, "validation": 8, "test": 50, "class_names": ["a", "b"]})
    tab.show_run(entry)
    qtbot.waitUntil(lambda: tab.stack.currentWidget() is tab.empty)
    tab.empty.action.click()
    assert tab.stack.currentWidget() is tab.empty
    assert tab.trouble.itemAt(0).widget().message.text() == "A run is under way."
    worker.message.emit(None, b"")
    assert tab.trouble.count() == 1
    worker.long_running = {}
    worker.message.emit(None, b"")
    assert tab.trouble.count() == 0


def measured(tab, qtbot, names):
    """A run whose model answered one text of each class, as the class after it."""
    data = {"train": 100, "validation": 8, "test": len(names), "class_names": names}
    folder, entry = make_run("classify", data)
    probabilities = np.roll(np.eye(len(names), dtype=np.float32), 1, axis=1)
    write(folder, "test", Measured(1.0, 0.0, len(names), np.arange(len(names)), probabilities), names)
    tab.resize(900, 600)
    tab.show()
    tab.show_run(entry)
    qtbot.waitUntil(lambda: tab.stack.currentIndex() == 2)
    return tab.confusion


def test_a_confusion_matrix_is_headed_by_the_bare_names_and_a_long_one_leaves_room_for_the_figures(tab, qtbot):
    long = "ClassificationsOfAnExtraordinarilyLongNameThatNobodyWouldEverWantToReadAtAll"
    table = measured(tab, qtbot, ["Sci/Tech", long])
    heads = [table.horizontalHeaderItem(at) for at in range(2)]
    assert [head.text() for head in heads] == ["Sci/Tech", long]
    assert heads[1].toolTip() == heads[1].data(Qt.ItemDataRole.AccessibleTextRole) == f"Answered {long}"
    assert table.verticalHeaderItem(1).toolTip() == f"Truly {long}"
    qtbot.waitUntil(lambda: 0 < table.verticalHeader().width() <= table.width() / 3)
    qtbot.waitUntil(lambda: table.horizontalHeader().length() <= table.viewport().width())
    words = [item.text() for item in tab.findChildren(QLabel)]
    assert "Rows: the true class. Columns: the answer. A click lists the texts." in words


def test_the_last_class_of_a_wide_confusion_matrix_is_not_under_its_scroll_bar(tab, qtbot):
    table = measured(tab, qtbot, [f"class {number}" for number in range(8)])
    qtbot.waitUntil(table.horizontalScrollBar().isVisible)
    last = table.item(7, 0)
    qtbot.waitUntil(lambda: table.visualItemRect(last).bottom() <= table.viewport().height())


def test_the_texts_of_a_cell_are_headed_by_the_names_as_they_are(tab, qtbot):
    measured(tab, qtbot, ["Sci/Tech", "USA"]).cell_chosen.emit(0, 1)
    assert tab.listed.text() == "Sci/Tech, answered USA"


def test_the_results_of_a_model_that_answers_one_class_alone_say_so_while_they_are_shown(tab, qtbot):
    folder, entry = make_run("classify", {"train": 100, "validation": 8, "test": 10, "class_names": ["no", "yes"]})
    figures = {"split": "test", "loss": 0.3, "accuracy": 0.8, "examples": 10, "class_names": ["no", "yes"]}
    (folder / "evaluation-test.json").write_text(json.dumps(figures | {"confusion": [[8, 0], [2, 0]]}))
    tab.show_run(entry)
    qtbot.waitUntil(lambda: tab.learned.count() == 1)
    words = tab.learned.itemAt(0).widget().message.text()
    assert words == "On the test texts the model is no better than always answering no (80.0 %)."
    (folder / "evaluation-test.json").write_text(json.dumps(figures | {"confusion": [[7, 1], [0, 2]], "accuracy": 0.9}))
    tab.show_run(entry)
    qtbot.waitUntil(lambda: tab.learned.count() == 0)


def test_each_class_has_its_precision_recall_and_f1_and_many_classes_scroll(tab, qtbot):
    folder, entry = make_run("classify", {"train": 100, "validation": 8, "test": 4, "class_names": ["no", "yes"]})
    figures = {"split": "test", "loss": 0.3, "accuracy": 0.75, "examples": 4, "class_names": ["no", "yes"]}
    (folder / "evaluation-test.json").write_text(json.dumps(figures | {"confusion": [[2, 0], [1, 1]]}))
    tab.show()
    tab.show_run(entry)
    table = tab.by_class
    qtbot.waitUntil(lambda: table.rowCount() == 2)
    assert table.isVisible()
    heads = [table.horizontalHeaderItem(column).text() for column in range(table.columnCount())]
    assert heads == ["Class", "Texts", "Precision", "Recall", "F1"]
    cells = [[table.item(line, column).text() for column in range(5)] for line in range(2)]
    assert cells == [["no", "2", "66.67 %", "100.00 %", "0.8000"], ["yes", "2", "100.00 %", "50.00 %", "0.6667"]]
    gone = figures | {"class_names": ["no", "yes", "gone"], "confusion": [[2, 0, 0], [1, 1, 0], [0, 0, 0]]}
    (folder / "evaluation-test.json").write_text(json.dumps(gone | {"macro_f1": 0.4889, "naive_bayes": 0.8125}))
    tab.show_run(entry)
    qtbot.waitUntil(lambda: table.rowCount() == 3)
    assert [table.item(2, column).text() for column in range(5)] == ["gone", "0", "–", "–", "–"]
    assert "0.7333" in shown(tab), "by the classes that are there, whatever an earlier version wrote"
    assert "81.25 %" in shown(tab), "naive Bayes"
    measured(tab, qtbot, [f"class {number}" for number in range(40)])
    qtbot.waitUntil(lambda: table.rowCount() == 40)
    assert table.height() < 40 * 32 / 2
    assert table.verticalScrollBar().maximum() > 0
    assert table.item(39, 2).text() == "0.00 %"


def test_a_cell_of_the_confusion_tells_how_many_texts_it_holds(qtbot, themes):
    table = ConfusionTable(themes)
    qtbot.addWidget(table)
    table.put(EvaluationReport("test", 0.3, 0.75, 4, class_names=("neg", "pos"), confusion=((2, 1), (0, 1))))
    said = [table.item(row, column).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2) for column in range(2)]
    assert said == [
        "2 texts of neg were answered neg",
        "1 text of neg was answered pos",
        "0 texts of pos were answered neg",
        "1 text of pos was answered pos",
    ]
