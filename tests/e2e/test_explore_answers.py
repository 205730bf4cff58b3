"""What Explore offers beside plain predictions, in the page itself with a real worker process behind it."""

import csv
import json
import math

import pytest
from dropping import drop, files
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from workbooks import xlsx

from fnet_studio.core import places, protocol
from fnet_studio.core.history import History
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.explore.masked_text import MaskedText
from fnet_studio.ui.explore.page import ExplorePage
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

WAIT_MS = 60_000
TWO = "The [MASK] of France is [MASK]."


@pytest.fixture
def supervisor(qapp):
    it = Supervisor(local("scripted"))
    it.start()
    yield it
    it.shutdown()


@pytest.fixture
def open_page(qtbot, qapp, supervisor):
    def open_page(sentence):
        page = ExplorePage(supervisor, ThemeSource(qapp, "light"), Settings(sentence=sentence))
        qtbot.addWidget(page)
        page.resize(1180, 770)
        page.show()
        return page

    return open_page


@pytest.fixture
def answered(qtbot, open_page):
    def answered(sentence):
        page = open_page(sentence)
        qtbot.waitUntil(lambda: bool(page.predictions.bars()), timeout=WAIT_MS)
        return page

    return answered


def choose(box, value):
    """As a user does: the activated signal follows a choice, not a change from the program."""
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def labels(bars):
    return [row.prediction.text for row in bars.rows()]


def chip(page, text):
    return next(chip for chip in page.sentence.chips.chips() if chip.word.text == text)


def test_several_masks_can_be_answered_together_and_a_click_puts_all_of_them_in(qtbot, answered):
    page = answered(TWO)
    assert page.predictions.mode.isVisible()
    assert not page.predictions.beam.isVisible()
    choose(page.predictions.mode, "joint")
    qtbot.waitUntil(lambda: page.predictions.joint.isVisible(), timeout=WAIT_MS)
    assert page.predictions.beam.isVisible()
    figures = [float(row.prediction.shown.replace("−", "-")) for row in page.predictions.joint.rows()]
    assert figures == sorted(figures, reverse=True)
    first, second = labels(page.predictions.joint)[0].split(" · ")
    qtbot.mouseClick(page.predictions.joint.rows()[0], Qt.MouseButton.LeftButton)
    assert page.sentence.text == f"The {first} of France is {second}."


def test_one_mask_leaves_nothing_to_choose_between(answered):
    assert not answered("The capital of France is [MASK].").predictions.mode.isVisible()


def test_own_candidates_are_scored_as_they_are_typed_and_put_in_by_a_click(qtbot, answered):
    page = answered("The capital of France is [MASK].")
    page.answers.tabs.setCurrentIndex(1)
    score = page.answers.score
    qtbot.keyClicks(score.candidates, "Oslo, Lyon, New York,")
    qtbot.waitUntil(lambda: score.one.isVisible() and len(score.one.rows()) == 2, timeout=WAIT_MS)
    assert sorted(labels(score.one)) == ["Lyon", "Oslo"]
    assert labels(score.several) == ["New York"]
    assert "pseudo-log-likelihood" in score.several._title.text()
    head, rows, value = page.answers.table()
    assert len(rows) == len(value["candidates"]) == 3
    assert head[0] == "text"
    qtbot.mouseClick(score.several.rows()[0], Qt.MouseButton.LeftButton)
    assert page.sentence.text == "The capital of France is New York."


def test_without_a_mask_scoring_and_comparing_say_what_to_do_first(qtbot, open_page):
    page = open_page("Nothing is hidden.")
    for index, card in ((1, page.answers.score), (2, page.answers.compare)):
        page.answers.tabs.setCurrentIndex(index)
        qtbot.waitUntil(lambda card=card: "Hide a word" in card.words.text(), timeout=WAIT_MS)


def test_a_second_sentence_is_prefilled_and_its_differences_follow_typing(qtbot, answered):
    page = answered("The capital of France is [MASK].")
    compare = page.answers.compare
    page.answers.tabs.setCurrentIndex(2)
    assert compare.other.text() == "The capital of France is [MASK]."
    compare.other.clear()
    qtbot.keyClicks(compare.other, "The capital of Italy is [MASK].")
    qtbot.waitUntil(lambda: bool(compare.bars()), timeout=WAIT_MS)
    rows = {row._it.text: row for row in compare.bars()[0].rows()}
    assert rows["Paris"].figure.startswith("−")
    assert rows["Rome"].figure.startswith("+")
    assert "percentage points" in rows["Rome"].accessibleName()
    compare.other.clear()
    qtbot.keyClicks(compare.other, "[MASK] and [MASK].")
    qtbot.waitUntil(lambda: "cannot be paired" in compare.words.text(), timeout=WAIT_MS)


def test_the_second_sentence_has_a_mask_for_each_hidden_piece_of_a_word(qtbot, open_page):
    page = open_page("I don't know.")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    page.answers.tabs.setCurrentIndex(2)
    page.sentence.set_prompt(MaskedText("I don't know.", frozenset({(2, 5), (5, 6), (6, 7)})))
    compare = page.answers.compare
    qtbot.waitUntil(lambda: len(compare.bars()) == 3, timeout=WAIT_MS)
    assert compare.other.text() == "I [MASK][MASK][MASK] know."


def test_the_second_sentence_follows_the_first_until_it_is_typed_into(qtbot, answered):
    page = answered("The capital of France is [MASK].")
    page.answers.tabs.setCurrentIndex(2)
    compare = page.answers.compare
    page.sentence.set_text("A [MASK] and a [MASK].")
    qtbot.waitUntil(lambda: compare.other.text() == "A [MASK] and a [MASK].", timeout=WAIT_MS)
    compare.other.end(False)
    qtbot.keyClicks(compare.other, "!")
    page.sentence.set_text("Another [MASK].")
    qtbot.waitUntil(lambda: len(page.predictions.bars()) == 1, timeout=WAIT_MS)
    assert compare.other.text() == "A [MASK] and a [MASK].!"


def test_comparing_presets_says_when_there_is_no_second_one(qtbot, answered, monkeypatch, tmp_path):
    alone = places.bundled_presets() / "fnet_small_en"
    (tmp_path / "bundled").mkdir()
    (tmp_path / "bundled" / alone.name).symlink_to(alone, target_is_directory=True)
    monkeypatch.setattr(places, "bundled_presets", lambda: tmp_path / "bundled")
    page = answered("The capital of France is [MASK].")
    page.answers.tabs.setCurrentIndex(2)
    choose(page.answers.compare.what, "preset")
    qtbot.waitUntil(lambda: "no second preset" in page.answers.compare.words.text(), timeout=WAIT_MS)


def test_the_inspector_lists_every_token_its_place_the_padding_and_what_was_cut(qtbot, open_page):
    page = open_page("word " * 130 + "end")
    model = page.answers.tokens.model
    qtbot.waitUntil(lambda: len(model.rows) > 100, timeout=WAIT_MS)
    assert model.rows[0][1] == "[CLS]"
    assert model.rows[2][3:] == ("5–8", "word")
    assert model.rows[-1][0] == "cut"
    assert model.rows[-1][4].endswith("word end")
    page.sentence.set_text("Two words")
    qtbot.waitUntil(lambda: len(model.rows) == 5, timeout=WAIT_MS)
    assert model.rows[-1][4] == "124 × padding"


def test_a_token_pointed_at_in_the_inspector_is_marked_in_the_sentence_and_the_other_way(qtbot, answered):
    page = answered("The capital of France is [MASK].")
    page.answers.tabs.setCurrentIndex(3)
    page.answers.tokens.view.selectRow(4)
    assert chip(page, "France").linked
    chip(page, "capital").hovered.emit(2)
    assert not chip(page, "France").linked
    assert {index.row() for index in page.answers.tokens.view.selectionModel().selectedRows()} == {2}
    chip(page, "capital").setFocus(Qt.FocusReason.TabFocusReason)
    assert page.focus.token == 2


def test_the_surprise_of_each_word_is_under_it_in_figures_and_words(qtbot, open_page):
    page = open_page("The film was great.")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    page.sentence.surprise.click()
    qtbot.waitUntil(lambda: "Pseudo-log-likelihood" in page.sentence.note.text(), timeout=WAIT_MS)
    words = [word for word in page.sentence.chips.words if not word.special]
    assert all(math.isfinite(bits) and bits >= 0 for word in words for bits in word.surprise)
    assert "bits" in chip(page, "great").accessibleName()
    assert "Most surprising" in page.sentence.note.text()
    page.sentence.set_text("The film was great and long.")
    qtbot.waitUntil(lambda: len(page.sweep.tokens) == 7, timeout=WAIT_MS)
    page.sentence.surprise.click()
    assert all(word.surprise is None for word in page.sentence.chips.words)


def test_a_long_sweep_comes_in_parts_and_typing_ends_it(qtbot, open_page, supervisor, monkeypatch):
    page = open_page("word " * 60)
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    asked = []
    ask = supervisor.ask

    def listen(command, *rest, **named):
        asked.append(command)
        return ask(command, *rest, **named)

    monkeypatch.setattr(supervisor, "ask", listen)
    page.sentence.surprise.click()
    qtbot.waitUntil(lambda: len(page.sweep.tokens) == 60, timeout=WAIT_MS)
    parts = [len(command.positions) for command in asked if isinstance(command, protocol.Surprise)]
    assert sum(parts) == 60
    assert max(parts) == 16
    page.sentence.set_text("word " * 61)
    qtbot.waitUntil(lambda: 0 < len(page.sweep.tokens) < 61, timeout=WAIT_MS)
    page.sentence.set_text("Short.")
    qtbot.waitUntil(lambda: len(page.sweep.tokens) == 2, timeout=WAIT_MS)


def test_pieces_can_be_hidden_one_by_one(qtbot, open_page):
    page = open_page("don't stop")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    page.sentence.whole.click()
    assert all(len(word.positions) == 1 for word in page.sentence.chips.words)


def test_what_was_tried_is_remembered_on_disk_and_comes_back_with_its_masks(qtbot, answered):
    page = answered("The capital of France is [MASK].")
    qtbot.mouseClick(chip(page, "capital"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(page.predictions.bars()) == 2, timeout=WAIT_MS)
    page.history.fill()
    actions = {action.text(): action for action in page.history.menu().actions()}
    actions["Pin this sentence"].trigger()
    (kept,) = History().prompts
    assert kept.pinned
    assert kept.spans == ((4, 11),)
    page.sentence.set_text("Another one.")
    page.history.fill()
    (line,) = (action for action in page.history.menu().actions() if action.text().startswith("The [MASK] of"))
    line.trigger()
    qtbot.waitUntil(lambda: len(page.predictions.bars()) == 2, timeout=WAIT_MS)
    assert page.sentence.text == "The capital of France is [MASK]."


def test_an_answer_is_copied_and_saved_as_it_is_shown(qtbot, answered, tmp_path):
    page = answered("The capital of France is [MASK].")
    page.answers._copy_json()
    told = json.loads(QGuiApplication.clipboard().text())
    assert [item["text"] for item in told["masks"][0]["answers"]] == labels(page.predictions.bars()[0])
    page.answers.save_to(tmp_path / "a.csv", "csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["answer"] for row in rows] == labels(page.predictions.bars()[0])
    assert page.answers.said.text() == "Saved as a.csv"
    (tmp_path / "file").write_text("")
    page.answers.save_to(tmp_path / "file" / "b.csv", "csv")
    assert "could not be written" in page.messages.card.message.text()


def test_a_text_with_a_tab_and_a_line_break_is_copied_as_one_line_for_each_answer(qtbot, answered):
    page = answered("The capital of\tFrance\nis [MASK].")
    page.answers._copy_text()
    head, *lines = QGuiApplication.clipboard().text().split("\n")
    assert len(lines) == len(labels(page.predictions.bars()[0]))
    assert {line.count("\t") for line in (head, *lines)} == {8}
    assert lines[0].startswith("The capital of France is [MASK].\t1\t")


def test_a_file_of_sentences_becomes_a_table_that_can_be_saved(qtbot, open_page, tmp_path):
    (tmp_path / "s.txt").write_text("The capital of France is [MASK].\nNo gap.\n" * 20)
    page = open_page("x")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    page.from_file.click()
    assert page.batch.isVisible()
    page.batch.read(tmp_path / "s.txt")
    qtbot.waitUntil(lambda: len(page.batch.model.rows) == 40, timeout=WAIT_MS)
    assert "20 have no answer" in page.batch.line.text()
    page.batch.save_to(tmp_path / "out.json", "json")
    told = json.loads((tmp_path / "out.json").read_text())
    assert len(told) == 40
    assert told[0]["masks"][0]["answers"][0]["text"] == "Paris"
    assert "no mask" in told[1]["problem"]
    page.batch.read(tmp_path / "gone.txt")
    qtbot.waitUntil(lambda: page.batch.messages.card is not None, timeout=WAIT_MS)
    assert "gone.txt" in page.batch.messages.card.message.text()
    page.batch.close_button.click()
    assert not page.batch.isVisible()


def test_a_file_that_is_dropped_on_the_sentence_is_answered_and_not_written_there(qtbot, open_page, tmp_path):
    (tmp_path / "s.txt").write_text("The capital of France is [MASK].\n")
    page = open_page("x")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    assert not drop(page.sentence.box.viewport(), files(tmp_path))
    assert drop(page.sentence.box.viewport(), files(tmp_path / "s.txt"))
    assert page.from_file.isChecked()
    qtbot.waitUntil(lambda: len(page.batch.model.rows) == 1, timeout=WAIT_MS)
    assert page.sentence.text == "x"


def test_a_row_with_two_masks_shows_answers_of_both_and_says_which_sheet_was_read(qtbot, open_page, tmp_path):
    rows = [["text"], ["The [MASK] barked at the [MASK]."], ["No gap."]]
    xlsx(tmp_path / "s.xlsx", {"Mine": rows, "Other": rows})
    page = open_page("x")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    page.from_file.click()
    page.batch.read(tmp_path / "s.xlsx")
    model = page.batch.model
    qtbot.waitUntil(lambda: len(model.rows) == 2, timeout=WAIT_MS)
    cell = model.index(0, 2)
    shown = [mask.split(", ") for mask in cell.data().split("  |  ")]
    told = [mask.split(", ") for mask in cell.data(Qt.ItemDataRole.ToolTipRole).split("  |  ")]
    assert [len(mask) for mask in shown] == [3, 3]
    assert [len(mask) for mask in told] == [10, 10]
    assert [mask[:3] for mask in told] == shown
    assert "1 has no answer" in page.batch.line.text()
    assert "the sheet Mine was read, and not: Other" in page.batch.line.text()


def test_a_batch_that_is_stopped_keeps_what_was_answered(qtbot, open_page, tmp_path):
    (tmp_path / "s.txt").write_text("The [MASK].\n" * 2000)
    page = open_page("x")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    page.from_file.click()
    page.batch.read(tmp_path / "s.txt")
    qtbot.waitUntil(lambda: len(page.batch.model.rows) >= 16, timeout=WAIT_MS)
    page.batch.stop_button.click()
    known = len(page.batch.model.rows)
    assert known < 2000
    assert "Stopped" in page.batch.line.text()
    qtbot.wait(100)
    assert len(page.batch.model.rows) == known
    page.batch.save_to(tmp_path / "out.csv", "csv")
    assert (tmp_path / "out.csv").read_text().count("The [MASK].") == sum(
        len(answer.candidates) for row in page.batch.model.rows for answer in row.answers
    )


def test_a_file_is_answered_by_the_model_that_was_chosen_when_it_was_opened(
    qtbot, open_page, supervisor, monkeypatch, tmp_path
):
    (tmp_path / "s.txt").write_text("The [MASK].\n" * 200)
    page = open_page("x")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    asked, ask = [], supervisor.ask

    def listen(command, *rest, **more):
        asked.extend([command.preset] if isinstance(command, protocol.FillMany) else [])
        return ask(command, *rest, **more)

    monkeypatch.setattr(supervisor, "ask", listen)
    page.from_file.click()
    page.batch.read(tmp_path / "s.txt")
    qtbot.waitUntil(lambda: len(page.batch.model.rows) >= 16, timeout=WAIT_MS)
    page.choose_preset("fnet_mini_en")
    page.from_file.click()
    page.from_file.click()
    qtbot.waitUntil(lambda: len(page.batch.model.rows) == 200, timeout=WAIT_MS)
    assert set(asked) == {"fnet_small_en"}
    assert "answered by fnet_small_en" in page.batch.line.text()
    page.batch.read(tmp_path / "s.txt")
    qtbot.waitUntil(lambda: "answered by fnet_mini_en: 200 of 200" in page.batch.line.text(), timeout=WAIT_MS)
    assert set(asked) == {"fnet_small_en", "fnet_mini_en"}


def test_an_example_sets_everything_that_it_needs(qtbot, answered):
    page = answered("The capital of France is [MASK].")
    joint = next(example for example in page.examples.examples if example.mode == "joint")
    strip = next(example for example in page.examples.examples if example.surprise)
    page.show_example(joint)
    qtbot.waitUntil(lambda: page.predictions.joint.isVisible(), timeout=WAIT_MS)
    page.show_example(strip)
    qtbot.waitUntil(lambda: "Pseudo-log-likelihood" in page.sentence.note.text(), timeout=WAIT_MS)
    page.show_example(page.examples.examples[0])
    assert not page.sentence.surprise.isChecked()
    assert page.predictions.mode.currentData() == "independent"


def test_alternatives_stand_beside_each_other_and_can_be_sorted_and_saved(qtbot, open_page, tmp_path):
    page = open_page("The {capital|river} of {France|Spain} is [MASK].")
    card = page.alternatives
    qtbot.waitUntil(lambda: len(card.rows) == 4, timeout=WAIT_MS)
    assert card.isVisible()
    assert not page.answers.isVisible()
    heads = [card.table.horizontalHeaderItem(column).text() for column in range(card.table.columnCount())]
    assert [head.rstrip(" ▾") for head in heads] == [
        "Word", "capital, France", "capital, Spain", "river, France", "river, Spain"
    ]  # fmt: skip
    for at, row in enumerate(card.rows):
        best = row.answers[0].candidates[0]
        line = next(line for word, line in card.words() if word == best.text)
        assert line[at] == best.probability
    card.table.horizontalHeader().sectionClicked.emit(3)
    column = [values[2] or 0.0 for _, values in card.words()]
    assert column == sorted(column, reverse=True)
    assert card.table.item(0, 0).text() == card.rows[2].answers[0].candidates[0].text
    assert card.table.item(0, 3).font().bold()
    card.save_to(tmp_path / "a.csv", "csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["word"] for row in rows] == [word for word, _ in card.words()]
    assert "The river of Spain is [MASK]." in rows[0]
    card.save_to(tmp_path / "a.json", "json")
    assert [one["text"] for one in json.loads((tmp_path / "a.json").read_text())] == [one.text for one in card.variants]
    page.sentence.set_text("The capital of France is [MASK].")
    qtbot.waitUntil(lambda: bool(page.predictions.bars()), timeout=WAIT_MS)
    assert page.answers.isVisible()
    assert not card.isVisible()


def test_a_word_that_was_hidden_by_a_click_is_hidden_in_every_alternative(qtbot, open_page):
    page = open_page("The {capital|river} of France is Paris.")
    qtbot.waitUntil(lambda: page.focus.tokenized is not None, timeout=WAIT_MS)
    page.sentence.set_prompt(MaskedText(page.sentence.text, frozenset({(33, 38)})))
    qtbot.waitUntil(lambda: any(row.answers for row in page.alternatives.rows), timeout=WAIT_MS)
    assert [one.text for one in page.alternatives.variants] == [
        "The capital of France is [MASK].", "The river of France is [MASK]."
    ]  # fmt: skip


def test_alternatives_without_a_mask_and_too_many_of_them_say_what_to_do(qtbot, open_page):
    page = open_page("The {capital|river} of France.")
    card = page.alternatives
    qtbot.waitUntil(lambda: "Click a word above" in card.line.text(), timeout=WAIT_MS)
    assert not card.table.rowCount()
    assert not card.csv_button.isEnabled()
    page.sentence.set_text("{a|b}" * 6)
    qtbot.waitUntil(lambda: card.messages.isVisible(), timeout=WAIT_MS)
    assert "64 sentences" in card.messages.card.message.text()
    page.sentence.set_text("{a|b} [MASK]")
    qtbot.waitUntil(lambda: card.table.columnCount() == 3, timeout=WAIT_MS)
    assert not card.messages.isVisible()
    qtbot.waitUntil(lambda: len(card.rows) == 2, timeout=WAIT_MS)


def test_a_sentence_that_is_refused_leaves_no_alternatives_of_the_one_before(qtbot, open_page):
    page = open_page("The {capital|river} of France is [MASK].")
    card = page.alternatives
    qtbot.waitUntil(lambda: len(card.rows) == 2, timeout=WAIT_MS)
    page.sentence.set_text("The {a|b}. [SEP] Two. [SEP] Three [MASK].")
    qtbot.waitUntil(lambda: page.messages.card is not None, timeout=WAIT_MS)
    assert not card.table.rowCount()
    assert card.table.columnCount() == 1
    assert not card.csv_button.isEnabled()
    assert not card.line.text()
    page.sentence.set_text("The {a|b} of [MASK].")
    qtbot.waitUntil(lambda: len(card.rows) == 2, timeout=WAIT_MS)
