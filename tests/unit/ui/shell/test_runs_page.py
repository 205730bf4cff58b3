import os

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from fnet_studio.core import places, run_store
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.cards import ConfirmCard, ErrorCard
from fnet_studio.ui.runs_page import RunsPage
from fnet_studio.ui.supervisor import Supervisor


@pytest.fixture
def trash(tmp_path, monkeypatch):
    """The user's own trash stays out of it."""
    other = pytest.importorskip("send2trash.plat_other")
    folder = tmp_path / "Trash"
    monkeypatch.setattr(other, "HOMETRASH_B", os.fsencode(folder))
    monkeypatch.setattr(other, "HOMETRASH", str(folder))
    return folder / "files"


def make_run(name, status="finished", accuracy=0.8, steps=20):
    writer = run_store.RunWriter.create(name, to_mapping(Recipe(name=name)))
    for step in range(1, steps + 1):
        writer.append({"step": step, "loss": 1 / step, "accuracy": 0.5, "tokens_per_s": 1.0, "time_s": float(step)})
    record = writer.record
    record.test_accuracy = record.validation_accuracy = accuracy
    record.parameters, record.steps = 1234, steps
    if status == "running":
        writer.save()
        writer.close()
    else:
        writer.finish(status)
    return record


@pytest.fixture
def make_page(qtbot, qapp, themes):
    def make():
        page = RunsPage(Supervisor(local("scripted"), qapp), themes, Settings())
        qtbot.addWidget(page)
        page.resize(1400, 800)
        page.show()
        return page

    return make


def cells(page, column):
    return [page.sorted.index(row, column).data() for row in range(page.sorted.rowCount())]


def test_without_runs_the_page_says_how_to_begin(make_page, qtbot):
    page = make_page()
    assert page.empty.isVisible()
    with qtbot.waitSignal(page.train_wanted):
        page.empty.action.click()


def test_every_run_on_disk_is_in_the_table(make_page):
    make_run("one", accuracy=0.9)
    make_run("two", "stopped", None)
    page = make_page()
    assert sorted(cells(page, 1)) == ["one", "two"]
    assert sorted(cells(page, 0)) == ["Finished", "Stopped"]
    assert sorted(cells(page, 5)) == ["90.00 %", "–"]


def test_runs_are_sorted_by_their_values_not_their_words(make_page):
    for accuracy in (0.095, 0.5, 1.0):
        make_run(f"run {accuracy}", accuracy=accuracy)
    page = make_page()
    page.table.sortByColumn(5, Qt.SortOrder.DescendingOrder)
    assert cells(page, 5) == ["100.00 %", "50.00 %", "9.50 %"]


def test_the_selected_run_shows_its_curve_and_recipe(make_page, qtbot):
    make_run("one")
    page = make_page()
    assert page.details.name.text() == "one"
    qtbot.waitUntil(lambda: "training" in page.details.chart.summary().lower())
    assert page.details.chart.isVisible()
    qtbot.waitUntil(lambda: page.details.recipe.count() > 0)
    grid = page.details.recipe
    shown = [grid.itemAtPosition(row, column).widget().text() for row in range(4) for column in (0, 1)]
    assert shown[:2] == ["Data set", "sample"]
    assert {"Vocabulary", "15000"} <= set(shown)


def test_a_run_whose_worker_died_reads_as_interrupted(make_page, monkeypatch):
    make_run("lost", "running")
    monkeypatch.setattr(run_store.psutil, "pid_exists", lambda pid: False)
    page = make_page()
    assert cells(page, 0) == ["Interrupted"]
    assert "worker ended" in page.details.findChild(ErrorCard).message.text()


def test_an_unreadable_run_is_reported_and_hides_no_other(make_page):
    make_run("good")
    broken = make_run("broken")
    (places.runs() / broken.id / "run.json").write_text("{")
    page = make_page()
    assert cells(page, 1) == ["good"]
    assert page.notices.find("unreadable") is not None


def test_deleting_a_run_asks_first_and_moves_it_to_the_trash(make_page, trash):
    make_run("keep")
    gone = make_run("gone")
    page = make_page()
    page.select(gone.id)
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Delete)
    assert (places.runs() / gone.id).is_dir()
    card = page.notices.find("trash")
    assert isinstance(card, ConfirmCard)
    card.buttons["trash"].click()
    assert not (places.runs() / gone.id).exists()
    assert (trash / gone.id / "run.json").is_file()
    assert cells(page, 1) == ["keep"]


@pytest.mark.parametrize("status", ["finished", "stopped", "failed"])
def test_the_details_fit_beside_the_table(make_page, status):
    make_run("a name that is longer than what one would usually give to a run", status)
    page = make_page()
    page.resize(856, 600)
    room = page.details.parentWidget().width()
    assert page.details.minimumSizeHint().width() <= room
    assert page.details.resume.isVisible() == (status != "finished")


def test_a_running_run_is_not_deleted(make_page):
    record = make_run("busy", "running")
    page = make_page()
    page.ask_trash(page.selected)
    assert isinstance(page.notices.find("trash"), ErrorCard)
    assert (places.runs() / record.id).is_dir()


def test_reading_the_folder_again_keeps_the_selection(make_page):
    first = make_run("first")
    make_run("second")
    page = make_page()
    page.select(first.id)
    make_run("third")
    page.refresh()
    assert len(cells(page, 1)) == 3
    assert page.selected.id == first.id
    assert page.details.name.text() == "first"
