"""The presets as a list of small cards, by where they are from, with a search above."""

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QVBoxLayout, QWidget

from fnet_studio.core.catalogue import Entry
from fnet_studio.ui import icons
from fnet_studio.ui.parts import label, row
from fnet_studio.ui.presets.downloads import Downloads
from fnet_studio.ui.presets.looks import ORIGINS, figures_of, state_of
from fnet_studio.ui.stylesheet import mixed
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.text_boxes import TextLine

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
ENTRY = Role.UserRole
PAD, ICON_PX = 12, 16
CAPTION_PT = 9.0


class PresetsModel(QAbstractListModel):
    """Captions (str) and presets (Entry), in one column."""

    def __init__(self, downloads: Downloads, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self._rows: list[str | Entry] = []
        self._downloads = downloads
        self._filter = ""

    def put(self, entries: list[Entry]) -> None:
        self.entries = entries
        self._arrange()

    def set_filter(self, words: str) -> None:
        self._filter = words.casefold()
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        wanted, caption = self._filter.split(), ""
        self._rows = []
        for entry in self.entries:
            words = f"{entry.title} {entry.key} {ORIGINS[entry.origin]} {state_of(entry, None).words}".casefold()
            if all(word in words for word in wanted):
                if ORIGINS[entry.origin] != caption:
                    caption = ORIGINS[entry.origin]
                    self._rows.append(caption)
                self._rows.append(entry)
        self.endResetModel()

    def shown(self) -> list[Entry]:
        return [it for it in self._rows if isinstance(it, Entry)]

    def index_of(self, key: str) -> QModelIndex:
        for place, it in enumerate(self._rows):
            if isinstance(it, Entry) and it.key == key:
                return self.index(place, 0)
        return QModelIndex()

    def moved(self, key: str) -> None:
        """A download went on."""
        index = self.index_of(key)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's)
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or isinstance(self._rows[index.row()], str):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        it = self._rows[index.row()]
        if isinstance(it, str):
            return it if role in (Role.DisplayRole, Role.AccessibleTextRole) else None
        if role == Role.DisplayRole:
            return it.title
        if role == ENTRY:
            return it
        if role == Role.AccessibleTextRole:
            state = state_of(it, self._downloads.running.get(it.key)).words
            return ", ".join(filter(None, (it.title, ORIGINS[it.origin], state, figures_of(it))))
        return it.card.problem or None if role == Role.ToolTipRole else None


class _Delegate(QStyledItemDelegate):
    """Two lines: the name, with the state at the right; the sizes."""

    def __init__(self, downloads: Downloads, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._downloads, self._themes = downloads, themes
        self._font, self._heights = "", (0, 0)
        """For this font, of a caption and of a preset: asked for each row whenever a style changes."""

    def _fonts(self, option: Any) -> tuple[QFont, QFont]:
        strong, small = QFont(option.font), QFont(option.font)
        strong.setWeight(QFont.Weight.DemiBold)
        small.setPointSizeF(CAPTION_PT)
        return strong, small

    def sizeHint(self, option: Any, index: Any) -> QSize:
        if option.font.key() != self._font:
            strong, small = (QFontMetricsF(font).height() for font in self._fonts(option))
            self._font, self._heights = option.font.key(), (round(small + 16), round(strong + small + 4 + 2 * 8))
        return QSize(100, self._heights[index.data(ENTRY) is not None])

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        theme, entry = self._themes.current, index.data(ENTRY)
        strong, small = self._fonts(option)
        box = QRectF(option.rect).adjusted(PAD, 8, -PAD, -8)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if entry is None:
            painter.setFont(small)
            painter.setPen(QColor(theme.muted))
            painter.drawText(box.adjusted(0, -4, 0, 8), Qt.AlignmentFlag.AlignBottom, index.data())
            painter.restore()
            return
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            share = (0.14 if theme.dark else 0.10) if chosen else 0.05
            painter.setBrush(QColor(mixed(theme.card, theme.accent if chosen else theme.text, share)))
            focused = chosen and bool(option.state & QStyle.StateFlag.State_HasFocus)
            painter.setPen(QPen(QColor(theme.accent), 1) if focused else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(QRectF(option.rect).adjusted(4.5, 1.5, -4.5, -1.5), 6, 6)
        look = state_of(entry, self._downloads.running.get(entry.key))
        metrics, caption = QFontMetricsF(strong), QFontMetricsF(small)
        right = caption.horizontalAdvance(look.words)
        top = QRectF(box.left(), box.top(), box.width(), metrics.height())
        picture = icons.pixmap(look.icon, getattr(theme, look.tone), ICON_PX, option.widget.devicePixelRatioF())
        painter.drawPixmap(round(top.right() - right - ICON_PX - 6), round(top.center().y() - ICON_PX / 2), picture)
        painter.setFont(small)
        painter.setPen(QColor(theme.muted))
        painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, look.words)
        below = QRectF(box.left(), top.bottom() + 4, box.width(), caption.height())
        words = caption.elidedText(figures_of(entry) or entry.card.problem, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, words)
        painter.setFont(strong)
        painter.setPen(QColor(theme.text if entry.usable else theme.muted))
        room = top.width() - right - ICON_PX - 18
        painter.drawText(
            top, Qt.AlignmentFlag.AlignVCenter, metrics.elidedText(entry.title, Qt.TextElideMode.ElideMiddle, room)
        )
        painter.restore()


class _View(QListView):
    delete_wanted = Signal()
    open_wanted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.open_wanted.emit()
        else:
            super().keyPressEvent(event)


class PresetList(QWidget):
    selection_changed = Signal()

    def __init__(self, downloads: Downloads, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = PresetsModel(downloads, self)
        self.search = TextLine()
        self.search.setPlaceholderText("Search presets")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search presets")
        self.counted = label("", "muted")
        self.view = _View()
        self.view.setModel(self.model)
        self.view.setItemDelegate(_Delegate(downloads, themes, self.view))
        self.view.setObjectName("presets")
        self.view.setAccessibleName("Presets")
        self.view.setMouseTracking(True)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.selectionModel().currentChanged.connect(lambda *_: self._selected())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        top = row(self.search, self.counted)
        top.setStretch(0, 1)
        column.addLayout(top)
        column.addWidget(self.view, 1)
        self._restoring = False
        self.search.textChanged.connect(lambda words: self._change(lambda: self.model.set_filter(words)))
        self.search.returnPressed.connect(self.view.setFocus)
        downloads.moved.connect(self.model.moved)
        themes.changed.connect(lambda _: self.view.viewport().update())

    @property
    def selected(self) -> Entry | None:
        index = self.view.currentIndex()
        return index.data(ENTRY) if index.isValid() else None

    def put(self, entries: list[Entry]) -> None:
        if entries != self.model.entries:
            self._change(lambda: self.model.put(entries))

    def select(self, key: str) -> bool:
        """False when it is not shown."""
        index = self.model.index_of(key)
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)
        return index.isValid()

    def _change(self, change: Any) -> None:
        """What is selected stays so; else the first is."""
        before = self.selected
        self._restoring = True
        change()
        shown = self.model.shown()
        if not (before and self.select(before.key)) and shown:
            self.select(shown[0].key)
        self._restoring = False
        every = len(self.model.entries)
        none = "None matches" if every and not shown else ""
        self.counted.setText(none or (f"{len(shown)} of {every}" if len(shown) != every else f"{every}"))
        self.selection_changed.emit()

    def _selected(self) -> None:
        if not self._restoring:
            self.selection_changed.emit()
