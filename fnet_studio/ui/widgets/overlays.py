"""Other runs behind the one that a chart is about: each by itself, or those that differ in their seed as one."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from PySide6.QtGui import QColor

from fnet_studio.ui.widgets import ink
from fnet_studio.ui.widgets.run_trace import RunTrace

MOST = 20


class Layer(NamedTuple):
    """What is drawn as one line."""

    place: int
    name: str
    colour: QColor
    traces: tuple[RunTrace, ...]
    band: bool


def layers(traces: Sequence[RunTrace], theme: Any, seeds_as_one: bool) -> list[Layer]:
    """In Okabe and Ito's order, and from the seventh on the same hues again, nearer to the ground. seeds_as_one: runs
    of the same group become one line, their mean, with a band."""
    groups: list[list[RunTrace]] = []
    for trace in traces[:MOST]:
        same = next((group for group in groups if seeds_as_one and trace.group and group[0].group == trace.group), None)
        if same is None:
            groups.append([trace])
        else:
            same.append(trace)
    found = []
    for place, group in enumerate(groups):
        name = group[0].name if len(group) == 1 else f"{group[0].named.name}, mean of {len(group)}"
        found.append(Layer(place, name, _colour(place, theme), tuple(group), len(group) > 1))
    return found


def _colour(place: int, theme: Any) -> QColor:
    readable = [one for one in theme.series if ink.contrast(one, theme.card) >= 2.2]
    # the run itself wears the first two
    training, validation = ink.series(theme)
    free = [one for one in readable if QColor(one) not in (training, validation)] or readable
    return ink.mix(free[place % len(free)], theme.card, 0.22 * (place // len(free) % 3))
