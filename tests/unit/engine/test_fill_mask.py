import shutil
from pathlib import Path

import pytest

from fnet_studio.core import places, presets, protocol
from fnet_studio.core.errors import UserError
from fnet_studio.engine import answers
from fnet_studio.engine.fill_mask import LoadedPreset
from fnet_studio.engine.in_memory import InMemory
from fnet_studio.models.masked_lm import FNetMaskedLM

PRESET = "fnet_mini_en"
GOLDEN = Path(__file__).resolve().parents[2] / "golden"


@pytest.fixture(scope="module")
def preset():
    return LoadedPreset(PRESET)


def fill(preset, text, **options):
    return answers.fill(preset, protocol.FillMask(PRESET, text, **options))


def test_answers_are_words_in_falling_probability(preset):
    filled = fill(preset, "The capital of France is [MASK].", top_k=7)
    (answer,) = filled.answers
    probabilities = [candidate.probability for candidate in answer.candidates]
    assert len(probabilities) == 7
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) < 1
    assert all("▁" not in candidate.text for candidate in answer.candidates)
    assert filled.tokenized.tokens[answer.position].piece == "[MASK]"


def test_masking_a_word_by_position_asks_the_same_as_typing_the_mask(preset):
    text = "The war ended in London."
    tokens = preset.tokenize(text).tokens
    position = next(i for i, token in enumerate(tokens) if token.piece == "▁London")
    clicked = fill(preset, text, masked=(position,))
    typed = fill(preset, "The war ended in [MASK].")
    assert [t.id for t in clicked.tokenized.tokens] == [t.id for t in typed.tokenized.tokens]
    assert clicked.answers[0].candidates == typed.answers[0].candidates
    original = clicked.answers[0].original
    assert original is not None
    assert original.text == "London"
    rank = clicked.answers[0].original_rank
    if rank <= 10:
        assert clicked.answers[0].candidates[rank - 1].id == original.id
    assert typed.answers[0].original is None


def test_several_masks_are_answered_each(preset):
    filled = fill(preset, "The [MASK] of [MASK] was [MASK].")
    assert [filled.tokenized.tokens[a.position].piece for a in filled.answers] == ["[MASK]"] * 3


def test_the_model_always_sees_its_own_length(preset):
    tokenized = preset.tokenize("Short.")
    assert len(tokenized.tokens) + tokenized.padding == tokenized.sequence_length == 128
    assert preset.features(tokenized)["token_ids"].shape == (1, 128)


def test_a_preset_with_more_positions_than_its_length_answers_as_its_own_preprocessor_prepares():
    model = FNetMaskedLM.from_preset(places.bundled_presets() / PRESET)
    model.preprocessor.sequence_length = 48
    model.save_to_preset(places.presets() / "short")
    loaded = LoadedPreset("short")
    assert loaded.loaded().sequence_length == presets.read_card(places.presets() / "short").sequence_length == 48
    filled = fill(loaded, "The capital of France is [MASK].", top_k=1)
    prompt = model.preprocessor.prompt("The capital of France is [MASK].")
    assert loaded.features(filled.tokenized)["token_ids"].shape == prompt.features["token_ids"].shape
    best = model.probabilities(prompt.features)[0, 0].max()
    assert filled.answers[0].candidates[0].probability == pytest.approx(best, rel=1e-3)


def test_a_text_that_is_too_long_is_cut_and_says_where(preset):
    text = "[MASK] " + "river " * 300
    filled = fill(preset, text)
    tokenized = filled.tokenized
    assert len(tokenized.tokens) == 128
    assert tokenized.padding == 0
    assert tokenized.cut_tokens == len(preset.tokenizer.encode(text)) - 126
    assert text[tokenized.cut_at :].startswith("river")
    assert tokenized.tokens[-2].end <= tokenized.cut_at


def test_a_mask_that_was_cut_off_is_explained(preset):
    with pytest.raises(UserError) as caught:
        fill(preset, "river " * 300 + "[MASK]")
    assert caught.value.kind == "fill-mask.cut-mask"


def test_a_text_without_a_mask_says_how_to_make_one(preset):
    with pytest.raises(UserError) as caught:
        fill(preset, "Nothing is hidden here.")
    assert caught.value.kind == "fill-mask.no-mask"
    assert "[MASK]" in caught.value.advice
    assert "--mask WORD" in caught.value.advice


@pytest.mark.parametrize("meant", ["[mask]", "<mask>", "____"])
def test_what_was_meant_as_a_mask_is_named(preset, meant):
    with pytest.raises(UserError) as caught:
        fill(preset, f"The {meant} is here.")
    assert caught.value.advice == f"Write {meant} as [MASK]."


@pytest.mark.parametrize("position", [0, 99, -1])
def test_a_position_outside_the_text_is_refused(preset, position):
    with pytest.raises(UserError) as caught:
        fill(preset, "Short.", masked=(position,))
    assert caught.value.kind == "fill-mask.position"


def test_a_preset_without_a_head_never_answers():
    copy = places.presets() / "headless"
    shutil.copytree(places.bundled_presets() / PRESET, copy)
    (copy / "task.weights.h5").unlink()
    (copy / "task.json").unlink()
    loaded = LoadedPreset("headless")
    assert loaded.loaded().head == "none"
    with pytest.raises(UserError) as caught:
        answers.fill(loaded, protocol.FillMask("headless", "A [MASK]."))
    assert caught.value.kind == "fill-mask.no-head"


def test_a_classifier_says_what_it_knows_and_one_whose_head_is_cut_off_is_damaged(tmp_path):
    folder = shutil.copytree(GOLDEN / "kerashub_classifier", tmp_path / "classifier")
    (folder / "assets/tokenizer").mkdir(parents=True)
    shutil.copy(GOLDEN / "vocabulary.spm", folder / "assets/tokenizer")
    shutil.copy(GOLDEN / "kerashub_masked_lm/model.weights.h5", folder)
    loaded = LoadedPreset(str(folder))
    assert loaded.loaded().class_names == ("0", "1", "2")
    with pytest.raises(UserError, match=r"classifier \(0, 1, 2\): it knows classes, not words") as caught:
        fill(loaded, "A [MASK].")
    assert "fetch-head" not in caught.value.advice
    assert f"fnet-studio classify {folder} FILE" in caught.value.advice
    with (folder / "task.weights.h5").open("r+b") as file:
        file.truncate(3000)
    with pytest.raises(UserError, match=r"task\.weights\.h5"):
        LoadedPreset(str(folder))


def test_two_presets_are_kept_and_the_least_recent_one_is_let_go():
    for name in ("first", "second"):
        shutil.copytree(places.bundled_presets() / PRESET, places.presets() / name)
    held = InMemory()
    first = held.get("first")
    held.get("second")
    assert held.get("first") is first
    held.get(PRESET)
    assert held.get("first") is first
    assert set(held._loaded) == {PRESET, "first"}


def test_a_preset_that_was_replaced_by_another_of_its_name_is_read_anew():
    own, held = places.presets() / "own", InMemory()
    shutil.copytree(places.bundled_presets() / PRESET, own)
    first = held.get("own")
    assert held.get("own") is first
    shutil.rmtree(own)
    shutil.copytree(places.bundled_presets() / PRESET, own)
    (own / "task.json").unlink()
    assert (first.head, held.get("own").head) == ("pretrained", "none")
    shutil.rmtree(own)
    with pytest.raises(UserError, match="There is no preset 'own'"):
        held.get("own")
