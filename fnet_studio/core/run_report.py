"""A run as one HTML file that needs nothing else: figures, curves, results, maps, settings, and how to repeat it."""

import base64
import struct
import time
import zlib
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from fnet_studio.core import (
    figure,
    outcome,
    provenance,
    recipe_scope,
    run_evaluation,
    run_maps,
    run_notes,
    run_store,
    svg_chart,
)
from fnet_studio.core import recipe as recipes
from fnet_studio.core.by_class import by_class
from fnet_studio.core.curves import read_curves
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_diff import worded
from fnet_studio.core.run_evaluation import EvaluationReport
from fnet_studio.core.run_store import RunRecord
from fnet_studio.core.shares import percent
from fnet_studio.core.svg_chart import TRAINING, Line, Plot

MOST_ERRORS = 10
VIRIDIS = (
    np.frombuffer(bytes.fromhex("440154472c7a3b518b2c718e21908d27ad815cc863aadc32fde725"), np.uint8)
    .reshape(-1, 3)
    .astype(float)
)
"""Nine colours of the colour map of that name, as far apart as they are in it."""
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1B1F24;background:#fff;max-width:860px;margin:32px auto;padding:0 24px;
overflow-wrap:break-word}
h1{font-size:26px;margin:0}h2{font-size:18px;margin:32px 0 8px}p.muted,td.muted,.muted{color:#5B6472}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:4px 16px 4px 0;text-align:left;
border-bottom:1px solid #DDE1E7}td.n,th.n{text-align:right}td.n{white-space:nowrap}
pre{background:#F7F8FA;border:1px solid #DDE1E7;border-radius:6px;padding:12px;
white-space:pre-wrap;overflow-wrap:anywhere}svg{max-width:100%;height:auto}
figure{display:inline-block;margin:0 12px 12px 0}figcaption{font-size:12px;color:#5B6472}
img{image-rendering:pixelated;width:180px;height:180px;border:1px solid #DDE1E7}
@media print{body{margin:0;padding:0;max-width:none;orphans:1;widows:1}
h2{break-after:avoid}figure,tr,svg,pre{break-inside:avoid}svg{max-height:90vh}}
"""


def write(run: str) -> str:
    """HTML text. UserError `run.missing` or `run.unreadable`; a part of the run that is missing or broken is named in
    the report, and the rest is there."""
    record, notes = run_store.read(run), run_notes.read(run)
    name = notes.name or record.name
    parts = [
        f"<h1>{escape(name)}</h1><p class='muted'>{escape(record.id)} · {escape(record.status)} · began "
        f"{time.strftime('%Y-%m-%d %H:%M', time.localtime(record.began))}</p>"
    ]
    if notes.tags:
        parts.append(f"<p>{escape(', '.join(notes.tags))}</p>")
    if notes.text:
        parts.append(f"<p>{escape(notes.text)}</p>")
    if record.failure:
        words = f"{record.failure.get('message', '')} {record.failure.get('advice', '')}"
        parts.append(f"<p><b>It failed.</b> {escape(words)}</p>")
    if trouble := outcome.trouble(record):
        parts.append(f"<p><b>{escape(trouble.message)}</b> {escape(trouble.advice)}</p>")
    parts += ["<h2>Figures</h2>", _figures(record)]
    parts += ["<h2>Curves</h2>", _tried(lambda: _curves(record, name))]
    for split in run_evaluation.evaluated(run):
        parts += [f"<h2>Results on the {split} texts</h2>", _tried(lambda split=split: _results(run, split))]
    steps = run_maps.steps(run)
    if steps:
        parts += ["<h2>Mixing maps</h2>", _tried(lambda: _maps(run, steps, record))]
    parts += ["<h2>Repeat this run</h2>", _repeat(record)]
    parts += ["<h2>Settings</h2>", _table(_settings(record), ("Setting", "Value"))]
    parts += ["<h2>Made with</h2>", _table(_made_with(record), ("What", "Which"))]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(name)}</title>"
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _tried(part) -> str:
    try:
        return part()
    except UserError as error:
        return f"<p><b>Not here:</b> {escape(str(error))}</p>"


def share(value: float | None) -> str:
    return "–" if value is None else percent(value, 2)


def _figures(record: RunRecord) -> str:
    rows = [
        ("Training time", f"{record.training_s:,.0f} s"),
        ("Whole time", f"{record.duration_s:,.0f} s" if record.ended else "–"),
        ("Train accuracy", share(record.train_accuracy)),
        ("Validation accuracy", share(record.validation_accuracy)),
        ("Test accuracy", share(record.test_accuracy)),
        ("Test loss", "–" if record.test_loss is None else f"{record.test_loss:.4f}"),
        ("Steps", f"{record.steps:,} of {record.total_steps:,}"),
        ("Parameters", f"{record.parameters:,}"),
    ]
    return _table(rows, ("Figure", "Value"), numbers=True)


def _curves(record: RunRecord, name: str) -> str:
    curves = read_curves(record)
    if not len(curves):
        return "<p class='muted'>It wrote no steps.</p>"
    drawn = figure.Drawn(name, curves)  # one drawing each: a page break never goes through the middle of one
    return "".join(figure.draw(drawn, view=figure.View((quantity,))) for quantity in curves.measured())


def _results(run: str, split: str) -> str:
    report = run_evaluation.read(run, split)
    rows = [
        ("Accuracy", share(report.accuracy)),
        ("Loss", f"{report.loss:.4f}"),
        ("Texts" if report.class_names else "Masked words", f"{report.examples:,}"),
    ]
    if report.macro_f1 is not None:
        rows.append(("Macro F1", f"{report.macro_f1:.4f}"))
    if report.naive_bayes is not None:
        rows.append(("Accuracy of naive Bayes", share(report.naive_bayes)))
    if report.pseudo_perplexity is not None:
        rows.append(("Pseudo-perplexity", f"{report.pseudo_perplexity:.1f}"))
    if report.roc_auc is not None:
        rows.append(("Area under the ROC curve", f"{report.roc_auc:.4f}"))
    if report.average_precision is not None:
        rows.append(("Average precision", f"{report.average_precision:.4f}"))
    if report.calibration.bins:
        rows.append(("Expected calibration error", f"{report.calibration.expected_error:.4f}"))
    parts = [_table(rows, ("Figure", "Value"), numbers=True)]
    if report.confusion:
        heads = ("True class", *(f"answered {name}" for name in report.class_names))
        lines = [(name, *(f"{n:,}" for n in row)) for name, row in zip(report.class_names, report.confusion)]
        parts += ["<p></p>", _table(lines, heads, numbers=True), "<p></p>", _by_class(report)]
        parts.append(_two_classes(run, report) if len(report.class_names) == 2 else "")
    if report.errors:
        heads = ("Text", "True class", "Answered", "Confidence")
        names = report.class_names
        lines = [
            (f"row {one.row}", names[one.label], names[one.predicted], share(one.confidence))
            for one in report.errors[:MOST_ERRORS]
        ]
        parts += ["<p>The most confident errors:</p>", _table(lines, heads)]
    return "".join(parts)


def _by_class(report: EvaluationReport) -> str:
    rows = [
        (one.name, f"{one.texts:,}", share(one.precision), share(one.recall), one.f1_words)
        for one in by_class(report.confusion, report.class_names)
    ]
    return _table(rows, ("Class", "Texts", "Precision", "Recall", "F1"), numbers=True)


def _two_classes(run: str, report: EvaluationReport) -> str:
    found = run_evaluation.predictions(run, report)
    curves = run_evaluation.binary_curves(found)
    if curves is None:
        return ""
    unit = (0.0, 1.0)
    roc = Line(np.append(0, curves.fall_out), np.append(0, curves.recall), TRAINING)
    precision = Line(curves.recall, curves.precision, TRAINING)
    bins = report.calibration.bins
    calibration = Line(
        np.array([one.confidence for one in bins]), np.array([one.accuracy for one in bins]), TRAINING, points=True
    )
    drawn = (
        ("false positive rate", Plot("true positive rate", [roc], x_span=unit, y_span=unit, diagonal=True)),
        ("recall", Plot("precision", [precision], x_span=unit, y_span=unit)),
        ("confidence", Plot("share that is right", [calibration], x_span=unit, y_span=unit, diagonal=True)),
    )
    return "".join(svg_chart.draw([plot], words, width=400, height=260) for words, plot in drawn)


def _maps(run: str, steps: Sequence[int], record: RunRecord) -> str:
    probe = str(record.recipe.get("observe", {}).get("probe", ""))
    parts = [f"<p>Of “{escape(probe)}”, log(1 + |M|): up and down the frequency along the sentence, left and right "]
    parts.append("that along the vector. Each picture has its own range. First and last step that were kept.</p>")
    for step in dict.fromkeys((steps[0], steps[-1])):
        for layer, values in enumerate(run_maps.read(run, step), 1):
            low, high = float(values.min()), float(values.max())
            picture = base64.b64encode(png(values[::-1])).decode()
            parts.append(
                f"<figure><img alt='Mixing map of layer {layer} at step {step}' src='data:image/png;base64,{picture}'>"
                f"<figcaption>step {step:,}, layer {layer}: {low:.2f} to {high:.2f}</figcaption></figure>"
            )
    return "".join(parts)


def png(values: np.ndarray) -> bytes:
    """(rows, columns) in the colours of viridis, dark for the lowest."""
    low, high = float(values.min()), float(values.max())
    levels = (values - low) / ((high - low) or 1.0) * (len(VIRIDIS) - 1)
    place = np.minimum(levels.astype(int), len(VIRIDIS) - 2)
    part = (levels - place)[..., None]
    colours = (VIRIDIS[place] * (1 - part) + VIRIDIS[place + 1] * part + 0.5).astype(np.uint8)
    rows, columns, _ = colours.shape
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), colours.reshape(rows, -1)], axis=1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _repeat(record: RunRecord) -> str:
    try:
        command = provenance.as_command(recipes.from_mapping(record.recipe), record.name)
    except UserError as error:
        return f"<p>Its recipe does not fit this version: {escape(str(error))}</p>"
    data = record.data.get("content_hash", "")
    same = f" The data's hash is {escape(str(data))}." if data else ""
    return f"<pre>{escape(command)}</pre><p class='muted'>With the versions below, on such a device.{same}</p>"


def _settings(record: RunRecord) -> list[tuple[str, str]]:
    rows = [("Task", str(record.recipe.get("task", record.task)))]
    fields = recipes.fields()
    for key, value in recipe_scope.counting(record.recipe).items():
        rows.append((f"{fields[key].title} ({key})", worded(value)))
    return rows


def _made_with(record: RunRecord) -> list[tuple[str, str]]:
    device = f"{record.device.platform.upper()}, {record.device.name}" if record.device else "unknown"
    data = [(f"Data: {key}", str(value)) for key, value in record.data.items() if isinstance(value, str | int | float)]
    return [("Device", device), *sorted(record.versions.items()), *data]


def _table(rows: Iterable[Sequence[str]], heads: Sequence[str], numbers: bool = False) -> str:
    side = " class='n'" if numbers else ""
    head = "".join(f"<th{side if place else ''}>{escape(words)}</th>" for place, words in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(f"<td{side if place else ''}>{escape(cell)}</td>" for place, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
