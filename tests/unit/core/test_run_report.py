"""Reports, drawings, kept maps and evaluations of a run."""

import json
import math
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnet_studio.core import (
    figure,
    protocol,
    run_evaluation,
    run_maps,
    run_notes,
    run_report,
    run_store,
    run_trash,
    svg_chart,
)
from fnet_studio.core.curves import Checks, read_curves
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, to_mapping


@pytest.fixture
def record():
    writer = run_store.RunWriter.create("A <run> & more", to_mapping(Recipe()))
    for step in range(1, 41):
        writer.append({"step": step, "loss": 1 / step, "accuracy": 0.5, "tokens_per_s": 9.0, "time_s": step * 1.0})
    writer.append({"note": "checkpoint", "step": 20, "time_s": 20.0, "text": ""})
    run_maps.keep(writer.folder, 1, np.random.default_rng(0).random((2, 8, 8)), run_maps.MapAxes(row_span=(-4, 3)))
    report = {
        "split": "test",
        "loss": 0.3,
        "accuracy": 0.75,
        "examples": 4,
        "class_names": ["no", "yes"],
        "confusion": [[2, 0], [1, 1]],
        "calibration": {"bins": [{"texts": 4, "confidence": 0.8, "accuracy": 0.75}], "expected_error": 0.05},
        "errors": [{"row": 2, "label": 1, "predicted": 0, "confidence": 0.6}],
    }
    (writer.folder / "evaluation-test.json").write_text(json.dumps(report))
    rows = ["0,no,no,0.9,0.1", "1,no,no,0.8,0.2", "2,yes,no,0.6,0.4", "3,yes,yes,0.1,0.9"]
    (writer.folder / "predictions-test.csv").write_text("\n".join(["row,label,predicted,p(no),p(yes)", *rows]) + "\n")
    writer.finish("finished")
    return writer.record


class Sources(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.found += [value for name, value in attrs if name in ("src", "href")]


def test_a_report_needs_nothing_else_and_names_the_command(record):
    html = run_report.write(record.id)
    page = Sources()
    page.feed(html)
    assert all(source.startswith("data:image/png") for source in page.found)
    assert "script" not in page.tags
    assert page.tags.count("svg") >= 4
    assert "A &lt;run&gt; &amp; more" in html
    assert "<run>" not in html
    assert "fnet-studio train" in html
    assert "answered yes" in html


def test_a_printed_report_breaks_between_its_curves_and_a_phone_shows_it_at_its_own_width(record):
    html = run_report.write(record.id)
    curves = html.partition("<h2>Curves</h2>")[2].partition("<h2>")[0]
    drawings = [ET.fromstring(f"{one}</svg>") for one in curves.split("</svg>")[:-1]]
    assert len(drawings) == len(read_curves(record).measured())
    assert all(float(one.get("height")) < 400 for one in drawings)
    printed = html.partition("@media print{")[2].partition("</style>")[0]
    assert "svg,pre{break-inside:avoid}" in printed
    assert "<meta name='viewport' content='width=device-width, initial-scale=1'>" in html


def test_a_report_tells_each_class_s_precision_recall_and_f1(record):
    html = run_report.write(record.id)
    heads = "".join(f"<th class='n'>{words}</th>" for words in ("Texts", "Precision", "Recall", "F1"))
    assert f"<th>Class</th>{heads}" in html
    cells = "".join(f"<td class='n'>{words}</td>" for words in ("2", "100.00 %", "50.00 %", "0.6667"))
    assert f"<tr><td>yes</td>{cells}</tr>" in html
    path = run_store.folder(record.id) / "evaluation-test.json"
    gone = {"class_names": ["no", "yes", "gone"], "confusion": [[2, 0, 0], [1, 1, 0], [0, 0, 0]]}
    path.write_text(json.dumps(json.loads(path.read_text()) | gone | {"naive_bayes": 0.8125}))
    assert "<td>Accuracy of naive Bayes</td><td class='n'>81.25 %</td>" in run_report.write(record.id)
    cells = "".join(f"<td class='n'>{words}</td>" for words in ("0", "–", "–", "–"))
    assert f"<tr><td>gone</td>{cells}</tr>" in run_report.write(record.id)


def test_a_report_of_a_language_model_counts_masked_words(record):
    assert "<td>Texts</td>" in run_report.write(record.id)
    figures = {"split": "test", "loss": 2.0, "accuracy": 0.4, "examples": 1234, "pseudo_perplexity": 9.0}
    (run_store.folder(record.id) / "evaluation-test.json").write_text(json.dumps(figures))
    html = run_report.write(record.id)
    assert "Masked words" in html
    assert "<td>Texts</td>" not in html


def test_a_report_of_a_damaged_run_says_what_is_missing(record):
    (run_store.folder(record.id) / "evaluation-test.json").write_text("{")
    (run_store.folder(record.id) / "maps/00000001.npy").write_bytes(b"broken")
    html = run_report.write(record.id)
    assert html.count("Not here:") == 2
    assert "fnet-studio train" in html


def test_the_drawing_is_well_formed_and_names_what_it_shows(record):
    curves = read_curves(record)
    svg = figure.draw(
        figure.Drawn("a & b", curves), [figure.Drawn("other", curves)], figure.View(curves.measured(), log=True), "T"
    )
    words = "".join(ET.fromstring(svg).itertext())
    for expected in ("loss", "accuracy (%)", "tokens per second", "training step", "a & b", "other"):
        assert expected in words


def test_the_star_of_the_drawing_is_on_an_epoch_rather_than_on_a_measurement_on_request(record):
    curves = read_curves(record)
    row = protocol.Evaluated("validation", 10, 1, 0.5, 0.7, 100)
    asked = protocol.Evaluated("validation", 15, 1, 0.1, 0.9, 100, asked=True)
    curves.checks["validation"] = Checks.of([row, asked], 10)
    words = "".join(ET.fromstring(figure.draw(figure.Drawn("a", curves))).itertext())
    assert "best 70 %" in words
    assert "best 90 %" not in words


@given(st.lists(st.tuples(st.floats(-50, 150), st.floats(-50, 150)), min_size=2, max_size=30))
def test_what_is_drawn_stays_inside_its_box(points):
    for piece in svg_chart.clipped(np.array(points), (0.0, 0.0, 100.0, 100.0)):
        assert (piece >= -1e-6).all()
        assert (piece <= 100 + 1e-6).all()


@pytest.mark.parametrize("value", [3e-4, 0.0, -7.0])
def test_what_differs_by_rounding_alone_is_drawn_as_a_straight_line(value):
    steps = np.arange(500.0)
    curve = value * (1 + 1e-15 * np.sin(steps))
    drawing = ET.fromstring(svg_chart.draw([svg_chart.Plot("rate", [svg_chart.Line(steps, curve, "#123456")])], "step"))
    (line,) = (one.get("d", "") for one in drawing.iter() if one.get("stroke") == "#123456")
    assert len({point.split()[1] for point in line[1:].split("L")}) == 1
    labels = [one.text for one in drawing.iter() if one.get("text-anchor") == "end"]
    assert len(labels) == len(set(labels)) > 1


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_lie_in_their_range_and_are_few(low, width):
    found = svg_chart.ticks(low, low + width)
    assert 1 <= len(found) <= 12
    room = width * 1e-6 + 4 * math.ulp(max(abs(low), abs(low + width)))
    assert all(low - room <= value <= low + width + room for value in found)


def test_kept_maps_come_back_with_what_their_axes_mean(record):
    assert run_maps.steps(record.id) == [1]
    assert run_maps.read(record.id, 1).shape == (2, 8, 8)
    assert run_maps.axes(record.id).row_span == (-4, 3)
    with pytest.raises(UserError):
        run_maps.read(record.id, 2)


def test_a_threshold_divides_the_answers(record):
    found = run_evaluation.predictions(record.id, run_evaluation.read(record.id, "test"))
    half = run_evaluation.at_threshold(found, 0.5)
    assert half[1:] == (1, 0, 2, 1)
    assert (half.accuracy, half.precision, half.recall) == (0.75, 1.0, 0.5)
    assert run_evaluation.at_threshold(found, 0.3).accuracy == 1.0
    assert run_evaluation.at_threshold(found, 1.0).precision == 1.0


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=2, max_size=60))
def test_every_point_of_the_curves_is_that_of_its_threshold(answers):
    labels, scores = np.array([a for a, _ in answers]), np.array([b for _, b in answers])
    found = run_evaluation.Predictions(labels, np.stack([1 - scores, scores], axis=1))
    curves = run_evaluation.binary_curves(found)
    assert (curves is None) == (labels.min() == labels.max())
    for threshold, fall_out, recall, precision in zip(*curves) if curves else ():
        at = run_evaluation.at_threshold(found, threshold)
        assert (at.fall_out, at.recall, at.precision) == pytest.approx((fall_out, recall, precision))


def test_a_broken_note_hides_no_run(record):
    (run_store.folder(record.id) / "notes.json").write_text("[")
    assert run_notes.read(record.id) == run_notes.RunNotes()
    assert run_notes.parse_tags(" a, ,b,a ") == ("a", "b")


def test_a_deleted_run_waits_aside_until_it_is_taken_back(record):
    run_trash.put_aside(record.id)
    assert run_store.list_runs()[0] == []
    assert [path.name for path in run_trash.waiting()] == [record.id]
    run_trash.bring_back(record.id)
    assert run_store.read(record.id) == record
    assert run_trash.waiting() == []
