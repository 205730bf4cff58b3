"""The map of a run's texts, over the scripted engine."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from fnet_studio.core import run_store
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.run_notes import RunNotes
from fnet_studio.ui.runs.library import RunEntry
from fnet_studio.ui.runs.text_map_tab import TextMapTab

WAIT_MS = 30_000
COUNTS = {"train": 20_000, "validation": 5_000, "test": 25_000}


@pytest.fixture
def tab(qtbot, supervisor, themes):
    it = TextMapTab(supervisor, themes)
    qtbot.addWidget(it)
    it.resize(900, 600)
    it.show()
    return it


def make_run(task="classify"):
    writer = run_store.RunWriter.create("it", to_mapping(Recipe(task=task)))
    writer.record.data = {**COUNTS, "class_names": ["negative", "positive"]}
    writer.finish("finished")
    return RunEntry(writer.record, RunNotes())


@pytest.fixture
def drawn(tab, qtbot):
    tab.show_run(make_run())
    QTest.mouseClick(tab.empty.action, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.map is not None, timeout=WAIT_MS)
    return tab


def test_a_click_on_a_point_shows_its_text_which_can_be_taken_elsewhere(drawn, qtbot):
    assert "25 000 test texts" in drawn.words.text().replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\xa0", " ")
    assert not drawn.explore.isEnabled()
    place = int(drawn.plot.points[:, 0].argmin())
    QTest.qWait(100)
    spot = drawn.plot.mapFromScene(drawn.plot.plot.getViewBox().mapViewToScene(QPointF(*drawn.plot.points[place])))
    QTest.mouseClick(drawn.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(spot.x() + 3, spot.y()))
    row = drawn.map.rows[place]
    qtbot.waitUntil(lambda: drawn.text.toPlainText() == f"The scripted test text number {row}.", timeout=WAIT_MS)
    assert "answered negative" in drawn.chosen.text()
    with qtbot.waitSignal(drawn.explore_wanted) as told:
        drawn.explore.click()
    assert told.args == [drawn.text.toPlainText()]
    with qtbot.waitSignal(drawn.try_wanted):
        drawn.try_it.click()


def test_the_arrow_keys_go_from_point_to_point_and_tell_a_screen_reader(drawn):
    plot = drawn.plot
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.current == plot.points[:, 0].argmin()
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert plot.current == plot.points[:, 0].argmin()
    before = plot.points[plot.current]
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert plot.points[plot.current][1] >= before[1] or plot.points[plot.current][0] > before[0]
    assert plot.accessibleDescription() == drawn.chosen.text()


def test_colours_follow_the_answer_or_whether_it_is_right_and_the_choice_stays(drawn):
    def sizes():
        return [len(group.points()) for group in drawn.plot.groups]

    found = drawn.map
    drawn.plot.choose(5)
    assert sizes() == [found.labels.count(0), found.labels.count(1)]
    drawn.by.setCurrentIndex(drawn.by.findData("answer"))
    assert sizes() == [found.predicted.count(0), found.predicted.count(1)]
    drawn.by.setCurrentIndex(drawn.by.findData("right"))
    wrong = sum(label != answer for label, answer in zip(found.labels, found.predicted, strict=True))
    assert sizes() == [len(found.rows) - wrong, wrong]
    assert "right" in drawn.key.text()
    assert "wrong" in drawn.key.text()
    assert drawn.plot.current == 5


def test_another_split_is_drawn_anew_and_another_run_begins_empty(drawn, qtbot):
    drawn.split.setCurrentIndex(drawn.split.findData("validation"))
    drawn.split.activated.emit(drawn.split.currentIndex())
    qtbot.waitUntil(lambda: drawn.map.split == "validation", timeout=WAIT_MS)
    drawn.show_run(make_run())
    assert drawn.stack.currentWidget() is drawn.empty
    assert drawn.map is None


def test_a_stop_goes_back_to_where_it_was(tab, qtbot):
    tab.show_run(make_run())
    tab.draw()
    tab.working.stop.click()
    assert tab.stack.currentWidget() is tab.empty
    QTest.qWait(500)
    assert tab.map is None


def test_a_run_that_is_gone_is_said_and_can_be_tried_again(tab, qtbot):
    entry = make_run()
    tab.show_run(entry)
    folder = run_store.folder(entry.id)
    away = folder.with_name("away")
    folder.rename(away)
    tab.draw()
    qtbot.waitUntil(lambda: tab.messages.isVisible(), timeout=WAIT_MS)
    assert tab.stack.currentWidget() is tab.empty
    away.rename(folder)
    tab.messages.card.action.click()
    qtbot.waitUntil(lambda: tab.map is not None, timeout=WAIT_MS)


def test_a_language_models_run_has_no_map(tab):
    tab.show_run(make_run("pretrain"))
    assert not tab.empty.action.isVisible()
    assert "language model" in tab.empty.words.text()
