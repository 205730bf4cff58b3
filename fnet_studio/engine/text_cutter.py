"""Texts to tokens as a run would cut them: by a preset's vocabulary, or by one that is learnt from the texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from fnet_studio.core import presets, protocol
from fnet_studio.core.cutting import Cut, stays
from fnet_studio.core.errors import UserError
from fnet_studio.data.wordpiece import SEPARATOR, SEPARATOR_ID, UNKNOWN_ID, WordPieceTokenizer, rooms


class Pieces(NamedTuple):
    """tokens: with special ones, before the pads. segments: of which text each is. cut: what did not fit."""

    tokens: list[protocol.Token]
    segments: list[int]
    cut: list[protocol.Token]
    cut_segments: list[int]

    def take(self, segment: int, tokens: list[protocol.Token], room: int, cut: Cut) -> None:
        """Add those that fit of a text, and put the others where what was cut lies."""
        first, last = stays(len(tokens), room, cut)
        kept, gone = tokens[first] + tokens[last], tokens[first.stop : last.start]
        self.tokens.extend(kept)
        self.segments.extend([segment] * len(kept))
        self.cut.extend(gone)
        self.cut_segments.extend([segment] * len(gone))

    def put(self, segment: int, special: protocol.Token) -> None:
        self.tokens.append(special)
        self.segments.append(segment)


class TextCutter(Protocol):
    own_length: int
    most_length: int
    """0: any."""
    vocabulary_size: int
    unknown_id: int

    def lengths(self, texts: Sequence[str], pairs: Sequence[str] | None) -> np.ndarray:
        """(n,) int64 tokens of each row before it is cut, special ones included."""
        ...

    def pack(self, text: str, pair: str | None, length: int, cut: Cut) -> Pieces: ...


class PresetCutter:
    """As fine-tuning packs: `[CLS] text [SEP]`, and a pair as `[CLS] text [SEP] pair [SEP]`, cut in turn."""

    def __init__(self, preset: str) -> None:
        from fnet_studio.models.preprocessor import FNetTextClassifierPreprocessor
        from fnet_studio.models.preset import open_preset

        folder = presets.folder(preset)
        self._name = folder.name
        self._preprocessor = FNetTextClassifierPreprocessor.from_preset(folder)
        self._tokenizer = self._preprocessor.tokenizer
        self.own_length = self._preprocessor.sequence_length
        self.most_length = int(open_preset(folder).backbone_arguments().get("max_sequence_length", self.own_length))
        self.vocabulary_size = self._tokenizer.vocabulary_size()
        self.unknown_id = self._tokenizer.token_to_id("<unk>")

    def lengths(self, texts: Sequence[str], pairs: Sequence[str] | None) -> np.ndarray:
        found = np.fromiter(map(len, self._tokenizer(texts)), np.int64, len(texts)) + 2
        if pairs is not None:
            found += np.fromiter(map(len, self._tokenizer(pairs)), np.int64, len(pairs)) + 1
        return found

    def pack(self, text: str, pair: str | None, length: int, cut: Cut) -> Pieces:
        if length > self.most_length:
            raise UserError(
                "recipe.length",
                f"The preset {self._name} has positions for {self.most_length} tokens, not for {length}.",
                f"Choose {self.most_length} or less.",
            )
        packer = self._preprocessor.packer
        packer.sequence_length = length
        texts = [text] if pair is None else [text, pair]
        pieces = [self._tokenizer.encode(one) for one in texts]
        kept = packer.kept_lengths([len(one) for one in pieces])
        found = Pieces([protocol.Token(self._tokenizer.cls_token_id, "[CLS]", -1, -1, -1, True)], [0], [], [])
        for segment, (one, fit) in enumerate(zip(pieces, kept, strict=True)):
            tokens = [protocol.Token(p.id, p.piece, p.begin, p.end, p.word, p.is_mask) for p in one]
            found.take(segment, tokens, fit, cut)
            found.put(segment, protocol.Token(self._tokenizer.sep_token_id, "[SEP]", -1, -1, -1, True))
        return found


class LearntCutter:
    """As a classifier from scratch packs: WordPiece without special tokens, `[SEP]` between the texts of a pair."""

    most_length = 0
    unknown_id = UNKNOWN_ID

    def __init__(self, tokenizer: WordPieceTokenizer, own_length: int) -> None:
        self._tokenizer, self.own_length = tokenizer, own_length
        self.vocabulary_size = len(tokenizer.vocabulary)

    def lengths(self, texts: Sequence[str], pairs: Sequence[str] | None) -> np.ndarray:
        return self._tokenizer.encode_batch(texts, 1, pairs=pairs)[1].astype(np.int64)

    def pack(self, text: str, pair: str | None, length: int, cut: Cut) -> Pieces:
        found, first = Pieces([], [], [], []), self._tokens(text)
        if pair is None:
            found.take(0, first, length, cut)
            return found
        second = self._tokens(pair)
        of_first, of_second = rooms(len(first), len(second), length)
        found.take(0, first, of_first, cut)
        found.put(0, protocol.Token(SEPARATOR_ID, SEPARATOR, -1, -1, -1, True))
        found.take(1, second, of_second, cut)
        return found

    def _tokens(self, text: str) -> list[protocol.Token]:
        most = max(len(text), 1) * 2
        found: Any = self._tokenizer.encode(text, most)
        tokens, word = [], -1
        for id, piece, (begin, end) in zip(found.token_ids.tolist(), found.tokens, found.spans):
            word += not piece.startswith("##")
            tokens.append(protocol.Token(id, piece, begin, end, word, False))
        return tokens
