"""The live chart of loss and accuracy."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from fnet_studio.core.curves import Curves
from fnet_studio.core.protocol import Evaluated
from fnet_studio.ui.widgets.chart_panel import ChartPanel
from fnet_studio.ui.widgets.extent import PARTS, calm
from fnet_studio.ui.widgets.run_trace import RunTrace


@pytest.fixture
def panel(qtbot, colours):
    panel = ChartPanel(colours, smoothing=0.6)
    qtbot.addWidget(panel)
    panel.resize(700, 600)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def columns(step, loss, accuracy):
    return {"step": step, "loss": loss, "accuracy": accuracy, "time_s": np.asarray(step) * 0.5}


def feed(panel, count=200):
    steps = np.arange(1, count + 1)
    panel.chart.show_steps(columns(steps, 1.0 / steps, 1 - 0.5 / steps))
    panel.chart.show_checks(
        Evaluated("validation", step, step // 50, loss, accuracy, 10)
        for step, loss, accuracy in ((50, 0.4, 0.8), (100, 0.3, 0.9), (150, 0.35, 0.85))
    )


def best_words(panel):
    return [label.text for _, label in panel.chart.best_legends["accuracy"].items]


def curve(panel, name, kind):
    return panel.chart.plots[name].curves[kind].getData()


def test_accuracy_is_drawn_in_per_cent_and_loss_as_it_is(panel):
    feed(panel)
    assert curve(panel, "accuracy", "raw")[1][-1] == pytest.approx(100 * (1 - 0.5 / 200))
    assert curve(panel, "loss", "raw")[1][9] == pytest.approx(0.1)
    assert panel.chart.plots["accuracy"].plot.getAxis("left").labelText == "accuracy (%)"
    assert panel.chart.plots["accuracy"].plot.getAxis("bottom").labelText == "training step"


def test_small_losses_keep_plain_numbers_on_their_axis(panel):
    panel.chart.show_steps(columns([1, 2], [0.7, 0.4], [0.5, 0.6]))
    panel.grab()
    assert panel.chart.plots["loss"].plot.getAxis("left").autoSIPrefixScale == 1.0


def test_the_best_validation_is_marked_and_named(panel):
    feed(panel)
    assert list(panel.chart.plots["accuracy"].best.getData()[0]) == [100]
    assert best_words(panel) == ["best validation 90.0 %, step 100"]


def test_a_measurement_on_request_stands_within_its_epoch_and_has_no_star(panel):
    steps = np.arange(1, 101)
    panel.chart.show_steps(columns(steps, 1.0 / steps, 1 - 0.5 / steps), 50)
    asked = Evaluated("validation", 75, 1, 0.1, 0.95, 10, asked=True)
    panel.chart.show_checks([Evaluated("validation", 50, 1, 0.4, 0.8, 10), asked])
    panel.chart.set_axis("epoch")
    assert list(curve(panel, "accuracy", "validation")[0]) == [1, 1.5]
    assert best_words(panel) == ["best validation 80.0 %, step 50"]
    assert "Best validation accuracy 80.0 % at step 50." in panel.chart.summary()


def test_points_that_come_in_parts_are_smoothed_as_if_they_came_at_once(panel):
    feed(panel, 30)
    feed(panel, 200)
    parts = curve(panel, "loss", "smooth")[1].copy()
    panel.chart.clear_run()
    feed(panel, 200)
    np.testing.assert_allclose(parts, curve(panel, "loss", "smooth")[1])


def test_the_slider_decides_how_smooth_the_line_is(qtbot, panel):
    feed(panel)
    with qtbot.waitSignal(panel.smoothing_changed) as told:
        panel.slider.setValue(0)
    assert told.args == [0.0]
    np.testing.assert_array_equal(curve(panel, "loss", "smooth")[1], curve(panel, "loss", "raw")[1])


def test_values_that_are_no_numbers_are_gaps_and_harm_nothing(panel):
    panel.chart.show_steps(columns([1, 2, 3], [0.5, np.nan, 0.4], [np.nan, np.nan, np.nan]))
    panel.grab()
    assert np.isnan(curve(panel, "loss", "smooth")[1][1])
    assert "–" in panel.chart.summary()


def test_a_logarithmic_loss_leaves_out_zero_and_less(panel):
    panel.chart.show_steps(columns([1, 2, 3], [1.0, 0.0, 0.1], [0.1, 0.2, 0.3]))
    panel.log.setChecked(True)
    panel.grab()
    assert np.isnan(curve(panel, "loss", "raw")[1][1])
    assert panel.chart.plots["loss"].plot.getAxis("left").logMode


def test_the_read_out_gives_the_values_nearest_to_a_step(panel):
    feed(panel)
    words = panel.chart.words_at(100.4)
    assert words.startswith("step 100, 50 s   loss 0.0100 (smoothed")
    assert "validation loss 0.3000, accuracy 90.0 %" in words


def test_arrow_keys_move_the_read_out_from_point_to_point(qtbot, panel):
    feed(panel)
    qtbot.keyClick(panel.chart, Qt.Key.Key_Left)
    assert panel.line.text().startswith("step 199")
    qtbot.keyClick(panel.chart, Qt.Key.Key_Right)
    assert panel.line.text().startswith("step 200")


def test_the_summary_says_what_the_chart_shows(panel):
    assert panel.chart.summary() == "No steps yet."
    feed(panel)
    assert "falling" in panel.chart.summary()
    assert "Best validation accuracy 90.0 % at step 100." in panel.chart.summary()
    assert panel.chart.accessibleDescription() == panel.chart.summary()


def test_a_new_run_starts_on_an_empty_chart(panel):
    feed(panel)
    panel.chart.clear_run()
    assert panel.chart.summary() == "No steps yet."
    assert best_words(panel) == []


def test_a_million_points_are_thinned_before_they_are_painted(panel):
    steps = np.arange(1_000_000)
    panel.chart.show_steps(columns(steps, np.full(1_000_000, 0.5), np.linspace(0, 1, 1_000_000)))
    panel.grab()
    assert len(panel.chart.plots["loss"].curves["raw"].getData()[0]) < 100_000


def test_the_chart_follows_the_theme(panel, colours):
    colours.set_choice("dark")
    assert panel.chart.backgroundBrush().color() == QColor(colours.current.card)


def test_a_spike_of_one_step_in_a_million_is_drawn_and_inside_the_axes(panel):
    steps, loss = np.arange(1_000_000), np.full(1_000_000, 0.5)
    loss[777_777] = 4.0
    panel.chart.show_steps(columns(steps, loss, loss / 4))
    panel.grab()
    assert curve(panel, "loss", "raw")[1].max() == 4.0
    assert panel.chart.plots["loss"].view.viewRange()[1][1] >= 4.0


def test_the_axes_rest_while_a_step_moves_nothing_by_a_pixel(panel):
    feed(panel, 2001)
    panel.grab()
    before = panel.chart.plots["loss"].view.viewRange()
    feed(panel, 2010)
    panel.grab()
    assert panel.chart.plots["loss"].view.viewRange() == before
    feed(panel, 2100)
    panel.grab()
    assert panel.chart.plots["loss"].view.viewRange()[0][1] >= 2100


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_round_places_hold_all_and_little_more(low, width):
    high = low + width
    assume(high > low + 1e-9 * abs(low))
    left, right = calm(low, high)
    assert left <= low
    assert right >= high
    assert right - left <= (high - low) * (1 + 2 / PARTS)


def test_a_constant_is_drawn_as_one_not_as_its_rounding(panel):
    steps = np.arange(1, 101)
    rate = np.where(steps % 2, 1e-3, np.nextafter(1e-3, 1))
    panel.chart.show_quantities(["learning_rate"])
    panel.chart.show_steps({**columns(steps, steps, steps), "learning_rate": rate})
    panel.grab()
    low, high = panel.chart.plots["learning_rate"].view.viewRange()[1]
    assert 0.8e-3 < low < 0.95e-3
    assert 1.05e-3 < high < 1.2e-3


def test_lines_of_other_runs_are_painted_anew_only_when_they_or_the_view_change(panel):
    feed(panel)
    other = RunTrace.of(Curves({"step": np.arange(1.0, 51.0), "loss": np.linspace(1, 0.2, 50)}), 0.0, name="other")
    panel.chart.set_others([other])
    lines = panel.chart.plots["loss"].others
    panel.grab()
    first = lines._picture.cacheKey()
    panel.grab()
    assert lines._picture.cacheKey() == first
    panel.chart.plots["loss"].view.setXRange(0, 20)
    zoomed = panel.grab().toImage()
    assert lines._picture.cacheKey() != first
    panel.chart.set_others([])
    assert panel.grab().toImage() != zoomed


def test_the_mean_over_seeds_is_that_of_the_steps_themselves_however_long_the_runs_are(panel):
    steps = np.arange(50_000.0)
    noise = np.random.default_rng(0).normal(size=(2, 50_000))
    seeds = [
        RunTrace.of(Curves({"step": steps, "loss": one}), 0.0, name=str(n), group="one") for n, one in enumerate(noise)
    ]
    panel.chart.set_smoothing(0.0)
    panel.chart.set_others(seeds, seeds_as_one=True)
    while len(panel.chart.waiting):
        panel.chart.waiting.turn()
    ((x, mean),) = panel.chart.plots["loss"].others.points()
    assert (x[0], x[-1]) == (0, 49_999)
    assert abs(mean.mean()) < 0.1
    assert 0.3 < mean.std() < 1.0


def test_a_legend_stands_where_the_curve_does_not_end(panel):
    steps = np.arange(1, 101)
    for loss, above in ((np.linspace(4, 1, 100), True), (np.linspace(1, 4, 100), False)):
        panel.chart.clear_run()
        panel.chart.show_steps(columns(steps, loss, np.full(100, 0.5)))
        panel.grab()
        view, legend = panel.chart.plots["loss"].view, panel.chart.legend
        middle = legend.mapToItem(view, legend.boundingRect().center()).y()
        assert (middle < view.height() / 2) is above


def test_a_legend_stands_at_the_left_where_the_right_is_full_and_names_what_is_drawn(panel):
    steps, loss = np.arange(1, 201), np.tile([1.0, 2.5, 4.0], 67)[:200]
    loss[:120] = 4.0  # at the left only the foot is free
    panel.chart.show_steps(columns(steps, loss, np.full(200, 0.5)))
    panel.grab()
    view, legend = panel.chart.plots["loss"].view, panel.chart.legend
    middle = legend.mapToItem(view, legend.boundingRect().center())
    assert middle.x() < view.width() / 2
    assert middle.y() > view.height() / 2
    assert "validation" not in [words.text for _, words in legend.items]


def test_a_part_of_the_steps_may_be_chosen_before_there_is_one(panel):
    panel.chart.set_window("half")
    panel.chart.draw()
    low, high = panel.chart._first.view.viewRange()[0]
    assert np.isfinite((low, high)).all()
