"""The map of a run's texts as a drawing in the light print theme, and as a table."""

import math
from itertools import cycle
from pathlib import Path

import numpy as np

from fnet_studio.core import answer_tables, files, protocol, svg_chart
from fnet_studio.core.svg_chart import PRINT_SERIES, TRAINING, VALIDATION, Plot, Points
from fnet_studio.ui.runs.chart_export import write_drawing
from fnet_studio.ui.widgets.scatter_plot import BEHIND, OPACITY, SHAPES, ScatterPlot

EXPORTS = {"png": "Picture (PNG)", "svg": "Drawing (SVG)", "pdf": "Document (PDF)", "csv": "Values (CSV)"}
COLUMNS = ("row", "first_direction", "second_direction", "true_class", "answered", "confidence", "gathered")
WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 760, 240, 900


def _turned(corners: int, inner: float, first: float) -> list[tuple[float, float]]:
    """A polygon, or a star where inner is below 1; first: the angle of its first corner, in turns."""
    sizes = [4.5, 4.5 * inner] if inner < 1 else [4.5]
    angles = [2 * math.pi * (first + place / (corners * len(sizes))) for place in range(corners * len(sizes))]
    return [(size * math.cos(angle), size * math.sin(angle)) for size, angle in zip(cycle(sizes), angles)]


CORNERS = {
    "o": [],
    "t": _turned(3, 1, 0.25),
    "s": _turned(4, 1, 0.125),
    "d": _turned(4, 1, 0),
    "star": _turned(5, 0.45, -0.25),
    "p": _turned(5, 1, -0.25),
    "h": _turned(6, 1, 0),
    "t1": _turned(3, 1, -0.25),
}
assert CORNERS.keys() == SHAPES.keys()


def drawing(plot: ScatterPlot, title: str) -> bytes:
    """SVG of what the plot shows now, a unit as long to the right as upwards."""
    x_span, y_span = plot.spans()
    inner = WIDTH - svg_chart.LEFT - svg_chart.RIGHT
    height = inner * (y_span[1] - y_span[0]) / (x_span[1] - x_span[0])
    points = []
    for number, (name, shape, colour) in enumerate(
        zip(plot.names, cycle(CORNERS.values()), cycle((TRAINING, VALIDATION, *PRINT_SERIES)))
    ):
        here = plot.group_of == number
        full = here & plot.gathered if plot.gathered.any() else here
        for these, opacity, words in ((here & ~full, BEHIND, ""), (full, OPACITY, name)):
            x, y = plot.points[these].T.astype(float)
            points.append(Points(x, y, colour, words, opacity, shape))
    first, second = plot.axis_words
    chart = Plot(second, points=points, x_span=x_span, y_span=y_span)
    return svg_chart.draw([chart], first, WIDTH, round(min(max(height, LEAST_HEIGHT), MOST_HEIGHT)), title).encode()


def as_csv(found: protocol.TextMap, points: np.ndarray, gathered: np.ndarray) -> str:
    names = found.class_names
    told = zip(found.rows, points.tolist(), found.labels, found.predicted, found.confidence, gathered.tolist())
    return answer_tables.as_csv(
        COLUMNS,
        [(row, *point, names[true], names[answer], sure, one) for row, point, true, answer, sure, one in told],
    )


def write(path: Path, kind: str, what: bytes) -> None:
    """kind: a key of EXPORTS. what: `drawing`, or for csv a table's bytes. UserError when the disk refuses."""
    if kind == "csv":
        files.write_atomically(path, what)
    else:
        write_drawing(path, kind, what)
