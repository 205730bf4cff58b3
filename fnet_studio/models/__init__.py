"""FNet in Keras 3 on JAX, usable in a notebook without the window.

    from fnet_studio.models import FNetMaskedLM
    model = FNetMaskedLM.from_preset("fnet_small_en")

Names, arguments and defaults are KerasHub's. Importing this package is cheap: Keras and JAX are imported when the
first name that needs them is used.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from fnet_studio.core import places

# Keras reads both once, when it is first imported; without them it would choose TensorFlow and write to ~/.keras.
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("KERAS_HOME", str(places.cache_dir() / "keras"))

if TYPE_CHECKING:
    from fnet_studio.models.authors_head import fetch_head, join_head
    from fnet_studio.models.averaging import average
    from fnet_studio.models.backbone import FNetBackbone
    from fnet_studio.models.convert import convert
    from fnet_studio.models.embedding import PositionEmbedding, ReversibleEmbedding, TokenAndPositionEmbedding
    from fnet_studio.models.encoder import FNetEncoder
    from fnet_studio.models.hub import fetch
    from fnet_studio.models.imdb_classifier import build_imdb_classifier
    from fnet_studio.models.masked_lm import FNetMaskedLM
    from fnet_studio.models.masked_lm_head import MaskedLMHead
    from fnet_studio.models.masking import MaskedLMMaskGenerator
    from fnet_studio.models.mixing import fourier_mix
    from fnet_studio.models.packing import MultiSegmentPacker
    from fnet_studio.models.parity import check_preset
    from fnet_studio.models.preprocessor import FNetMaskedLMPreprocessor, FNetTextClassifierPreprocessor
    from fnet_studio.models.probe import LayerProbe
    from fnet_studio.models.text_classifier import FNetTextClassifier
    from fnet_studio.models.tokenizer import FNetTokenizer, Piece
    from fnet_studio.models.trace import MixingTrace, mixing_maps
    from fnet_studio.models.transformer_encoder import TransformerEncoder

_HOMES = {
    "FNetBackbone": "backbone",
    "FNetEncoder": "encoder",
    "FNetMaskedLM": "masked_lm",
    "FNetMaskedLMPreprocessor": "preprocessor",
    "FNetTextClassifier": "text_classifier",
    "FNetTextClassifierPreprocessor": "preprocessor",
    "FNetTokenizer": "tokenizer",
    "LayerProbe": "probe",
    "MaskedLMHead": "masked_lm_head",
    "MaskedLMMaskGenerator": "masking",
    "MixingTrace": "trace",
    "MultiSegmentPacker": "packing",
    "Piece": "tokenizer",
    "PositionEmbedding": "embedding",
    "ReversibleEmbedding": "embedding",
    "TokenAndPositionEmbedding": "embedding",
    "TransformerEncoder": "transformer_encoder",
    "average": "averaging",
    "build_imdb_classifier": "imdb_classifier",
    "check_preset": "parity",
    "convert": "convert",
    "fetch": "hub",
    "fetch_head": "authors_head",
    "fourier_mix": "mixing",
    "join_head": "authors_head",
    "mixing_maps": "trace",
}

__all__ = [
    "FNetBackbone",
    "FNetEncoder",
    "FNetMaskedLM",
    "FNetMaskedLMPreprocessor",
    "FNetTextClassifier",
    "FNetTextClassifierPreprocessor",
    "FNetTokenizer",
    "LayerProbe",
    "MaskedLMHead",
    "MaskedLMMaskGenerator",
    "MixingTrace",
    "MultiSegmentPacker",
    "Piece",
    "PositionEmbedding",
    "ReversibleEmbedding",
    "TokenAndPositionEmbedding",
    "TransformerEncoder",
    "average",
    "build_imdb_classifier",
    "check_preset",
    "convert",
    "fetch",
    "fetch_head",
    "fourier_mix",
    "join_head",
    "mixing_maps",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
