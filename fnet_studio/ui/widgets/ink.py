"""Colours made from the theme's: what reads on a fill, and what lies between two of them."""

from typing import Any

from PySide6.QtGui import QColor

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Series colours that people with any colour vision can tell apart (Okabe and Ito 2008)."""


def luminance(colour: QColor) -> float:
    """Relative luminance from 0 to 1, as WCAG 2.1 defines it."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(one: QColor | str, other: QColor | str) -> float:
    """WCAG contrast ratio, 1 to 21."""
    light, dark = sorted((luminance(QColor(one)), luminance(QColor(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable_on(fill: QColor | str) -> QColor:
    """Near-black or white, whichever reads better on the fill."""
    dark, white = QColor("#14171C"), QColor("#FFFFFF")
    return white if contrast(fill, white) >= contrast(fill, dark) else dark


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
    blue = OKABE_ITO[0] if contrast(OKABE_ITO[0], theme.card) >= 4.5 else OKABE_ITO[4]
    orange = OKABE_ITO[5] if contrast(OKABE_ITO[1], theme.card) < 3 else OKABE_ITO[1]
    return QColor(blue), QColor(orange)
