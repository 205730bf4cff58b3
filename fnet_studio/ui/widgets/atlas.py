"""The pictures of all layers in one block of bytes, and what their numbers mean."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyqtgraph as pg

COLOUR_MAP = "viridis"


@cache
def look_up_table(name: str = COLOUR_MAP) -> np.ndarray:
    """(256, 3) uint8: the colour of each grey level of a perceptually uniform map."""
    return pg.colormap.get(name).getLookupTable(nPts=256, alpha=False).astype(np.uint8)


@cache
def colour_table(name: str = COLOUR_MAP) -> list[int]:
    """The same as Qt wants it for an indexed image: 256 numbers 0xAARRGGBB."""
    return [0xFF000000 | int(r) << 16 | int(g) << 8 | int(b) for r, g, b in look_up_table(name)]


@dataclass(frozen=True)
class Atlas:
    """Maps of one input: grey levels 0 to 255 stand for `low` to `high`."""

    pixels: np.ndarray = field(repr=False)
    """(layers, rows, columns) uint8."""
    low: float
    high: float
    kind: str = "mixing"
    """`mixing` or `attention`."""
    row_span: tuple[float, float] = (0.0, 0.0)
    """What the first and the last row stand for: sequence frequency in cycles per window, or query position."""
    column_span: tuple[float, float] = (0.0, 0.0)
    keep_zero: bool = False

    @classmethod
    def from_bytes(cls, blob: bytes, layers: int, rows: int, columns: int, **meaning) -> "Atlas":
        """ValueError when the bytes are not layers * rows * columns pixels."""
        if layers < 1 or rows < 1 or columns < 1 or len(blob) != layers * rows * columns:
            raise ValueError(f"{len(blob)} bytes are not {layers} maps of {rows} x {columns}")
        return cls(np.frombuffer(blob, np.uint8).reshape(layers, rows, columns), **meaning)

    @property
    def layers(self) -> int:
        return self.pixels.shape[0]

    @property
    def words(self) -> "AxisWords":
        return WORDS.get(self.kind, WORDS["mixing"])

    def value(self, layer: int, row: int, column: int) -> float:
        """The number behind a pixel, exact to (high - low) / 255."""
        return self.number(float(self.pixels[layer, row, column]))

    def number(self, pixel: float) -> float:
        """What a shade stands for."""
        return self.low + (self.high - self.low) * pixel / 255

    def levels(self, layer: int) -> tuple[int, int]:
        """The darkest and the brightest pixel of one layer; all of 0 to 255 when there is only one shade."""
        low, high = int(self.pixels[layer].min()), int(self.pixels[layer].max())
        return (low, high) if low < high else (0, 255)

    def numbers(self, axis: int, index: int) -> str:
        """What a row (axis 0) or a column (axis 1) of pixels stands for: a number, or `-13 to -1` where several were
        pooled. A frequency of zero that was left out is not counted: the pixels beside it lie one cycle apart from
        what an even scale would say."""
        first, last = self.row_span if axis == 0 else self.column_span
        cells = self.pixels.shape[1 + axis]
        every = np.arange(round(first), round(last) + 1)
        without_zero = every[every != 0]
        if self.kind == "mixing" and not self.keep_zero and len(without_zero) >= cells:
            every = without_zero
        held = every[np.arange(len(every)) * cells // len(every) == index]
        return f"{held[0]}" if len(held) == 1 else f"{held[0]} to {held[-1]}"

    def rectangle(self) -> tuple[float, float, float, float]:
        """(x, y, width, height) of the picture on the axes: each pixel's centre lies on what it stands for."""
        _, rows, columns = self.pixels.shape
        x, width = _extent(self.column_span, columns)
        y, height = _extent(self.row_span, rows)
        return x, y, width, height

    def cell(self, x: float, y: float) -> tuple[int, int] | None:
        """(row, column) of the pixel at a point of the axes, None outside."""
        left, bottom, width, height = self.rectangle()
        _, rows, columns = self.pixels.shape
        row, column = int((y - bottom) / height * rows // 1), int((x - left) / width * columns // 1)
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None


def _extent(span: tuple[float, float], count: int) -> tuple[float, float]:
    first, last = span if span[0] != span[1] else (0.0, float(count - 1))
    step = (last - first) / (count - 1) if count > 1 else 1.0
    return first - step / 2, step * count


@dataclass(frozen=True)
class AxisWords:
    short: str
    title: str
    rows: str
    columns: str
    colours: str
    row_name: str
    column_name: str


WORDS = {
    "mixing": AxisWords(
        "Mixing",
        "Mixing map",
        "sequence: cycles per window",
        "hidden: cycles per vector",
        "log(1 + |M|)",
        "sequence frequency",
        "hidden frequency",
    ),
    "attention": AxisWords(
        "Attention",
        "Attention map, mean of the heads",
        "query position (token)",
        "key position (token)",
        "attention weight",
        "query",
        "key",
    ),
}
