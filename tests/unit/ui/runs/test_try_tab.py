"""Asking a run's classifier about one's own texts, over the scripted engine."""

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from fnet_studio.core import protocol, run_models, run_store
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.run_notes import RunNotes
from fnet_studio.ui.row_text import RowText
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.try_tab import TryTab

WAIT_MS = 30_000
PAIRED, SINGLE, UNKNOWN = {"paired": True}, {"paired": False}, {}


@pytest.fixture
def tab(qtbot, supervisor, themes):
    it = TryTab(supervisor, themes)
    qtbot.addWidget(it)
    it.show()
    return it


def make_run(data, task="classify"):
    writer = run_store.RunWriter.create("it", to_mapping(Recipe(task=task)))
    writer.record.data = data
    writer.finish("finished")
    return RunEntry(writer.record, RunNotes())


def answer(tab, qtbot):
    tab.words.setText("")
    QTest.mouseClick(tab.ask_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.words.text().startswith("It answers"), timeout=WAIT_MS)
    return tab.words.text()


def test_a_run_of_single_texts_has_one_box(tab, qtbot):
    tab.show_run(make_run(SINGLE))
    assert not tab.second.isVisible()
    tab.box.setPlainText("A slow start.")
    assert answer(tab, qtbot)


def test_a_run_of_before_pairs_were_recorded_is_known_by_its_vocabulary(tab, qtbot):
    entry = make_run(UNKNOWN)
    words = run_store.folder(entry.id) / "vocabulary.txt"
    for third, paired in (("the", False), ("[SEP]", True)):
        words.write_text(f"[PAD]\n[UNK]\n{third}\nof\n")
        assert run_models.paired(entry.record) is paired
        tab.show_run(entry)
        assert tab.second.isVisible() is paired
    words.unlink()
    assert run_models.paired(entry.record) is None
    entry.record.recipe["data"]["pair_column"] = "hypothesis"
    assert run_models.paired(entry.record) is True


def test_a_run_of_pairs_asks_for_both_and_answers_by_both(tab, qtbot):
    tab.show_run(make_run(PAIRED))
    assert tab.second.isVisible()
    tab.box.setPlainText("A slow start.")
    QTest.mouseClick(tab.ask_button, Qt.MouseButton.LeftButton)
    assert "the second one too" in tab.words.text()
    assert tab.focusWidget() is tab.second
    tab.second.setPlainText("It begins slowly.")
    one = answer(tab, qtbot)
    tab.second.setPlainText("It never begins.")
    assert answer(tab, qtbot) != one


def test_a_row_is_tried_with_both_of_its_texts_and_goes_to_explore_as_a_pair(tab, qtbot):
    tab.show_run(make_run(PAIRED))
    tab.try_text(RowText("One.", "Two."))
    assert (tab.box.toPlainText(), tab.second.toPlainText()) == ("One.", "Two.")
    with qtbot.waitSignal(tab.explore_wanted) as told:
        tab.explore.click()
    assert told.args == ["One. [SEP] Two."]
    tab.try_text(RowText("Three."))
    assert tab.second.toPlainText() == ""


def test_a_run_that_does_not_say_what_it_learnt_takes_a_pair_that_it_was_trained_on(tab, qtbot):
    tab.show_run(make_run(UNKNOWN))
    assert not tab.second.isVisible()
    tab.try_text(RowText("One.", "Two."))
    assert tab.second.isVisible()
    assert answer(tab, qtbot)


def test_another_run_begins_with_the_boxes_that_it_needs_and_without_the_answer(tab, qtbot):
    tab.show_run(make_run(PAIRED))
    tab.try_text(RowText("One.", "Two."))
    answer(tab, qtbot)
    tab.show_run(make_run(SINGLE))
    assert not tab.second.isVisible()
    assert tab.answers.count() == 0
    assert answer(tab, qtbot)  # what stands in the hidden box is not sent


def test_an_answer_goes_when_its_run_has_gone_on(tab, qtbot):
    entry = make_run(SINGLE)
    tab.show_run(entry)
    tab.box.setPlainText("A slow start.")
    answer(tab, qtbot)
    tab.show_run(entry)
    assert tab.answers.count() > 0
    later = msgspec.structs.replace(entry.record, ended=entry.record.ended + 60)
    tab.show_run(RunEntry(later, RunNotes()))
    assert tab.answers.count() == 0


def test_an_answer_goes_as_soon_as_another_text_stands_there(tab, qtbot):
    tab.show_run(make_run(SINGLE))
    tab.box.setPlainText("A slow start.")
    answer(tab, qtbot)
    tab.box.setPlainText("A slow start. ")
    assert tab.words.text().startswith("It answers")  # the same question
    tab.try_text(RowText("Another text."))
    assert tab.words.text() == "The answer will stand here, a bar for each class."
    assert tab.answers.count() == 0


def test_an_answer_to_a_text_that_no_longer_stands_there_is_not_shown(tab, qtbot, supervisor):
    tab.show_run(make_run(SINGLE))
    tab.box.setPlainText("A slow start.")
    tab.ask()
    tab.box.setPlainText("A slow end.")
    told = []
    supervisor.ask(protocol.Classify(tab._run, ("A third one.",), ()), on_done=lambda *_: told.append(True))
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert tab.words.text() == "The answer will stand here, a bar for each class."
    assert tab.answers.count() == 0


def test_the_best_of_many_classes_stand_first_and_a_long_name_leaves_room_for_the_bars(tab):
    long = "ClassificationsOfAnExtraordinarilyLongNameThatNobodyWouldEverWantToReadAtAll"
    tab._show(protocol.Classified(("anger", "joy", long), ((0.2, 0.1, 0.7),)))
    names = [tab.answers.itemAtPosition(line, 0).widget() for line in range(3)]
    assert [name.text() for name in names] == [long, "anger", "joy"]
    assert names[0].toolTip() == long
    tab.resize(700, 600)
    QTest.qWait(0)
    assert tab.answers.itemAtPosition(0, 1).widget().width() > 200
    tab._show(protocol.Classified(("negative", "positive"), ((0.2, 0.8),)))
    assert tab.answers.itemAtPosition(0, 0).widget().text() == "negative"


def test_a_language_models_run_says_where_to_go(tab):
    tab.show_run(make_run({}, "pretrain"))
    assert not tab.ask_button.isEnabled()
    assert "Explore" in tab.words.text()


def test_a_run_that_is_gone_is_said_in_words(tab, qtbot):
    entry = make_run(SINGLE)
    tab.show_run(entry)
    (run_store.folder(entry.id) / "run.json").unlink()
    tab.box.setPlainText("A slow start.")
    tab.ask()
    qtbot.waitUntil(lambda: tab.trouble.count() == 1, timeout=WAIT_MS)
    assert entry.id in " ".join(item.text() for item in tab.findChildren(QLabel))
