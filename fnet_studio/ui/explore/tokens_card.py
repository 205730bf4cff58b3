"""The token inspector: every token that the model reads, what pads it, and what was cut off."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtWidgets import QHeaderView, QTableView, QVBoxLayout, QWidget

from fnet_studio.core import protocol
from fnet_studio.core.special_pieces import UNKNOWN
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.parts import label, whole_rows
from fnet_studio.ui.widgets.figures import count, counted

NOWHERE = QModelIndex()
HEADS = ("#", "Piece", "Id", "Place", "Text")
TIPS = (
    "Position in the model's input",
    "As the vocabulary spells it; ▁ is a space before it",
    "Its number in the vocabulary",
    "First and last character in the text, counted from 0",
    "What it stands for in the text",
)
_NUMBERS = (0, 2, 3)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class TokenModel(QAbstractTableModel):
    """A row a token, then one for all padding, then one for what was cut off."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.rows: list[tuple[str, ...]] = []
        self.tokens = 0

    def show_tokens(self, text: str, tokenized: protocol.Tokenized | None, masked: tuple[int, ...]) -> None:
        self.beginResetModel()
        self.rows = [] if tokenized is None else _rows(text, tokenized, masked)
        self.tokens = 0 if tokenized is None else len(tokenized.tokens)
        self.endResetModel()

    def rowCount(self, parent: Any = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Any = NOWHERE) -> int:
        return len(HEADS)

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in _NUMBERS:
            return _RIGHT
        return None

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in _NUMBERS:
            return _RIGHT
        return TIPS[section] if role == Qt.ItemDataRole.ToolTipRole else None


def _rows(text: str, tokenized: protocol.Tokenized, masked: tuple[int, ...]) -> list[tuple[str, ...]]:
    rows = []
    for index, token in enumerate(tokenized.tokens):
        added = token.begin < 0
        written = "special" if added else text[token.begin : token.end].strip() or "(a space)"
        if index in masked:
            written = f"hidden: {written}"
        elif token.piece in UNKNOWN:
            written = f"unknown to the vocabulary: {written}"
        letters = "–" if added else f"{token.begin}–{max(token.end - 1, token.begin)}"
        rows.append((str(index), token.piece, str(token.id), letters, written))
    used = len(tokenized.tokens)
    if tokenized.padding:
        rows.append(
            (f"{used}–{used + tokenized.padding - 1}", "<pad>", "", "–", f"{count(tokenized.padding)} × padding")
        )
    if tokenized.cut_tokens:
        lost = text[tokenized.cut_at :].strip()
        letters = f"{tokenized.cut_at}–{len(text) - 1}"
        rows.append(("cut", counted(tokenized.cut_tokens, "piece"), "", letters, f"not read: {lost}"))
    return rows


class TokensCard(QWidget):
    def __init__(self, focus: Focus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._focus = focus
        self.model = TokenModel(self)
        self.view = QTableView()
        self.view.setModel(self.model)
        whole_rows(self.view, "Tokens of the sentence")
        self.view.setMouseTracking(True)
        self.view.verticalHeader().setDefaultSectionSize(26)
        small = self.view.font()
        small.setPointSizeF(9)
        self.view.setFont(small)
        head = self.view.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(len(HEADS) - 1, QHeaderView.ResizeMode.Stretch)
        self.line = label("", "caption", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.line)
        focus.sentence_changed.connect(self._show)
        focus.pointed.connect(self._mark)
        self.view.entered.connect(lambda index: self._point(index.row()))
        self.view.selectionModel().currentRowChanged.connect(lambda index, _: self._point(index.row()))
        self._show()

    def leaveEvent(self, event: Any) -> None:
        self._focus.point_at(-1)
        super().leaveEvent(event)

    def _point(self, row: int) -> None:
        self._focus.point_at(row if 0 <= row < self.model.tokens else -1)

    def _mark(self, position: int) -> None:
        if position < 0:
            self.view.clearSelection()
        elif self.view.currentIndex().row() != position or not self.view.selectionModel().hasSelection():
            before = self.view.selectionModel().blockSignals(True)
            self.view.selectRow(position)
            self.view.selectionModel().blockSignals(before)
            self.view.viewport().update()

    def _show(self) -> None:
        focus = self._focus
        self.model.show_tokens(focus.text, focus.tokenized, focus.masked)
        if focus.tokenized is None:
            self.line.setText("The tokens of the sentence will be here once the model has read it.")
            return
        it = focus.tokenized
        cut = f" {count(it.cut_tokens)} did not fit." if it.cut_tokens else ""
        added = [piece for piece in ("[CLS]", "[SEP]") if any(t.special and t.piece == piece for t in it.tokens)]
        together = f" with {' and '.join(added)}" if added else ""
        mixed = ", and padding is mixed in" if focus.loaded is None or focus.loaded.mixes_pads else ""
        self.line.setText(
            f"{len(it.tokens)} token{'s' * (len(it.tokens) != 1)}{together}, {count(it.padding)} of padding: the model "
            f"always reads {count(it.sequence_length)}{mixed}.{cut}"
        )
