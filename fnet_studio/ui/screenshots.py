"""Pictures of the window: both themes, a large and a small size."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QImage

from fnet_studio.core.settings import Choice
from fnet_studio.ui.window import Window

SIZES = ((1280, 800), (1000, 680))
THEMES: tuple[Choice, ...] = ("light", "dark")


def take(
    window: Window,
    folder: Path,
    name: str,
    settle: Callable[[], None],
    sizes: tuple[tuple[int, int], ...] = SIZES,
    themes: tuple[Choice, ...] = THEMES,
) -> list[Path]:
    """Saves `<name>-<theme>-<width>.png` for each theme and size, then puts theme and size back. settle: lets the
    event loop run until the window has been painted anew. OSError when the folder refuses."""
    before, size = window.themes.choice, window.size()
    taken = []
    for theme in themes:
        window.themes.set_choice(theme)
        for width, height in sizes:
            window.resize(width, height)
            settle()
            path = folder / f"{name}-{theme}-{width}.png"
            if not window.grab().save(str(path)):
                raise OSError(f"{path} could not be written")
            taken.append(path)
    window.themes.set_choice(before)
    window.resize(size)
    settle()
    return taken


def is_blank(path: Path) -> bool:
    """Whether a picture shows next to nothing: fewer than 24 colours on a coarse grid of its pixels."""
    image = QImage(str(path))
    colours = {image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}
    return len(colours) < 24
