"""The chart over the runs on disk: other runs, axes, windows, marks, and what can be taken away."""

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from fnet_studio.core import run_store
from fnet_studio.core.curves import mark
from fnet_studio.core.protocol import Evaluated
from fnet_studio.core.recipe import Recipe, to_mapping
from fnet_studio.ui.runs.run_chart import RunChart
from fnet_studio.ui.runs.run_picker import RunPicker


def stored(seed, steps=30, name="seed {}"):
    recipe = to_mapping(Recipe(name="one"))
    recipe["training"]["seed"] = seed
    writer = run_store.RunWriter.create(name.format(seed), recipe)
    for step in range(1, steps + 1):
        row = {"step": step, "loss": 1 / step + seed / 10, "accuracy": 0.5, "tokens_per_s": 1.0, "time_s": step * 10.0}
        writer.append(row)
    writer.record.steps = steps
    writer.finish("finished")
    return writer.record.id


@pytest.fixture
def chart(qtbot, colours, monkeypatch):
    # the offscreen platform warns of every popup that it cannot grab the keyboard
    monkeypatch.setattr(RunPicker, "open_at", lambda self, widget: None)
    panel = RunChart(colours, smoothing=0.0)
    qtbot.addWidget(panel)
    panel.resize(700, 600)
    panel.show()
    steps = np.arange(1.0, 61.0)
    columns = {"step": steps, "loss": 1 / steps, "accuracy": 1 - 0.5 / steps, "time_s": steps * 10}
    panel.chart.show_steps({**columns, "gradient_norm": np.full(60, 2.0)}, per_epoch=20)
    panel.chart.show_checks(Evaluated("validation", step, step // 20, 0.5, 0.7, 9, step * 10.0) for step in (20, 40))
    panel.chart.show_marks([mark("checkpoint", 20, 200.0), mark("paused", 40, 400.0)])
    return panel


def drawn(panel, quantity="loss", kind="raw"):
    return panel.chart.plots[quantity].curves[kind].getData()


def pick(qtbot, panel):
    panel._pick()
    qtbot.waitUntil(lambda: panel.picker.list.count() > 0)
    for row in range(panel.picker.list.count()):
        panel.picker.list.item(row).setCheckState(Qt.CheckState.Checked)
    qtbot.waitUntil(lambda: len(panel.chart.others) == panel.picker.list.count())


def test_the_x_axis_counts_steps_epochs_or_minutes(chart):
    assert drawn(chart)[0][-1] == 60
    chart.axes["epoch"].trigger()
    assert drawn(chart)[0][-1] == 3
    chart.axes["time_s"].trigger()
    assert drawn(chart)[0][-1] == 10
    assert chart.chart.plots["accuracy"].plot.getAxis("bottom").labelText == "training time (min)"


def test_a_window_shows_the_last_part_alone(chart):
    chart.windows["tenth"].trigger()
    low, high = chart.chart.plots["loss"].view.viewRange()[0]
    assert 50 < low < 55
    assert high >= 60
    chart.fit.click()
    chart.grab()
    assert chart.chart.plots["loss"].view.viewRange()[0][0] < 2


def test_outliers_can_be_left_out(chart):
    chart.clip.setChecked(True)
    low, high = chart.chart.plots["loss"].view.viewRange()[1]
    assert high < 1.0
    assert low > -0.2


def test_quantities_are_chosen_and_the_last_one_stays(chart):
    chart.quantities["gradient_norm"].setChecked(True)
    assert chart.chart.shown == ["loss", "accuracy", "gradient_norm"]
    for name in ("loss", "accuracy", "gradient_norm"):
        chart.quantities[name].setChecked(False)
    assert chart.chart.shown == ["gradient_norm"]
    assert chart.quantities["gradient_norm"].isChecked()
    assert drawn(chart, "gradient_norm")[1][-1] == 2.0
    chart.grab()


def test_a_mark_that_is_gone_to_says_what_happened(qtbot, chart):
    with qtbot.waitSignal(chart.chart.mark_chosen) as told:
        qtbot.keyClick(chart.chart, Qt.Key.Key_PageDown)
    assert told.args[0].step == 20
    assert chart.line.text() == "Step 20, 3 min 20 s: Checkpoint written"
    spots = chart.chart.strip.spots
    with qtbot.waitSignal(chart.chart.mark_chosen) as told:
        spots.sigClicked.emit(spots, spots.points()[1:], None)
    assert told.args[0].kind == "paused"


def test_other_runs_are_ticked_and_drawn_behind(qtbot, chart):
    for seed in (1, 2):
        stored(seed)
    pick(qtbot, chart)
    plot = chart.chart.plots["loss"]
    assert [len(x) for x, _ in plot.others.points()] == [30, 30]
    assert "seed" in chart.chart.words_at(10)
    assert "2 other runs" in chart.chart.summary()
    chart.show_runs([])
    assert plot.others.points() == []


def test_runs_of_one_recipe_become_a_mean_with_a_band(qtbot, chart, tmp_path):
    for seed in (1, 3):
        stored(seed)
    pick(qtbot, chart)
    assert chart.seeds.isVisible()
    chart.seeds.setChecked(True)
    plot = chart.chart.plots["loss"]
    ((_, y),) = plot.others.points()
    assert y[0] == pytest.approx(1.2, abs=1e-6)
    low = plot._bands[0].low.getData()[1]
    assert low[0] == pytest.approx(1.2 - np.std([1.1, 1.3], ddof=1), abs=1e-6)
    chart.export_to(tmp_path / "band.svg", "svg")
    qtbot.waitUntil((tmp_path / "band.svg").is_file)
    svg = (tmp_path / "band.svg").read_text()
    assert "mean of 2" in svg
    assert "fill-opacity='0.2'" in svg


def test_the_chart_is_saved_as_picture_drawing_document_and_values(qtbot, chart, tmp_path):
    stored(1)
    pick(qtbot, chart)
    for kind in ("png", "svg", "pdf", "csv", "json"):
        chart.export_to(tmp_path / f"chart.{kind}", kind)
        qtbot.waitUntil(lambda kind=kind: chart.line.text() == f"Saved {tmp_path / f'chart.{kind}'}.")
    assert QImage(str(tmp_path / "chart.png")).width() > 1000
    assert "training step" in "".join(ET.parse(tmp_path / "chart.svg").getroot().itertext())
    assert (tmp_path / "chart.pdf").read_bytes().startswith(b"%PDF")
    rows = list(csv.DictReader((tmp_path / "chart.csv").read_text().splitlines()))
    assert [row["split"] for row in rows].count("validation") == 2
    assert len(rows) == 60 + 2 + 30
    assert float(rows[3]["loss"]) == pytest.approx(0.25)
    assert rows[0]["learning_rate"] == ""
    runs = json.loads((tmp_path / "chart.json").read_text())
    assert [one["steps"]["step"][-1] for one in runs] == [60, 30]
    assert runs[0]["marks"][1]["kind"] == "paused"


def test_a_chart_is_saved_with_its_ending_under_a_name_that_the_run_suggests(qtbot, chart, tmp_path, monkeypatch):
    asked = []

    def name(_parent, _title, start, _filters):
        asked.append(start)
        return str(tmp_path / "chart"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", name)
    chart.run_name = "IMDb 1/2"
    chart.export_wanted.emit("csv")
    qtbot.waitUntil(lambda: chart.line.text() == f"Saved {tmp_path / 'chart.csv'}.")
    assert asked == [str(Path.home() / "IMDb 1-2.csv")]


def test_runs_of_the_same_name_are_told_apart_in_the_legend_and_in_what_is_exported(qtbot, chart, tmp_path):
    for seed in (1, 2):
        stored(seed, name="again")
    pick(qtbot, chart)
    names = [layer.name for layer in chart.chart.layers]
    assert len(set(names)) == 2
    assert all(name.startswith("again, ") for name in names)
    assert [label.text for _, label in chart.chart.legend.items][-2:] == names
    chart.export_to(tmp_path / "chart.csv", "csv")
    qtbot.waitUntil(lambda: chart.line.text() == f"Saved {tmp_path / 'chart.csv'}.")
    rows = csv.DictReader((tmp_path / "chart.csv").read_text().splitlines())
    assert {row["run"] for row in rows} == {"run", *names}
    chart.seeds.setChecked(True)
    assert [layer.name for layer in chart.chart.layers] == ["again, mean of 2"]


def test_a_run_is_not_drawn_behind_itself_and_one_that_went_on_is_read_again(qtbot, chart):
    first, second = stored(1), stored(2)
    pick(qtbot, chart)
    chart.show_run(second, "seed 2")
    assert [trace.run for trace in chart.chart.others] == [first]
    writer = run_store.RunWriter.reopen(first)
    writer.append({"step": 31, "loss": 0.1, "accuracy": 0.5, "tokens_per_s": 1.0, "time_s": 310.0})
    writer.record.steps = 31
    writer.finish("finished")
    chart._library.refresh()
    qtbot.waitUntil(lambda: chart._library.find(first).record.steps == 31)
    chart.show_runs([first])
    qtbot.waitUntil(lambda: [len(trace) for trace in chart.chart.others] == [31])


def test_a_folder_that_refuses_is_named(qtbot, chart, tmp_path):
    (tmp_path / "file").write_text("x")
    chart.export_to(tmp_path / "file/chart.csv", "csv")
    qtbot.waitUntil(lambda: "could not be written" in chart.line.text())


def test_the_picture_goes_to_the_clipboard(chart):
    chart.export_wanted.emit("copy")
    assert not QGuiApplication.clipboard().image().isNull()
    assert "clipboard" in chart.line.text()
