"""The map of a run's texts, over the scripted engine."""

import csv
import io
import itertools
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle, QStyleOptionComboBox

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
    across, upwards = (plot.points[:, axis].argsort(kind="stable").tolist() for axis in (0, 1))
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.current == across[1]
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert plot.current == upwards[upwards.index(across[1]) + 1]
    QTest.keyClick(plot, Qt.Key.Key_Down)
    assert plot.current == across[1]
    assert plot.accessibleDescription() == drawn.chosen.text()


def around(drawn, places, modifier):
    """Drag a square around each corner of what holds these points, with the mouse."""
    QTest.qWait(100)
    low, high = drawn.plot.points[places].min(0), drawn.plot.points[places].max(0)
    box, margin = drawn.plot.plot.getViewBox(), 4
    scene = [box.mapViewToScene(QPointF(*corner)) for corner in (low, high)]
    left, top = min(one.x() for one in scene) - margin, min(one.y() for one in scene) - margin
    right, foot = max(one.x() for one in scene) + margin, max(one.y() for one in scene) + margin
    corners = [(left, top), (right, top), (right, foot), (left, foot), (left, top)]
    spots = [drawn.plot.mapFromScene(QPointF(*corner)) for corner in corners]
    port = drawn.plot.viewport()
    drag(port, spots, modifier)


def drag(port, spots, modifier):
    left = Qt.MouseButton.LeftButton

    def send(kind, spot, button, held):
        where = QPointF(spot)
        event = QMouseEvent(kind, where, port.mapToGlobal(where), button, held, modifier)
        QGuiApplication.sendEvent(port, event)
        QTest.qWait(15)  # pyqtgraph passes moves over that come within a hundredth of a second

    send(QEvent.Type.MouseButtonPress, spots[0], left, left)
    for begin, end in itertools.pairwise(spots):
        for step in range(1, 9):
            spot = begin + (end - begin) * step / 8
            send(QEvent.Type.MouseMove, spot, Qt.MouseButton.NoButton, left)
    send(QEvent.Type.MouseButtonRelease, spots[-1], left, Qt.MouseButton.NoButton)


@pytest.mark.parametrize("by", ["shift", "button"])
def test_a_drag_around_points_lists_their_texts_and_their_lines_lead_back_to_the_points(drawn, qtbot, by):
    modifier = Qt.KeyboardModifier.NoModifier
    if by == "button":
        QTest.mouseClick(drawn.lasso, Qt.MouseButton.LeftButton)
    else:
        modifier = Qt.KeyboardModifier.ShiftModifier
    seen_upwards = drawn.plot.spans()[1]
    wanted = np.argsort(drawn.plot.points[:, 0])[:20]
    around(drawn, wanted, modifier)
    assert drawn.plot.gathered[wanted].all()
    assert not drawn.plot.gathered.all()
    assert drawn.plot.spans()[1] == seen_upwards
    places = np.flatnonzero(drawn.plot.gathered)
    assert drawn.table_line.text().startswith(f"{len(places)} texts: ")
    assert [line.row for line in drawn.table.lines] == [drawn.map.rows[at] for at in places]
    drawn.table.selectRow(3)
    assert drawn.plot.current == places[3]
    qtbot.waitUntil(lambda: drawn.text.toPlainText().endswith(f" {drawn.map.rows[places[3]]}."), timeout=WAIT_MS)
    drawn.plot.choose(int(places[1]))
    assert drawn.table.currentIndex().row() == 1
    drawn.plot.setFocus()
    QTest.keyClick(drawn.plot, Qt.Key.Key_Escape)
    assert drawn.listed.isHidden()
    assert not drawn.plot.gathered.any()


def test_a_drag_alone_moves_the_map_and_gathers_nothing(drawn):
    before = drawn.plot.spans()
    around(drawn, np.arange(20), Qt.KeyboardModifier.NoModifier)
    assert drawn.plot.spans() != before
    assert not drawn.plot.gathered.any()


def test_the_arrow_keys_with_shift_gather_what_they_come_to(drawn):
    plot = drawn.plot
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    for _ in range(3):
        QTest.keyClick(plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert set(np.flatnonzero(plot.gathered)) == set(np.argsort(plot.points[:, 0], kind="stable")[:4])
    assert len(drawn.table.lines) == 4
    assert drawn.map.rows[plot.current] == drawn.table.lines[drawn.table.currentIndex().row()].row
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert plot.gathered.sum() == 4


def test_gathered_texts_are_saved_with_their_answers(drawn, qtbot, tmp_path):
    drawn.plot.gather(np.arange(len(drawn.plot.points)) < 5)
    with qtbot.waitSignal(drawn.table.came, timeout=WAIT_MS):
        pass
    drawn.save_table_to(tmp_path / "texts.csv")
    qtbot.waitUntil(lambda: drawn.said.isVisible(), timeout=WAIT_MS)
    lines = list(csv.DictReader(io.StringIO((tmp_path / "texts.csv").read_text())))
    assert [int(line["row"]) for line in lines] == list(drawn.map.rows[:5])
    assert [line["text"] for line in lines] == [f"The scripted test text number {row}." for row in drawn.map.rows[:5]]
    assert {line["answered"] for line in lines} <= set(drawn.map.class_names)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "csv"])
def test_the_map_is_written_as_it_is_seen(drawn, qtbot, tmp_path, kind):
    drawn.plot.gather(np.arange(len(drawn.plot.points)) < 5)
    path = tmp_path / f"map.{kind}"
    drawn.export_to(path, kind)
    qtbot.waitUntil(lambda: drawn.said.isVisible(), timeout=WAIT_MS)
    if kind == "csv":
        lines = list(csv.DictReader(io.StringIO(path.read_text())))
        assert len(lines) == len(drawn.map.rows)
        assert [line["gathered"] for line in lines].count("True") == 5
        assert float(lines[7]["second_direction"]) == pytest.approx(drawn.plot.points[7][1])
    elif kind == "svg":
        root = ElementTree.fromstring(path.read_bytes())
        words = " ".join(root.itertext())
        assert "first direction" in words
        assert all(name in words for name in drawn.map.class_names)
        marks = [one for one in root.iter() if one.get("fill-opacity") in ("0.7", "0.15")]
        assert len(marks) == len(drawn.map.rows) + len(drawn.map.class_names)
    elif kind == "png":
        assert QImage(str(path)).width() > 1000
    else:
        assert path.read_bytes().startswith(b"%PDF")


def test_a_map_that_cannot_be_written_is_said(drawn, qtbot, tmp_path):
    (tmp_path / "file").touch()
    drawn.export_to(tmp_path / "file" / "map.svg", "svg")
    qtbot.waitUntil(lambda: drawn.messages.isVisible(), timeout=WAIT_MS)
    assert drawn.said.isHidden()


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


def test_the_names_of_all_parts_have_room_in_their_box(tab):
    tab.show_run(make_run())
    box, option = tab.split, QStyleOptionComboBox()
    box.initStyleOption(option)
    option.rect.setSize(box.sizeHint())
    field = QStyle.SubControl.SC_ComboBoxEditField
    room = box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, box).width()
    names = [box.itemText(at) for at in range(box.count())]
    assert "Validation texts" in names
    assert all(box.fontMetrics().horizontalAdvance(name) < room for name in names)
