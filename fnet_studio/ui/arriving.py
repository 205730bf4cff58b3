"""How far something has arrived, in words."""

from fnet_studio.core.files import size as size_words
from fnet_studio.ui.widgets.figures import duration


def arriving(done: int, total: int, rate_per_s: float, left_s: float) -> str:
    """Such as `120 MB of 332 MB, 8.1 MB a second, 26 s left`. done, total: in bytes, 0 for an unknown total.
    rate_per_s: 0 while unknown, left_s: -1."""
    said = [f"{size_words(done)} of {size_words(total)}" if total else size_words(done)]
    if rate_per_s > 0:
        said.append(f"{size_words(round(rate_per_s))} a second")
    if left_s >= 0:
        said.append(f"{duration(left_s)} left")
    return ", ".join(said)
