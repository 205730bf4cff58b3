"""The lower-cased WordPiece tokenizer of the IMDb example: its vocabulary, and texts to token ids.

Text is lower-cased (accents stay), split at white space and punctuation, each punctuation mark and each CJK
character being a word of its own; nothing else is taken away, so `<br />` is the words `<`, `br`, `/`, `>`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from fnet_studio.core import all_cores
from fnet_studio.core import progress as steps
from fnet_studio.core.cutting import Cut, stays
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.core.special_pieces import SEPARATOR
from fnet_studio.data.bulk import ALONE, JOINED, SPACE, BulkEncoder

PAD, UNKNOWN = "[PAD]", "[UNK]"
PAD_ID, UNKNOWN_ID, SEPARATOR_ID = 0, 1, 2
_CHUNK = 512
_HALVES = re.compile("[\ud800-\udfff]")
_SPLITTER = pre_tokenizers.BertPreTokenizer()
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
        self._tokenizer.pre_tokenizer = _SPLITTER

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
        continuing = [f"##{char}" for char in alphabet if _kind_of(char) == JOINED and not _CJK.match(char)]
        trainer = trainers.WordPieceTrainer(
            vocab_size=vocabulary_size,
            special_tokens=[*special, *continuing],
            initial_alphabet=alphabet,
            limit_alphabet=len(alphabet),
            show_progress=False,
        )
        learner = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
        learner.pre_tokenizer = _SPLITTER

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

    @property
    def paired(self) -> bool:
        """Whether it was learnt for pairs of texts."""
        return self.vocabulary[SEPARATOR_ID : SEPARATOR_ID + 1] == (SEPARATOR,)

    def encode_batch(
        self,
        texts: Sequence[str],
        sequence_length: int,
        progress: Progress | None = None,
        stopped: StopCheck | None = None,
        pairs: Sequence[str] | None = None,
        cut: Cut = "end",
    ) -> tuple[np.ndarray, np.ndarray]:
        """token_ids (n, sequence_length), uint16 where the vocabulary allows, cut or padded with 0; and the number
        of tokens (n,) int32 of each text before it was cut. With pairs, a row is `text [SEP] pair`, and the longer
        of the two is cut first. cut: what goes of a text. Raises Stopped."""
        parts = [
            (texts[start : start + _CHUNK], None if pairs is None else pairs[start : start + _CHUNK])
            for start in range(0, len(texts), _CHUNK)
        ]
        processes = all_cores.processes_for(sum(map(len, texts)) + sum(map(len, pairs or ())))
        token_ids = np.zeros((len(texts), sequence_length), _dtype(self.vocabulary))
        lengths = np.zeros(len(texts), np.int32)
        start = 0
        steps.report(progress, "tokenising", 0, len(texts))
        for rows, counts in all_cores.in_order(partial(_Rows, self, sequence_length, cut), parts, processes, stopped):
            token_ids[start : start + len(rows)], lengths[start : start + len(rows)] = rows, counts
            start += len(rows)
            steps.report(progress, "tokenising", start, len(texts))
        return token_ids, lengths

    def __reduce__(self) -> tuple:
        return WordPieceTokenizer, (self.vocabulary,)

    def ids_of_word(self, word: str) -> list[int]:
        """Of one word of a prepared text."""
        return [token.id for token in self._tokenizer.model.tokenize(word)]

    def encode(self, text: str, sequence_length: int, cut: Cut = "end") -> Encoded:
        """One text with what a reader wants to see of it."""
        found = self._tokenizer.encode(prepare(text), add_special_tokens=False)
        origin = _origin(text)
        first, last = stays(len(found.ids), sequence_length, cut)
        kept = found.ids[first] + found.ids[last]
        token_ids = np.full(sequence_length, PAD_ID, np.int32)
        token_ids[: len(kept)] = kept
        offsets = found.offsets[first] + found.offsets[last]
        spans = tuple((origin[start], origin[end - 1] + 1) for start, end in offsets)
        return Encoded(token_ids, (*found.tokens[first], *found.tokens[last]), spans, len(found.ids) - len(kept))


def _dtype(vocabulary: Sequence[str]) -> type[np.uint16 | np.int32]:
    return np.uint16 if len(vocabulary) <= 2**16 else np.int32


class _Rows:
    """What `encode_batch` does with a part, here or in another process: (texts, pairs or None) to rows and lengths."""

    def __init__(self, tokenizer: WordPieceTokenizer, sequence_length: int, cut: Cut) -> None:
        self._length, self._cut = sequence_length, cut
        self._dtype = _dtype(tokenizer.vocabulary)
        self._encoder = BulkEncoder(_kind_of, tokenizer.ids_of_word)

    def __call__(self, part: tuple[Sequence[str], Sequence[str] | None]) -> tuple[np.ndarray, np.ndarray]:
        texts, pairs = part
        rows = self._ids(texts)
        lengths = np.array([len(ids) for ids in rows], np.int32)
        if pairs is not None:
            second = self._ids(pairs)
            lengths += [len(ids) + 1 for ids in second]
            rows = [_packed(a, b, self._length, self._cut) for a, b in zip(rows, second, strict=True)]
        token_ids = np.full((len(rows), self._length), PAD_ID, self._dtype)
        for row, ids in enumerate(rows):
            kept = _cut(ids, self._length, self._cut)
            token_ids[row, : len(kept)] = kept
        return token_ids, lengths

    def _ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        ids, offsets = self._encoder.encode([prepare(text) for text in texts])
        return [ids[start:end] for start, end in pairwise(offsets.tolist())]


def _cut(ids: np.ndarray, room: int, cut: Cut) -> np.ndarray:
    if len(ids) <= room:
        return ids
    first, last = stays(len(ids), room, cut)
    return np.concatenate([ids[first], ids[last]])


def _packed(first: np.ndarray, second: np.ndarray, length: int, cut: Cut) -> np.ndarray:
    of_first, of_second = rooms(len(first), len(second), length)
    return np.concatenate([_cut(first, of_first, cut), [SEPARATOR_ID], _cut(second, of_second, cut)])


def rooms(first: int, second: int, length: int) -> tuple[int, int]:
    """How many tokens stay of each text of a pair, between which a separator stands: the longer is cut first."""
    room = max(length - 1, 0)
    of_second = min(second, max(room - first, room // 2))
    return min(first, room - of_second), of_second


def prepare(text: str) -> str:
    """Lower case, and spaces around CJK characters, which are written without any. What no vocabulary can hold,
    zero characters and halves of surrogate pairs, is replaced one for one."""
    lowered = text.lower().replace("\0", "\ufffd")
    if lowered.isascii():
        return lowered
    return _CJK.sub(r" \g<0> ", _HALVES.sub("\ufffd", lowered))


def _kind_of(char: str) -> int:
    """Asks the pre-tokenizer itself what it makes of a character, so that nothing can disagree."""
    words = len(_SPLITTER.pre_tokenize_str(f"a{char}a"))
    return {1: JOINED, 2: SPACE, 3: ALONE}[words]


def _origin(text: str) -> list[int]:
    """For each character of `prepare(text)`, the index in `text` that it came from."""
    found: list[int] = []
    for index, char in enumerate(text):
        found += [index] * len(prepare(char))
    return found


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
