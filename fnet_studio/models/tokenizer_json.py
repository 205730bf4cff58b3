"""tokenizer.json, from which alone Transformers 5 takes a tokenizer as it is: written from a SentencePiece model, and
made one again; and whether it, or what stands in its place, cuts texts as the SentencePiece model beside it does."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fnet_studio.core.errors import UserError
from fnet_studio.core.json_files import read_json
from fnet_studio.models.sentencepiece_proto import CONTROL, NORMAL, UNKNOWN, Scored, Unigram, put_together, take_apart
from fnet_studio.models.tokenizer import CLS, MASK, PAD, SEP, SPACE, FNetTokenizer

TOKENIZER_FILE = "tokenizer.json"
_SETTINGS_FILE, _ADDED_FILE = "tokenizer_config.json", "added_tokens.json"
_CHANGES = ("Lowercase", "StripAccents")
_CONTROLS = ("<s>", "</s>", PAD, CLS, SEP, MASK)
_SPACES = " {2,}"
_QUOTES = ("``", "''")
"""Transformers writes both as ", as it did beside a spiece.model; no SentencePiece model does."""


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


def sentencepiece_model(file: Path) -> bytes:
    """The SentencePiece model that a tokenizer.json was made from. UserError `tokenizer.foreign` when it cuts texts in
    a way that no such model does."""
    found = read_json(file)
    try:
        return put_together(_unigram(found))
    except (_Foreign, *_DAMAGE) as error:
        why, advice = error.args if isinstance(error, _Foreign) else ("it is not written as Transformers writes it", "")
        raise UserError(
            "tokenizer.foreign",
            f"No SentencePiece vocabulary can be made from {file.name} of {file.parent.name}: {why}.",
            advice or "Copy spiece.model from the model that it was fine-tuned from into this folder.",
        ) from None


def refuse_unlike(vocabulary: Path) -> None:
    """UserError `tokenizer.foreign` when the other files in a SentencePiece model's folder, which Transformers heeds
    too, surely make it cut texts in another way. What is damaged tells nothing, the model itself included: whoever
    reads that says so."""
    folder = vocabulary.parent
    try:
        pieces = FNetTokenizer(vocabulary).get_vocabulary()
    except UserError:
        return
    checks = {TOKENIZER_FILE: _refuse_changed} if (folder / TOKENIZER_FILE).is_file() else _WITHOUT
    for name, check in checks.items():
        if not (folder / name).is_file():
            continue
        try:
            check(read_json(folder / name), pieces)
        except _Foreign as error:
            why, advice = error.args
            raise UserError(
                "tokenizer.foreign",
                f"By {name} of {folder.name} texts are cut in another way than by {vocabulary.name} beside it: {why}.",
                advice,
            ) from None
        except (UserError, *_DAMAGE):
            continue


class _Foreign(Exception):
    """In words, why, and what can be done if it is not what is usual."""

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why, advice)


_DAMAGE = (KeyError, TypeError, ValueError, AttributeError)
_BY_PIECES_ALONE = (
    "FNet Studio cuts texts by the pieces of spiece.model alone, so that such a model's answers would be wrong. Only "
    "if this one was trained without that, take it out of the file."
)


def _refuse_changed(found: dict[str, Any], pieces: list[str]) -> None:
    """Of a tokenizer.json beside or instead of a SentencePiece model of these pieces."""
    for kind in _kinds(found.get("normalizer")):
        if kind in _CHANGES:
            raise _Foreign(f"it changes texts by {kind}", _BY_PIECES_ALONE)
    added = {token["content"]: token["id"] for token in found.get("added_tokens") or []}
    _refuse_added([name for name, index in added.items() if pieces[index : index + 1] != [name]])


def _kinds(normalizer: Any) -> Iterator[str]:
    if normalizer is not None:
        yield normalizer["type"]
        for one in normalizer.get("normalizers", []):
            yield from _kinds(one)


def _refuse_changed_by_settings(found: dict[str, Any], pieces: list[str]) -> None:
    if found.get("do_lower_case") is True:
        raise _Foreign("it changes texts by do_lower_case", _BY_PIECES_ALONE)
    added = found.get("added_tokens_decoder") or {}
    _refuse_added([token["content"] for index, token in added.items() if int(index) >= len(pieces)])


def _refuse_added_beside(found: dict[str, Any], pieces: list[str]) -> None:
    _refuse_added([name for name, index in found.items() if index >= len(pieces)])


_WITHOUT = {_SETTINGS_FILE: _refuse_changed_by_settings, _ADDED_FILE: _refuse_added_beside}
"""What Transformers heeds where there is no tokenizer.json."""


def _refuse_added(names: list[str]) -> None:
    if names:
        raise _Foreign(f"tokens were added ({', '.join(names[:3])})", _BY_PIECES_ALONE)


def _unigram(found: dict[str, Any]) -> Unigram:
    model = found["model"]
    if model.get("type", "Unigram") != "Unigram" or model.get("byte_fallback"):
        raise _Foreign(f"its model is {model.get('type')}, not Unigram without bytes")
    vocabulary = model["vocab"]
    _refuse_changed(found, [name for name, _ in vocabulary])
    charsmap = _charsmap(found.get("normalizer"), _parts(found.get("pre_tokenizer"), "pretokenizers"))
    controls = {*_CONTROLS, *(token["content"] for token in found.get("added_tokens") or [])}
    pieces = [
        Scored(name, score, UNKNOWN if index == model["unk_id"] else CONTROL if name in controls else NORMAL)
        for index, (name, score) in enumerate(vocabulary)
    ]
    return Unigram(pieces, charsmap)


def _parts(found: Any, name: str) -> list[dict[str, Any]]:
    if found is None:
        return []
    return found[name] if found["type"] == "Sequence" else [found]


def _charsmap(normalizer: Any, splitters: list[dict[str, Any]]) -> bytes:
    """The one thing that a SentencePiece model may do to a text beside its rules for white space."""
    charsmap, joins_spaces = b"", False
    for one in _parts(normalizer, "normalizers"):
        kind, pattern = one["type"], one.get("pattern", {})
        if kind == "Precompiled" and not charsmap:
            charsmap = base64.b64decode(one["precompiled_charsmap"], validate=True)
        elif kind == "Replace" and pattern.get("Regex") == _SPACES and one["content"] == " ":
            joins_spaces = True
        elif not (
            kind == "Strip"
            or (kind == "Replace" and pattern.get("Regex") == " $" and one["content"] == "")
            or (kind == "Replace" and pattern.get("String") in _QUOTES and one["content"] == '"')
        ):
            raise _Foreign(f"it changes texts by {kind}, which no SentencePiece model does")
    kinds = [one["type"] for one in splitters]
    spaces = splitters[-1] if splitters else {}
    if (
        kinds not in (["Metaspace"], ["WhitespaceSplit", "Metaspace"])
        or spaces.get("replacement") != SPACE
        or spaces.get("prepend_scheme", "always") == "never"
        or spaces.get("add_prefix_space") is False
        or not (joins_spaces or len(kinds) == 2)
    ):
        raise _Foreign("its rules for white space are not SentencePiece's")
    return charsmap
