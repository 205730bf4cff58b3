"""tokenizer.json, from which alone Transformers 5 takes a tokenizer as it is: made from a SentencePiece model."""

import base64
from typing import Any

from fnet_studio.models.sentencepiece_proto import CONTROL, UNKNOWN, take_apart
from fnet_studio.models.tokenizer import CLS, MASK, SEP, SPACE, FNetTokenizer

TOKENIZER_FILE = "tokenizer.json"
_SPACES = " {2,}"


def tokenizer_json(tokenizer: FNetTokenizer) -> dict[str, Any] | None:
    """What gives the tokenizer's own ids, with [CLS] and [SEP] around; None for a vocabulary of another kind than
    FNet's, whose rules the file cannot hold."""
    model = take_apart(tokenizer.proto)
    names = [one.piece for one in model.pieces] if model is not None else []
    # What is looked up word by word cannot have a piece that goes over a space, and must have one for the space.
    if model is None or SPACE not in names or any(SPACE in name[1:] for name in names):
        return None
    charsmap = base64.b64encode(model.charsmap).decode("ascii")
    precompiled = [{"type": "Precompiled", "precompiled_charsmap": charsmap}] if charsmap else []
    # No space is taken away at the front: the part after a [MASK] must keep that it began with one. For the same
    # reason only the first part is given one.
    spaces = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "first", "split": True}
    first = [_special(CLS, 0), {"Sequence": {"id": "A", "type_id": 0}}, _special(SEP, 0)]
    second = [{"Sequence": {"id": "B", "type_id": 1}}, _special(SEP, 1)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            _added(index, one.piece) for index, one in enumerate(model.pieces) if one.type in (CONTROL, UNKNOWN)
        ],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [*precompiled, _replace(_SPACES, " "), _replace(" $", "")],
        },
        "pre_tokenizer": spaces,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": first,
            "pair": [*first, *second],
            "special_tokens": {
                token: {"id": token, "ids": [tokenizer.token_to_id(token)], "tokens": [token]} for token in (CLS, SEP)
            },
        },
        "decoder": spaces,
        "model": {
            "type": "Unigram",
            "unk_id": next(index for index, one in enumerate(model.pieces) if one.type == UNKNOWN),
            "vocab": [[one.piece, one.score] for one in model.pieces],
            "byte_fallback": False,
        },
    }


def _special(token: str, segment: int) -> dict[str, Any]:
    return {"SpecialToken": {"id": token, "type_id": segment}}


def _added(index: int, token: str) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": token == MASK, "rstrip": False, "normalized": False, "special": True}
    return {"id": index, "content": token, **flags}


def _replace(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}
