"""The Train page, with a real worker process behind it."""

import psutil
import pytest
from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from fnet_studio.core import protocol, run_store
from fnet_studio.core.settings import Settings
from fnet_studio.link.command import local
from fnet_studio.ui.cards import ConfirmCard, ErrorCard
from fnet_studio.ui.supervisor import Supervisor
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.train.page import TrainPage
from fnet_studio.ui.train.plan_card import PlanCard
from fnet_studio.ui.train.results_card import ResultsCard

WAIT_MS = 60_000


@pytest.fixture
def open_page(qtbot, qapp):
    supervisors = []

    def open_page(script="steps=60,rate=200", settings=None):
        supervisor = Supervisor(local("scripted", script))
        supervisors.append(supervisor)
        supervisor.start()
        page = TrainPage(supervisor, ThemeSource(qapp, "light"), settings or Settings())
        qtbot.addWidget(page)
        page.resize(1180, 770)
        page.show()
        page.supervisor = supervisor
        page.form.rows["training.epochs"].set_text("2")
        return page

    yield open_page
    for supervisor in supervisors:
        supervisor.shutdown()


def begin(qtbot, page):
    """Press Start, and start anyway where the estimate has something to say."""
    page.start()
    go_ahead(qtbot, page)


def go_ahead(qtbot, page):
    qtbot.waitUntil(lambda: page.run.running or isinstance(page.message, PlanCard), timeout=WAIT_MS)
    if not page.run.running:
        page.message.buttons["start"].click()
        qtbot.waitUntil(lambda: page.run.running, timeout=WAIT_MS)


def over(page):
    return (
        page.run.state.status in ("finished", "stopped", "failed")
        and page.message is not None
        and not isinstance(page.message, PlanCard)
    )


def texts(widget):
    return [label.text() for label in widget.findChildren(QLabel)]


def test_a_run_moves_the_curves_and_the_maps_and_ends_in_its_results(qtbot, open_page):
    page = open_page()
    qtbot.mouseClick(page.start_button, Qt.MouseButton.LeftButton)
    go_ahead(qtbot, page)
    qtbot.waitUntil(lambda: page.panels is not None and page.panels._shown_frame is not None, timeout=WAIT_MS)
    assert page.keep_button.isVisible()
    assert not page.start_button.isVisible()
    assert page.panels.maps.atlas.layers == 2
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert len(page.panels.chart.chart.trace) == 60
    assert len(page.panels.chart.chart.trace.validation().loss) == 2
    assert isinstance(page.message, ResultsCard)
    assert page.start_button.isVisible()
    record = run_store.read(page.run.state.started.run)
    assert record.test_accuracy is not None
    assert f"{record.test_accuracy * 100:.2f} %" in texts(page.message)
    assert not any("Published" in text for text in texts(page.message))


def test_an_imdb_run_stands_beside_the_published_figure(qtbot, open_page, tmp_path):
    archive = tmp_path / "aclImdb.tar.gz"
    archive.write_bytes(b"")
    settings = Settings()
    page = open_page(settings=settings)
    page.form.choose("imdb-transformer")
    page.form.path.set_text(str(archive))
    assert settings.imdb_path == str(archive)
    begin(qtbot, page)
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert "Published Transformer, test" in texts(page.message)
    assert "84.23 %" in texts(page.message)


def test_stop_and_keep_leaves_a_run_that_can_be_opened(qtbot, open_page):
    page = open_page("steps=6000,rate=200")
    begin(qtbot, page)
    qtbot.waitUntil(lambda: len(page.run.state.step) > 5, timeout=WAIT_MS)
    qtbot.mouseClick(page.keep_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert page.run.state.kept
    assert "Stopped; the model so far is kept" in texts(page.message)
    assert run_store.read(page.run.state.started.run).status == "stopped"


def test_discard_asks_first_and_then_leaves_nothing(qtbot, open_page):
    page = open_page("steps=6000,rate=200")
    begin(qtbot, page)
    qtbot.waitUntil(lambda: len(page.run.state.step) > 5, timeout=WAIT_MS)
    qtbot.mouseClick(page.discard_button, Qt.MouseButton.LeftButton)
    assert isinstance(page.message, ConfirmCard)
    page.message.answer("")
    assert page.run.running
    qtbot.mouseClick(page.discard_button, Qt.MouseButton.LeftButton)
    page.message.answer("discard")
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert run_store.list_runs() == ([], [])


def test_a_recipe_with_a_wrong_field_does_not_start_and_the_cursor_goes_there(qtbot, open_page):
    page = open_page()
    page.form.rows["training.batch_size"].set_text("0")
    page.start()
    assert isinstance(page.message, ErrorCard)
    assert "1 to 4096" in page.message.advice.text()
    assert page.window().focusWidget() is page.form.rows["training.batch_size"].editor
    assert page.run.state.status == "idle"


def test_a_plan_goes_when_the_recipe_is_another_one_and_stays_while_it_is_the_same(qtbot, open_page):
    page = open_page()
    page.check()
    qtbot.waitUntil(lambda: isinstance(page.message, PlanCard), timeout=WAIT_MS)
    page.form.refresh()
    page.form.changed.emit()
    assert isinstance(page.message, PlanCard)
    epochs = page.form.rows["training.epochs"].editor
    qtbot.keyClicks(epochs, "1")
    assert page.message is None
    page.check()
    qtbot.waitUntil(lambda: isinstance(page.message, PlanCard), timeout=WAIT_MS)
    qtbot.keyClicks(epochs, "x")
    assert page.message is None
    qtbot.keyClick(epochs, Qt.Key.Key_Backspace)
    page.check()
    qtbot.keyClicks(epochs, "2")
    qtbot.waitUntil(lambda: isinstance(page.message, ErrorCard), timeout=WAIT_MS)
    assert "changed while" in page.message.message.text()


@pytest.mark.parametrize("fault", ["oom@10", "bug@10", "crash@10", "nan@10"])
def test_a_run_that_fails_is_a_card_and_the_next_run_can_be_started(qtbot, open_page, fault):
    page = open_page(f"steps=60,rate=200,{fault}")
    begin(qtbot, page)
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert isinstance(page.message, ErrorCard)
    assert page.message.message.text()
    assert page.message.advice.text()
    assert page.start_button.isVisible()
    assert page.form.rows["training.epochs"].isEnabled()


def test_a_run_whose_worker_is_killed_goes_on_from_its_card_with_its_whole_curve(qtbot, open_page):
    page = open_page("steps=60,rate=20")
    begin(qtbot, page)
    qtbot.waitUntil(lambda: len(page.run.state.evaluations) >= 2, timeout=WAIT_MS)  # an epoch, and so a checkpoint
    psutil.Process(page.supervisor.pid).kill()
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert "cut off after step" in page.message.message.text()
    page.message.buttons[0].click()
    qtbot.waitUntil(lambda: page.run.state.status == "finished", timeout=WAIT_MS)
    assert list(page.run.state.step) == list(range(1, 61))


def test_a_hidden_page_holds_no_credit_so_no_picture_is_drawn_and_a_shown_one_goes_on(qtbot, open_page):
    page = open_page("steps=6000,rate=200")
    begin(qtbot, page)
    qtbot.waitUntil(lambda: page.panels is not None and page.panels._shown_frame is not None, timeout=WAIT_MS)
    page.hide()
    frames = []
    page.supervisor.message.connect(
        lambda envelope, blob: frames.append(1) if isinstance(envelope.body, protocol.Frame) else None
    )
    qtbot.wait(200)  # what was on its way when the page was hidden
    frames.clear()
    steps = len(page.run.state.step)
    qtbot.waitUntil(lambda: len(page.run.state.step) > steps + 50, timeout=WAIT_MS)
    assert frames == []
    page.show()
    qtbot.waitUntil(lambda: len(frames) > 3, timeout=WAIT_MS)
    assert len(page.panels.chart.chart.trace) >= steps
    page.stop("discard")
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)


class Resizes(QObject):
    def __init__(self, *widgets):
        super().__init__()
        self.count = 0
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.Resize
        return False


def test_the_page_comes_to_rest_at_every_size(qtbot, open_page):
    page = open_page()
    begin(qtbot, page)
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    qtbot.waitUntil(page.panels.maps.isVisible, timeout=WAIT_MS)
    seen = Resizes(page.panels.maps.view, page.panels.chart.chart, page.panels)
    page.messages.clear()
    qtbot.wait(100)
    for width, height in [(w, h) for w in (864, 1140, 1184) for h in range(600, 1300, 100)]:
        page.resize(width, height)
        for _turn in range(50):
            seen.count = 0
            qtbot.wait(10)
            if not seen.count:
                break
        else:
            pytest.fail(f"still moving at {width} x {height}")


def test_a_second_run_starts_on_empty_curves(qtbot, open_page):
    page = open_page()
    for _ in range(2):
        begin(qtbot, page)
        qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert len(page.panels.chart.chart.trace) == 60


def test_a_flood_of_steps_leaves_the_event_loop_free(qtbot, open_page):
    """Not a timed test of the machine: the clock must tick many times while 20,000 steps arrive."""
    page = open_page("flood,steps=20000")
    ticks = []
    spent = QElapsedTimer()
    clock = QTimer(interval=5)
    clock.timeout.connect(lambda: ticks.append(spent.elapsed()))
    begin(qtbot, page)
    qtbot.waitUntil(lambda: page.run.state.phase == "training" or over(page), timeout=WAIT_MS)
    spent.start()
    clock.start()
    qtbot.waitUntil(lambda: over(page), timeout=WAIT_MS)
    assert len(page.panels.chart.chart.trace) == len(page.run.state.step)
    assert len(ticks) > 20


def test_starting_without_a_worker_says_so(qtbot, open_page):
    page = open_page()
    page.supervisor.shutdown()
    qtbot.waitUntil(lambda: not page.supervisor.state.alive, timeout=WAIT_MS)
    page.start()
    qtbot.waitUntil(lambda: page.message is not None, timeout=WAIT_MS)
    assert isinstance(page.message, ErrorCard)
    assert "worker" in page.message.message.text()


def test_what_is_said_of_a_recipe_that_is_not_ready_follows_the_recipe(open_page):
    def type_into(row, text):
        row.editor.selectAll()
        QTest.keyClick(row.editor, Qt.Key.Key_Delete)
        QTest.keyClicks(row.editor, text)

    page = open_page()
    batch, name = page.form.rows["training.batch_size"], page.form.name_row
    type_into(batch, "99999")
    type_into(name, "")
    page.start()
    assert page.message.advice.text().startswith("Batch ")
    type_into(batch, "8")
    assert page.message.advice.text().startswith("Run name ")
    type_into(name, "mended")
    assert page.message is None
