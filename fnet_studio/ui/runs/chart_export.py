"""Charts as files: drawn anew in the light print theme, or as their values."""

import csv
import io
from pathlib import Path

import msgspec
import numpy as np
from PySide6.QtCore import QByteArray, QMarginsF, QRectF, QSizeF
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgRenderer

from fnet_studio.core import figure, files
from fnet_studio.core.curves import PLACES, QUANTITIES, Checks, Curves
from fnet_studio.core.errors import UserError
from fnet_studio.core.figure import Drawn, View
from fnet_studio.ui.widgets.learning_chart import LearningChart
from fnet_studio.ui.widgets.run_trace import RunTrace

SCALE = 2
"""Pixels of a picture for each unit of the drawing."""
DOTS_PER_INCH = 300


def curves_of(trace: RunTrace) -> Curves:
    """A copy that a thread may read while the chart goes on."""
    columns = {name: trace.column(name).copy() for name in (*PLACES, *QUANTITIES)}
    return Curves(columns, dict(trace.checks), list(trace.marks))


def contents(chart: LearningChart, name: str) -> tuple[Drawn, list[Drawn], View]:
    """What the chart shows now: the run, those behind it, and how they are looked at."""
    x_span, y_spans = chart.spans()
    view = View(tuple(chart.shown), chart.axis, chart.smoothing, chart.log, x_span, y_spans)
    others = []
    for layer in chart.layers:
        first, *more = (Drawn(trace.name, curves_of(trace), title=layer.name) for trace in layer.traces)
        others.append(first._replace(more=tuple(more)))
    return Drawn(name, curves_of(chart.trace)), others, view


def write(path: Path, kind: str, run: Drawn, others: list[Drawn], view: View) -> None:
    """kind: png, svg, pdf, csv or json. UserError when the disk refuses. Touches no widget."""
    if kind == "csv":
        files.write_atomically(path, as_csv([run, *figure.flat(others)]).encode())
    elif kind == "json":
        files.write_atomically(path, as_json([run, *figure.flat(others)]))
    else:
        write_drawing(path, kind, figure.draw(run, others, view, run.name).encode())


def write_drawing(path: Path, kind: str, svg: bytes) -> None:
    """kind: png, svg or pdf. UserError when the disk refuses."""
    if kind == "svg":
        files.write_atomically(path, svg)
    elif kind == "png":
        _save(picture(svg), path)
    else:
        _write_pdf(svg, path)


def picture(svg: bytes) -> QImage:
    renderer = QSvgRenderer(QByteArray(svg))
    image = QImage(renderer.defaultSize() * SCALE, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    return image


def _save(image: QImage, path: Path) -> None:
    if not image.save(str(path), "PNG"):
        raise UserError("disk.unwritable", f"{path} could not be written.", "Check the folder's rights and its room.")


def _write_pdf(svg: bytes, path: Path) -> None:
    renderer = QSvgRenderer(QByteArray(svg))
    size = QSizeF(renderer.defaultSize()) * 0.75  # a drawing's unit is a pixel of 1/96 inch, a point 1/72
    writer = QPdfWriter(str(path))
    writer.setPageSize(QPageSize(size, QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setResolution(DOTS_PER_INCH)
    painter = QPainter()
    if not painter.begin(writer):
        raise UserError("disk.unwritable", f"{path} could not be written.", "Check the folder's rights and its room.")
    renderer.render(painter, QRectF(0, 0, writer.width(), writer.height()))
    painter.end()


def as_csv(runs: list[Drawn]) -> str:
    """A line for each step and each evaluation of each run; cells of what was not measured are empty. asked: `yes` for
    an evaluation on request, which decided nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = (*PLACES, *QUANTITIES)
    writer.writerow(["run", "split", *names, "asked"])
    for name, curves, *_ in runs:
        columns = [curves.columns.get(column, np.full(len(curves), np.nan)) for column in names]
        for row in zip(*columns):
            writer.writerow([name, "train", *map(_cell, row), ""])
        for split, checks in curves.checks.items():
            for row in zip(*checks):
                cells = dict(zip(Checks._fields, row))
                shown = [_cell(cells.get(column, np.nan)) for column in names]
                writer.writerow([name, split, *shown, "yes" if cells["asked"] else ""])
    return text.getvalue()


def as_json(runs: list[Drawn]) -> bytes:
    """A list of runs: columns of steps, columns of evaluations by split, and marks. What was not measured is null."""
    return msgspec.json.encode(
        [
            {
                "run": name,
                "steps": {key: _plain(column) for key, column in curves.columns.items() if np.isfinite(column).any()},
                "evaluations": {
                    split: {key: _plain(column) for key, column in checks._asdict().items()}
                    for split, checks in curves.checks.items()
                },
                "marks": [mark._asdict() for mark in curves.marks],
            }
            for name, curves, *_ in runs
        ]
    )


def _cell(value: float) -> str:
    return f"{value:.10g}" if np.isfinite(value) else ""


def _plain(column: np.ndarray) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in column.tolist()]
