"""tokenizer.json, as the library reads it that Transformers 5 tokenises with."""

import json

import pytest
import sentencepiece
from odd_texts import MASKED, ODD
from tokenizers import Tokenizer

from fnet_studio.models import FNetTokenizer, convert
from fnet_studio.models.tokenizer_json import tokenizer_json


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
