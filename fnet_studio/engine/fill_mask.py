"""Presets in memory: sentences to tokens, masks to predictions, layers to mixing maps."""

import time

import numpy as np

from fnet_studio.core import presets, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.engine.atlas import atlas_of
from fnet_studio.models.masked_lm import FNetMaskedLM
from fnet_studio.models.tokenizer import MASK, SPACE, FNetTokenizer
from fnet_studio.models.trace import MixingTrace

MOST_MASKS = 64
WARM_UP = f"The {MASK}."


class Presets:
    """Owns the presets that are loaded, by name: the one in use and the one before it."""

    KEPT = 2

    def __init__(self) -> None:
        self._loaded: dict[str, LoadedPreset] = {}

    def get(self, name: str) -> "LoadedPreset":
        """Loads at the first call. UserError when the preset is missing or damaged."""
        loaded = self._loaded.pop(name, None) or LoadedPreset(name)
        self._loaded[name] = loaded
        while len(self._loaded) > self.KEPT:
            self._loaded.pop(next(iter(self._loaded)))
        return loaded


class LoadedPreset:
    def __init__(self, name: str) -> None:
        self.name = name
        self.model = FNetMaskedLM.from_preset(presets.folder(name))
        self.tokenizer: FNetTokenizer = self.model.preprocessor.tokenizer
        self.length: int = self.model.backbone.max_sequence_length
        self._trace = MixingTrace(self.model)
        if self.model.head_state != "none":
            self._probabilities(self.tokenize(WARM_UP), [2])  # compiles, so that the first click is quick

    def loaded(self) -> protocol.Loaded:
        backbone = self.model.backbone
        return protocol.Loaded(
            preset=self.name,
            parameters=self.model.count_params(),
            num_layers=backbone.num_layers,
            hidden_dim=backbone.hidden_dim,
            vocabulary_size=backbone.vocabulary_size,
            sequence_length=self.length,
            head=self.model.head_state,
        )

    def tokenize(self, text: str, transformers_compatible: bool = False) -> protocol.Tokenized:
        """`[CLS] text [SEP]`, cut to the model's length; an index into the tokens is a position in the model."""
        tokenizer = self.tokenizer
        tokenizer.transformers_compatible = transformers_compatible
        pieces = tokenizer.encode(text)
        kept, cut = pieces[: self.length - 2], pieces[self.length - 2 :]
        tokens = [
            protocol.Token(tokenizer.cls_token_id, "[CLS]", -1, -1, -1, True),
            *(protocol.Token(p.id, p.piece, p.begin, p.end, p.word, p.is_mask) for p in kept),
            protocol.Token(tokenizer.sep_token_id, "[SEP]", -1, -1, -1, True),
        ]
        return protocol.Tokenized(
            tokens=tuple(tokens),
            sequence_length=self.length,
            padding=self.length - len(tokens),
            cut_at=cut[0].begin if cut else -1,
            cut_tokens=len(cut),
        )

    def fill(self, command: protocol.FillMask) -> protocol.Filled:
        """UserError `fill-mask.no-head`, `fill-mask.no-mask`, `fill-mask.too-many` or `fill-mask.position`."""
        began = time.monotonic()
        if self.model.head_state == "none":
            raise UserError(
                "fill-mask.no-head",
                f"The preset {self.name} holds no masked-LM head, so its predictions would be noise.",
                "Choose a preset with a pretrained head, such as fnet_mini_en.",
            )
        tokenized = self.tokenize(command.text, command.transformers_compatible)
        masked = self._masked(tokenized, command.masked)
        at = [index for index, token in enumerate(masked.tokens) if token.piece == MASK and token.special]
        if not at:
            raise _no_mask(tokenized)
        if len(at) > MOST_MASKS:
            raise UserError(
                "fill-mask.too-many", f"The text has {len(at)} masks.", f"Use {MOST_MASKS} or fewer at a time."
            )
        probabilities = self._probabilities(masked, at)
        originals = [tokenized.tokens[index].id for index in at]
        answers = tuple(
            self._answer(position, original, row, command.top_k)
            for position, original, row in zip(at, originals, probabilities, strict=True)
        )
        return protocol.Filled(masked, answers, (time.monotonic() - began) * 1000)

    def probe(self, command: protocol.Probe) -> tuple[protocol.Maps, bytes]:
        """The mixing maps of all layers for one text, at most (rows, columns) each."""
        began = time.monotonic()
        masked = self._masked(self.tokenize(command.text), command.masked)
        values = self._trace.maps(self._features(masked), command.rows, command.columns, command.keep_zero)
        return atlas_of(self._trace, values, self.length, command.keep_zero, time.monotonic() - began)

    def _masked(self, tokenized: protocol.Tokenized, positions: tuple[int, ...]) -> protocol.Tokenized:
        tokens = list(tokenized.tokens)
        for index in positions:
            if not 0 < index < len(tokens) - 1:
                raise UserError(
                    "fill-mask.position",
                    f"There is no word at position {index}: the text has positions 1 to {len(tokens) - 2}.",
                    "Choose one of these.",
                )
            old = tokens[index]
            tokens[index] = protocol.Token(self.tokenizer.mask_token_id, MASK, old.begin, old.end, old.word, True)
        return protocol.Tokenized(
            tuple(tokens), tokenized.sequence_length, tokenized.padding, tokenized.cut_at, tokenized.cut_tokens
        )

    def _features(self, tokenized: protocol.Tokenized) -> dict[str, np.ndarray]:
        ids = np.full((1, self.length), self.tokenizer.pad_token_id, np.int32)
        ids[0, : len(tokenized.tokens)] = [token.id for token in tokenized.tokens]
        return {"token_ids": ids, "segment_ids": np.zeros_like(ids)}

    def _probabilities(self, tokenized: protocol.Tokenized, positions: list[int]) -> np.ndarray:
        """(masks, vocabulary)"""
        features = self._features(tokenized) | {"mask_positions": np.array([positions], np.int32)}
        return self.model.probabilities(features)[0]

    def _answer(self, position: int, original: int, row: np.ndarray, top_k: int) -> protocol.MaskAnswer:
        count = min(max(top_k, 1), len(row))
        best = np.argpartition(row, -count)[-count:]
        best = best[np.argsort(-row[best], kind="stable")]
        candidates = tuple(self._candidate(int(token_id), row) for token_id in best)
        if original == self.tokenizer.mask_token_id:
            return protocol.MaskAnswer(position, candidates)
        rank = 1 + int((row > row[original]).sum())
        return protocol.MaskAnswer(position, candidates, self._candidate(original, row), rank)

    def _candidate(self, token_id: int, row: np.ndarray) -> protocol.Candidate:
        piece = self.tokenizer.id_to_token(token_id)
        return protocol.Candidate(piece, piece.replace(SPACE, " ").strip(), token_id, float(row[token_id]))


def _no_mask(tokenized: protocol.Tokenized) -> UserError:
    if tokenized.cut_tokens:
        return UserError(
            "fill-mask.cut-mask",
            f"The part of the text that fits, {tokenized.sequence_length} tokens, has no mask.",
            "Shorten the text before the mask.",
        )
    return UserError(
        "fill-mask.no-mask", "The text has no mask.", "Write [MASK] where a word is wanted, or click a word."
    )
