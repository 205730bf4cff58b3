"""What pictures and predictions ask of a model in memory, whatever it is."""

from collections.abc import Collection, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from fnet_studio.core import presets, protocol, run_models
from fnet_studio.core.errors import UserError
from fnet_studio.data.wordpiece import SEPARATOR
from fnet_studio.engine.first_calls import FirstCalls
from fnet_studio.engine.text_cutter import Pieces

Head = Literal["pretrained", "none", "fine-tuned"]


class Part(NamedTuple):
    """One of the texts that a prompt holds, and where it begins there."""

    begin: int
    text: str


def texts_of(prompt: str) -> list[Part]:
    """A text, or the two between which `[SEP]` is written, without the spaces beside it. UserError `text.too-many`."""
    texts = prompt.split(SEPARATOR)
    if len(texts) > 2:
        raise UserError(
            "text.too-many",
            f"{SEPARATOR} is written {len(texts) - 1} times, and a model takes two texts at most.",
            f"Write {SEPARATOR} once, between the two texts.",
        )
    if len(texts) == 1:
        return [Part(0, prompt)]
    first, second = texts[0].rstrip(), texts[1].lstrip()
    return [Part(0, first), Part(len(prompt) - len(second), second)]


def tokenized(found: Pieces, length: int) -> protocol.Tokenized:
    """For a model of so many positions."""
    cut_at = found.cut[0].begin if found.cut else -1
    return protocol.Tokenized(tuple(found.tokens), length, length - len(found.tokens), cut_at, len(found.cut))


class Explored:
    """A model that sentences are shown to: `LoadedPreset`, or a `LoadedRun`."""

    name: str
    model: Any
    length: int
    head: Head
    mixings: tuple[str, ...]
    """Of each layer: see `models.mixers`."""
    hidden_token: protocol.Token
    """What stands in the place of a word that is hidden; its range and word are those of the old one."""
    pad_id: int
    edges: int
    """How many special tokens stand on either side of a sentence."""
    class_names: tuple[str, ...] = ()
    """Of a classifier."""

    def __init__(self) -> None:
        self.first_calls = FirstCalls()

    def loaded(self) -> protocol.Loaded:
        raise NotImplementedError

    def tokenize(self, text: str, transformers_compatible: bool = False) -> protocol.Tokenized:
        """Cut to the model's length; an index into the tokens is a position in the model."""
        raise NotImplementedError

    def piece(self, token_id: int) -> str:
        raise NotImplementedError

    def features(self, tokenized: protocol.Tokenized) -> dict[str, np.ndarray]:
        """What the model takes, a batch of one."""
        raise NotImplementedError

    def masked(self, tokenized: protocol.Tokenized, positions: Collection[int]) -> protocol.Tokenized:
        """With these tokens hidden. UserError `fill-mask.position` where no word is."""
        tokens = list(tokenized.tokens)
        last = len(tokens) - 1 - self.edges
        for index in positions:
            if not self.edges <= index <= last or tokens[index].word < 0:
                raise UserError(
                    "fill-mask.position",
                    f"There is no word at position {index}: the text has positions {self.edges} to {last}.",
                    "Choose one of these.",
                )
            new, old = self.hidden_token, tokens[index]
            tokens[index] = protocol.Token(new.id, new.piece, old.begin, old.end, old.word, new.special)
        return protocol.Tokenized(
            tuple(tokens), tokenized.sequence_length, tokenized.padding, tokenized.cut_at, tokenized.cut_tokens
        )

    def only_classes(self) -> UserError:
        """What a classifier that is asked for words says."""
        asked = self.name.partition("@")[0] if run_models.is_run(self.name) else self.name
        return UserError(
            "fill-mask.no-head",
            f"{self.name} is a classifier ({presets.class_words(self.class_names)}): it knows classes, not words.",
            f"Have it sort texts (fnet-studio classify {asked} FILE; a run also on the Runs page, Try it), or choose a "
            "preset with a pretrained head, such as fnet_small_en.",
        )

    def padded(self, ids: Sequence[int]) -> np.ndarray:
        """(length,) int32: padding is part of the input, always up to the model's own length."""
        row = np.full(self.length, self.pad_id, np.int32)
        row[: len(ids)] = ids
        return row
