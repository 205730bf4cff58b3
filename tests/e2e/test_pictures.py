"""The pictures of the Explore page, with a worker process behind them."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu

from fnet_studio.core import protocol
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.explore.page import ExplorePage
from fnet_studio.ui.explore.pictures.kinds import KINDS
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

WAIT_MS = 60_000
SENTENCE = "The capital of France is [MASK]."


@pytest.fixture
def page(qtbot, qapp):
    supervisor = Supervisor(local("scripted", ""))
    supervisor.start()
    page = ExplorePage(supervisor, ThemeSource(qapp, "light"), Settings(sentence=SENTENCE))
    qtbot.addWidget(page)
    page.resize(1180, 770)
    page.show()
    qtbot.waitUntil(lambda: bool(page.pictures.planes) and not page.pictures.answers.busy, timeout=WAIT_MS)
    yield page
    supervisor.shutdown()


def open_picture(qtbot, page, key):
    card = page.pictures
    card.show_kind(key)
    qtbot.waitUntil(lambda: bool(card.planes) and not card.answers.busy, timeout=WAIT_MS)
    return card


def compare_with(qtbot, card, index):
    """By the keyboard: 0 nothing, 1 what is shown now, 2 a training step."""
    box = card.comparing.what
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Home)
    for _ in range(index):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    box.activated.emit(index)  # as the platform does where the list is not open


def test_every_tab_shows_a_picture_with_words_on_its_axes_and_numbers_under_the_pointer(qtbot, page):
    for kind in KINDS:
        card = open_picture(qtbot, page, kind.key)
        shown = [view for view in card.views if view.isVisible()]
        assert len(shown) == len(card.planes) >= 1
        for view, plane in zip(shown, card.planes):
            assert plane.rows.label
            assert plane.columns.label
            assert plane.quantity
            frame = view._frame()
            wanted = plane.words_at(*view.cell_at(frame.picture.center().toPoint().toPointF()))
            qtbot.mouseMove(view, frame.picture.center().toPoint())
            qtbot.waitUntil(lambda card=card, wanted=wanted: card.line.text() == wanted, timeout=5000)
        assert card.is_not.text().startswith("It is not")


def test_a_token_pointed_at_in_a_picture_is_marked_in_the_sentence_and_in_the_other_picture(qtbot, page):
    card = open_picture(qtbot, page, "influence")
    first, second = card.views
    qtbot.mouseMove(first, first._frame().box(2, 4).center().toPoint())
    qtbot.waitUntil(lambda: page.focus.token == 4, timeout=5000)
    assert second._token == 4
    assert [chip.word.text for chip in page.sentence.chips.chips() if chip.linked] == ["France"]
    before = second.grab().toImage()
    page.focus.point_at(-1)
    assert second.grab().toImage() != before, "the mark can be seen"


def test_the_mixing_map_shows_the_exact_layer_that_the_strip_chooses(qtbot, page):
    card = page.pictures
    loaded = page.focus.loaded
    assert card.planes[0].values.shape == (loaded.sequence_length - 1, loaded.hidden_dim - 1)
    card.strip.setFocus()
    qtbot.keyClick(card.strip, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: "layer 2" in card.planes[0].title, timeout=WAIT_MS)
    card.controls.signed.click()
    qtbot.waitUntil(lambda: card.planes[0].signed, timeout=WAIT_MS)


def test_signed_layers_share_one_range_where_it_is_asked_for(qtbot, page):
    card = open_picture(qtbot, page, "mixing")
    card.controls.own_scale.click()
    card.controls.signed.click()
    found = []
    for layer in (0, 1):
        card.controls.choose_layer(layer)
        qtbot.waitUntil(
            lambda layer=layer: card.planes[0].signed and f"layer {layer + 1} " in card.planes[0].title,
            timeout=WAIT_MS,
        )
        found.append(card.planes[0].levels(card.scale))
    assert found[0] == found[1]
    assert card.planes[0].limits == found[0], "that of all layers, not what this one happens to have"
    assert {card.shown.planes[0].levels()} == set(found), "and so it is exported"


def test_switches_without_effect_on_a_difference_cannot_be_pressed_and_say_why(qtbot, page):
    card = open_picture(qtbot, page, "mixing")
    compare_with(qtbot, card, 1)
    page.sentence.set_text("The capital of Italy is [MASK].")
    qtbot.waitUntil(lambda: card.planes and card.planes[0].quantity.startswith("difference"), timeout=WAIT_MS)
    assert not card.controls.own_scale.isEnabled()
    assert "Compare" in card.controls.own_scale.toolTip()
    open_picture(qtbot, page, "spectrum")
    assert not card.controls.log.isEnabled()
    assert "Compare" in card.controls.log.toolTip()
    assert card.controls.own_scale.isEnabled()
    compare_with(qtbot, card, 0)
    qtbot.waitUntil(card.controls.log.isEnabled, timeout=WAIT_MS)
    assert "Compare" not in card.controls.log.toolTip()


def test_comparing_shows_the_signed_difference_to_the_remembered_sentence(qtbot, page):
    card = open_picture(qtbot, page, "share")
    before = card.planes[0].values
    compare_with(qtbot, card, 1)
    page.sentence.set_text("The capital of Italy is [MASK].")
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].signed, timeout=WAIT_MS)
    difference = card.planes[0].values
    compare_with(qtbot, card, 0)
    qtbot.waitUntil(lambda: bool(card.planes) and not card.planes[0].signed, timeout=WAIT_MS)
    np.testing.assert_allclose(card.planes[0].values - before, difference, atol=1e-6)


def test_sentences_of_other_lengths_cannot_be_compared_by_position_and_the_card_says_so(qtbot, page):
    card = open_picture(qtbot, page, "influence")
    compare_with(qtbot, card, 1)
    page.sentence.set_text("A much longer sentence than the other [MASK] was.")
    qtbot.waitUntil(lambda: "as many tokens" in card.words.text(), timeout=WAIT_MS)
    assert card.words.isVisible()


@pytest.mark.parametrize("kind", ["lens", "padding", "ablation", "swap"])
def test_of_two_sentences_words_the_common_ones_are_compared(qtbot, page, kind):
    card = open_picture(qtbot, page, kind)
    before = card.planes[0]
    compare_with(qtbot, card, 1)
    page.sentence.set_text("The capital of Italy is [MASK].")
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].signed, timeout=WAIT_MS)
    difference = card.planes[0]
    compare_with(qtbot, card, 0)
    qtbot.waitUntil(lambda: bool(card.planes) and not card.planes[0].signed, timeout=WAIT_MS)
    now = card.planes[0]
    common = tuple(word for word in now.rows.names if word in before.rows.names)
    assert set(now.rows.names) != set(before.rows.names)
    assert difference.rows.names == common != ()
    for row, word in enumerate(common):
        wanted = now.values[now.rows.names.index(word)] - before.values[before.rows.names.index(word)]
        np.testing.assert_allclose(difference.values[row], wanted, atol=1e-6)


def test_a_lens_without_a_mask_says_what_to_do(qtbot, page):
    card = open_picture(qtbot, page, "lens")
    page.sentence.set_text("No word is hidden here.")
    qtbot.waitUntil(lambda: "Click a word to hide it" in card.words.text(), timeout=WAIT_MS)
    assert not card.export.isEnabled()


def test_the_band_moves_the_prediction_with_the_keyboard_alone(qtbot, page):
    card = open_picture(qtbot, page, "ablation")
    before = card.planes[0].values
    asked = []
    page._supervisor.message.connect(lambda envelope, _: asked.append(envelope.body))
    card.controls.high.setFocus()
    for _ in range(3):
        qtbot.keyClick(card.controls.high, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: any(isinstance(body, protocol.Done) for body in asked), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not card.answers.busy, timeout=WAIT_MS)
    assert card.controls.band.text() == "0 to 3 cycles"
    assert card.planes[0].values is not before


def test_a_click_on_a_token_puts_the_impulse_there(qtbot, page):
    card = open_picture(qtbot, page, "impulse")
    view = card.views[0]
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view._frame().box(1, 4).center().toPoint())
    qtbot.waitUntil(lambda: "“France”" in card.planes[0].title, timeout=WAIT_MS)


def test_f1_explains_the_picture_that_is_shown(qtbot, page):
    card = open_picture(qtbot, page, "padding")
    with qtbot.waitActive(page, timeout=WAIT_MS):
        page.activateWindow()
    card.views[0].setFocus()
    qtbot.keyClick(card.views[0], Qt.Key.Key_F1)
    qtbot.waitUntil(card.text.isVisible, timeout=WAIT_MS)
    assert "Padding sensitivity" in card.text.toPlainText()
    card.show_kind("share")
    assert "Mixing share" in card.text.toPlainText()


def test_a_lesson_sets_up_its_sentence_and_its_picture(qtbot, page):
    card = page.pictures
    menu = card.lessons.menu()
    assert isinstance(menu, QMenu)
    next(action for action in menu.actions() if action.text() == "Which layer decides").trigger()
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].title == "Layer lens", timeout=WAIT_MS)
    assert page.sentence.text == "The film was so [MASK] that I fell asleep."
    assert "Which layer decides" in card.text.toPlainText()


def begin_lesson(card, title):
    next(action for action in card.lessons.menu().actions() if action.text() == title).trigger()


def test_a_lesson_stays_while_its_steps_lead_to_other_sentences_and_pictures(qtbot, page):
    card = page.pictures
    begin_lesson(card, "Which layer decides")
    page.sentence.set_text("The film was so [MASK] that I watched it twice.")
    qtbot.waitUntil(lambda: page.focus.text.endswith("watched it twice."), timeout=WAIT_MS)
    assert "Which layer decides" in card.text.toPlainText()
    card.show_kind("ablation")
    assert "Which layer decides" in card.text.toPlainText()
    assert "Spectral ablation" in card.text.toPlainText()
    begin_lesson(card, "Why padding matters")
    assert "Which layer decides" not in card.text.toPlainText()
    page.show_example(page.examples.examples[0])
    assert "Why padding matters" not in card.text.toPlainText()
    begin_lesson(card, "Why padding matters")
    card.about.click()
    card.about.click()
    assert card.text.isVisible()
    assert "Why padding matters" not in card.text.toPlainText()


def test_a_lesson_begins_with_nothing_of_what_was_chosen_before(qtbot, page):
    card = open_picture(qtbot, page, "ablation")
    card.controls.changed_layer[1].setCurrentIndex(3)
    card.controls.changed_layer[1].activated.emit(3)
    card.controls.high.setValue(20)
    compare_with(qtbot, card, 1)
    begin_lesson(card, "What the zero frequency does")
    qtbot.waitUntil(
        lambda: bool(card.planes) and "frequency 0 dropped in all layers" in card.shown.caption, timeout=WAIT_MS
    )
    assert not card.comparing.on
    assert card.controls.band.text() == "0 cycles"
    assert card.controls.changed_layer[1].currentText() == "all layers"


def test_the_picture_and_its_numbers_can_be_copied(qtbot, page):
    card = open_picture(qtbot, page, "lens")
    card.export.copy_numbers()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[1].split("\t")[1:] == ["in", "1", "2", "3", "4"]
    assert float(lines[2].split("\t")[1]) == card.planes[0].values[0, 0]
    card.export.copy_image()
    assert QGuiApplication.clipboard().image().width() > 1000


def test_what_is_exported_has_the_caption_of_its_own_sentence_while_the_next_picture_is_under_way(
    qtbot, page, tmp_path
):
    card, focus = open_picture(qtbot, page, "share"), page.focus
    focus.show_sentence(focus.loaded, "Another sentence.", (), focus.tokenized)
    card.export.export_to(tmp_path / "a.csv")
    first = (tmp_path / "a.csv").read_text().splitlines()[0]
    assert SENTENCE in first
    assert "Another sentence" not in first


def test_a_picture_is_exported_in_the_colours_that_all_layers_share(qtbot, page):
    card = page.pictures
    card.export.copy_image()
    own = QGuiApplication.clipboard().image()
    card.controls.own_scale.click()
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].limits is not None, timeout=WAIT_MS)
    card.export.copy_image()
    assert QGuiApplication.clipboard().image() != own


def test_an_exported_caption_says_what_was_measured(qtbot, page):
    card, options = open_picture(qtbot, page, "ablation"), page.pictures.controls.options
    options.changed_layer, options.low, options.high = 1, 3, 10
    card.look()
    qtbot.waitUntil(lambda: "frequencies 3 to 10 dropped in layer 2 of 4" in card.shown.caption, timeout=WAIT_MS)
    assert "in layer 2 of 4" in open_picture(qtbot, page, "swap").shown.caption
    options.into_layer, options.directions = 2, 16
    caption = open_picture(qtbot, page, "influence").shown.caption
    assert "up to layer 3 of 4, estimated by 16 random directions" in caption


def test_zooming_keeps_the_cell_under_the_pointer_and_a_double_click_shows_all(qtbot, page):
    view = page.pictures.views[0]
    whole = view.window_cells
    spot = QPointF(view._frame().picture.center().x() + 40, view._frame().picture.center().y())
    cell = view.cell_at(spot)
    view._zoom(0.5, cell)
    assert view.window_cells.width() < whole.width()
    found = view.cell_at(spot)
    assert max(abs(found[0] - cell[0]), abs(found[1] - cell[1])) <= 1
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton)
    assert view.window_cells == whole


def test_a_worker_that_is_restarted_is_asked_again(qtbot, page):
    card = open_picture(qtbot, page, "spectrum")
    page._supervisor.restart()
    qtbot.waitUntil(lambda: not card.planes, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(card.planes), timeout=WAIT_MS)
