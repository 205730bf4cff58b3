import datetime
import json
import os
import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QStyleOptionViewItem

from fnet_studio.core import places, run_bundle, run_notes, run_store
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.core.recipe_sections import TrainingRecipe
from fnet_studio.core.run_notes import RunNotes
from fnet_studio.core.run_store import RunRecord
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.runs.compare_view import FIGURES
from fnet_studio.ui.runs.library import RunEntry, RunLibrary
from fnet_studio.ui.runs.list_view import RunList
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


def make_run(name, status="finished", accuracy=0.8, steps=20, seed=0, rate=3e-4):
    writer = run_store.RunWriter.create(
        name, to_mapping(Recipe(name=name, training=TrainingRecipe(seed=seed, learning_rate=rate)))
    )
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
        qtbot.waitUntil(lambda: page.library.loaded and (page.selected is not None or not page.library.entries))
        return page

    return make


def cells(page, column):
    return [page.model.index(row, column).data() for row in range(page.model.rowCount())]


def test_without_runs_the_page_says_how_to_begin(make_page, qtbot):
    page = make_page()
    qtbot.waitUntil(page.empty.isVisible)
    with qtbot.waitSignal(page.train_wanted):
        page.empty.action.click()


def test_every_run_on_disk_is_in_the_table(make_page):
    make_run("one", accuracy=0.9)
    make_run("two", "stopped", None)
    page = make_page()
    assert sorted(cells(page, 1)) == ["one", "two"]
    assert sorted(cells(page, 0)) == ["Finished", "Stopped"]
    assert sorted(cells(page, 6)) == ["90.00 %", "–"]


def test_runs_are_sorted_by_their_values_not_their_words(make_page):
    for accuracy in (0.095, 0.5, 1.0):
        make_run(f"run {accuracy}", accuracy=accuracy)
    page = make_page()
    page.table.header().setSortIndicator(6, Qt.SortOrder.DescendingOrder)
    assert cells(page, 6) == ["100.00 %", "50.00 %", "9.50 %"]


def test_the_selected_run_shows_its_curve_and_recipe(make_page, qtbot):
    make_run("one")
    page = make_page()
    assert page.details.name.text() == "one"
    qtbot.waitUntil(lambda: page.details.chart is not None and page.details.chart.isVisible())
    assert "training" in page.details.chart.summary()
    assert page.details.chart.isVisible()
    qtbot.waitUntil(lambda: page.details.recipe.count() > 0)
    grid = page.details.recipe
    shown = [grid.itemAtPosition(row, column).widget().text() for row in range(4) for column in (0, 1)]
    assert shown[:2] == ["Data set", "sample"]
    assert {"Vocabulary", "15\u202f000"} <= set(shown)


def test_a_run_whose_worker_died_reads_as_interrupted(make_page, monkeypatch):
    make_run("lost", "running")
    monkeypatch.setattr(run_store, "at_work", lambda pid, written: False)
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


def test_a_deleted_run_comes_back_with_undo(make_page, qtbot, trash):
    make_run("keep")
    gone = make_run("gone")
    page = make_page()
    page.select(gone.id)
    QTest.keyClick(page.table, Qt.Key.Key_Delete)
    assert not (places.runs() / gone.id).exists()
    qtbot.waitUntil(lambda: cells(page, 1) == ["keep"])
    page.notices.find("trash").action.click()
    qtbot.waitUntil(lambda: page.selected is not None and page.selected.id == gone.id)
    assert sorted(cells(page, 1)) == ["gone", "keep"]
    assert run_store.read(gone.id).steps == 20
    assert not trash.exists()


def test_a_deleted_run_goes_to_the_systems_trash_when_nobody_takes_it_back(make_page, qtbot, trash):
    gone = make_run("gone")
    page = make_page()
    page.trash_selected()
    page.notices.find("trash")._close()
    qtbot.waitUntil(lambda: (trash / gone.id / "run.json").is_file())
    qtbot.waitUntil(lambda: page.body.currentWidget() is page.empty)


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
    page.trash_selected()
    assert isinstance(page.notices.find("trash-refused"), ErrorCard)
    assert (places.runs() / record.id).is_dir()


def test_reading_the_folder_again_keeps_the_selection(make_page, qtbot):
    first = make_run("first")
    make_run("second")
    page = make_page()
    page.select(first.id)
    make_run("third")
    page.refresh()
    qtbot.waitUntil(lambda: len(cells(page, 1)) == 3)
    assert page.selected.id == first.id
    assert page.details.name.text() == "first"


def steps_of(writer, first, last):
    for step in range(first, last + 1):
        writer.append({"step": step, "loss": 1 / step, "accuracy": 0.5, "tokens_per_s": 1.0, "time_s": float(step)})
    writer.record.steps = last
    writer.flush()
    writer.save()


def test_a_run_that_is_open_goes_along_with_its_training_and_keeps_the_range_of_the_chart(make_page, qtbot):
    writer = run_store.RunWriter.create("it", to_mapping(Recipe(name="it")))
    steps_of(writer, 1, 20)
    page = make_page()
    page.open_run("Curves")
    view = page._view
    qtbot.waitUntil(lambda: len(view.chart.chart.trace) == 20)
    plot = view.chart.chart._first.view
    plot.setXRange(5, 10, padding=0)
    view.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: view.results.stack.currentWidget() is view.results.empty)
    steps_of(writer, 21, 40)
    figures = {"split": "validation", "loss": 3.4, "accuracy": 0.338, "examples": 100}
    (writer.folder / "evaluation-validation.json").write_text(json.dumps(figures))
    writer.finish("finished")
    run_notes.write(writer.record.id, run_notes.RunNotes(name="Better name"))
    page.refresh()
    qtbot.waitUntil(lambda: view.title.text() == "Better name")
    qtbot.waitUntil(lambda: view.results.stack.currentIndex() == 2)
    view.tabs.setCurrentIndex(0)
    qtbot.waitUntil(lambda: len(view.chart.chart.trace) == 40)
    assert plot.viewRange()[0] == [5, 10]


def test_a_run_that_is_open_and_deleted_elsewhere_gives_way_to_the_list(make_page, qtbot):
    make_run("other")
    record = make_run("one")
    page = make_page()
    page.list.select(record.id)
    page.open_run()
    shutil.rmtree(places.runs() / record.id)
    page.refresh()
    qtbot.waitUntil(lambda: page.body.currentWidget() is page.with_side)


def test_a_run_that_is_open_stays_while_its_record_cannot_be_read(make_page, qtbot):
    record = make_run("one")
    page = make_page()
    page.open_run()
    (places.runs() / record.id / "run.json").write_text("")
    page.refresh()
    qtbot.waitUntil(lambda: page.notices.find("unreadable") is not None)
    assert page.body.currentWidget() is page._view


def test_a_search_finds_names_tags_and_notes(make_page, qtbot):
    tagged = make_run("one")
    make_run("two")
    run_notes.write(tagged.id, run_notes.RunNotes(tags=("baseline",), text="A slow one"))
    page = make_page()
    for words, found in (("baseline", ["one"]), ("slow one", ["one"]), ("TWO", ["two"]), ("nothing like it", [])):
        page.list.search.setText(words)
        qtbot.waitUntil(lambda found=found: cells(page, 1) == found)


def test_runs_are_grouped_by_how_they_ended(make_page):
    make_run("one")
    make_run("two", "failed")
    make_run("three")
    page = make_page()
    page.list.groups.setCurrentIndex(page.list.groups.findData("status"))
    groups = [page.model.index(row, 0) for row in range(page.model.rowCount())]
    assert [group.data() for group in groups] == ["Failed (1)", "Finished (2)"]
    inside = [page.model.index(row, 1, groups[1]) for row in range(2)]
    assert sorted(index.data() for index in inside) == ["one", "three"]
    assert all(index.parent() == groups[1] for index in inside)
    assert page.selected is not None


def test_a_run_is_renamed_and_tagged_beside_the_table(make_page, qtbot):
    record = make_run("plain")
    page = make_page()
    QTest.keyClick(page.table, Qt.Key.Key_F2)
    QTest.keyClicks(page.details.name, "Better name")
    QTest.keyClick(page.details.name, Qt.Key.Key_Return)
    page.details.tags.setText("good, good , new")
    page.details.keep_notes()
    qtbot.waitUntil(lambda: cells(page, 8) == ["good, new"])
    assert cells(page, 1) == ["Better name"]
    assert run_notes.read(record.id).name == "Better name"
    assert run_store.read(record.id).name == "plain", "what the worker wrote is untouched"


def test_what_another_window_wrote_is_shown_and_stays_beside_what_is_typed_here(make_page, qtbot):
    record, other = make_run("plain"), make_run("other")
    page = make_page()
    page.select(record.id)
    qtbot.waitUntil(lambda: page.selected.id == record.id)
    run_notes.write(record.id, RunNotes(name="renamed", tags=("gold",), text="An hour of notes"))
    page.refresh()
    qtbot.waitUntil(lambda: page.details.name.text() == "renamed")
    assert page.details.notes.toPlainText() == "An hour of notes"
    run_notes.write(record.id, RunNotes(name="again", tags=("gold",), text="An hour of notes"))
    page.details.tags.setText("gold, here")
    page.select(other.id)
    qtbot.waitUntil(lambda: "here" in run_notes.read(record.id).tags)
    assert run_notes.read(record.id) == RunNotes("again", ("gold", "here"), "An hour of notes")


def test_runs_stand_side_by_side_with_the_settings_that_differ(make_page, qtbot):
    make_run("one")
    make_run("two")
    page = make_page()
    page.table.selectAll()
    page.compare.click()
    view = page._comparing
    assert view.figures.rowCount() == 2
    assert view.same.isVisible()
    qtbot.waitUntil(lambda: len(view.chart.chart.trace) == 20 and len(view.chart.chart.others) == 1)
    assert "| one |" in view.as_markdown()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert page.body.currentWidget() is page.with_side


def test_runs_that_differ_in_their_seed_have_their_mean_below_them(make_page, qtbot):
    for seed, accuracy in enumerate((0.80, 0.82, 0.84)):
        make_run(f"seed {seed}", accuracy=accuracy, seed=seed)
    page = make_page()
    page.table.selectAll()
    page.compare.click()
    view = page._comparing
    assert view.figures.verticalHeaderItem(3).text() == "Mean of 3 seeds"
    assert view.figures.item(3, FIGURES.index("Test")).text() == "82.00 ± 2.00 %"
    assert view.figures.item(3, FIGURES.index("Train")).text() == "–"
    assert "| Mean of 3 seeds |" in view.as_markdown()
    assert view.settings.rowCount() == 3


def test_several_means_are_named_after_what_their_runs_share(make_page):
    for rate in (1e-4, 3e-4):
        for seed in (1, 1337):
            make_run(f"{'a long name of a recipe, ' * 2}learning rate {rate}, seed {seed}", seed=seed, rate=rate)
    page = make_page()
    page.table.selectAll()
    page.compare.click()
    view = page._comparing
    heads = [view.figures.verticalHeaderItem(row).text() for row in (4, 5)]
    assert all(head.startswith("Mean of 2 seeds, a long") and len(head) < 60 for head in heads)
    assert {head.rpartition(" ")[2] for head in heads} == {"0.0001", "0.0003"}
    for rate in (1e-4, 3e-4):
        assert f"recipe, learning rate {rate} |" in view.as_markdown()


def test_runs_of_the_same_name_are_told_apart_wherever_they_stand_side_by_side(make_page, qtbot):
    make_run("again")
    make_run("again")
    page = make_page()
    page.table.selectAll()
    page.compare.click()
    view = page._comparing
    names = [view.figures.verticalHeaderItem(line).text() for line in (0, 1)]
    assert len(set(names)) == 2
    assert all(name.startswith("again, ") for name in names)
    assert all(f"| {name} |" in view.as_markdown() for name in names)
    qtbot.waitUntil(lambda: len(view.chart.chart.others) == 1)
    assert [trace.name for trace in view.chart.chart.others] == names[1:]


def test_a_run_whose_log_is_broken_takes_no_other_with_it(make_page, qtbot):
    good, other, broken = make_run("good"), make_run("other"), make_run("broken")
    (places.runs() / broken.id / "metrics.jsonl").write_text('{"step": 1, "loss":\n{"step": 2}\n')
    page = make_page()
    for record in (good, broken):
        page.select(record.id)
        qtbot.waitUntil(lambda record=record: page.details.record.id == record.id)
        qtbot.wait(200)
    page.table.selectAll()
    page.compare.click()
    view = page._comparing
    qtbot.waitUntil(lambda: view.trouble.card is not None or "cannot be read" in view.chart.line.text())
    qtbot.waitUntil(lambda: len(view.chart.chart.others) + bool(len(view.chart.chart.trace)) == 2)
    view.show_runs([page.library.find(good.id), page.library.find(other.id)])
    assert view.trouble.card is None
    qtbot.waitUntil(lambda: len(view.chart.chart.others) == 1 and len(view.chart.chart.trace) == 20)


def room_for_words(table, index):
    """Of a cell, in pixels, and what its words need."""
    option = QStyleOptionViewItem()
    option.initFrom(table)
    option.widget, option.font, option.fontMetrics = table, table.font(), table.fontMetrics()
    delegate = table.itemDelegateForIndex(index)
    option.rect = table.visualRect(index)
    return option.rect.width(), delegate.sizeHint(option, index).width()


@pytest.mark.parametrize("group", ["", "status"])
def test_the_longest_usual_words_of_a_run_are_not_cut(make_page, monkeypatch, group):
    record = make_run("one", "interrupted", 1.0)
    path = run_store.folder(record.id) / "run.json"
    began = datetime.datetime(2026, 8, 28, 16, 58).timestamp()
    known = {"began": began, "ended": began + 72 * 3600, "parameters": 110_000_000}
    path.write_text(json.dumps(json.loads(path.read_text()) | known))
    page = make_page()
    page.resize(1900, 800)
    page.list.groups.setCurrentIndex(page.list.groups.findData(group))
    index = page.model.index_of(record.id)
    shown = [index.siblingAtColumn(column) for column in range(8) if column not in (1, 2)]
    assert [one.data() for one in shown[:3]] == ["Interrupted", "2026-08-28 16:58", "72 h 00 min"]
    for one in shown:
        room, needed = room_for_words(page.table, one)
        assert room >= needed, one.data()


def test_in_a_narrow_page_a_status_is_its_sign_and_leaves_the_room_to_the_name(make_page):
    record = make_run("one")
    page = make_page()
    page.resize(856, 600)
    index = page.model.index_of(record.id)
    option = QStyleOptionViewItem()
    page.table.itemDelegateForIndex(index).initStyleOption(option, index)
    assert (option.text, option.icon.isNull()) == ("", False)
    assert index.data(Qt.ItemDataRole.ToolTipRole) == index.data() == "Finished"
    assert page.table.columnWidth(1) >= 120
    page.resize(1200, 600)
    page.table.itemDelegateForIndex(index).initStyleOption(option, index)
    assert option.text == "Finished"


def test_a_long_name_leaves_the_buttons_in_sight(make_page, qtbot):
    record = make_run("one")
    run_notes.write(record.id, run_notes.RunNotes(name="a long name of a run that tells all of its settings " * 2))
    page = make_page()
    page.open_run()
    assert page.minimumSizeHint().width() <= 860
    assert page._view.title.toolTip() == page.selected.name


def test_an_exported_run_is_imported_under_a_name_of_its_own(make_page, qtbot, tmp_path):
    record = make_run("one")
    page = make_page()
    page.files.export_run(page.selected, tmp_path / "one.fnetrun")
    qtbot.waitUntil(lambda: "Saved" in page.notices.find("task").accessibleName())
    page.files.import_runs([tmp_path / "one.fnetrun"])
    qtbot.waitUntil(lambda: page.selected is not None and page.selected.id != record.id)
    assert len(cells(page, 1)) == 2
    (tmp_path / "one.fnetrun").write_bytes(b"nothing")
    page.files.import_runs([tmp_path / "one.fnetrun"])
    qtbot.waitUntil(lambda: isinstance(page.notices.find("task"), ErrorCard))
    assert len(run_store.list_runs()[0]) == 2


def test_of_several_runs_that_are_imported_together_each_that_fails_is_told(make_page, qtbot, tmp_path):
    paths = [tmp_path / name for name in ("torn.fnetrun", "one.fnetrun", "gone.fnetrun", "again.fnetrun")]
    for path in (paths[1], paths[3]):
        run_bundle.export(make_run("one").id, path)
    paths[0].write_bytes(b"nothing")
    page = make_page()
    page.files.import_runs(paths)
    qtbot.waitUntil(lambda: isinstance(page.notices.find("task"), ErrorCard))
    told = page.notices.find("task").accessibleName()
    assert "2 runs were imported." in told
    assert "torn.fnetrun" in told
    assert "gone.fnetrun" in told
    qtbot.waitUntil(lambda: len(cells(page, 1)) == 4)


def test_what_the_bundle_leaves_out_is_what_only_a_resume_needs():
    record = make_run("one")
    (run_store.folder(record.id) / "checkpoints").mkdir()
    (run_store.folder(record.id) / "checkpoints/1.bin").write_bytes(b"1")
    kept = run_bundle.export(record.id, places.data() / "a.fnetrun").parts
    assert not any(name.startswith("checkpoints") for name in kept)
    assert "checkpoints/1.bin" in run_bundle.export(record.id, places.data() / "b.fnetrun", checkpoints=True).parts


def test_an_export_under_way_can_be_stopped_and_leaves_nothing(make_page, qtbot, tmp_path, monkeypatch):
    record = make_run("one")
    (run_store.folder(record.id) / "model.safetensors").write_bytes(bytes(100_000))
    monkeypatch.setattr(run_bundle, "CHUNK", 10)
    page = make_page()
    page.files.export_run(page.selected, tmp_path / "one.fnetrun")
    stop = next(one for one in page.notices.find("task").findChildren(QPushButton) if one.text() == "Stop")
    stop.click()
    qtbot.waitUntil(lambda: "stopped" in page.notices.find("task").accessibleName())
    assert list(tmp_path.glob("*.fnetrun*")) == []


def test_thousands_of_selected_runs_stay_selected_through_sorting_and_grouping(qtbot, themes):
    records = [
        RunRecord(id=f"run-{number}", name=str(number % 7), began=number, recipe={"name": f"recipe {number % 3}"})
        for number in range(3000)
    ]
    entries = [RunEntry(record, RunNotes()) for record in records]
    listed = RunList(RunLibrary(), themes)
    qtbot.addWidget(listed)
    listed.put(entries)
    listed.table.selectAll()
    assert len(listed.selected) == 3000
    listed.table.header().setSortIndicator(1, Qt.SortOrder.AscendingOrder)
    assert [entry.record.name for entry in listed.selected] == sorted(entry.record.name for entry in entries)
    listed.model.set_filter("run-100")
    listed.table.selectAll()
    kept = {entry.id for entry in listed.selected}
    assert kept == {f"run-{number}" for number in (100, *range(1000, 1010))}
    listed.search.setText("")
    listed.groups.setCurrentIndex(3)
    assert {entry.id for entry in listed.selected} == kept


def test_a_run_that_pretrained_has_no_classes_to_ask_for(make_page):
    recipe = to_mapping(Recipe(name="words", task="pretrain"))
    run_store.RunWriter.create("words", recipe).finish("finished")
    page = make_page()
    page.open_run("Try it")
    trying = page._view.trying
    assert not trying.ask_button.isEnabled()
    assert "knows no classes" in trying.words.text()
    trying.box.setFocus()
    QTest.keyClick(trying.box, Qt.Key.Key_Escape)
    assert page.body.currentWidget() is page.with_side
