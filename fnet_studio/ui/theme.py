"""Colours, type and the two themes; and who tells the widgets when they change."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from fnet_studio.core import places
from fnet_studio.ui.stylesheet import stylesheet

Choice = Literal["system", "light", "dark"]

GRID = 8
"""Pixels: distances are multiples of this, or half of it."""
MARGIN = 24
SMALLEST_WINDOW = (960, 640)
RADIUS = 8
CAPTION_PT, BODY_PT, SECTION_PT, PAGE_PT = 9.0, 10.5, 13.0, 18.0

SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
"""Okabe and Ito's colours, told apart with any colour vision."""


@dataclass(frozen=True)
class Theme:
    """All colours are `#RRGGBB`. `success`, `warning` and `danger` are for marks, their `_text` variants for words."""

    name: str
    dark: bool
    window: str
    card: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    """Words on a fill of the accent colour."""
    success: str = "#2E9E6B"
    warning: str = "#C98A14"
    danger: str = "#D64545"
    success_text: str = ""
    warning_text: str = ""
    danger_text: str = ""
    series: tuple[str, ...] = SERIES


LIGHT = Theme(
    name="light",
    dark=False,
    window="#F7F8FA",
    card="#FFFFFF",
    text="#1B1F24",
    muted="#5B6472",
    line="#DDE1E7",
    accent="#2F6FEB",
    on_accent="#FFFFFF",
    success_text="#1F7A50",
    warning_text="#8A5A00",
    danger_text="#B83232",
)
DARK = Theme(
    name="dark",
    dark=True,
    window="#14171C",
    card="#1B2027",
    text="#E6E9EE",
    muted="#98A2B0",
    line="#2C333D",
    accent="#5B93FF",
    on_accent="#10141A",
    success_text="#4FC28C",
    warning_text="#E3AE4A",
    danger_text="#F08080",
)


class ThemeSource(QObject):
    """Owns which theme is shown. Sets the application's style, palette and stylesheet; widgets that paint for
    themselves listen to `changed`."""

    changed = Signal(object)
    """The new `Theme`."""

    def __init__(self, application: QApplication, choice: Choice = "system") -> None:
        super().__init__(application)
        self._application = application
        self._hints = application.styleHints()
        self.choice: Choice = choice
        application.setStyle("Fusion")
        application.setFont(body_font(application.font()))
        self.current = self._wanted()
        self._apply()
        self._hints.colorSchemeChanged.connect(self._system_changed)

    def set_choice(self, choice: Choice) -> None:
        self.choice = choice
        self._update()

    def _system_changed(self) -> None:
        if self.choice == "system":
            self._update()

    def _wanted(self) -> Theme:
        if self.choice == "system":
            return DARK if self._hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT
        return DARK if self.choice == "dark" else LIGHT

    def _update(self) -> None:
        wanted = self._wanted()
        if wanted is not self.current:
            self.current = wanted
            self._apply()
            self.changed.emit(wanted)

    def _apply(self) -> None:
        self._application.setPalette(palette(self.current))
        # Qt takes a fifth of the time for a sheet in the place of none as for one in the place of another.
        self._application.setStyleSheet("")
        self._application.setStyleSheet(stylesheet(self.current, places.resources() / "themes" / self.current.name))


def body_font(font: QFont) -> QFont:
    """The system's font in the body's size, all digits of one width."""
    font = QFont(font)
    font.setPointSizeF(BODY_PT)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def palette(theme: Theme) -> QPalette:
    """For what the style paints itself."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.card,
        role.AlternateBase: theme.window,
        role.Text: theme.text,
        role.Button: theme.card,
        role.ButtonText: theme.text,
        role.BrightText: theme.on_accent,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.PlaceholderText: theme.muted,
        role.ToolTipBase: theme.card,
        role.ToolTipText: theme.text,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
        role.Accent: theme.accent,
        role.Light: theme.card,
        role.Midlight: theme.line,
        role.Mid: theme.line,
        role.Dark: theme.line,
        role.Shadow: theme.line,
    }
    result = QPalette()
    for part, colour in colours.items():
        result.setColor(part, QColor(colour))
    for part in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, part, QColor(theme.muted))
    return result
