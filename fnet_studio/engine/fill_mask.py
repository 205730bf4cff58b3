"""A preset in memory: sentences to tokens, token ids to probabilities."""

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from fnet_studio.core import presets, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.engine.explored import Explored, Head, texts_of, tokenized
from fnet_studio.engine.first_calls import NOBODY, Heeds
from fnet_studio.engine.text_cutter import Pieces
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.preset import open_preset
from fnet_studio.models.tokenizer import CLS, MASK, SEP, SPACE, FNetTokenizer

CHUNK_TOKENS = 4096
"""How many tokens go through the model at a time: 8 rows of 512, about 50 MB of activations at base size."""
WARM_UP = f"The {MASK}."


def _opened(folder: Path) -> tuple[FNetMaskedLM, tuple[str, ...]]:
    """With the classes of a classifier. Its head is of no other use here, but what is cut off in it is a damaged preset
    all the same."""
    opened = open_preset(folder)
    head = opened.head()
    if head is not None and head.kind == "classifier":
        for stored in opened.head_tensors().values():
            stored.read()
    return FNetMaskedLM.from_preset(folder), head.class_names if head is not None else ()


class LoadedPreset(Explored):
    edges = 1

    def __init__(
        self,
        name: str,
        model: FNetMaskedLM | None = None,
        job: Heeds = NOBODY,
        class_names: tuple[str, ...] = (),
    ) -> None:
        """model, class_names: in the place of what the preset of this name holds. Raises Stopped while it compiles."""
        super().__init__()
        self.name = name
        if model is None:
            model, class_names = _opened(presets.folder(name))
        self.model: FNetMaskedLM = model
        self.class_names = class_names
        self.tokenizer: FNetTokenizer = self.model.preprocessor.tokenizer
        self.hidden_token = protocol.Token(self.tokenizer.mask_token_id, MASK, -1, -1, -1, True)
        self.pad_id = self.tokenizer.pad_token_id
        self.mixings = ("fourier",) * self.model.backbone.num_layers
        self._as_transformers = FNetTokenizer(self.tokenizer.proto, transformers_compatible=True)
        self.length: int = self.model.preprocessor.sequence_length
        if self.model.head_state != "none":
            ids = self.padded([token.id for token in self.tokenize(WARM_UP).tokens])[None]
            list(self.log_probabilities(ids, np.array([[2]]), job))  # compiles, so that the first click is quick

    def loaded(self) -> protocol.Loaded:
        backbone = self.model.backbone
        return protocol.Loaded(
            preset=self.name,
            parameters=self.model.count_params(),
            num_layers=backbone.num_layers,
            hidden_dim=backbone.hidden_dim,
            vocabulary_size=backbone.vocabulary_size,
            sequence_length=self.length,
            head=self.head,
            mixings=self.mixings,
            class_names=self.class_names,
        )

    @property
    def head(self) -> Head:
        return self.model.head_state

    def tokenize(self, text: str, transformers_compatible: bool = False) -> protocol.Tokenized:
        """`[CLS] text [SEP]`, or `[CLS] first [SEP] second [SEP]` for two texts (`texts_of`), cut at the end to the
        preset's length; an index into the tokens is a position in the model. UserError `text.too-many`."""
        tokenizer = self._as_transformers if transformers_compatible else self.tokenizer
        parts, word = texts_of(text), 0
        found = Pieces([protocol.Token(tokenizer.cls_token_id, CLS, -1, -1, -1, True)], [0], [], [])
        for segment, (begin, part) in enumerate(parts):
            pieces = [
                protocol.Token(p.id, p.piece, begin + p.begin, begin + p.end, word + p.word, p.is_mask)
                for p in tokenizer.encode(part)
            ]
            found.take(segment, pieces, self.length - len(found.tokens) - len(parts[segment:]), "end")
            found.put(segment, protocol.Token(tokenizer.sep_token_id, SEP, -1, -1, -1, True))
            word = max(token.word for token in found.tokens) + 1
        return tokenized(found, self.length)

    def require_head(self) -> None:
        """UserError `fill-mask.no-head`: a random head is never asked."""
        if self.class_names:
            raise self.only_classes()
        if self.model.head_state == "none":
            raise UserError(
                "fill-mask.no-head",
                f"The preset {self.name} holds no masked-LM head, so its predictions would be noise.",
                "Choose a preset with a pretrained head, such as fnet_small_en. The authors' own head can be put on "
                "f_net_base_en and f_net_large_en: fnet-studio fetch-head PRESET.",
            )

    def features(self, tokenized: protocol.Tokenized) -> dict[str, np.ndarray]:
        ids = self.padded([token.id for token in tokenized.tokens])[None]
        return {"token_ids": ids, "segment_ids": self.segments(ids)}

    def segments(self, ids: np.ndarray) -> np.ndarray:
        """(rows, length) 0 or 1, as `models.packing` numbers them: a separator belongs to the text before it, and pads
        to the first."""
        separators = ids == self.tokenizer.sep_token_id
        before = separators.cumsum(axis=1) - separators
        return ((before == 1) & (ids != self.pad_id)).astype(ids.dtype)

    def log_probabilities(
        self, ids: np.ndarray, positions: np.ndarray, job: Heeds = NOBODY, segments: np.ndarray | None = None
    ) -> Iterator[tuple[int, np.ndarray]]:
        """ids (rows, length), positions (rows, masks) -> for each row (its index, (masks, vocabulary) natural
        logarithms of probabilities). segments: (rows or 1, length), where the ids do not tell them.

        Rows go through the model in chunks of at most `CHUNK_TOKENS` tokens, and a chunk's number of rows is rounded up
        to a power of two, so that memory is bounded and few programs are compiled. job is heeded before each chunk.
        """
        segments = np.broadcast_to(self.segments(ids) if segments is None else segments, ids.shape)
        most = max(1, CHUNK_TOKENS // self.length)
        for begin in range(0, len(ids), most):
            job.check()
            count = min(most, len(ids) - begin)
            room = 1 << (count - 1).bit_length()
            take = np.minimum(np.arange(begin, begin + room), begin + count - 1)
            features = {
                "token_ids": ids[take],
                "segment_ids": segments[take],
                "mask_positions": np.asarray(positions, np.int32)[take],
            }
            # inside, the number of masks is rounded up too: `FNetMaskedLM.log_probabilities`
            program = ("words", room, 1 << max(positions.shape[1] - 1, 0).bit_length())
            found = self.first_calls.make(program, job, partial(self.model.log_probabilities, features))
            yield from enumerate(found[:count], begin)

    def piece(self, token_id: int) -> str:
        """An embedding table may be longer than its vocabulary: what lies beyond has its number for a name."""
        known = token_id < self.tokenizer.vocabulary_size()
        return self.tokenizer.id_to_token(token_id) if known else f"<{token_id}>"

    def candidate(self, token_id: int, log_probability: float) -> protocol.Candidate:
        piece = self.piece(token_id)
        return protocol.Candidate(
            piece, piece.replace(SPACE, " ").strip(), int(token_id), math.exp(min(float(log_probability), 0.0))
        )
