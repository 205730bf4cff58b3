"""What can be done with a run from the Train page, with a real worker process behind it."""

import shlex

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from fnet_studio.cli.main import parser
from fnet_studio.cli.train import recipe_of
from fnet_studio.core import queue, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train import queue_runner
from fnet_studio.ui.train.failure_cards import NextStepsCard
from fnet_studio.ui.train.page import TrainPage
from fnet_studio.ui.train.plan_card import PlanCard

WAIT_MS = 60_000


@pytest.fixture
def open_page(qtbot, qapp):
    supervisors = []

    def open_page(script="steps=60,rate=0", epochs="2", engine="scripted"):
        supervisor = Supervisor(local(engine, script))
        supervisors.append(supervisor)
        supervisor.start()
        page = TrainPage(supervisor, ThemeSource(qapp, "light"), Settings())
        qtbot.addWidget(page)
        page.resize(1180, 770)
        page.show()
        page.supervisor = supervisor
        page.form.rows["training.epochs"].set_text(epochs)
        return page

    yield open_page
    for supervisor in supervisors:
        supervisor.shutdown()


def begin(qtbot, page, steps=3):
    page.start()
    qtbot.waitUntil(lambda: isinstance(page.message, PlanCard), timeout=WAIT_MS)
    page.message.buttons["start"].click()
    qtbot.waitUntil(lambda: len(page.run.state.step) > steps, timeout=WAIT_MS)
    qtbot.waitUntil(page.controls.checkpoint.isEnabled, timeout=WAIT_MS)


def over(page):
    return (
        page.run.state.status in ("finished", "stopped", "paused", "failed")
        and page.message is not None
        and not isinstance(page.message, PlanCard)
    )


def texts(widget):
    return " ".join(label.text() for label in widget.findChildren(QLabel))


# ---------------------------------------------------------------------------------------- before it starts


def test_an_estimate_with_warnings_asks_once_and_is_kept_with_the_run(qtbot, open_page):
    page = open_page()
    page.start()
    assert page.cancel_button.isVisible()
    assert not page.start_button.isVisible()
    qtbot.waitUntil(lambda: isinstance(page.message, PlanCard), timeout=WAIT_MS)
    assert page.message.buttons["start"].text() == "Start anyway"
    assert "get cut" in texts(page.message)
    page.message.buttons["start"].click()
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert run_store.read(page.run.state.started.run).estimate.duration_s > 0
    first = page.run.state.started.run
    page.start()
    qtbot.waitUntil(lambda: page.run.state.started and page.run.state.started.run != first, timeout=WAIT_MS)


def test_a_check_shows_the_data_and_starts_nothing(qtbot, open_page):
    page = open_page()
    page.check()
    qtbot.waitUntil(lambda: isinstance(page.message, PlanCard), timeout=WAIT_MS)
    page.message.fold.click()
    qtbot.waitUntil(page.message.report.histogram.isVisible, timeout=WAIT_MS)
    page.message.buttons["dismiss"].click()
    assert page.message is None
    assert page.run.state.status == "idle"


def test_an_estimate_can_be_cancelled(qtbot, open_page):
    page = open_page("steps=60,rate=50")
    page.start()
    page.cancel_button.click()
    qtbot.waitUntil(lambda: not page.starter.planning, timeout=WAIT_MS)
    qtbot.wait(50)
    assert page.run.state.status == "idle"
    assert page.start_button.isVisible()


def test_the_copied_command_makes_the_very_recipe_of_the_form(open_page):
    page = open_page()
    page.form.choose("finetune")
    page.form.rows["training.learning_rate"].set_text("0.0003")
    page.form.name_row.set_text("my first")
    page.copy_command()
    words = shlex.split(QGuiApplication.clipboard().text())
    assert words[0] == "fnet-studio"
    options = parser().parse_args(words[1:])
    made = recipe_of(options)
    assert made.training.learning_rate == 0.0003
    assert options.name == "my first"
    assert made.model == page.form.recipe().model


# ------------------------------------------------------------------------------------------ while it runs


def test_a_held_run_stands_still_and_goes_on(qtbot, open_page):
    page = open_page("steps=6000,rate=200")
    begin(qtbot, page)
    page.controls.pause.click()
    qtbot.waitUntil(page.controls.go_on.isVisible, timeout=WAIT_MS)
    assert page.card._state.text().endswith("Paused")
    steps = len(page.run.state.step)
    qtbot.wait(200)
    assert len(page.run.state.step) <= steps + 1
    page.controls.go_on.click()
    qtbot.waitUntil(lambda: len(page.run.state.step) > steps + 10, timeout=WAIT_MS)
    page.stop("discard")
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)


def test_a_checkpoint_and_a_measurement_on_demand_are_answered_in_words(qtbot, open_page):
    page = open_page("steps=6000,rate=200")
    begin(qtbot, page)
    page.controls.checkpoint.click()
    assert not page.controls.checkpoint.isEnabled()
    qtbot.waitUntil(lambda: "checkpoint was saved" in page.controls.note.text(), timeout=WAIT_MS)
    page.controls.evaluate.click()
    qtbot.waitUntil(lambda: "validation texts right" in page.controls.note.text(), timeout=WAIT_MS)
    assert page.controls.evaluate.isEnabled()
    page.stop("discard")
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)


@pytest.mark.slow
def test_a_real_training_heeds_every_button_and_ends_with_what_it_learned(qtbot, open_page):
    """One run of the real engine from the estimate to its test figure: held, saved, measured, paused with the device
    freed, and finished by another worker without a step lost."""
    page = open_page("", epochs="50", engine="jax")
    for key, value in (("data.sequence_length", "32"), ("model.hidden_dim", "32"), ("model.intermediate_dim", "64")):
        page.form.rows[key].set_text(value)
    page.start()
    qtbot.waitUntil(lambda: isinstance(page.message, PlanCard) or page.run.running, timeout=2 * WAIT_MS)
    if isinstance(page.message, PlanCard):
        page.message.buttons["start"].click()
    qtbot.waitUntil(lambda: len(page.run.state.step) > 3, timeout=2 * WAIT_MS)
    qtbot.waitUntil(page.controls.checkpoint.isEnabled, timeout=WAIT_MS)
    page.controls.pause.click()
    qtbot.waitUntil(page.controls.go_on.isVisible, timeout=WAIT_MS)
    held = len(page.run.state.step)
    page.controls.go_on.click()
    qtbot.waitUntil(lambda: len(page.run.state.step) > held + 5, timeout=WAIT_MS)
    page.controls.checkpoint.click()
    qtbot.waitUntil(lambda: "checkpoint was saved" in page.controls.note.text(), timeout=WAIT_MS)
    page.controls.evaluate.click()
    qtbot.waitUntil(lambda: "validation texts right" in page.controls.note.text(), timeout=WAIT_MS)
    worker = page.supervisor.pid
    page.pause_and_free()
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert page.run.state.status == "paused"
    run, done = page.run.state.started.run, page.run.state.step[-1]
    qtbot.waitUntil(lambda: page.supervisor.state.name == "ready" and page.supervisor.pid != worker, timeout=WAIT_MS)
    page.message.buttons[0].click()
    qtbot.waitUntil(lambda: len(page.run.state.step) > done, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: page.run.state.status == "finished", timeout=4 * WAIT_MS)
    assert list(page.run.state.step) == list(range(1, page.run.state.step[-1] + 1))
    record = run_store.read(run)
    assert record.status == "finished"
    assert (record.test_accuracy or 0) > 0.5
    assert record.estimate.duration_s > 0


def test_a_paused_run_gives_its_worker_back_and_goes_on_from_its_card(qtbot, open_page):
    page = open_page("steps=60,rate=60")
    begin(qtbot, page)
    worker = page.supervisor.pid
    page.pause_and_free()
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert page.run.state.status == "paused"
    assert isinstance(page.message, NextStepsCard)
    qtbot.waitUntil(lambda: page.supervisor.state.name == "ready" and page.supervisor.pid != worker, timeout=WAIT_MS)
    page.message.buttons[0].click()
    qtbot.waitUntil(lambda: page.run.state.status == "finished", timeout=WAIT_MS)
    assert list(page.run.state.step) == list(range(1, 61))


def test_a_run_that_does_not_stop_shows_the_rung_of_the_ladder_and_stop_now_goes_on(qtbot, open_page):
    page = open_page("steps=60,rate=60,hang@5")
    begin(qtbot, page)
    page.keep_button.click()
    qtbot.waitUntil(page.controls.hurry.isVisible, timeout=WAIT_MS)
    assert "ends the worker in" in page.controls.rung.text()
    assert not page.keep_button.isVisible()
    page.controls.hurry.click()
    qtbot.waitUntil(lambda: not page.run.running, timeout=WAIT_MS)
    assert page.start_button.isVisible()


def test_out_of_memory_is_one_click_from_going_on_with_half_at_a_time(qtbot, open_page):
    page = open_page("steps=60,rate=0,oom@10")
    page.start()
    qtbot.waitUntil(lambda: isinstance(page.message, PlanCard), timeout=WAIT_MS)
    page.message.buttons["start"].click()
    qtbot.waitUntil(lambda: isinstance(page.message, NextStepsCard), timeout=WAIT_MS)
    assert "2 parts" in page.message.buttons[0].text()
    run = page.run.state.started.run
    page.message.buttons[0].click()
    qtbot.waitUntil(lambda: page.run.state.status == "finished", timeout=WAIT_MS)
    assert page.run.state.started.run == run
    assert run_store.read(run).recipe["training"]["accumulation"] == 2


def test_a_run_that_was_cut_off_is_offered_when_the_page_is_opened_again(qtbot, open_page):
    page = open_page("steps=60,rate=60")
    begin(qtbot, page)
    page.pause_and_free()
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    again = open_page()
    qtbot.waitUntil(lambda: isinstance(again.message, NextStepsCard), timeout=WAIT_MS)
    assert "sample-quick" in again.message.message.text()
    assert again.run.state.status == "idle"


# -------------------------------------------------------------------------------------------------- queue


def test_the_queue_goes_on_after_a_run_that_took_the_worker_with_it(qtbot, open_page):
    page = open_page("steps=60,rate=0,crash@5")
    page.enqueue()
    page.form.name_row.set_text("second")
    page.enqueue()
    assert page.queue_panel.isVisible()
    page.queue_panel.run.click()
    qtbot.waitUntil(lambda: [entry.state for entry in queue.entries()] == ["failed", "failed"], timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not page.queue.active, timeout=WAIT_MS)
    assert all(entry.failure and entry.failure["message"] for entry in queue.entries())


def test_a_recipe_waits_once_for_each_seed_and_then_runs_so_often(qtbot, open_page):
    page = open_page("steps=4,rate=0")
    page.header.several.click()
    page.grid.values[0].setText("3, 4")
    page.grid.add.click()
    assert page.grid.isHidden()
    assert [entry.recipe["training"]["seed"] for entry in queue.entries()] == [3, 4]
    page.queue_panel.run.click()
    qtbot.waitUntil(lambda: [entry.state for entry in queue.entries()] == ["done", "done"], timeout=WAIT_MS)


def test_the_queue_goes_on_when_a_disk_that_was_full_has_room_again(qtbot, open_page, monkeypatch):
    page = open_page("steps=60,rate=0,disk-full@5")
    page.enqueue()
    page.enqueue()
    told = []
    page.queue.refused.connect(lambda failed: told.append(failed.kind))
    monkeypatch.setattr(queue_runner, "SETTLE_MS", 20)

    def refuse(*_):
        raise UserError("disk.full", "The disk is full.")

    with monkeypatch.context() as full:
        full.setattr(queue, "end", refuse)
        page.queue_panel.run.click()
        qtbot.waitUntil(lambda: told == ["disk.full"], timeout=WAIT_MS)
        assert [entry.state for entry in queue.entries()] == ["running", "waiting"]
    qtbot.waitUntil(lambda: [entry.state for entry in queue.entries()] == ["failed", "failed"], timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not page.queue.active, timeout=WAIT_MS)
    assert told == ["disk.full"]


def test_the_queue_runs_what_was_added_as_it_was_added(qtbot, open_page):
    page = open_page()
    page.enqueue()
    page.form.rows["training.epochs"].set_text("5")
    page.queue_panel.run.click()
    qtbot.waitUntil(lambda: [entry.state for entry in queue.entries()] == ["done"], timeout=WAIT_MS)
    assert run_store.read(queue.entries()[0].run).recipe["training"]["epochs"] == 2


def close_when_done(page):
    """Choose that; what is then wanted of the window."""
    wanted = []
    page.when_done_wanted.connect(wanted.append)
    choice = page.queue_panel.when_done
    choice.setCurrentIndex(choice.findData("close"))
    return wanted


def test_what_was_chosen_follows_the_last_run_of_the_queue_failed_or_not(qtbot, open_page):
    page = open_page("steps=60,rate=0,crash@5")
    wanted = close_when_done(page)
    page.enqueue()
    page.enqueue()
    page.queue_panel.run.click()
    qtbot.waitUntil(lambda: wanted == ["close"], timeout=WAIT_MS)
    assert [entry.state for entry in queue.entries()] == ["failed", "failed"]


def test_nothing_follows_while_another_program_works_at_an_entry(qtbot, open_page):
    page = open_page()
    wanted = close_when_done(page)
    page.enqueue()
    queue.claim()  # as `fnet-studio queue run` does, in this very process
    page.enqueue()
    page.queue_panel.run.click()
    qtbot.waitUntil(lambda: [entry.state for entry in queue.entries()] == ["running", "done"], timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not page.queue.active, timeout=WAIT_MS)
    assert wanted == []


def test_stopping_a_run_of_the_queue_stops_the_queue(qtbot, open_page):
    page = open_page("steps=6000,rate=200")
    wanted = close_when_done(page)
    page.enqueue()
    page.enqueue()
    page.queue_panel.run.click()
    qtbot.waitUntil(lambda: len(page.run.state.step) > 3, timeout=WAIT_MS)
    page.stop("keep")
    qtbot.waitUntil(lambda: not page.queue.active, timeout=WAIT_MS)
    assert [entry.state for entry in queue.entries()] == ["stopped", "waiting"]
    assert wanted == []


# ------------------------------------------------------------------------------------------------ example


def test_reproducing_the_example_trains_both_and_fills_the_table(qtbot, open_page, tmp_path):
    archive = tmp_path / "aclImdb.tar.gz"
    archive.write_bytes(b"")
    page = open_page()
    page.reproduce()
    assert "IMDb" in page.message.message.text()
    assert page.window().focusWidget() is page.form.path.edit
    page.form.path.set_text(str(archive))
    page.reproducer.card.start.click()
    assert [entry.name for entry in queue.entries()] == ["imdb-fnet", "imdb-transformer"]
    qtbot.waitUntil(lambda: [entry.state for entry in queue.entries()] == ["done", "done"], timeout=WAIT_MS)
    for entry in queue.entries():
        words = f"{(run_store.read(entry.run).test_accuracy or 0) * 100:.2f} %"
        qtbot.waitUntil(lambda words=words, name=entry.name: words in page.reproducer.card.cells(name), timeout=WAIT_MS)
    assert not page.reproducer.card.start.isVisible()


def test_a_recipe_of_two_runs_goes_on_with_the_second_although_nobody_looks(qtbot, open_page):
    """The scripted engine keeps no preset to go on from, so it refuses the second run: what counts is that it was
    asked for."""
    page = open_page()
    page.form.choose("adapt-then-finetune")
    asked = []
    page.supervisor.asked.connect(lambda _id, command: asked.append(command))
    begin(qtbot, page, steps=0)
    page.hide()
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=WAIT_MS)
    first = run_store.list_runs()[0][-1]
    assert first.task == "masked-lm"
    assert asked[1].recipe["task"] == "finetune"
    assert asked[1].recipe["model"]["preset"] == f"run:{first.id}"
    qtbot.waitUntil(lambda: not page.run.running, timeout=WAIT_MS)
