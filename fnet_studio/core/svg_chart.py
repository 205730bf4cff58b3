"""Charts as SVG text, in a light print theme: for files, reports, and whatever paints SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from fnet_studio.core.drawn_words import shortened
from fnet_studio.core.drawn_words import width as words_width
from fnet_studio.core.thinning import apart, thin

TRAINING, VALIDATION = "#0072B2", "#D55E00"
PRINT_SERIES = ("#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#1B1F24", "#7A5195")
"""For other runs: colours that are told apart with any colour vision, on white."""
INK, MUTED, GRID = "#1B1F24", "#5B6472", "#E4E8ED"
LEFT, RIGHT, TOP, BOTTOM, GAP = 76, 16, 14, 44, 16
SIGN, ROW, COLUMN_GAP = 28, 15, 20
"""Of the legend: what a line's or a point's look takes before its name, and what lies between the rows and columns."""
SIZE, TITLE, BOLD = 11, 14, 1.1
"""Of the letters; bold ones are so much wider."""
BUCKETS = 500
FONT = "font-family='Helvetica, Arial, sans-serif'"


@dataclass
class Line:
    """x, y: (points,) float64 as they stand on the axes; gaps are not a number."""

    x: np.ndarray
    y: np.ndarray
    colour: str
    name: str = ""
    """In the legend under the plots, if any."""
    width: float = 1.6
    opacity: float = 1.0
    dashed: bool = False
    points: bool = False


@dataclass
class Area:
    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    colour: str


@dataclass
class Points:
    """x, y: (points,) float64. corners: of the mark, (n, 2) in pixels around a point; none for a circle."""

    x: np.ndarray
    y: np.ndarray
    colour: str
    name: str = ""
    opacity: float = 1.0
    corners: Sequence[tuple[float, float]] = ()


@dataclass
class Plot:
    axis: str
    """The y axis' words, with the unit."""
    lines: list[Line] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)
    points: list[Points] = field(default_factory=list)
    """Their spans are to be given."""
    star: tuple[float, float, str] | None = None
    """(x, y, words) of the best value."""
    marks: list[tuple[float, str]] = field(default_factory=list)
    log: bool = False
    x_span: tuple[float, float] | None = None
    y_span: tuple[float, float] | None = None
    """None: all that the lines hold."""
    diagonal: bool = False


def draw(plots: Sequence[Plot], x_words: str, width: int = 760, height: int = 240, title: str = "") -> str:
    """The plots one above the other on one x axis, and their legend. height: of each plot, in pixels. A title or name
    for which there is no room is shortened."""
    spans = [_x_span(plot) for plot in plots]
    span = (min(low for low, _ in spans), max(high for _, high in spans))
    head = 26 if title else 0
    foot = head + TOP + len(plots) * height + (len(plots) - 1) * GAP + BOTTOM
    named = [one for plot in plots for one in (*plot.lines, *plot.points) if one.name]
    legend, deep = _legend(named, foot, width)
    total = foot + deep
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {total}' width='{width}' height='{total}' "
        f"{FONT} font-size='{SIZE}'>",
        f"<rect width='{width}' height='{total}' fill='#FFFFFF'/>",
    ]
    if title:
        words = shortened(title, width - LEFT - RIGHT, TITLE * BOLD)
        parts.append(_text(LEFT, 19, words, INK, size=TITLE, weight="bold"))
    for place, plot in enumerate(plots):
        top = head + TOP + place * (height + GAP)
        parts += _plot(plot, span, (LEFT, top, width - LEFT - RIGHT, height), place == len(plots) - 1, x_words)
    return "".join([*parts, *legend, "</svg>"])


def _x_span(plot: Plot) -> tuple[float, float]:
    if plot.x_span is not None:
        return plot.x_span
    ends = [(line.x[0], line.x[-1]) for line in plot.lines if len(line.x)]
    low, high = min((end[0] for end in ends), default=0.0), max((end[1] for end in ends), default=1.0)
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _y_span(plot: Plot, x_span: tuple[float, float]) -> tuple[float, float]:
    if plot.y_span is not None:
        return plot.y_span
    values = [line.y[(line.x >= x_span[0]) & (line.x <= x_span[1])] for line in plot.lines]
    values += [np.concatenate((area.low, area.high)) for area in plot.areas]
    kept = [v for part in values if len(v := part[np.isfinite(part) & ((part > 0) | (not plot.log))])]
    if not kept:
        return (0.1, 1.0) if plot.log else (0.0, 1.0)
    low, high = min(float(part.min()) for part in kept), max(float(part.max()) for part in kept)
    if plot.log:
        return (low / 1.2, high * 1.2)
    low, high = apart(low, high)
    space = (high - low) * 0.06
    return low - space, high + space


def _plot(
    plot: Plot, x_span: tuple[float, float], box: tuple[float, float, float, float], last: bool, x_words: str
) -> list[str]:
    left, top, width, height = box
    y_span = _y_span(plot, x_span)
    scale = np.log10 if plot.log else np.asarray
    low, high = float(scale(y_span[0])), float(scale(y_span[1]))

    def at_x(x: np.ndarray) -> np.ndarray:
        return left + (np.asarray(x, float) - x_span[0]) / (x_span[1] - x_span[0]) * width

    def at_y(y: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = scale(np.asarray(y, float))
        return top + height - (scaled - low) / ((high - low) or 1.0) * height

    parts = []
    for value in log_ticks(*y_span) if plot.log else ticks(*y_span):
        y = float(at_y(np.array(value)))
        parts.append(_rule(left, y, left + width, y, GRID))
        parts.append(_text(left - 6, y + 4, tick_words(value), MUTED, anchor="end"))
    for value in ticks(*x_span, wanted=7):
        x = float(at_x(np.array(value)))
        parts.append(_rule(x, top, x, top + height, GRID))
        if last:
            parts.append(_text(x, top + height + 16, tick_words(value), MUTED, anchor="middle"))
    parts.append(f"<rect x='{left}' y='{top}' width='{width}' height='{height}' fill='none' stroke='#B8BFC9'/>")
    middle = top + height / 2
    parts.append(
        f"<text x='16' y='{middle:.1f}' transform='rotate(-90 16 {middle:.1f})' text-anchor='middle' fill='{INK}' "
        f"font-size='12'>{escape(plot.axis)}</text>"
    )
    if last:
        parts.append(_text(left + width / 2, top + height + 36, x_words, INK, anchor="middle", size=12))
    if plot.diagonal:
        ends = [float(v) for v in (*at_x(np.array(x_span)), *at_y(np.array(y_span)))]
        parts.append(
            f"<path d='M{ends[0]:.1f} {ends[2]:.1f}L{ends[1]:.1f} {ends[3]:.1f}' stroke='{MUTED}' "
            "stroke-dasharray='3 4' fill='none'/>"
        )
    edges = (left, top, left + width, top + height)
    for area in plot.areas:
        parts.append(_area(area, at_x, at_y, edges))
    for line in plot.lines:
        parts += _line(line, x_span, at_x, at_y, edges)
    for points in plot.points:
        for a, b in zip(at_x(points.x).tolist(), at_y(points.y).tolist()):
            if edges[0] <= a <= edges[2] and edges[1] <= b <= edges[3]:
                parts.append(_mark(points, a, b))
    for x, words in plot.marks:
        if x_span[0] <= x <= x_span[1]:
            spot = float(at_x(np.array(x)))
            foot = top + height
            parts.append(
                f"<path d='M{spot:.1f} {foot - 10:.1f}l4 5l-4 5l-4 -5z' fill='{MUTED}'>"
                f"<title>{escape(words)}</title></path>"
            )
    if plot.star is not None:
        parts += _star(float(at_x(np.array(plot.star[0]))), float(at_y(np.array(plot.star[1]))), plot.star[2], edges)
    return parts


def _legend(named: Sequence[Line | Points], top: int, width: int) -> tuple[list[str], int]:
    """In columns under the plots, where it hides nothing, and its height."""
    if not named:
        return [], 0
    most = width - LEFT - RIGHT
    longest = min(max(words_width(one.name, SIZE) for one in named), most - SIGN)
    columns = max(int((most + COLUMN_GAP) // (longest + SIGN + COLUMN_GAP)), 1)
    rows = math.ceil(len(named) / columns)
    parts = []
    for place, one in enumerate(named):
        column, row = divmod(place, rows)
        x, y = LEFT + column * (longest + SIGN + COLUMN_GAP), top + 11 + row * ROW
        if isinstance(one, Points):
            parts.append(_mark(one, x + 10, y - 4))
        else:
            dash = " stroke-dasharray='5 3'" if one.dashed else ""
            parts.append(
                f"<path d='M{x:.1f} {y - 4}h20' stroke='{one.colour}' stroke-width='2' fill='none' "
                f"stroke-opacity='{one.opacity}'{dash}/>"
            )
        parts.append(_text(x + SIGN, y, shortened(one.name, longest, SIZE), INK))
    return parts, rows * ROW + 8


def _line(line: Line, x_span: tuple[float, float], at_x, at_y, edges) -> list[str]:
    x, y = thin(line.x, line.y, *x_span, BUCKETS)
    xs, ys = at_x(x), at_y(y)
    path = "".join(
        "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in piece) for piece in clipped(np.stack([xs, ys], 1), edges)
    )
    parts = []
    if path:
        dash = " stroke-dasharray='6 4'" if line.dashed else ""
        parts.append(
            f"<path d='{path}' fill='none' stroke='{line.colour}' stroke-width='{line.width}' "
            f"stroke-opacity='{line.opacity}' stroke-linejoin='round'{dash}/>"
        )
    if line.points:
        left, top, right, foot = edges
        for a, b in zip(xs, ys):
            if left <= a <= right and top <= b <= foot:
                parts.append(f"<circle cx='{a:.1f}' cy='{b:.1f}' r='3' fill='{line.colour}'/>")
    return parts


def _mark(points: Points, x: float, y: float) -> str:
    look = f"fill='{points.colour}' fill-opacity='{points.opacity:g}'"
    if not points.corners:
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' {look}/>"
    return f"<path d='M{'L'.join(f'{x + a:.1f} {y + b:.1f}' for a, b in points.corners)}z' {look}/>"


def _area(area: Area, at_x, at_y, edges) -> str:
    ok = np.isfinite(area.low) & np.isfinite(area.high)
    xs = np.clip(at_x(area.x[ok]), edges[0], edges[2])
    upper, lower = (
        np.clip(np.nan_to_num(at_y(v[ok]), nan=edges[3]), edges[1], edges[3]) for v in (area.high, area.low)
    )
    spots = [f"{a:.1f} {b:.1f}" for a, b in (*zip(xs, upper), *zip(xs[::-1], lower[::-1]))]
    return f"<path d='M{'L'.join(spots)}z' fill='{area.colour}' fill-opacity='0.2'/>" if spots else ""


def _star(x: float, y: float, words: str, edges) -> list[str]:
    if not (edges[0] <= x <= edges[2] and edges[1] <= y <= edges[3]):
        return []
    points = []
    for corner in range(10):
        radius, angle = (7 if corner % 2 == 0 else 3), math.pi * (corner / 5 - 0.5)
        points.append(f"{x + radius * math.cos(angle):.1f},{y + radius * math.sin(angle):.1f}")
    foot = y + 20 if y + 24 < edges[3] else y - 12
    width, left = words_width(words, SIZE), x > edges[0] + 160
    begin = min(x, edges[2] - 6) - (width if left else 0)
    return [
        f"<polygon points='{' '.join(points)}' fill='{VALIDATION}' stroke='{INK}' stroke-width='0.8'/>",
        f"<rect x='{begin - 3:.1f}' y='{foot - 11:.1f}' width='{width + 6:.1f}' height='15' fill='#FFFFFF' "
        "fill-opacity='0.8'/>",
        _text(min(x, edges[2] - 6), foot, words, INK, anchor="end" if left else ""),
    ]


def clipped(points: np.ndarray, edges: tuple[float, float, float, float]) -> list[np.ndarray]:
    """points: (n, 2), gaps not a number. edges: left, top, right, bottom. The pieces of the line inside the box, by
    Liang and Barsky's method for each stroke that crosses an edge."""
    left, top, right, foot = edges
    inside = (points >= (left - 1e-6, top - 1e-6)).all(1) & (points <= (right + 1e-6, foot + 1e-6)).all(1)
    pieces: list[np.ndarray] = []
    piece: list[np.ndarray] = []
    for place in range(len(points)):
        if inside[place]:
            if not piece and place and np.isfinite(points[place - 1]).all():
                piece += _cut(points[place - 1], points[place], edges)[:1]
            piece.append(points[place])
            continue
        if place and np.isfinite(points[place]).all() and np.isfinite(points[place - 1]).all():
            ends = _cut(points[place - 1], points[place], edges)
            piece += ends[1:] if piece else ends
        if piece:
            pieces.append(np.array(piece))
            piece = []
    if piece:
        pieces.append(np.array(piece))
    return [one for one in pieces if len(one) > 1]


def _cut(one: np.ndarray, other: np.ndarray, edges: tuple[float, float, float, float]) -> list[np.ndarray]:
    """Where the stroke enters the box and leaves it; nothing when it misses."""
    begin, end = 0.0, 1.0
    step = other - one
    (across, down), (x, y) = step.tolist(), one.tolist()  # whose quotients may be infinite without a warning
    for way, space in (
        (-across, x - edges[0]),
        (across, edges[2] - x),
        (-down, y - edges[1]),
        (down, edges[3] - y),
    ):
        if way == 0:
            if space < 0:
                return []
        elif way < 0:
            begin = max(begin, space / way)
        else:
            end = min(end, space / way)
    return [one + begin * step, one + end * step] if begin <= end else []


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers inside a range: 1, 2 or 5 times a power of ten apart."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten; powers of ten alone over a wide range."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    every = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    return [value for value in every if low <= value <= high]


def tick_words(value: float) -> str:
    if value == 0 or abs(value) < 1e-12:
        return "0"
    if abs(value) >= 1e5 or abs(value) < 1e-3:
        digits, _, power = f"{value:.2e}".partition("e")
        digits = digits.rstrip("0").rstrip(".")
        return f"{digits}e{int(power)}"
    return f"{value:,.6g}" if abs(value) >= 1000 else f"{value:.6g}"


def _rule(x: float, y: float, x2: float, y2: float, colour: str) -> str:
    return f"<path d='M{x:.1f} {y:.1f}L{x2:.1f} {y2:.1f}' stroke='{colour}' fill='none'/>"


def _text(x: float, y: float, words: str, colour: str, anchor: str = "", size: int = SIZE, weight: str = "") -> str:
    more = (f" text-anchor='{anchor}'" if anchor else "") + (f" font-weight='{weight}'" if weight else "")
    return f"<text x='{x:.1f}' y='{y:.1f}' fill='{colour}' font-size='{size}'{more}>{escape(words)}</text>"
