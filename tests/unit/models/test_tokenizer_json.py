"""tokenizer.json, as the library reads it that Transformers 5 tokenises with."""

import json
import re

import pytest
import sentencepiece
from odd_texts import MASKED, ODD
from tokenizers import Tokenizer

from fnet_studio.core.errors import UserError
from fnet_studio.models import FNetMaskedLM, FNetTokenizer, convert
from fnet_studio.models.tokenizer_json import sentencepiece_model, tokenizer_json


@pytest.fixture(scope="module")
def read(tokenizer) -> Tokenizer:
    return Tokenizer.from_str(json.dumps(tokenizer_json(tokenizer)))


@pytest.mark.parametrize("text", ODD + MASKED)
def test_its_ids_are_the_tokenizers_own(read, tokenizer, text):
    assert read.encode(text).ids == [tokenizer.cls_token_id, *tokenizer(text), tokenizer.sep_token_id]


def test_a_pair_has_the_segments_of_a_pair(read, tokenizer):
    found = read.encode("a cat", " the dog ")
    first, second = list(tokenizer("a cat")), list(tokenizer("the dog"))
    assert found.ids == [tokenizer.cls_token_id, *first, tokenizer.sep_token_id, *second, tokenizer.sep_token_id]
    assert found.type_ids == [0] * (len(first) + 2) + [1] * (len(second) + 1)


def test_ids_are_decoded_to_the_text(read):
    text = "The quick brown fox jumped."
    assert read.decode(read.encode(text).ids) == text


def test_an_exported_folder_holds_it(golden, tokenizer, tmp_path):
    convert(golden / "kerashub_masked_lm", tmp_path / "t", "transformers")
    found = Tokenizer.from_file(str(tmp_path / "t/tokenizer.json"))
    assert found.encode("The [MASK].").ids[1:-1] == tokenizer("The [MASK].").tolist()


@pytest.mark.parametrize("other", [{"model_type": "bpe"}, {"add_dummy_prefix": False}, {"byte_fallback": True}])
def test_a_vocabulary_of_another_kind_has_none(tmp_path, other):
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the cat sat on the mat"] * 20), model_prefix=str(tmp_path / "v"), pad_id=3,
        vocab_size=290, control_symbols=["[MASK]", "[CLS]", "[SEP]"], hard_vocab_limit=False, minloglevel=2, **other,
    )  # fmt: skip
    assert tokenizer_json(FNetTokenizer(tmp_path / "v.model")) is None


@pytest.fixture
def whole(tokenizer):
    """A tokenizer.json of one's own, to be changed."""
    return tokenizer_json(tokenizer)


def made_again(folder, whole) -> FNetTokenizer:
    (folder / "tokenizer.json").write_text(json.dumps(whole))
    return FNetTokenizer(sentencepiece_model(folder / "tokenizer.json"))


def by_transformers(whole):
    """As Transformers converts the vocabulary of the authors."""
    charsmap = whole["normalizer"]["normalizers"][0]
    quotes = [{"type": "Replace", "pattern": {"String": quote}, "content": '"'} for quote in ("``", "''")]
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    whole["normalizer"]["normalizers"] = [*quotes, charsmap, spaces]
    whole["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}


@pytest.mark.parametrize("change", [lambda whole: None, by_transformers])
def test_the_vocabulary_is_made_from_it_again(whole, tokenizer, tmp_path, change):
    change(whole)
    again = made_again(tmp_path, whole)
    assert again.get_vocabulary() == tokenizer.get_vocabulary()
    assert again.special_token_ids == tokenizer.special_token_ids
    for text in (*ODD, *MASKED, "<s> a </s> [CLS] <pad> <unk>"):
        assert again(text).tolist() == tokenizer(text).tolist(), text


def lower_cases(whole):
    whole["normalizer"]["normalizers"].insert(0, {"type": "Lowercase"})


def keeps_double_spaces(whole):
    whole["normalizer"] = whole["normalizer"]["normalizers"][0]


def begins_with_no_space(whole):
    whole["pre_tokenizer"]["prepend_scheme"] = "never"


def is_of_another_kind(whole):
    whole["model"] = {"type": "BPE", "vocab": {"a": 0}, "merges": []}


def has_a_token_more(whole):
    whole["added_tokens"].append({"id": len(whole["model"]["vocab"]), "content": "[USER]"})


def is_damaged(whole):
    whole["model"]["vocab"] = 3


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lower_cases, "Lowercase"),
        (keeps_double_spaces, "white space"),
        (begins_with_no_space, "white space"),
        (is_of_another_kind, "BPE"),
        (has_a_token_more, r"\[USER\]"),
        (is_damaged, "not written as"),
    ],
)
def test_one_that_no_sentencepiece_model_equals_is_refused_in_words(whole, tmp_path, change, word):
    change(whole)
    with pytest.raises(UserError, match=word) as caught:
        made_again(tmp_path, whole)
    assert caught.value.kind == "tokenizer.foreign"
    assert "spiece.model" in caught.value.advice


def test_a_folder_that_holds_it_alone_is_read(golden, tokenizer, tmp_path):
    convert(golden / "kerashub_masked_lm", tmp_path / "t", "transformers")
    (tmp_path / "t/spiece.model").unlink()
    again = FNetMaskedLM.from_preset(tmp_path / "t").preprocessor.tokenizer
    assert again("A large [MASK].").tolist() == tokenizer("A large [MASK].").tolist()


def strips_accents(whole):
    whole["normalizer"]["normalizers"] += [{"type": "Sequence", "normalizers": [{"type": "StripAccents"}]}]


def gives_a_piece_another_id(whole):
    whole["added_tokens"][0]["id"] += 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lower_cases, "Lowercase"),
        (strips_accents, "StripAccents"),
        (has_a_token_more, r"\[USER\]"),
        (gives_a_piece_another_id, "<unk>"),
    ],
)
def test_a_vocabulary_beside_one_that_surely_cuts_texts_in_another_way_is_refused(
    whole, transformers_preset, change, word
):
    change(whole)
    (transformers_preset / "tokenizer.json").write_text(json.dumps(whole))
    refused(transformers_preset, "tokenizer.json", word)


@pytest.mark.parametrize(
    ("file", "told", "word"),
    [
        ("tokenizer_config.json", {"do_lower_case": True}, "do_lower_case"),
        ("tokenizer_config.json", {"added_tokens_decoder": {"1000": {"content": "@USER"}}}, "@USER"),
        ("added_tokens.json", {"@USER": 1000}, "@USER"),
    ],
)
def test_settings_that_change_what_the_vocabulary_alone_does_are_refused(transformers_preset, file, told, word):
    (transformers_preset / file).write_text(json.dumps(told))
    refused(transformers_preset, file, word)
    notes = convert(transformers_preset, transformers_preset / "made", "kerashub").notes
    assert word in notes[0]


def refused(folder, *words):
    with pytest.raises(UserError) as caught:
        FNetTokenizer.from_preset(folder)
    assert caught.value.kind == "tokenizer.foreign"
    assert "spiece.model" in caught.value.advice
    for word in words:
        assert re.search(word, caught.value.message)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("tokenizer.json", "{"),
        ("tokenizer.json", '{"normalizer": 3, "added_tokens": [{"id": "x"}]}'),
        ("tokenizer_config.json", "{"),
        ("tokenizer_config.json", '{"do_lower_case": false, "added_tokens_decoder": {"4": {"content": "[CLS]"}}}'),
        ("tokenizer_config.json", '{"do_lower_case": null, "added_tokens_decoder": 3}'),
        ("added_tokens.json", '{"[CLS]": 4, "[MASK]": "6"}'),
    ],
)
def test_a_vocabulary_is_read_beside_files_that_are_damaged_or_agree_with_it(
    transformers_preset, tokenizer, file, told
):
    (transformers_preset / file).write_text(told)
    assert FNetTokenizer.from_preset(transformers_preset).proto == tokenizer.proto


def test_a_vocabulary_is_read_beside_what_transformers_makes_of_it(whole, transformers_preset, tokenizer):
    by_transformers(whole)
    (transformers_preset / "tokenizer.json").write_text(json.dumps(whole))
    (transformers_preset / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    assert FNetTokenizer.from_preset(transformers_preset).proto == tokenizer.proto
