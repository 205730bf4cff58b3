"""The one stylesheet. Widgets choose from it by properties: `card`, `role` (of a label), `kind` (of a button)."""

from __future__ import annotations

from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fnet_studio.ui.theme import Theme

_SHEET = Template("""
QToolTip { background: $card; color: $text; border: 1px solid $line; padding: 4px 8px; font-size: 9pt; }
QFrame[card="true"] { background: $card; border: 1px solid $line; border-radius: 8px; }
QFrame[card="danger"] { background: $card; border: 1px solid $danger; border-radius: 8px; }
QFrame[card="warning"] { background: $card; border: 1px solid $warning; border-radius: 8px; }
QFrame[divider="true"] { background: $line; border: none; }

QLabel[role="page"] { font-size: 18pt; font-weight: 600; }
QLabel[role="section"] { font-size: 13pt; font-weight: 600; }
QLabel[role="strong"], QLabel[role="figure"], QLabel[role="changed"] { font-weight: 600; }
QLabel[role="figure"] { font-size: 13pt; }
QLabel[role="changed"] { color: $accent_text; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="caption"] { color: $muted; font-size: 9pt; }
QLabel[role="error"] { color: $danger_text; font-size: 9pt; }
QLabel[role="small"] { font-size: 9pt; }
QFrame[badge="true"] { background: $window; border: 1px solid $line; border-radius: 6px; }

QPushButton { background: $card; color: $text; border: 1px solid $line; border-radius: 6px;
  padding: 5px 14px; min-height: 20px; }
QPushButton:hover { border-color: $muted; }
QPushButton:pressed { background: $line; }
QPushButton:disabled { color: $muted; background: $window; }
QPushButton:focus { border-color: $accent; }
QPushButton[kind="primary"] { background: $accent; color: $on_accent; border-color: $accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { border-color: $text; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; padding: 4px 13px; }
QPushButton[kind="primary"]:disabled { background: $line; color: $muted; border-color: $line; }
QPushButton[kind="danger"] { color: $danger_text; border-color: $danger; }
QPushButton[kind="danger"]:hover, QPushButton[kind="danger"]:focus { border: 2px solid $danger; padding: 4px 13px; }
QPushButton[kind="quiet"], QToolButton { background: transparent; border: 1px solid transparent;
  border-radius: 6px; padding: 4px 8px; color: $text; }
QPushButton[kind="quiet"]:disabled { color: $muted; }
QPushButton[kind="quiet"]:hover, QToolButton:hover { background: $hover; }
QPushButton[kind="quiet"]:focus, QToolButton:focus { border-color: $accent; }
QToolButton:checked { background: $chosen; }
QToolButton[slim="true"] { padding: 0; border-radius: 4px; }
QToolButton:disabled { color: $muted; }

QToolButton[rail="true"] { border-radius: 8px; padding: 6px 4px; font-size: 9pt; color: $muted; }
QToolButton[rail="true"]:checked { background: $chosen; color: $accent_text; font-weight: 600; }
QPushButton[small="true"] { font-size: 9pt; color: $muted; padding: 3px 4px; }
QPushButton[small="true"]::menu-indicator { left: 4px; }
QWidget#rail { background: $card; border: none; border-right: 1px solid $line; }
QWidget#status { background: $card; border: none; border-top: 1px solid $line; }

QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit, QTextEdit, QTextBrowser {
  background: $card; color: $text; border: 1px solid $line; border-radius: 6px; padding: 5px 8px;
  selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox { min-height: 20px; }
QSpinBox::up-button, QSpinBox::down-button { width: 0; border: none; subcontrol-origin: border; }
QLineEdit:hover, QComboBox:hover { border-color: $muted; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
  border-color: $accent; }
QLineEdit, QPlainTextEdit { placeholder-text-color: $muted; }
QLineEdit:disabled, QComboBox:disabled { color: $muted; background: $window; }
QLineEdit[invalid="true"], QComboBox[invalid="true"] { border: 2px solid $danger; padding: 4px 7px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$images/chevron-down.svg"); width: 12px; height: 12px; }
QComboBox QAbstractItemView { background: $card; color: $text; border: 1px solid $line; padding: 4px; outline: none;
  selection-background-color: $chosen; selection-color: $text; }
QTextBrowser[bare="true"] { border: none; padding: 0; }
QPlainTextEdit[mono="true"] { font-size: 9pt; background: $window; }

QCheckBox, QRadioButton { spacing: 8px; }
QCheckBox::indicator { width: 16px; height: 16px; border: 1px solid $muted; border-radius: 4px; background: $card; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent; image: url("$images/check.svg"); }
QCheckBox::indicator:focus { border: 2px solid $accent; }
QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid $muted; border-radius: 8px; background: $card; }
QRadioButton::indicator:checked { border: 5px solid $accent; width: 6px; height: 6px; background: $on_accent; }
QRadioButton:focus, QCheckBox:focus { color: $accent_text; }

QProgressBar { background: $line; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QSlider::groove:horizontal { background: $line; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $card; border: 2px solid $accent; width: 12px; height: 12px; margin: -6px 0;
  border-radius: 8px; }

QTableView, QTreeView, QListWidget, QListView#presets { background: $card; border: 1px solid $line; border-radius: 8px;
  gridline-color: transparent;
  selection-background-color: $chosen; selection-color: $text; outline: none; }
QTableView[bare="true"], QListWidget[bare="true"] { border: none; border-radius: 0; }
QTableView::item, QTreeView::item { padding: 4px 8px; border: none; }
QTreeView::item:selected, QListWidget::item:selected { background: $chosen; color: $text; }
QTableView:focus, QTreeView:focus, QListWidget:focus, QListView#presets:focus { border-color: $accent; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section { background: transparent; color: $muted; border: none; border-bottom: 1px solid $line;
  padding: 6px 11px; font-size: 9pt; font-weight: 600; }
QHeaderView::section:vertical { border: none; }
QHeaderView::up-arrow, QHeaderView::down-arrow { width: 10px; height: 10px; subcontrol-position: top center; }
QHeaderView::up-arrow { image: url("$images/chevron-up.svg"); }
QHeaderView::down-arrow { image: url("$images/chevron-down.svg"); }
QTableCornerButton::section { background: transparent; border: none; border-bottom: 1px solid $line; }

QTabBar::tab { background: transparent; color: $muted; border: none; border-bottom: 2px solid transparent;
  padding: 6px 9px; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; font-weight: 600; }
QTabBar::tab:focus { color: $accent_text; }
QTabWidget::pane { border: none; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::scroller { width: 26px; }
QTabBar QToolButton { background: $card; border-radius: 4px; padding: 0; }
QTabBar QToolButton::left-arrow { image: url("$images/chevron-left.svg"); width: 16px; height: 16px; }
QTabBar QToolButton::right-arrow { image: url("$images/chevron-right.svg"); width: 16px; height: 16px; }
QTabBar QToolButton::left-arrow:disabled, QTabBar QToolButton::right-arrow:disabled { image: none; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget[page="true"] { background: transparent; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: $grip; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $line; }
QMenu { background: $card; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 6px 16px; border-radius: 4px; }
QMenu::item:selected { background: $chosen; }
""")


def stylesheet(theme: Theme, images: Path) -> str:
    """images: a folder with the few pictures that a stylesheet can only take from files."""
    return _SHEET.substitute(
        {name: getattr(theme, name) for name in theme.__dataclass_fields__},
        images=images.as_posix(),
        hover=mixed(theme.card, theme.text, 0.06),
        chosen=mixed(theme.card, theme.accent, 0.14 if theme.dark else 0.10),
        accent_text=mixed(theme.accent, theme.text, 0.25),
        grip=mixed(theme.line, theme.muted, 0.35),
    )


def mixed(one: str, other: str, share: float) -> str:
    """`share` of the second `#RRGGBB` in the first."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]))
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)
