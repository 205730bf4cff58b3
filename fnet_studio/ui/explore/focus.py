"""What the Explore page looks at: one sentence in one preset, and the token under the pointer."""

from PySide6.QtCore import QObject, Signal

from fnet_studio.core import protocol

NO_WORDS = "This model predicts no words: choose a preset with a head, such as fnet_small_en."


class Focus(QObject):
    """Shared by everything on the page. The page alone calls `show_sentence` and `forget`; whatever shows tokens calls
    `point_at` when one of its tokens is hovered or has the keyboard's focus, and marks the token that
    `pointed` names, so that a token pointed at anywhere is marked everywhere."""

    sentence_changed = Signal()
    """There is another preset, text, or set of masks to look at; or, with `loaded` None, nothing for now."""
    pointed = Signal(int)
    """Index into `tokenized.tokens`, a position in the model; -1 for none."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.loaded: protocol.Loaded | None = None
        """The preset in use, once the worker has read it."""
        self.text = ""
        self.masked: tuple[int, ...] = ()
        """Positions hidden besides typed masks."""
        self.tokenized: protocol.Tokenized | None = None
        """Of `text`, nothing masked in it but typed masks."""
        self.token = -1

    @property
    def preset(self) -> str:
        return self.loaded.preset if self.loaded else ""

    def show_sentence(
        self, loaded: protocol.Loaded, text: str, masked: tuple[int, ...], tokenized: protocol.Tokenized
    ) -> None:
        if (loaded, text, masked, tokenized) == (self.loaded, self.text, self.masked, self.tokenized):
            return
        self.loaded, self.text, self.masked, self.tokenized = loaded, text, masked, tokenized
        self.sentence_changed.emit()
        if self.token >= len(tokenized.tokens):
            self.point_at(-1)

    def forget(self) -> None:
        """The worker is gone, or reads another preset."""
        self.point_at(-1)
        if self.loaded is not None:
            self.loaded = self.tokenized = None
            self.sentence_changed.emit()

    def point_at(self, position: int) -> None:
        if position != self.token:
            self.token = position
            self.pointed.emit(position)
