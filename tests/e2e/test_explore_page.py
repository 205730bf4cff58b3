"""The Explore page, with a real worker process behind it."""

import json
import shutil
import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor

from fnet_studio.core import places
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.cards import ErrorCard
from fnet_studio.ui.explore.page import HINT, ExplorePage
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

WAIT_MS = 60_000


@pytest.fixture
def open_page(qtbot, qapp):
    """Opens the page; every worker that it started has ended when the test has."""
    supervisors = []

    def open_page(settings=None, engine="scripted", script=""):
        supervisor = Supervisor(local(engine, script))
        supervisors.append(supervisor)
        supervisor.start()
        page = ExplorePage(supervisor, ThemeSource(qapp, "light"), settings or Settings())
        qtbot.addWidget(page)
        page.resize(1180, 770)
        page.show()
        page.supervisor = supervisor
        return page

    yield open_page
    for supervisor in supervisors:
        supervisor.shutdown()


def answered(page):
    return bool(page.predictions.bars())


def shown(page, mask=0):
    return [row.prediction.text for row in page.predictions.bars()[mask].rows()]


def chip(page, text):
    return next(chip for chip in page.sentence.chips.chips() if chip.word.text == text)


def test_a_mask_that_is_written_otherwise_is_noticed(qtbot, open_page):
    page = open_page()
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    page.sentence.set_text("The [mask] is here.")
    qtbot.waitUntil(lambda: "Write [mask] as [MASK]" in page.sentence.note.text(), timeout=WAIT_MS)
    page.sentence.set_text("The [MASK] is here.")
    qtbot.waitUntil(lambda: answered(page) and "Write" not in page.sentence.note.text(), timeout=WAIT_MS)


def test_a_typed_mask_is_answered_with_words_and_maps_without_a_click(qtbot, open_page):
    page = open_page(Settings(sentence="The capital of France is [MASK]."))
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    assert shown(page)[0] == "Paris"
    assert len(shown(page)) == 10
    qtbot.waitUntil(lambda: bool(page.pictures.planes) and page.pictures.strip.isVisible(), timeout=WAIT_MS)
    assert page.pictures.planes[0].title == "Mixing map, layer 1 of 4"


def test_a_click_on_a_word_hides_it_and_the_original_is_ranked(qtbot, open_page):
    page = open_page(Settings(sentence="The film was great."))
    qtbot.waitUntil(lambda: page.predictions.words.text() == HINT, timeout=WAIT_MS)
    qtbot.mouseClick(chip(page, "great"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    assert "“great” stood there" in page.predictions.bars()[0]._original.text()
    assert any(row.prediction.original for row in page.predictions.bars()[0].rows())
    qtbot.mouseClick(chip(page, "great"), Qt.MouseButton.LeftButton)
    assert page.predictions.words.text() == HINT
    assert not answered(page)


def test_a_click_on_a_prediction_puts_the_word_in(qtbot, open_page):
    page = open_page(Settings(sentence="The capital of France is [MASK]."))
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    qtbot.mouseClick(page.predictions.bars()[0].rows()[1], Qt.MouseButton.LeftButton)
    assert page.sentence.box.toPlainText() == "The capital of France is Lyon."
    qtbot.waitUntil(lambda: page.predictions.words.text() == HINT, timeout=WAIT_MS)


def test_a_prediction_goes_to_where_its_mask_is_now_and_nowhere_once_it_is_filled(qtbot, open_page):
    page = open_page(Settings(sentence="I like [MASK] very much."))
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    answer = page.predictions.filled.answers[0]
    page.sentence.box.moveCursor(QTextCursor.MoveOperation.Start)
    qtbot.keyClicks(page.sentence.box, "Honestly, ")
    assert answered(page)  # the list of before stands until the next one comes
    page.predictions.chosen.emit(answer.position, answer.candidates[0])
    expected = f"Honestly, I like {answer.candidates[0].text} very much."
    assert page.sentence.box.toPlainText() == expected
    page.predictions.chosen.emit(answer.position, answer.candidates[1])
    assert page.sentence.box.toPlainText() == expected


def test_a_separator_parts_two_texts_and_a_third_one_is_refused_without_the_tokens_of_before(qtbot, open_page):
    page = open_page(Settings(sentence="It rained. [SEP] The street was wet."))
    qtbot.waitUntil(lambda: page.predictions.words.text() == HINT, timeout=WAIT_MS)
    special = [chip.word.text for chip in page.sentence.chips.chips() if chip.word.special]
    assert special == ["[CLS]", "[SEP]", "[SEP]"]
    qtbot.mouseClick(chip(page, "wet"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    assert "“wet” stood there" in page.predictions.bars()[0]._original.text()
    page.sentence.set_text("One. [SEP] Two. [SEP] Three.")
    qtbot.waitUntil(lambda: bool(page.findChildren(ErrorCard)), timeout=WAIT_MS)
    assert page.sentence.chips.chips() == []
    assert page.focus.tokenized is None
    page.sentence.set_text("One. [SEP] Two.")
    qtbot.waitUntil(lambda: len(page.sentence.chips.chips()) == 7, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not page.findChildren(ErrorCard), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(page.pictures.planes), timeout=WAIT_MS)


def test_the_whole_round_works_by_keyboard(qtbot, open_page):
    page = open_page(Settings(sentence="The film was great."))
    qtbot.waitUntil(lambda: len(page.sentence.chips.chips()) == 7, timeout=WAIT_MS)
    first = chip(page, "The")
    first.setFocus()
    for word in ("The", "film", "was"):
        qtbot.keyClick(chip(page, word), Qt.Key.Key_Right)
    qtbot.keyClick(chip(page, "great"), Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    rows = page.predictions.bars()[0].rows()
    best = rows[0].prediction.text
    rows[0].setFocus()
    qtbot.keyClick(rows[0], Qt.Key.Key_Return)
    assert page.sentence.text == f"The film was {best}."


def test_after_fast_typing_the_answer_is_for_the_last_text(qtbot, open_page):
    page = open_page(Settings(sentence="x"))
    qtbot.waitUntil(lambda: page.predictions.words.text() == HINT, timeout=WAIT_MS)
    page.sentence.box.selectAll()
    for letter in "The capital of Italy is [MASK].":
        qtbot.keyClick(page.sentence.box, letter)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    assert shown(page)[0] == "Rome"
    assert "".join(chip.word.text for chip in page.sentence.chips.chips()) == "[CLS]ThecapitalofItalyis.[SEP]"


def test_several_masks_are_answered_each_on_its_own(qtbot, open_page):
    page = open_page(Settings(sentence="The [MASK] of France is [MASK]."))
    qtbot.waitUntil(lambda: len(page.predictions.bars()) == 2, timeout=WAIT_MS)
    assert page.predictions.bars()[1]._title.text() == "Mask 2"


def test_the_number_of_predictions_can_be_chosen_and_is_remembered(qtbot, open_page):
    settings = Settings(sentence="The capital of France is [MASK].")
    page = open_page(settings)
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    page.predictions.top_k.setFocus()
    qtbot.keyClick(page.predictions.top_k, Qt.Key.Key_Home)
    page.predictions.top_k.activated.emit(page.predictions.top_k.currentIndex())
    qtbot.waitUntil(lambda: answered(page) and len(shown(page)) == 3, timeout=WAIT_MS)
    assert settings.top_k == 3


def test_a_text_that_is_too_long_is_said_and_struck_through_where_it_was_cut(qtbot, open_page):
    page = open_page(Settings(sentence="word " * 130 + "end"))
    qtbot.waitUntil(lambda: page.sentence.note.text().startswith("Too long"), timeout=WAIT_MS)
    assert "the last 5 were cut, from “word word word word end” on" in page.sentence.note.text()
    (mark,) = page.sentence.box.extraSelections()
    assert mark.cursor.selectedText() == "word word word word end"
    assert "… 5 tokens cut" in page.sentence.chips._tail.text()


def test_the_switch_of_zero_frequency_draws_the_maps_again(qtbot, open_page):
    page = open_page(Settings(sentence="The film was great."))
    qtbot.waitUntil(lambda: bool(page.pictures.planes), timeout=WAIT_MS)
    rows = page.pictures.planes[0].rows
    assert 0 not in rows.first
    page.pictures.controls.zero.click()
    qtbot.waitUntil(lambda: len(page.pictures.planes[0].rows) == len(rows) + 1, timeout=WAIT_MS)
    assert 0 in page.pictures.planes[0].rows.first


def test_a_preset_that_is_not_there_is_a_card_with_what_to_do_and_another_one_helps(qtbot, open_page, tmp_path):
    (tmp_path / "gone").mkdir()
    page = open_page(Settings(sentence="The film was [MASK].", preset=str(tmp_path / "gone")))
    (tmp_path / "gone").rmdir()
    qtbot.waitUntil(lambda: page.findChild(ErrorCard) is not None, timeout=WAIT_MS)
    assert "gone" in page.findChild(ErrorCard).message.text()
    page.choose_preset("fnet_mini_en")
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    assert page.messages.card is None


def test_a_killed_worker_leaves_the_sentence_and_the_next_one_answers_it(qtbot, open_page):
    page = open_page(Settings(sentence="The capital of France is [MASK]."))
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    page.sentence.set_text("The capital of Germany is [MASK].")
    page.supervisor.restart()
    qtbot.waitUntil(lambda: answered(page) and shown(page)[0] == "Berlin", timeout=WAIT_MS)


@pytest.mark.slow
def test_a_preset_without_a_head_gives_maps_and_a_reason_in_the_place_of_predictions(qtbot, open_page, tmp_path):
    preset = tmp_path / "no-head"
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", preset)
    for name in ("task.json", "task.weights.h5"):
        (preset / name).unlink()
    page = open_page(Settings(sentence="The film was [MASK].", preset=str(preset)), engine="jax")
    qtbot.waitUntil(lambda: "has no head" in page.predictions.words.text(), timeout=WAIT_MS)
    assert not answered(page)
    qtbot.waitUntil(lambda: bool(page.pictures.planes), timeout=WAIT_MS)


@pytest.mark.slow
def test_the_window_gives_the_answers_that_the_command_line_gives(qtbot, open_page):
    sentence = "The capital of France is [MASK]."
    command = [sys.executable, "-m", "fnet_studio", "fill-mask", sentence, "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    page = open_page(Settings(sentence=sentence), engine="jax")
    qtbot.waitUntil(lambda: answered(page), timeout=WAIT_MS)
    assert all(json.dumps(text.removeprefix("…")) in told for text in shown(page)[:5])
