"""Colours made from the theme's: what reads on a fill, and what lies between two of them."""

from typing import Any

from PySide6.QtGui import QColor


def luminance(colour: QColor) -> float:
    """Relative luminance from 0 to 1, as WCAG 2.1 defines it."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(one: QColor | str, other: QColor | str) -> float:
    """WCAG contrast ratio, 1 to 21."""
    light, dark = sorted((luminance(QColor(one)), luminance(QColor(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix(one: QColor | str, other: QColor | str, share: float) -> QColor:
    """`share` of the other colour in the first, 0 to 1."""
    a, b = QColor(one), QColor(other)
    return QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * share,
        a.greenF() + (b.greenF() - a.greenF()) * share,
        a.blueF() + (b.blueF() - a.blueF()) * share,
    )


def faded(colour: QColor | str, opacity: float) -> QColor:
    result = QColor(colour)
    result.setAlphaF(opacity)
    return result


def series(theme: Any) -> tuple[QColor, QColor]:
    """(training, validation): blue and orange of the Okabe-Ito set, the blue that reads on the theme's cards."""
    dark_blue, orange, _, _, light_blue, vermilion = theme.series
    blue = dark_blue if contrast(dark_blue, theme.card) >= 4.5 else light_blue
    orange = orange if contrast(orange, theme.card) >= 3 else vermilion
    return QColor(blue), QColor(orange)
