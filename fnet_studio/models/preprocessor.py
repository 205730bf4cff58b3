"""From texts to what the models take: tokenise, pack, and for masked-LM training mask."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from fnet_studio.core.cutting import Cut
from fnet_studio.models.builtin_presets import Presets
from fnet_studio.models.masking import MaskedLMMaskGenerator
from fnet_studio.models.packing import MultiSegmentPacker, Truncate
from fnet_studio.models.texts import segments
from fnet_studio.models.tokenizer import FNetTokenizer, Piece


class Prompt(NamedTuple):
    """One text, ready for a model."""

    pieces: list[Piece]
    """All pieces of the text, in order; those from `kept` on were cut off."""
    kept: int
    masked: list[int]
    """Indices into `pieces` of the masked ones, in order of `mask_positions`."""
    features: dict[str, np.ndarray]
    """token_ids, segment_ids (1, sequence_length), mask_positions (1, masks); piece i lies at position i + 1."""


class _Preprocessor:
    presets = Presets()
    cut: Cut = "end"

    def __init__(self, tokenizer: FNetTokenizer, sequence_length: int, truncate: Truncate, name: str) -> None:
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.truncate: Truncate = truncate
        self.name = name

    @property
    def packer(self) -> MultiSegmentPacker:
        return MultiSegmentPacker(
            self.sequence_length,
            self.tokenizer.cls_token_id,
            self.tokenizer.sep_token_id,
            pad_value=self.tokenizer.pad_token_id,
            truncate=self.truncate,
            cut=self.cut,
        )

    @classmethod
    def from_preset(cls, preset: str | Path, **kwargs: Any) -> Self:
        """The tokenizer and settings of a preset folder; kwargs override the settings. Without settings of its own the
        length is the model's, 512 at most."""
        from fnet_studio.models.preset import open_preset

        opened = open_preset(preset)
        tokenizer = FNetTokenizer(opened.vocabulary())
        return cls(tokenizer, **{**opened.preprocessor_settings(cls), **kwargs})

    def save_to_preset(self, preset_dir: str | Path) -> None:
        """Write the settings and the tokenizer into a KerasHub preset folder. UserError when the disk refuses."""
        from fnet_studio.models.preset_writer import write_preprocessor

        write_preprocessor(self, Path(preset_dir))

    def pack(self, x: Any) -> tuple[np.ndarray, np.ndarray]:
        """token_ids and segment_ids of a text, a batch of texts, or a tuple of these: first and second segments.
        TypeError for what is not texts, ValueError for segments of different sizes."""
        return self.packer(tuple(self.tokenizer(segment) for segment in segments(x)))

    def prompt(self, text: str, masked: Collection[int] = ()) -> Prompt:
        """A text with its typed `[MASK]` and the pieces of the given indices masked. Where not all pieces fit, the last
        ones are cut, whatever `cut` says."""
        pieces = self.tokenizer.encode(text)
        kept = self.packer.kept_lengths([len(pieces)])[0]
        chosen = [i for i, piece in enumerate(pieces[:kept]) if piece.is_mask or i in masked]
        ids = [self.tokenizer.mask_token_id if i in masked else piece.id for i, piece in enumerate(pieces)]
        packer = self.packer
        packer.cut = "end"
        token_ids, segment_ids = packer((ids,))
        features = {
            "token_ids": token_ids[None],
            "segment_ids": segment_ids[None],
            "mask_positions": np.array([[i + 1 for i in chosen]], dtype=np.int32).reshape(1, -1),
        }
        return Prompt(pieces, kept, chosen, features)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "tokenizer": self.tokenizer.get_config(),
            "sequence_length": self.sequence_length,
            "truncate": self.truncate,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{**config, "tokenizer": FNetTokenizer.from_config(config["tokenizer"])})


class FNetTextClassifierPreprocessor(_Preprocessor):
    """Texts -> {token_ids, segment_ids} (batch, sequence_length); labels and weights go through unchanged.

    Arguments and defaults are those of `keras_hub.models.FNetTextClassifierPreprocessor`, and `cut`: what goes of a
    text that is longer.
    """

    def __init__(
        self,
        tokenizer: FNetTokenizer,
        sequence_length: int = 512,
        truncate: Truncate = "round_robin",
        cut: Cut = "end",
        name: str = "f_net_text_classifier_preprocessor",
    ) -> None:
        super().__init__(tokenizer, sequence_length, truncate, name)
        self.cut = cut

    def __call__(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        token_ids, segment_ids = self.pack(x)
        return _packed({"token_ids": token_ids, "segment_ids": segment_ids}, y, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cut": self.cut}


class FNetMaskedLMPreprocessor(_Preprocessor):
    """Texts -> ({token_ids, segment_ids, mask_positions}, original ids, weights), masked anew at every call.

    Arguments and defaults are those of `keras_hub.models.FNetMaskedLMPreprocessor`, and `seed` for the masking.
    """

    def __init__(
        self,
        tokenizer: FNetTokenizer,
        sequence_length: int = 512,
        truncate: Truncate = "round_robin",
        mask_selection_rate: float = 0.15,
        mask_selection_length: int = 96,
        mask_token_rate: float = 0.8,
        random_token_rate: float = 0.1,
        seed: int | None = None,
        name: str = "f_net_masked_lm_preprocessor",
    ) -> None:
        super().__init__(tokenizer, sequence_length, truncate, name)
        self.masker = MaskedLMMaskGenerator(
            vocabulary_size=tokenizer.vocabulary_size(),
            mask_selection_rate=mask_selection_rate,
            mask_token_id=tokenizer.mask_token_id,
            mask_selection_length=mask_selection_length,
            unselectable_token_ids=tokenizer.special_token_ids,
            mask_token_rate=mask_token_rate,
            random_token_rate=random_token_rate,
            seed=seed,
        )

    def __call__(self, x: Any, y: Any = None, sample_weight: Any = None) -> Any:
        """y and sample_weight are ignored: the labels of masked-LM training are the text itself."""
        token_ids, segment_ids = self.pack(x)
        masked = self.masker(token_ids)
        features = {
            "token_ids": masked["token_ids"],
            "segment_ids": segment_ids,
            "mask_positions": masked["mask_positions"],
        }
        return features, masked["mask_ids"], masked["mask_weights"]

    def get_config(self) -> dict[str, Any]:
        names = ("mask_selection_rate", "mask_selection_length", "mask_token_rate", "random_token_rate", "seed")
        return {**super().get_config(), **{name: getattr(self.masker, name) for name in names}}


def _packed(x: Any, y: Any, sample_weight: Any) -> Any:
    if sample_weight is not None:
        return x, y, sample_weight
    return x if y is None else (x, y)
