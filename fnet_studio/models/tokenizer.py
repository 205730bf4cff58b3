"""FNet's SentencePiece tokenizer: text to ids, and to pieces that know where in the text they come from."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sentencepiece

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.models.builtin_presets import Presets
from fnet_studio.models.texts import texts

CLS, SEP, PAD, MASK = "[CLS]", "[SEP]", "<pad>", "[MASK]"
VOCABULARY_FILE = "vocabulary.spm"
CONFIG_FILE = "tokenizer.json"
"""As KerasHub's presets name them."""
SPACE = "▁"
"""SentencePiece's sign for the white space before a piece."""
_PRIVATE_USE = range(0xE000, 0xF8FF)
_IN_WORD = "'’-"
_IN_NUMBER = ".,"


class Piece(NamedTuple):
    id: int
    piece: str
    """As the vocabulary spells it."""
    begin: int
    end: int
    """text[begin:end] is what the piece stands for, white space left out; empty for a piece that is only space."""
    word: int
    """Number of the word in the text; pieces of equal number form a word, punctuation is a word of its own."""

    @property
    def is_mask(self) -> bool:
        return self.piece == MASK


class FNetTokenizer:
    """Arguments and names are those of `keras_hub.models.FNetTokenizer`.

    proto: path of a SentencePiece model, its bytes, or these in base64. A vocabulary without `[CLS]`, `[SEP]`, `<pad>`
    and `[MASK]` is refused with a UserError `tokenizer.missing-special-token`; ids are looked up by piece.
    sequence_length: what every text is cut or padded to, if anything. dtype: of the ids, or "string" for pieces in
    their place.

    SentencePiece does not know the text `[MASK]`; here it becomes the mask's id and its neighbours are cut as they are
    beside any other word, since masking in pretraining replaced a token after tokenising. With
    transformers_compatible the text on each side is encoded on its own, as Transformers does, which puts a stray `▁`
    before a full stop that follows.
    """

    presets = Presets()

    cls_token = start_token = CLS
    sep_token = end_token = SEP
    pad_token = PAD
    mask_token = MASK

    def __init__(
        self,
        proto: str | bytes | Path,
        transformers_compatible: bool = False,
        name: str = "f_net_tokenizer",
        sequence_length: int | None = None,
        dtype: str = "int32",
    ) -> None:
        if dtype != "string" and np.dtype(dtype).kind not in "iu":
            raise ValueError(f"dtype must be that of whole numbers or 'string', not {dtype!r}.")
        self.name = name
        self.transformers_compatible = transformers_compatible
        self.sequence_length = sequence_length
        self.dtype = dtype
        self.set_proto(proto)

    def set_proto(self, proto: str | bytes | Path) -> None:
        """Take another vocabulary in place of one's own. UserError as for a new tokenizer, and the old one stays."""
        data, source = _read_proto(proto)
        try:
            model = sentencepiece.SentencePieceProcessor(model_proto=data)
        except RuntimeError as error:
            raise UserError(
                "tokenizer.corrupt",
                f"{source} is not a SentencePiece model ({str(error).strip()}).",
                "Fetch the preset again.",
            ) from None
        size = model.get_piece_size()
        if not size:  # an empty file is no error to SentencePiece
            raise UserError("tokenizer.corrupt", f"{source} holds no piece.", "Fetch the preset again.")
        special_tokens = [CLS, SEP, PAD, MASK]
        missing = [token for token in special_tokens if model.id_to_piece(model.piece_to_id(token)) != token]
        if missing:
            raise UserError(
                "tokenizer.missing-special-token",
                f"The vocabulary {source} has no {' and no '.join(missing)}.",
                "FNet needs [CLS], [SEP], <pad> and [MASK]: take the vocabulary that the model was trained with.",
            )
        self.proto, self._model, self._size = data, model, size
        self.cls_token_id = self.start_token_id = self.token_to_id(CLS)
        self.sep_token_id = self.end_token_id = self.token_to_id(SEP)
        self.pad_token_id = self.token_to_id(PAD)
        self.mask_token_id = self.token_to_id(MASK)
        self.special_tokens = special_tokens
        self.special_token_ids = [self.token_to_id(token) for token in self.special_tokens]

    @classmethod
    def from_preset(cls, preset: str | Path, config_file: str = CONFIG_FILE, **kwargs: Any) -> "FNetTokenizer":
        """The vocabulary of a preset folder. config_file: another one for a tokenizer that KerasHub keeps beside the
        model's own; its vocabulary lies under assets in a folder of that name. UserError when there is none."""
        from fnet_studio.models.preset import open_preset

        opened = open_preset(preset)
        if config_file == CONFIG_FILE:
            return cls(opened.vocabulary(), **kwargs)
        return cls(opened.folder / "assets" / Path(config_file).stem / VOCABULARY_FILE, **kwargs)

    def save_to_preset(self, preset_dir: str | Path) -> None:
        """Write its part of a KerasHub preset folder. UserError when the disk refuses."""
        from fnet_studio.models.preset_writer import write_tokenizer

        write_tokenizer(self, Path(preset_dir))

    def save_assets(self, dir_path: str | Path) -> None:
        """Write the vocabulary into a folder. UserError when the disk refuses."""
        files.write_atomically(Path(dir_path, VOCABULARY_FILE), self.proto)

    def load_assets(self, dir_path: str | Path) -> None:
        """Take the vocabulary that `save_assets` wrote in place of one's own. UserError as for a new tokenizer, and the
        old vocabulary stays."""
        self.set_proto(Path(dir_path, VOCABULARY_FILE))

    @property
    def vocabulary_hash(self) -> str:
        """SHA-256 of the vocabulary's file."""
        return hashlib.sha256(self.proto).hexdigest()

    def vocabulary_size(self) -> int:
        return self._size

    def get_vocabulary(self) -> list[str]:
        return [self._model.id_to_piece(i) for i in range(self._size)]

    def id_to_token(self, token_id: int) -> str:
        if not 0 <= token_id < self._size:
            raise ValueError(f"The id {token_id} is not in [0, {self._size}).")
        return self._model.id_to_piece(int(token_id))

    def token_to_id(self, token: str) -> int:
        """The id of a piece, that of `<unk>` when there is no such piece."""
        return self._model.piece_to_id(token)

    def __call__(self, inputs: Any) -> Any:
        return self.tokenize(inputs)

    def tokenize(self, inputs: str | Iterable[str]) -> Any:
        """Ids (length,) of a text, or a list of such arrays for a batch of texts; one array (batch, sequence_length)
        with a sequence_length. With dtype "string" lists of pieces. TypeError for what is no text."""
        found = texts(inputs)
        if isinstance(found, str):
            return self._row(found)
        rows = [self._row(text) for text in found]
        if not self.sequence_length or self.dtype == "string":
            return rows
        return np.array(rows, self.dtype).reshape(len(rows), self.sequence_length)

    def _row(self, text: str) -> Any:
        strings = self.dtype == "string"
        row: list[Any] = [one.piece for one in self._pieces(text)] if strings else self.ids(text)
        if self.sequence_length:
            row = row[: self.sequence_length]
            row += [PAD if strings else self.pad_token_id] * (self.sequence_length - len(row))
        return row if strings else np.array(row, self.dtype)

    def ids(self, text: str) -> list[int]:
        if MASK not in text:
            return self._model.encode(text)
        return [piece.id for piece in self.encode(text)]

    def detokenize(self, inputs: Any) -> Any:
        """Text of ids (length,) or of one id, or a list of texts of a batch of them. Special tokens are written as they
        are."""
        if np.isscalar(inputs) or getattr(inputs, "ndim", 1) == 0:
            inputs = [inputs]
        if len(inputs) and not np.isscalar(inputs[0]) and np.ndim(inputs[0]) > 0:
            return [self.detokenize(ids) for ids in inputs]
        return self._model.decode([int(i) for i in inputs])

    def encode(self, text: str) -> list[Piece]:
        """The pieces of a text, with their places in it."""
        pieces = _number_words(text, self._pieces(text))
        unknown = self._model.unk_id()
        return [one._replace(piece=self._model.id_to_piece(unknown)) if one.id == unknown else one for one in pieces]

    def _pieces(self, text: str) -> list[Piece]:
        """Those without a piece of their own are spelt as they stand in the text."""
        apart = self.transformers_compatible and MASK in text
        return self._encode_apart(text) if apart else self._encode_whole(text)

    def _encode_apart(self, text: str) -> list[Piece]:
        found: list[Piece] = []
        at = 0
        for index, part in enumerate(text.split(MASK)):
            if index:
                found.append(Piece(self.mask_token_id, MASK, at - len(MASK), at, 0))
            last = index == text.count(MASK)
            for token_id, piece, (begin, end) in self._cut(part if last else part.rstrip()):
                found.append(Piece(token_id, piece, at + begin, at + end, 0))
            at += len(part) + len(MASK)
        return found

    def _encode_whole(self, text: str) -> list[Piece]:
        """Put a character that is no piece in each mask's place, so that its neighbours are cut as beside a word."""
        stand_in = next(chr(code) for code in _PRIVATE_USE if chr(code) not in text)
        replaced = text.replace(MASK, stand_in)
        place = _places(text, stand_in)
        found: list[Piece] = []
        for token_id, piece, (begin, end) in self._cut(replaced):
            covered = replaced[begin:end]
            if stand_in not in covered:
                found.append(Piece(token_id, piece, place[begin], place[end], 0))
                continue
            # Unknown characters side by side are one piece: take the masks out of it.
            if not covered.startswith(stand_in) and not covered.split(stand_in)[0].isspace():
                cut = begin + covered.index(stand_in)
                found.append(Piece(token_id, replaced[begin:cut], place[begin], place[cut], 0))
            elif found and found[-1].piece == SPACE:
                found.pop()  # the space before the mask belongs to the word that it hides
            while begin < end:
                if replaced[begin] == stand_in:
                    found.append(Piece(self.mask_token_id, MASK, place[begin], place[begin + 1], 0))
                    begin += 1
                    following = replaced[begin:end].split(stand_in)[0]
                    if following:
                        cut = begin + len(following)
                        found.append(Piece(token_id, following, place[begin], place[cut], 0))
                        begin = cut
                else:
                    begin += 1
        return found

    def _cut(self, text: str) -> Iterable[tuple[int, str, tuple[int, int]]]:
        mapping = self._model.encode(text, return_type="offset_mapping")
        return zip(mapping["ids"], mapping["pieces"], mapping["offsets"], strict=True)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "proto": base64.b64encode(self.proto).decode("ascii"),
            "transformers_compatible": self.transformers_compatible,
            "sequence_length": self.sequence_length,
            "dtype": self.dtype,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FNetTokenizer":
        return cls(**config)


def _read_proto(proto: str | bytes | Path) -> tuple[bytes, str]:
    """(bytes of the model, how to call it in a message)."""
    if isinstance(proto, bytes):
        return proto, "that was given"
    if isinstance(proto, str) and len(proto) > 4096:
        try:
            return base64.b64decode(proto, validate=True), "that was given"
        except ValueError:
            pass
    try:
        return Path(proto).read_bytes(), Path(proto).name
    except OSError as error:
        raise UserError(
            "tokenizer.missing",
            f"The vocabulary {proto} cannot be read ({error.strerror}).",
            "Fetch the preset again.",
        ) from None


def _places(text: str, stand_in: str) -> list[int]:
    """For every offset into the text with stand-ins, the offset into the text itself."""
    places = [0]
    for index, part in enumerate(text.split(MASK)):
        if index:
            places.append(places[-1] + len(MASK))
        for _ in part:
            places.append(places[-1] + 1)
    return places


def _number_words(text: str, pieces: Sequence[Piece]) -> list[Piece]:
    """Trim white space from the places, and give each piece the number of its word."""
    numbered: list[Piece] = []
    word, end = -1, 0
    for piece in pieces:
        surface = text[piece.begin : piece.end]
        begin = piece.begin + len(surface) - len(surface.lstrip())
        last = numbered[-1] if numbered else None
        if last is None or piece.is_mask or last.is_mask:
            word += 1
        elif last.begin < last.end:  # otherwise the last piece is the space that this word begins with
            apart = piece.begin < begin or begin > end
            if apart or (begin < piece.end and not _continues(text, begin)):
                word += 1
        numbered.append(Piece(piece.id, piece.piece, begin, piece.end, word))
        end = piece.end
    return numbered


def _continues(text: str, at: int) -> bool:
    """Whether the characters on both sides of an offset belong to one word: don't, well-known, 3.14."""
    before, after = text[at - 1], text[at]
    if before.isalnum() and after.isalnum():
        return True
    left, right = text[at - 2 : at - 1] if at >= 2 else "", text[at + 1 : at + 2]
    if after in _IN_WORD:
        return before.isalnum() and right.isalnum()
    if before in _IN_WORD:
        return left.isalnum() and after.isalnum()
    if after in _IN_NUMBER:
        return before.isdigit() and right.isdigit()
    return before in _IN_NUMBER and left.isdigit() and after.isdigit()
