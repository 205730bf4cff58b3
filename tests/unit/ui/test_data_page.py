"""The Data page with the scripted engine behind it, whose reading of data is the real one."""

import json
import os

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from fnet_studio.core import data_sets, protocol
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.data.small_cards import RelocateCard, RenameCard, UndoCard
from fnet_studio.ui.data_page import DataPage
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.form_rows import archive_problem, file_problem

WAIT_MS = 30_000


@pytest.fixture
def page(qtbot, qapp):
    supervisor = Supervisor(local("scripted"))
    supervisor.start()
    page = DataPage(supervisor, ThemeSource(qapp, "light"), Settings())
    qtbot.addWidget(page)
    page.resize(1180, 770)
    page.show()
    qtbot.waitUntil(lambda: page.library.loaded and page.opened is not None, timeout=WAIT_MS)
    yield page
    for timer in page.findChildren(QTimer):  # they would ask a worker that is gone, and the answer find no page
        timer.stop()
    supervisor.shutdown()
    QTest.qWait(20)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "my-films.csv"
    rows = [f"{number % 2};A text with the number {number}" for number in range(300)]
    path.write_text("\n".join(["stars;review", *rows, "1;A text with the number 1", "0; ", "1;Café"]), "cp1252")
    return path


def bring_in(qtbot, page, path):
    page.begin_import(str(path))
    qtbot.waitUntil(lambda: page.importing.preview is not None, timeout=WAIT_MS)
    page.importing.check()
    qtbot.waitUntil(lambda: shown(page) == str(path), timeout=WAIT_MS)
    return page.entry.one


def at_rest(qtbot, page):
    """Wait for what the page asked: an answer that is still under way may meet a change of the file first."""
    qtbot.waitUntil(lambda: not page.library._background.busy and not page.texts._looking.busy, timeout=WAIT_MS)


def shown(page):
    entry = page.entry
    return entry.one.data.path if entry is not None and page.opened is not None else ""


def rows_of(page):
    model = page.texts.model
    return [model.index(row, 3).data() for row in range(model.rowCount())]


def test_the_bundled_reviews_are_there_at_once_and_cannot_be_removed(page):
    assert page.title.text() == "Bundled reviews"
    assert not page.remove_action.isEnabled()
    page.remove()
    assert [entry.id for entry in page.library.entries] == ["sample"]


def test_a_table_is_looked_at_mapped_checked_and_added(qtbot, page, table):
    page.begin_import(str(table))
    importing = page.importing
    qtbot.waitUntil(lambda: importing.preview is not None, timeout=WAIT_MS)
    assert "Windows-1252" in importing.facts.text()
    assert "semicolons" in importing.facts.text()
    assert importing.table.item(1, 1).text() == "A text with the number 1"
    assert importing.name.text == "My films"
    page.add_button.click()  # what is filled in already stays
    assert importing.name.text == "My films"
    importing.label_names.edits["0"].setText("bad")
    importing.label_names.edits["0"].textEdited.emit("bad")
    importing.check()
    qtbot.waitUntil(lambda: shown(page) == str(table), timeout=WAIT_MS)
    assert page.opened.class_names == ("1", "bad")
    qtbot.waitUntil(lambda: page.entry.one.texts == 303, timeout=WAIT_MS)
    assert data_sets.find("My films").data.labels == "0=bad"
    assert data_sets.find("My films").data.split == "stratified"


def test_a_table_of_texts_alone_is_added_without_labels(qtbot, page, tmp_path, table):
    path = tmp_path / "alone.csv"
    path.write_text("words\n" + "".join(f"A line with the number {number}\n" for number in range(50)))
    page.begin_import(str(path))
    importing = page.importing
    qtbot.waitUntil(lambda: importing.preview is not None, timeout=WAIT_MS)
    rows = importing.rows
    assert rows["data.label_column"].text == "none"
    assert not rows["data.labels"].isVisible()
    assert rows["data.validation_split"].isVisible()
    assert not rows["data.split"].isVisible()
    assert not rows["data.pair_column"].isVisible()
    importing.check()
    qtbot.waitUntil(lambda: shown(page) == str(path), timeout=WAIT_MS)
    assert page.opened.class_names == ()
    assert [part.texts for part in page.opened.splits] == [40, 10, 0]
    assert data_sets.find("Alone").data.label_column == "none"
    page.begin_import(str(table))
    qtbot.waitUntil(lambda: importing.preview is not None and importing.preview.path == str(table), timeout=WAIT_MS)
    assert rows["data.label_column"].text == "auto", "what was chosen for another file does not stay"


def test_parts_that_were_found_in_one_file_are_not_asked_for(qtbot, page, tmp_path):
    rows = [{"text": f"A text with the number {number}", "label": "ab"[number % 2]} for number in range(20)]
    path = tmp_path / "all.json"
    path.write_text(json.dumps({"train": rows, "dev": rows[:4], "test": rows[:2]}))
    page.begin_import(str(path))
    importing = page.importing
    qtbot.waitUntil(lambda: importing.preview is not None, timeout=WAIT_MS)
    assert "found: training, validation, test" in importing.facts.text()
    assert not importing.parts.isVisible()
    importing.check()
    qtbot.waitUntil(lambda: shown(page) == str(path), timeout=WAIT_MS)
    assert [part.texts for part in page.opened.splits] == [20, 4, 2]


def test_what_cannot_be_read_stays_in_the_form_with_its_line(qtbot, page, tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text("text,label\nfine,1\nalso fine,0\n" + "one,too,many\n" * 3)
    page.begin_import(str(path))
    qtbot.waitUntil(lambda: isinstance(page.importing.messages.card, ErrorCard), timeout=WAIT_MS)
    assert "line" in page.importing.messages.card.message.text()
    assert page.importing.path.text == str(path)
    page.importing.path.set_text(str(tmp_path / "nothing.csv"))
    assert "There is no nothing.csv" in page.importing.path.error
    assert not page.importing.add.isEnabled()


def test_a_check_that_is_stopped_can_be_asked_for_again(qtbot, page, table):
    page.begin_import(str(table))
    qtbot.waitUntil(lambda: page.importing.preview is not None, timeout=WAIT_MS)
    page.importing.check()
    assert not page.importing.add.isEnabled()
    page.importing.working.stop_wanted.emit()
    assert page.importing.add.isEnabled()
    page.importing.check()
    qtbot.waitUntil(lambda: shown(page) == str(table), timeout=WAIT_MS)


def test_another_file_that_is_chosen_during_the_check_takes_its_place(qtbot, page, table, tmp_path):
    other = tmp_path / "other.csv"
    other.write_bytes(table.read_bytes())
    page.begin_import(str(table))
    qtbot.waitUntil(lambda: page.importing.preview is not None, timeout=WAIT_MS)
    page.importing.check()
    page.importing.path.set_text(str(other))
    qtbot.waitUntil(lambda: page.importing.preview is not None, timeout=WAIT_MS)
    assert page.importing.path.text == str(other)
    page.importing.check()
    qtbot.waitUntil(lambda: shown(page) == str(other), timeout=WAIT_MS)
    assert [entry.one.data.path for entry in page.library.entries if entry.id != "sample"] == [str(other)]


def test_a_long_path_leaves_the_buttons_in_sight(qtbot, page, tmp_path):
    folder = tmp_path.joinpath(*["a rather long folder name of a project"] * 5)
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("text,label\n" + "fine,pos\nbad,neg\n" * 20)
    bring_in(qtbot, page, folder / "a.csv")
    assert page.minimumSizeHint().width() <= 860
    assert page.where.toolTip() == str(folder / "a.csv")


def test_a_long_class_name_moves_nothing_out_of_sight(qtbot, page, tmp_path):
    long = "Very satisfied customers who would come back to the restaurant again and again"
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "".join(f"fine {at},{long}\nbad {at},neg\n" for at in range(20)))
    page.resize(860, 640)
    bring_in(qtbot, page, path)
    card = page.overview.classes
    qtbot.waitUntil(lambda: card.isVisible() and 0 < card.minimumSizeHint().width() <= 520)
    name = next(one for one in card.findChildren(QLabel) if one.text() == long)
    assert name.toolTip() == long
    page.tabs.setCurrentWidget(page.texts)
    page.texts.search.line.setText("fine")
    qtbot.waitUntil(lambda: f"label {long}" in page.texts.title.text(), timeout=WAIT_MS)
    assert page.texts.title.toolTip() == page.texts.title.text()
    assert page.minimumSizeHint().width() <= 860


@pytest.mark.parametrize("typed", ["~nobody-of-that-name/data.csv", "x" * 5000, "a\0b"])
def test_a_path_that_no_disk_takes_is_told_in_words(page, typed):
    page.begin_import()
    page.importing.path.set_text(typed)
    assert page.importing.path.error.startswith("There is no ")
    assert len(page.importing.path.error) < 150
    assert archive_problem(typed) == file_problem(typed)


def test_texts_are_filtered_and_a_wrong_pattern_says_so_while_it_is_typed(qtbot, page, table):
    bring_in(qtbot, page, table)
    page.tabs.setCurrentWidget(page.texts)
    qtbot.waitUntil(lambda: page.texts.model.total == 303, timeout=WAIT_MS)
    page.texts.search.regex.setChecked(True)
    QTest.keyClicks(page.texts.search.line, "number 1[")
    assert page.texts.search.problem.isVisible()
    assert "at letter" in page.texts.search.problem.text()
    QTest.keyClicks(page.texts.search.line, "0]$")
    assert not page.texts.search.problem.isVisible()
    qtbot.waitUntil(lambda: page.texts.model.total == 1, timeout=WAIT_MS)
    assert rows_of(page) == ["A text with the number 10"]
    qtbot.waitUntil(lambda: "number 10" in page.texts.whole.toPlainText(), timeout=WAIT_MS)
    page.texts.show_only(empty=True)
    qtbot.waitUntil(lambda: rows_of(page) == ["(empty)"], timeout=WAIT_MS)


def test_a_class_without_a_validation_text_is_told(qtbot, page, tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("text,label\n" + "".join(f"text {row},{'bad' if row % 15 == 1 else 'ok'}\n" for row in range(40)))
    page.begin_import(str(path))
    qtbot.waitUntil(lambda: page.importing.preview is not None, timeout=WAIT_MS)
    page.importing.rows["data.split"].set_text("random")
    page.importing.check()
    qtbot.waitUntil(lambda: shown(page) == str(path), timeout=WAIT_MS)
    assert "No validation text is labelled bad." in [each.text() for each in page.overview.classes.findChildren(QLabel)]


def test_a_pattern_that_takes_too_long_is_stopped_and_the_next_one_is_answered(qtbot, page, table):
    table.write_text(table.read_text("cp1252") + "\n1;" + "a" * 90, "cp1252")
    bring_in(qtbot, page, table)
    page.tabs.setCurrentWidget(page.texts)
    page.texts.search.regex.setChecked(True)
    page.texts.search.line.setText("(?:a|aa){40}b")
    qtbot.waitUntil(page.texts.working.isVisible, timeout=WAIT_MS)
    page.texts.working.stop.click()
    assert "Stopped" in page.texts.counted.text()
    page.texts.search.line.setText("a{90}")
    qtbot.waitUntil(lambda: page.texts.model.total == 1, timeout=WAIT_MS)
    assert not page.texts.working.isVisible()


def test_a_page_far_down_is_fetched_when_it_is_in_sight(qtbot, page, table):
    bring_in(qtbot, page, table)
    page.tabs.setCurrentWidget(page.texts)
    model = page.texts.model
    qtbot.waitUntil(lambda: model.total == 303, timeout=WAIT_MS)
    assert model.known(302) is None
    page.texts.table.scrollToBottom()
    qtbot.waitUntil(lambda: model.known(302) is not None, timeout=WAIT_MS)


def labels_of(page):
    model = page.texts.model
    return {model.index(row, 2).data() for row in range(model.rowCount())}


@pytest.fixture
def corrected(tmp_path):
    """A file, and what it holds once its one odd label is put right."""
    path = tmp_path / "reviews.csv"
    rows = [f"Great {at},good\nDull {at},{'Bad' if at == 3 else 'bad'}\n" for at in range(8)]
    path.write_text("text,label\n" + "".join(rows))
    return path, path.read_text().replace(",Bad", ",bad")


def test_a_file_that_was_corrected_is_read_again_when_the_page_is_shown(qtbot, page, corrected):
    path, right = corrected
    bring_in(qtbot, page, path)
    page.texts.search.line.setText("Great")
    qtbot.waitUntil(lambda: page.texts.model.total == 8, timeout=WAIT_MS)
    page.hide()
    path.write_text(right)
    page.show()
    qtbot.waitUntil(lambda: page.opened is not None and page.opened.class_names == ("bad", "good"), timeout=WAIT_MS)
    assert page.texts.search.line.text() == "Great", "what was looked for stays"
    qtbot.waitUntil(lambda: page.texts.model.total == 8 and labels_of(page) == {"good"}, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: page.entry.one.classes == ("bad", "good"), timeout=WAIT_MS)


@pytest.mark.parametrize("tab", ["texts", "twins"])
def test_a_file_that_changes_under_the_page_never_puts_labels_under_the_names_of_before(qtbot, page, corrected, tab):
    path, right = corrected
    bring_in(qtbot, page, path)
    at_rest(qtbot, page)
    page.tabs.setCurrentWidget(getattr(page, tab))
    path.write_text(right)
    with qtbot.waitSignal(getattr(page, tab).data_changed, timeout=WAIT_MS):
        if tab == "texts":
            page.texts.search.line.setText("Great")
        else:
            page.twins.show_kind("duplicates")
    qtbot.waitUntil(lambda: page.opened is not None and page.opened.class_names == ("bad", "good"), timeout=WAIT_MS)
    page.texts.search.line.setText("Great")
    qtbot.waitUntil(lambda: page.texts.model.total == 8 and labels_of(page) == {"good"}, timeout=WAIT_MS)


def grow_as_it_is_read(qtbot, page, path, monkeypatch, opens):
    """Have a line written to the file after each reading of it; list in `opens` what was asked to be read."""
    opening, shown = page._opening.ask, page.overview.show_data

    def ask(command, *callbacks):
        opens.append(command)
        opening(command, *callbacks)

    def show_data(*opened):
        with path.open("a") as file:
            file.write("One more,good\n")
        shown(*opened)

    monkeypatch.setattr(page._opening, "ask", ask)
    monkeypatch.setattr(page.overview, "show_data", show_data)
    at_rest(qtbot, page)


def test_a_file_that_grows_while_it_is_read_is_read_again_once_and_then_said_to_keep_changing(
    qtbot, page, corrected, monkeypatch
):
    path, _ = corrected
    bring_in(qtbot, page, path)
    opens = []
    with monkeypatch.context() as growing:
        grow_as_it_is_read(qtbot, page, path, growing, opens)
        page.refresh()
        qtbot.waitUntil(lambda: page.notices.find("changing") is not None, timeout=WAIT_MS)
        qtbot.waitUntil(lambda: not page.library._background.busy, timeout=WAIT_MS)
    assert page.inside.currentWidget() is page.tabs
    assert len(opens) == 2
    own = page.entry.id
    page.choose("sample")
    assert page.notices.find("changing") is None, "it is not said of another data set"
    page.choose(own)
    qtbot.waitUntil(lambda: page.opened is not None, timeout=WAIT_MS)
    page._data_changed()
    page.notices.find("changing").action.click()
    assert page.notices.find("changing") is None
    qtbot.waitUntil(lambda: page.texts.model.total == 18, timeout=WAIT_MS)
    assert page.notices.find("changing") is None


def test_what_was_learnt_of_a_file_that_grows_does_not_have_it_read_again(qtbot, page, corrected, monkeypatch):
    path, _ = corrected
    bring_in(qtbot, page, path)
    opens = []
    for tab in (page.texts, page.twins):
        tab.data_changed.disconnect()
    grow_as_it_is_read(qtbot, page, path, monkeypatch, opens)
    with path.open("a") as file:
        file.write("One more,good\n")
    page.library.refresh()
    qtbot.waitUntil(lambda: page.entry.one.texts == 17, timeout=WAIT_MS)
    assert len(opens) == 1
    page.library.refresh()
    qtbot.waitUntil(lambda: page.entry.one.texts == 18, timeout=WAIT_MS)
    assert len(opens) == 2, "what changed meanwhile is seen by the next look at the page"


def test_a_file_whose_time_alone_changed_leaves_the_chosen_row_and_what_was_written(qtbot, page, table):
    bring_in(qtbot, page, table)
    texts = page.texts
    qtbot.waitUntil(lambda: texts.model.total == 303 and texts._text != "", timeout=WAIT_MS)
    texts.table.selectRow(57)
    qtbot.waitUntil(lambda: "row 57," in texts.title.toolTip(), timeout=WAIT_MS)
    page.seen.box.setPlainText("Written by hand")
    page.hide()
    os.utime(table, (1, 1))
    opened = page.opened
    page.show()
    qtbot.waitUntil(lambda: page.opened not in (None, opened), timeout=WAIT_MS)
    assert page.inside.currentWidget() is page.tabs
    qtbot.waitUntil(lambda: not texts._filtering.busy and not texts._looking.busy, timeout=WAIT_MS)
    assert texts.table.currentIndex().row() == 57
    assert "row 57," in texts.title.toolTip()
    assert page.seen.box.toPlainText() == "Written by hand"


def test_a_label_that_is_gone_from_the_file_has_it_read_again(qtbot, page, corrected):
    path, right = corrected
    bring_in(qtbot, page, path)
    texts = page.texts
    qtbot.waitUntil(lambda: texts.model.total == 16 and not page.library._background.busy, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: texts._text != "", timeout=WAIT_MS)
    path.write_text(right)
    texts.label.setCurrentIndex(texts.label.findData("Bad"))
    qtbot.waitUntil(lambda: page.opened is not None and page.opened.class_names == ("bad", "good"), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: texts.model.total == 16 and texts.counted.text() == "16 texts", timeout=WAIT_MS)
    assert texts.messages.card is None
    assert texts.label.findData("Bad") == -1


def test_data_that_are_read_again_are_not_asked_for_a_pattern_that_is_none(qtbot, page, corrected):
    path, right = corrected
    bring_in(qtbot, page, path)
    texts = page.texts
    qtbot.waitUntil(lambda: texts.model.total == 16, timeout=WAIT_MS)
    texts.search.regex.setChecked(True)
    texts.search.line.setText("(")
    path.write_text(right)
    page.refresh()
    qtbot.waitUntil(lambda: page.opened is not None and page.opened.class_names == ("bad", "good"), timeout=WAIT_MS)
    assert not texts._filtering.busy
    assert texts.messages.card is None
    assert texts.model.total == 0, "no row stands under the labels of before"
    texts.search.line.setText("(Great)")
    qtbot.waitUntil(lambda: texts.model.total == 8 and labels_of(page) == {"good"}, timeout=WAIT_MS)


def test_a_file_in_a_folder_that_changed_is_seen_too(qtbot, page, tmp_path, corrected):
    path, right = corrected
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("train.csv", "test.csv"):
        (folder / name).write_text(path.read_text())
    bring_in(qtbot, page, folder)
    page.hide()
    for name in ("train.csv", "test.csv"):
        (folder / name).write_text(right)
    page.show()
    qtbot.waitUntil(lambda: page.opened is not None and page.opened.class_names == ("bad", "good"), timeout=WAIT_MS)


def test_a_file_that_is_back_is_read(qtbot, page, table):
    bring_in(qtbot, page, table)
    page.hide()
    table.rename(table.with_suffix(".away"))
    page.show()
    qtbot.waitUntil(lambda: page.inside.currentWidget() is page.wrong, timeout=WAIT_MS)
    page.hide()
    table.with_suffix(".away").rename(table)
    page.show()
    qtbot.waitUntil(lambda: page.inside.currentWidget() is page.tabs, timeout=WAIT_MS)


def test_twins_show_both_rows(qtbot, page, table):
    bring_in(qtbot, page, table)
    page.tabs.setCurrentWidget(page.twins)
    total = {}
    for kind in ("leaks", "duplicates"):
        page.twins.show_kind(kind)
        qtbot.waitUntil(lambda: not page.twins._asking.busy, timeout=WAIT_MS)
        total[kind] = page.twins.model.total
        if total[kind]:
            assert page.twins.texts[0].toPlainText() == page.twins.texts[1].toPlainText() == "A text with the number 1"
        else:
            assert page.twins.empty.isVisible()
    assert sum(total.values()) == 1


def test_one_odd_text_is_told_as_one(qtbot, page, table):
    bring_in(qtbot, page, table)
    words = {one.text() for one in page.overview.known.findChildren(QLabel)}
    assert "1 text is empty." in words
    leaks = "1 validation text also stands in a part before it: it makes results look better."
    assert len(words & {"1 text stands more than once in its part.", leaks}) == 1


def test_the_share_that_is_cut_follows_the_length_at_once(qtbot, page):
    overview = page.overview
    qtbot.waitUntil(lambda: overview._counted is not None and page.cutting.length > 0, timeout=WAIT_MS)
    assert "No text is cut" in overview.cut.text()
    overview.row.number.setValue(20)
    assert "100.0 % of the texts are cut at 20 tokens" in overview.cut.text()
    assert overview.cut.text() in overview.histogram.accessibleName()


def test_a_text_is_shown_as_the_model_sees_it_with_what_is_cut(qtbot, page):
    qtbot.waitUntil(lambda: not page.texts._fresh, timeout=WAIT_MS)  # then its first text is in the box
    page.tabs.setCurrentWidget(page.seen)
    page.seen.show_text("one two three four five six seven eight nine ten", None)
    page.cutting.choose_length(8)
    qtbot.waitUntil(lambda: page.seen.packed is not None and page.seen.packed.length == 8, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: page.seen.packed.cut_tokens == 4, timeout=WAIT_MS)
    assert [cell.kind for cell in page.seen.flow.cells] == ["special", *["word"] * 6, "special", *["cut"] * 4]
    page.seen.flow.setFocus()
    QTest.keyClick(page.seen.flow, Qt.Key.Key_End)
    assert "Cut off: ▁ten" in page.seen.chosen.text()
    page.seen.row.cut.setCurrentIndex(page.seen.row.cut.findData("start"))
    qtbot.waitUntil(lambda: page.seen.packed.tokens[-2].piece == "▁ten", timeout=WAIT_MS)
    assert [cell.text for cell in page.seen.flow.cells[-4:]] == ["▁one", "▁two", "▁three", "▁four"]


def test_a_data_set_that_is_removed_comes_back_with_undo(qtbot, page, table):
    one = bring_in(qtbot, page, table)
    page.list.setFocus()
    QTest.keyClick(page.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: isinstance(page.notices.find("removed"), UndoCard), timeout=WAIT_MS)
    assert page.library.find(one.id) is None
    assert table.is_file()
    page.notices.find("removed").undo.click()
    qtbot.waitUntil(lambda: page.library.find(one.id) is not None, timeout=WAIT_MS)
    assert page.list.chosen == one.id


def test_a_file_that_moved_is_said_to_be_missing_and_can_be_found_again(qtbot, page, table):
    one = bring_in(qtbot, page, table)
    elsewhere = table.with_name("moved.csv")
    table.rename(elsewhere)
    page.refresh()
    qtbot.waitUntil(lambda: isinstance(page.trouble.card, ErrorCard), timeout=WAIT_MS)
    assert str(table) in page.trouble.card.message.text()
    assert not page.train.isEnabled()
    page.trouble.card.action.click()
    card = page.notices.find("relocate")
    assert isinstance(card, RelocateCard)
    card.field.set_text(str(elsewhere))
    card.use.click()
    qtbot.waitUntil(lambda: shown(page) == str(elsewhere), timeout=WAIT_MS)
    assert data_sets.find(one.id).data.path == str(elsewhere)


def test_a_data_set_is_renamed_with_the_keyboard(qtbot, page, table):
    one = bring_in(qtbot, page, table)
    page.list.setFocus()
    QTest.keyClick(page.list, Qt.Key.Key_F2)
    card = page.notices.find("rename")
    assert isinstance(card, RenameCard)
    card.edit.setText("Other films")
    QTest.keyClick(card.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.library.find(one.id).one.name == "Other films", timeout=WAIT_MS)


def test_a_download_that_fails_says_why_and_can_be_tried_again(qtbot, page):
    page.begin_import()
    card = page.importing.imdb
    card.url = "https://127.0.0.1:9/a.tar.gz"
    card.download.click()
    qtbot.waitUntil(lambda: isinstance(card.messages.card, ErrorCard), timeout=WAIT_MS)
    assert "127.0.0.1" in card.messages.card.message.text()
    assert card.download.isEnabled()


def test_the_chosen_data_set_is_handed_to_training(qtbot, page, table):
    one = bring_in(qtbot, page, table)
    with qtbot.waitSignal(page.train_wanted) as heard:
        page.start_button.click()
    assert heard.args[0].id == one.id


def test_a_worker_that_cannot_read_leaves_an_error_with_a_way_on(qtbot, page):
    page._failed(protocol.Failed("data.rows", "Line 7 has no closing quote.", "Mend it."))
    assert page.inside.currentWidget() is page.wrong
    page.trouble.card.action.click()
    qtbot.waitUntil(lambda: page.opened is not None, timeout=WAIT_MS)
    assert page.inside.currentWidget() is page.tabs
