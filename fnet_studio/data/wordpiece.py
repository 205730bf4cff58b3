"""The lower-cased WordPiece tokenizer of the IMDb example: its vocabulary, and texts to token ids.

Text is lower-cased (accents stay), split at white space and punctuation, each punctuation mark and each CJK
character being a word of its own; nothing else is taken away, so `<br />` is the words `<`, `br`, `/`, `>`.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from fnet_studio.data import progress as steps
from fnet_studio.data.progress import Progress, StopCheck

PAD, UNKNOWN, SEPARATOR = "[PAD]", "[UNK]", "[SEP]"
PAD_ID, UNKNOWN_ID, SEPARATOR_ID = 0, 1, 2
_CHUNK = 512
_CJK = re.compile("[\u2e80-\u2fdf\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]")


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text. token_ids: (length,) int32, padded with 0. tokens: those kept, as the vocabulary spells them, `##`
    before one that continues a word. spans: their character ranges in the text. cut: how many did not fit."""

    token_ids: np.ndarray
    tokens: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    cut: int


class WordPieceTokenizer:
    """Owns the vocabulary; a token's id is its place in it, `[PAD]` being 0 and `[UNK]` 1, and `[SEP]` 2 where two
    texts are packed into one row."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)
        if self.vocabulary[:2] != (PAD, UNKNOWN):
            raise ValueError(f"a vocabulary starts with {PAD} and {UNKNOWN}, not {self.vocabulary[:2]}")
        # No added special tokens: a literal "[PAD]" in a text must stay text.
        ids = {piece: number for number, piece in enumerate(self.vocabulary)}
        self._tokenizer = Tokenizer(models.WordPiece(vocab=ids, unk_token=UNKNOWN, max_input_chars_per_word=100))
        self._tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

    @classmethod
    def train(
        cls,
        texts: Sequence[str],
        vocabulary_size: int,
        progress: Progress | None = None,
        stopped: StopCheck | None = None,
        pairs: bool = False,
    ) -> "WordPieceTokenizer":
        """A vocabulary of at most `vocabulary_size` pieces from the texts, always the same one. pairs: with `[SEP]`.
        Raises Stopped."""
        special = [PAD, UNKNOWN, SEPARATOR] if pairs else [PAD, UNKNOWN]
        alphabet = _alphabet(texts, (vocabulary_size - len(special)) // 2, stopped)
        # The trainer would number the continuing letters in the order of a randomised hash table and settle ties
        # by those numbers; named as special tokens they get the same numbers each time.
        continuing = [f"##{char}" for char in alphabet if not _is_punctuation(char) and not _CJK.match(char)]
        trainer = trainers.WordPieceTrainer(
            vocab_size=vocabulary_size,
            special_tokens=[*special, *continuing],
            initial_alphabet=alphabet,
            limit_alphabet=len(alphabet),
            show_progress=False,
        )
        learner = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
        learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()

        def chunks() -> Iterator[list[str]]:
            for start in range(0, len(texts), _CHUNK):
                steps.check(stopped)
                steps.report(progress, "building vocabulary", start, len(texts))
                yield [prepare(text) for text in texts[start : start + _CHUNK]]

        learner.train_from_iterator(chunks(), trainer)
        steps.check(stopped)
        steps.report(progress, "building vocabulary", len(texts), len(texts))
        ids = learner.get_vocab()
        return cls(sorted(ids, key=ids.__getitem__))

    def encode_batch(
        self,
        texts: Sequence[str],
        sequence_length: int,
        progress: Progress | None = None,
        stopped: StopCheck | None = None,
        pairs: Sequence[str] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """token_ids (n, sequence_length), uint16 where the vocabulary allows, cut or padded with 0; and the number
        of tokens (n,) int32 of each text before it was cut. With pairs, a row is `text [SEP] pair`, and the longer
        of the two is cut first. All cores work. Raises Stopped."""
        dtype = np.uint16 if len(self.vocabulary) <= 2**16 else np.int32
        token_ids = np.full((len(texts), sequence_length), PAD_ID, dtype)
        lengths = np.zeros(len(texts), np.int32)
        for start in range(0, len(texts), _CHUNK):
            steps.check(stopped)
            steps.report(progress, "tokenising", start, len(texts))
            rows = self._ids(texts[start : start + _CHUNK])
            if pairs is not None:
                second = self._ids(pairs[start : start + _CHUNK])
                lengths[start : start + len(rows)] = [len(a) + len(b) + 1 for a, b in zip(rows, second, strict=True)]
                rows = [_packed(a, b, sequence_length) for a, b in zip(rows, second, strict=True)]
            else:
                lengths[start : start + len(rows)] = [len(ids) for ids in rows]
            for row, ids in enumerate(rows, start):
                kept = ids[:sequence_length]
                token_ids[row, : len(kept)] = kept
        steps.report(progress, "tokenising", len(texts), len(texts))
        return token_ids, lengths

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        prepared = [prepare(text) for text in texts]
        return [found.ids for found in self._tokenizer.encode_batch_fast(prepared, add_special_tokens=False)]

    def encode(self, text: str, sequence_length: int) -> Encoded:
        """One text with what a reader wants to see of it."""
        found = self._tokenizer.encode(prepare(text), add_special_tokens=False)
        origin = _origin(text)
        kept = found.ids[:sequence_length]
        token_ids = np.full(sequence_length, PAD_ID, np.int32)
        token_ids[: len(kept)] = kept
        spans = tuple((origin[start], origin[end - 1] + 1) for start, end in found.offsets[: len(kept)])
        return Encoded(token_ids, tuple(found.tokens[: len(kept)]), spans, len(found.ids) - len(kept))


def _packed(first: list[int], second: list[int], length: int) -> list[int]:
    room = max(length - 1, 0)
    of_second = min(len(second), max(room - len(first), room // 2))
    return [*first[: room - of_second], SEPARATOR_ID, *second[:of_second]]


def prepare(text: str) -> str:
    """Lower case, and spaces around CJK characters, which are written without any."""
    lowered = text.lower()
    return lowered if lowered.isascii() else _CJK.sub(r" \g<0> ", lowered)


def _origin(text: str) -> list[int]:
    """For each character of `prepare(text)`, the index in `text` that it came from."""
    found: list[int] = []
    for index, char in enumerate(text):
        found += [index] * len(prepare(char))
    return found


def _is_punctuation(char: str) -> bool:
    return (char.isascii() and not char.isalnum() and char.isprintable()) or unicodedata.category(char)[0] == "P"


def _alphabet(texts: Sequence[str], limit: int, stopped: StopCheck | None) -> list[str]:
    """The characters of the texts, sorted; when there are more than `limit`, the most frequent ones."""
    seen: set[str] = set()
    for start in range(0, len(texts), _CHUNK):
        steps.check(stopped)
        seen.update(*(prepare(text) for text in texts[start : start + _CHUNK]))
    seen = {char for char in seen if not char.isspace()}
    if len(seen) > limit:
        counts: Counter[str] = Counter()
        for start in range(0, len(texts), _CHUNK):
            steps.check(stopped)
            counts.update("".join(prepare(text) for text in texts[start : start + _CHUNK]))
        seen = set(sorted(seen, key=lambda char: (-counts[char], char))[:limit])
    return sorted(seen)
