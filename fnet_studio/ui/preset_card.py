"""One preset as a card: what it is, how large, what it can answer, and its model card."""

from typing import NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTextBrowser, QWidget

from fnet_studio.core.presets import PresetCard
from fnet_studio.ui.desktop import size_words
from fnet_studio.ui.parts import Badge, Card, Fact, button, follow_icon, label, row
from fnet_studio.ui.theme import ThemeSource
from fnet_studio.ui.widgets.figures import count


class HeadLook(NamedTuple):
    words: str
    icon: str
    tone: str
    tip: str


HEADS = {
    "pretrained": HeadLook("Predicts words", "badge-check", "success", "It has a pretrained masked-language head."),
    "fine-tuned": HeadLook("Classifies texts", "badge-check", "accent", "It has a fine-tuned classification head."),
    "none": HeadLook(
        "No head",
        "badge-alert",
        "warning",
        "It was saved without a head: it shows mixing maps, and predicts no words, because a random head makes noise.",
    ),
}
CARD_TEXT_PX = 320


class PresetCardView(Card):
    use_wanted = Signal(str)
    open_wanted = Signal(str)
    trash_wanted = Signal(object)

    def __init__(
        self, card: PresetCard, themes: ThemeSource, *, current: bool = False, parent: QWidget | None = None
    ) -> None:
        """current: it is the one that Explore shows."""
        super().__init__("warning" if card.problem else "true", parent)
        self.card = card
        self.setAccessibleName(f"Preset {card.name}")
        self.column.setSpacing(12)
        head = HEADS[card.head]
        badges = [Badge(themes, head.words, head.icon, head.tone, head.tip)]
        badges.append(Badge(themes, "Came with the program" if card.bundled else "Yours", "package", "muted"))
        if current:
            badges.append(Badge(themes, "In Explore", "compass", "accent"))
        if card.problem:
            badges = [Badge(themes, "Cannot be used", "triangle-alert", "warning")]
        self.use = button("Use in Explore", themes, "compass", "", lambda: self.use_wanted.emit(card.name))
        self.use.setEnabled(not card.problem)
        self.column.addLayout(row(label(card.name, "section"), *badges, None, self.use))
        if card.problem:
            self.column.addWidget(label(card.problem, "error", wrap=True, selectable=True))
        facts = row(*(Fact(caption, value) for caption, value in _facts(card)), None, spacing=32)
        self.column.addLayout(facts)
        self.text = ModelCard(_without_title(card.model_card))
        self.text.hide()
        self.fold = button("Model card", themes, "chevron-right", "quiet", self._toggle)
        self._fold_icon = follow_icon(self.fold, themes, "chevron-right", "muted")
        opener = button("Open folder", themes, "folder-open", "quiet", lambda: self.open_wanted.emit(card.folder))
        foot = row(self.fold, opener) if card.model_card.strip() else row(opener)
        if not card.bundled:
            foot.addWidget(button("Delete", themes, "trash-2", "quiet", lambda: self.trash_wanted.emit(card)))
        foot.setContentsMargins(-8, 0, 0, 0)  # the words of a button without a frame stand under those above
        foot.addStretch(1)
        self.column.addLayout(foot)
        self.column.addWidget(self.text)

    def _toggle(self) -> None:
        unfolded = not self.text.isVisibleTo(self)
        self.text.setVisible(unfolded)
        self._fold_icon.show_icon("chevron-down" if unfolded else "chevron-right", "muted")


class ModelCard(QTextBrowser):
    """As high as its text, up to a limit; then it scrolls."""

    def __init__(self, markdown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bare", True)
        self.setOpenExternalLinks(True)
        self.setAccessibleName("Model card")
        self.setMarkdown(markdown)
        self.document().setDocumentMargin(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        height = min(CARD_TEXT_PX, round(self.document().size().height()) + 2)
        if height != self.height():
            self.setFixedHeight(height)


def _facts(card: PresetCard) -> list[tuple[str, str]]:
    def known(value: int) -> str:
        return count(value) if value else "–"

    return [
        ("Parameters", known(card.parameters)),
        ("Layers", known(card.num_layers)),
        ("Hidden size", known(card.hidden_dim)),
        ("Intermediate", known(card.intermediate_dim)),
        ("Vocabulary", known(card.vocabulary_size)),
        ("Length", known(card.sequence_length)),
        ("On disk", size_words(card.size_bytes)),
    ]


def _without_title(text: str) -> str:
    """The card's own name stands above it already."""
    first, _, rest = text.strip().partition("\n")
    return rest if first.startswith("# ") else text
