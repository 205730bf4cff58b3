"""A text and the stretches of it that are hidden from the model."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fnet_studio.core import protocol
from fnet_studio.core.mask import MASK

Span = tuple[int, int]


@dataclass(frozen=True)
class MaskedText:
    """Masks are character ranges, not token positions, so that they survive typing elsewhere in the text. A typed
    `[MASK]` is part of the text and needs no range."""

    text: str = ""
    spans: frozenset[Span] = frozenset()

    def edited(self, text: str) -> "MaskedText":
        """The text after an edit. Masks behind it move along; a mask that was typed into is gone."""
        return MaskedText(text, frozenset(moved(self.spans, self.text, text).values()))

    def toggled(self, span: Span) -> "MaskedText":
        """Hide a stretch, or show it again. A typed `[MASK]` cannot be shown: it is taken out of the text."""
        if self.text[span[0] : span[1]] == MASK:
            return self.edited(_tidy(self.text[: span[0]], self.text[span[1] :]))
        if any(_overlap(span, other) for other in self.spans):
            return replace(self, spans=frozenset(other for other in self.spans if not _overlap(span, other)))
        return replace(self, spans=self.spans | {span})

    def put(self, span: Span, words: str, *, joined: bool) -> "MaskedText":
        """Write words in the place of a masked stretch. joined: they continue the word before them."""
        before, after = self.text[: span[0]], self.text[span[1] :]
        if joined:
            before = before.rstrip() if before.strip() else before
        elif before and (before[-1].isalnum() or before[-1] in ".,;:!?)]"):
            before += " "
        kept = replace(self, spans=frozenset(other for other in self.spans if not _overlap(span, other)))
        return kept.edited(before + words + after)

    def written(self) -> str:
        """The text with `[MASK]` in the place of each hidden stretch."""
        text = self.text
        for begin, end in sorted(self.spans, reverse=True):
            hidden = text[begin:end]
            text = text[:begin] + hidden[: len(hidden) - len(hidden.lstrip())] + MASK + text[end:]
        return text

    def positions(self, tokens: tuple[protocol.Token, ...]) -> tuple[int, ...]:
        """The tokens that the masks hide."""
        return tuple(
            index
            for index, token in enumerate(tokens)
            if token.begin >= 0 and any(_overlap((token.begin, token.end), span) for span in self.spans)
        )


def moved(spans: Iterable[Span], old: str, text: str) -> dict[Span, Span]:
    """Where stretches of a text are after an edit; those that were typed into are missing."""
    shorter = min(len(old), len(text))
    head = next((i for i in range(shorter) if old[i] != text[i]), shorter)
    tail = 0
    while tail < shorter - head and old[-1 - tail] == text[-1 - tail]:
        tail += 1
    end, shift = len(old) - tail, len(text) - len(old)
    found = {}
    for begin, stop in spans:
        if stop < head or (stop == head and not _joins(text, head)):
            found[begin, stop] = (begin, stop)
        elif begin > end or (begin == end and not _joins(text, end + shift)):
            found[begin, stop] = (begin + shift, stop + shift)
    return found


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _joins(text: str, at: int) -> bool:
    """Whether a letter stands on both sides of a place: then an edit there belongs to the word."""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def _tidy(before: str, after: str) -> str:
    return before + (after.lstrip(" ") if not before or before.endswith(" ") else after)
