"""Runs on the Explore page: their models, with attention where there is some, and their steps to compare with."""

import numpy as np
import psutil
import pytest
from PySide6.QtCore import Qt

from fnet_studio.core import protocol, recipe, run_maps, run_store
from fnet_studio.core.run_models import name_of
from fnet_studio.core.run_store import RunWriter
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.explore.focus import NO_WORDS
from fnet_studio.ui.explore.page import ExplorePage
from fnet_studio.ui.explore.pictures.comparing import KEPT_MODEL
from fnet_studio.ui.explore.pictures.difference import binned
from fnet_studio.ui.explore.pictures.scene import Scene
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource

WAIT_MS = 60_000
PROBE = "A film that I will not forget."


def stored_run(mixer, layers, steps=(), maps=()):
    made = recipe.load(
        recipe.bundled("sample-quick"),
        {"model.mixer": mixer, "model.num_layers": str(layers), "observe.probe": PROBE},
    )
    writer = RunWriter.create(f"tried-{mixer}", recipe.to_mapping(made))
    (writer.folder / "model.safetensors").write_bytes(b"")
    for step in steps:
        (writer.folder / "checkpoints").mkdir(exist_ok=True)
        (writer.folder / "checkpoints" / f"{step:08d}.safetensors").write_bytes(b"")
    for step in maps:
        (writer.folder / "maps").mkdir(exist_ok=True)
        axes = run_maps.MapAxes(keep_zero=False)
        run_maps.keep(writer.folder, step, np.full((layers, 64, 64), step / 1000), axes)
    writer.finish("finished")
    return writer.record.id


@pytest.fixture
def open_page(qtbot, qapp):
    opened = []

    def open_page(preset):
        supervisor = Supervisor(local("scripted", ""))
        opened.append(supervisor)
        supervisor.start()
        page = ExplorePage(supervisor, ThemeSource(qapp, "light"), Settings(sentence=PROBE, preset=preset))
        qtbot.addWidget(page)
        page.resize(1180, 770)
        page.show()
        qtbot.waitUntil(lambda: bool(page.pictures.planes) and not page.pictures.answers.busy, timeout=WAIT_MS)
        return page

    yield open_page
    for supervisor in opened:
        supervisor.shutdown()


def test_a_fine_tuned_run_is_called_by_its_name_and_its_classes_and_nothing_asks_it_for_words(qtbot, open_page):
    made = recipe.load(recipe.bundled("finetune"), {"name": "reviews"})
    writer = RunWriter.create("reviews", recipe.to_mapping(made))
    (writer.folder / "preset").mkdir()
    (writer.folder / "preset/config.json").write_bytes(b"")
    writer.finish("finished")
    page = open_page(name_of(writer.record.id))
    assert page.predictions.words.text() == (
        "reviews is a classifier (negative, positive): it knows classes, not words. Its pictures are real. To see its "
        "classes: Runs page, Try it."
    )
    page.sentence.set_text("A [MASK] film.")
    for tab, card in ((1, page.answers.score), (2, page.answers.compare)):
        page.answers.tabs.setCurrentIndex(tab)
        qtbot.waitUntil(lambda card=card: card.words.text() == NO_WORDS, timeout=WAIT_MS)
    page.pictures.lessons.menu().actions()[0].trigger()
    qtbot.waitUntil(lambda: page.pictures.text.toPlainText().startswith(NO_WORDS), timeout=WAIT_MS)
    page.choose_preset("fnet_mini_en")
    qtbot.waitUntil(lambda: bool(page.predictions.bars()), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: NO_WORDS not in page.pictures.text.toPlainText(), timeout=WAIT_MS)
    page.sentence.set_text("A film.")
    page.answers.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "Hide a word first" in page.answers.score.words.text(), timeout=WAIT_MS)


def test_a_transformers_run_shows_its_attention_where_fnet_shows_its_mixing(qtbot, open_page):
    run = stored_run("attention", 3)
    page = open_page(name_of(run))
    card = page.pictures
    assert card.tabs.tabText(0) == "Attention"
    plane = card.planes[0]
    assert plane.title == "Attention, layer 1 of 3, mean of 2 heads"
    assert plane.values.shape == (len(page.focus.tokenized.tokens), len(page.focus.tokenized.tokens))
    np.testing.assert_allclose(plane.values.sum(1), 1, rtol=1e-5)
    assert card.strip.isVisible()
    assert "classifier" in page.answers.predictions.words.text()
    card.controls.options.head = 1
    card.controls.changed.emit()
    qtbot.waitUntil(lambda: card.planes[0].title.endswith("head 2 of 2"), timeout=WAIT_MS)
    assert np.abs(card.planes[0].values - plane.values).max() > 0
    card.strip.setFocus()
    qtbot.keyClick(card.strip, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: "layer 2 of 3" in card.planes[0].title, timeout=WAIT_MS)
    card.about.click()
    assert "softmax" in card.text.toPlainText()
    card.show_kind("ablation")
    qtbot.waitUntil(lambda: "no frequencies to drop" in card.words.text(), timeout=WAIT_MS)
    assert not card.answers.busy
    assert run in page.preset


def test_a_hybrids_tab_shows_what_each_layer_does(qtbot, open_page):
    page = open_page(name_of(stored_run("hybrid", 3)))
    card = page.pictures
    assert card.tabs.tabText(0) == "Mixing"
    assert card.planes[0].title == "Mixing map, layer 1 of 3"
    card.controls.choose_layer(2)
    qtbot.waitUntil(
        lambda: bool(card.planes) and card.planes[0].title.startswith("Attention, layer 3"), timeout=WAIT_MS
    )
    assert card.tabs.tabText(0) == "Attention"


def test_a_picture_is_compared_with_steps_of_a_run(qtbot, open_page):
    run = stored_run("fourier", 4, steps=(16, 32), maps=(8, 16, 32))
    page = open_page("fnet_mini_en")
    card, comparing = page.pictures, page.pictures.comparing
    comparing.what.activated.emit(2)
    comparing.what.setCurrentIndex(2)
    qtbot.waitUntil(lambda: comparing.step.count() == 4, timeout=WAIT_MS)
    steps = [comparing.step.itemText(at) for at in range(4)]
    assert steps == ["step 8 · maps", "step 16 · model", "step 32 · model", "kept model"]
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].signed, timeout=WAIT_MS)
    kept = card.planes[0]
    assert kept.values.shape == (64, 64)
    assert "step 8 of the run" in card.line.text()
    assert PROBE in card.line.text()
    maps = card.answers.get(binned(card.kind, Scene.of(page.focus), comparing)[0]).arrays["maps"]
    np.testing.assert_allclose(kept.values, maps[0] - np.float32(np.float16(0.008)), atol=1e-6)
    assert not comparing.probe.isVisible()
    page.sentence.set_text("Another sentence.")
    qtbot.waitUntil(comparing.probe.isVisible, timeout=WAIT_MS)
    qtbot.mouseClick(comparing.probe, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.focus.text == PROBE and not comparing.probe.isVisible(), timeout=WAIT_MS)
    card.show_kind("share")
    qtbot.waitUntil(lambda: "kept its mixing maps alone" in card.words.text(), timeout=WAIT_MS)
    asked = []
    page._supervisor.message.connect(lambda envelope, _: asked.append(envelope))
    comparing.step.setCurrentIndex(1)
    comparing.step.activated.emit(1)
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].signed, timeout=WAIT_MS)
    assert name_of(run, 16) in card.line.text()
    comparing.step.setCurrentIndex(comparing.step.findData(KEPT_MODEL))
    comparing.step.activated.emit(3)
    qtbot.waitUntil(lambda: f"run:{run}" in card.line.text() and "@" not in card.line.text(), timeout=WAIT_MS)


def test_a_run_that_keeps_another_model_is_asked_anew_whether_looked_at_or_compared_with(qtbot, open_page, monkeypatch):
    run, other = stored_run("fourier", 4), stored_run("fourier", 4)
    page = open_page(name_of(run))
    card, asked, ask = page.pictures, [], page._supervisor.ask
    monkeypatch.setattr(
        page._supervisor, "ask", lambda command, *rest, **more: (asked.append(command), ask(command, *rest, **more))[1]
    )

    def keeps(id):
        saved = protocol.Saved(16, str(run_store.folder(id) / "model.safetensors"))
        page._supervisor.message.emit(protocol.Envelope(1, 0, saved, reply_to=1000), b"")

    keeps(other)
    assert not card.answers.busy
    assert card.planes
    keeps(run)
    qtbot.waitUntil(lambda: bool(card.planes) and not card.answers.busy, timeout=WAIT_MS)
    questions = [command for command in asked if isinstance(command, protocol.Measure)]
    assert {question.preset for question in questions} == {name_of(run)}
    card.comparing.compare_with_step(other, KEPT_MODEL)
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].signed, timeout=WAIT_MS)
    asked.clear()
    keeps(other)
    qtbot.waitUntil(lambda: bool(card.planes) and not card.answers.busy, timeout=WAIT_MS)
    assert any(isinstance(command, protocol.Measure) and command.preset == name_of(other) for command in asked)


def compare_with_maps(qtbot, card, run, step):
    card.comparing.compare_with_step(run, step)
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].signed, timeout=WAIT_MS)


def test_kept_maps_of_a_mixing_by_matrices_are_by_position_and_hidden_unit(qtbot, open_page):
    run = stored_run("linear", 2, maps=(8,))
    page = open_page(name_of(run))
    card = page.pictures
    compare_with_maps(qtbot, card, run, 8)
    plane = card.planes[0]
    assert (plane.rows.label, plane.columns.label) == ("position", "hidden unit")
    assert plane.quantity == "difference of log(1 + |M|), the largest of each bin"
    assert plane.columns.last[-1] == page.focus.loaded.hidden_dim - 1


def test_maps_that_cannot_be_read_are_forgotten_with_another_step(qtbot, open_page):
    run = stored_run("fourier", 4, steps=(16,), maps=(8,))
    (run_store.folder(run) / "maps" / "00000008.npy").write_bytes(b"x")
    card = open_page("fnet_mini_en").pictures
    card.comparing.compare_with_step(run, 8)
    qtbot.waitUntil(lambda: "cannot be read" in card.words.text(), timeout=WAIT_MS)
    card.comparing.step.setCurrentIndex(1)
    card.comparing.step.activated.emit(1)
    qtbot.waitUntil(lambda: bool(card.planes) and card.planes[0].signed, timeout=WAIT_MS)


def test_switches_that_kept_maps_cannot_follow_are_off_and_say_why(qtbot, open_page):
    run = stored_run("fourier", 4, steps=(16,), maps=(8,))
    page = open_page("fnet_mini_en")
    card, controls = page.pictures, page.pictures.controls
    tip = controls.signed.toolTip()
    compare_with_maps(qtbot, card, run, 8)
    for switch in (controls.signed, controls.zero, controls.pads, controls.head[1]):
        assert not switch.isEnabled()
        assert "kept its maps in one way alone" in switch.toolTip()
    card.comparing.compare_with_step(run, 16)
    qtbot.waitUntil(controls.signed.isEnabled, timeout=WAIT_MS)
    assert controls.signed.toolTip() == tip


def test_what_a_smaller_model_lacks_is_not_left_chosen(qtbot, open_page):
    smaller = stored_run("fourier", 2)
    page = open_page("fnet_mini_en")
    card = page.pictures
    controls, options = card.controls, card.controls.options
    options.layer, options.into_layer, options.changed_layer = 3, 2, 3
    page.choose_preset(name_of(smaller))
    qtbot.waitUntil(lambda: bool(card.planes) and "layer 2 of 2" in card.planes[0].title, timeout=WAIT_MS)
    for kind, choice, words in (
        ("influence", controls.into_layer, "up to layer 2 of 2"),
        ("swap", controls.changed_layer, "in layer 2 of 2"),
    ):
        card.show_kind(kind)
        qtbot.waitUntil(lambda: bool(card.planes) and not card.answers.busy, timeout=WAIT_MS)
        assert choice[1].currentText() == "2"
        assert words in card.shown.caption


def test_measuring_can_be_stopped_and_begun_again(qtbot, open_page):
    page = open_page("fnet_mini_en")
    card = page.pictures
    card._progressed("Compiling for this device …")
    assert card.stop.isVisible()
    assert card.line.text() == "Compiling for this device …"
    qtbot.mouseClick(card.stop, Qt.MouseButton.LeftButton)
    assert card.words.text().startswith("Stopped.")
    assert card.again.isVisible()
    assert not card.stop.isVisible()
    qtbot.keyClick(card.again, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(card.planes), timeout=WAIT_MS)
    assert not card.again.isVisible()


def test_compiling_is_said_in_the_place_of_predictions_and_can_be_stopped(qtbot, open_page):
    page = open_page("fnet_mini_en")
    worker = psutil.Process(page._supervisor.pid)
    worker.suspend()  # or its answer is there before one has looked
    page.sentence.set_text("The capital of France is [MASK].")
    qtbot.waitUntil(lambda: page._words.id != 0, timeout=WAIT_MS)
    page._heard(protocol.Envelope(1, 0, protocol.Phase("compiling"), reply_to=page._words.id), b"")
    assert page.answers.said.text() == "Compiling for this device …"
    qtbot.mouseClick(page.answers.stop, Qt.MouseButton.LeftButton)
    worker.resume()
    assert "Stopped." in page.predictions.words.text()
    assert not page.answers.stop.isVisible()
