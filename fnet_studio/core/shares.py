"""How a share of 1 is written in percent."""

import math


def percent(share: float, digits: int = 1) -> str:
    """0.4312 -> `43.1 %`; what is nearly none or nearly all keeps digits that mean something, down to `<0.001 %` and up
    to `>99.999 %`: only 1 is `100.0 %`."""
    if not math.isfinite(share):
        return "–"
    value = share * 100
    rounded = f"{value:.{digits}f}"
    if digits == 0 and 0.1 <= value < 1:
        return f"{value:.1g} %"
    if 0 < value < 10**-digits:
        return f"{value:.3f} %" if value >= 0.001 else "<0.001 %"
    if value < 100 and float(rounded) >= 100:
        return f"{value:.3f} %" if value <= 99.999 else ">99.999 %"
    return f"{rounded} %"
