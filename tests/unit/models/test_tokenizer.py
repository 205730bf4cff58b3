import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece

from fnet_studio.core.errors import UserError
from fnet_studio.models import FNetTokenizer

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


def pieces(tokenizer, text):
    return [piece.piece for piece in tokenizer.encode(text)]


def test_ids_are_those_of_kerashub(tokenizer, expected):
    texts = expected["texts"].tolist()
    wanted = json.loads(str(expected["tokenized"]))
    assert [ids.tolist() for ids in tokenizer(texts)] == wanted
    assert [tokenizer(text).tolist() for text in texts] == wanted
    assert [[piece.id for piece in tokenizer.encode(text)] for text in texts] == wanted


def test_a_full_stop_after_a_mask_gets_no_stray_piece(tokenizer):
    assert pieces(tokenizer, "The capital of France is [MASK].")[-3:] == ["▁is", "[MASK]", "."]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[MASK]", ["[MASK]"]),
        ("  [MASK]  ", ["[MASK]"]),
        ("[MASK][MASK] [MASK]", ["[MASK]"] * 3),
        ("the[MASK]was", ["▁the", "[MASK]", "w", "as"]),
        ("the [MASK] was", ["▁the", "[MASK]", "▁was"]),
        ("[MASK]🙂[MASK]🙂", ["[MASK]", "<unk>", "[MASK]", "<unk>"]),
        ("🙂[MASK]!", ["▁", "<unk>", "[MASK]", "<unk>"]),
    ],
)
def test_a_mask_takes_the_place_of_a_word(tokenizer, text, wanted):
    assert pieces(tokenizer, text) == wanted


def test_what_has_no_piece_is_the_unknown_one_and_keeps_its_place(tokenizer):
    text = "🙂[MASK]!"
    assert [text[one.begin : one.end] for one in tokenizer.encode(text)] == ["", "🙂", "[MASK]", "!"]


def test_masking_a_word_in_the_text_gives_the_ids_of_masking_it_in_place(tokenizer):
    text = "The capital of France is a large city."
    whole = tokenizer.encode(text)
    france = next(i for i, piece in enumerate(whole) if piece.piece == "▁France")
    in_place = [tokenizer.mask_token_id if i == france else piece.id for i, piece in enumerate(whole)]
    assert tokenizer(text.replace("France", "[MASK]")).tolist() == in_place


def test_the_text_has_a_private_use_character_of_its_own(tokenizer):
    text = "a \ue000 b [MASK] \ue001"
    assert [text[p.begin : p.end] for p in tokenizer.encode(text) if p.begin < p.end] == [
        "a",
        "\ue000",
        "b",
        "[MASK]",
        "\ue001",
    ]


@pytest.mark.parametrize(
    "text", ["The capital of France.", "  Two   spaces\tand a tab.  ", "Ünïcödé 🙂 ① x", "e [MASK]-x."]
)
def test_places_cover_the_text_in_order_without_white_space(tokenizer, text):
    found = tokenizer.encode(text)
    assert all(not text[p.begin : p.end].strip() or not text[p.begin].isspace() for p in found)
    assert [p.begin for p in found] == sorted(p.begin for p in found)
    covered = {i for p in found for i in range(p.begin, p.end)}
    assert {i for i, character in enumerate(text) if not character.isspace()} <= covered


def words(tokenizer, text):
    grouped: dict[int, list[str]] = {}
    for piece in tokenizer.encode(text):
        grouped.setdefault(piece.word, []).append(text[piece.begin : piece.end])
    return ["".join(parts) for parts in grouped.values()]


def test_pieces_form_words_and_punctuation_stands_alone(tokenizer):
    text = "I don't like well-known (Paris), 3.14 e [MASK]."
    assert words(tokenizer, text) == [
        "I", "don't", "like", "well-known", "(", "Paris", "),", "3.14", "e", "[MASK]", ".",
    ]  # fmt: skip


def test_detokenizing_gives_the_text_back(tokenizer):
    text = "The quick brown fox jumped over the lazy dog."
    assert tokenizer.detokenize(tokenizer(text)) == text
    assert tokenizer.detokenize(tokenizer([text, text])) == [text, text]


def test_ids_are_looked_up_by_piece(tokenizer):
    assert tokenizer.id_to_token(tokenizer.mask_token_id) == "[MASK]"
    assert tokenizer.get_vocabulary()[tokenizer.pad_token_id] == "<pad>"
    assert tokenizer.vocabulary_size() == 1000


def test_an_id_outside_the_vocabulary_is_refused(tokenizer):
    with pytest.raises(ValueError, match="1000"):
        tokenizer.id_to_token(1000)


def test_a_tokenizer_comes_back_from_its_config(tokenizer):
    again = FNetTokenizer.from_config(tokenizer.get_config())
    assert again("The capital of [MASK].").tolist() == tokenizer("The capital of [MASK].").tolist()


@pytest.mark.parametrize("left_out", ["[MASK]", "[CLS]", "[SEP]"])
def test_a_vocabulary_without_a_special_token_is_refused_by_name(tmp_path, left_out):
    specials = [token for token in ("[CLS]", "[SEP]", "[MASK]") if token != left_out]
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the cat sat on the mat\n" * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(tmp_path / "v"), vocab_size=24, pad_id=3,
        control_symbols=specials, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    with pytest.raises(UserError) as caught:
        FNetTokenizer(tmp_path / "v.model")
    assert caught.value.kind == "tokenizer.missing-special-token"
    assert left_out in caught.value.message
    assert "v.model" in caught.value.message


def test_a_file_that_is_no_vocabulary_is_refused(tmp_path):
    path = tmp_path / "vocabulary.spm"
    path.write_bytes((GOLDEN / "vocabulary.spm").read_bytes()[:1000])
    with pytest.raises(UserError, match=r"vocabulary\.spm"):
        FNetTokenizer(path)
    path.write_bytes(b"")
    with pytest.raises(UserError, match=r"vocabulary\.spm holds no piece"):
        FNetTokenizer(path)


def test_a_missing_vocabulary_is_refused(tmp_path):
    with pytest.raises(UserError) as caught:
        FNetTokenizer(tmp_path / "none.spm")
    assert caught.value.kind == "tokenizer.missing"


def test_a_tokenizer_needs_no_keras():
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from fnet_studio.models import FNetTokenizer, FNetMaskedLMPreprocessor\n"
        "assert 'keras' not in sys.modules and 'jax' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_numpy_strings_are_texts(tokenizer):
    assert tokenizer(np.array(["a cat"])[0]).tolist() == tokenizer("a cat").tolist()


def test_texts_are_cut_and_padded_to_a_length(tokenizer):
    short, long = "a film", "The capital of France is a large city."
    dense = FNetTokenizer(tokenizer.proto, sequence_length=6)
    pad = tokenizer.pad_token_id
    wanted = [[*tokenizer(short), pad, pad], [*tokenizer(long)[:6]]]
    assert dense([short, long]).tolist() == wanted
    assert dense(short).tolist() == wanted[0]
    assert dense([]).shape == (0, 6)


def test_pieces_in_place_of_ids(tokenizer):
    strings = FNetTokenizer(tokenizer.proto, dtype="string")
    assert strings("a film") == ["▁a", "▁f", "il", "m"]
    assert strings(["a 🙂 x", "a [MASK]."]) == [["▁a", "▁", "🙂", "▁", "x"], ["▁a", "[MASK]", "."]]
    assert FNetTokenizer(tokenizer.proto, dtype="string", sequence_length=3)("a") == ["▁a", "<pad>", "<pad>"]
    assert FNetTokenizer(tokenizer.proto, dtype="int64")("a").dtype == np.int64
    with pytest.raises(ValueError, match="float32"):
        FNetTokenizer(tokenizer.proto, dtype="float32")


def test_one_id_is_text_too(tokenizer):
    for one in (17, np.int32(17), np.array(17)):
        assert tokenizer.detokenize(one) == tokenizer.detokenize([17]) == "a"


def test_special_tokens_have_their_names(tokenizer):
    for name in ("cls", "sep", "pad", "mask", "start", "end"):
        assert tokenizer.token_to_id(getattr(tokenizer, f"{name}_token")) == getattr(tokenizer, f"{name}_token_id")
    assert {tokenizer.cls_token, tokenizer.sep_token, tokenizer.pad_token, tokenizer.mask_token} == {
        "[CLS]", "[SEP]", "<pad>", "[MASK]",
    }  # fmt: skip


def test_the_vocabulary_may_be_saved_and_loaded_alone(tokenizer, tmp_path):
    tokenizer.save_assets(tmp_path / "here")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["vocabulary.spm"]
    corpus, other = "the cat sat on the mat", tmp_path / "other"
    other.mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([corpus] * 20), model_prefix=str(other / "v"), vocab_size=24, pad_id=3,
        control_symbols=["[MASK]", "[CLS]", "[SEP]"], hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (other / "v.model").rename(other / "vocabulary.spm")
    changing = FNetTokenizer(tokenizer.proto)
    changing.load_assets(other)
    assert changing.vocabulary_size() < 30
    assert changing.mask_token_id == changing.token_to_id("[MASK]") != tokenizer.mask_token_id
    with pytest.raises(UserError):
        changing.load_assets(tmp_path)
    with pytest.raises(UserError, match="holds no piece"):
        changing.set_proto(b"")
    assert changing.vocabulary_size() < 30
    assert changing.proto == (other / "vocabulary.spm").read_bytes()
    changing.load_assets(tmp_path / "here")
    assert changing(corpus).tolist() == tokenizer(corpus).tolist()
    changing.set_proto((other / "vocabulary.spm").read_bytes())
    assert changing.vocabulary_size() < 30


def test_a_tokenizer_that_kerashub_keeps_beside_the_models_own_is_read_by_the_name_of_its_settings(preset, tokenizer):
    assert FNetTokenizer.from_preset(preset, "tokenizer.json").proto == tokenizer.proto
    (preset / "assets/tokenizer").rename(preset / "assets/second_tokenizer")
    assert FNetTokenizer.from_preset(preset, "second_tokenizer.json", sequence_length=4)("a").shape == (4,)
    with pytest.raises(UserError, match="third_tokenizer"):
        FNetTokenizer.from_preset(preset, config_file="third_tokenizer.json")


def test_arrays_and_bytes_of_texts_are_texts(tokenizer):
    wanted = [tokenizer("a cat").tolist(), tokenizer("ü").tolist()]
    batches: list[Any] = [["a cat", "ü".encode()], np.array(["a cat", "ü"]), iter(("a cat", np.str_("ü")))]
    for given in batches:
        assert [ids.tolist() for ids in tokenizer(given)] == wanted


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["a", None], "Row 1 is None, not a text"),
        (["a", float("nan")], "Row 1 is nan"),
        (np.array(["a", 3.0], dtype=object), "Row 1 is 3.0"),
        (np.arange(3), "Row 0 is 0"),
        (np.arange(6).reshape(2, 3), r"Row 0 is \[0, 1, 2\], not a text.*model.preprocessor = None"),
        ([("a", "b")], r"Row 0 is \('a', 'b'\), not a text.*\(first, second\)"),
        ({"token_ids": [[1]]}, "A dict does not say.*model.preprocessor = None"),
        (None, "None is not a text"),
    ],
)
def test_what_is_not_a_text_is_refused_and_not_spelled_out(tokenizer, given, words):
    with pytest.raises(TypeError, match=words):
        tokenizer(given)
