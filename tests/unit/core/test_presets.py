import json
import re
import shutil

import pytest

from fnet_studio.cli.main import parser
from fnet_studio.core import places, presets
from fnet_studio.core.builtin_presets import BUILTIN
from fnet_studio.core.errors import UserError


def test_the_bundled_preset_is_listed_with_its_head():
    (card,) = [card for card in presets.list_presets() if card.name == "fnet_mini_en"]
    assert card.bundled
    assert card.head == "pretrained"
    assert card.problem == ""
    assert (card.num_layers, card.hidden_dim, card.sequence_length) == (4, 256, 128)
    assert "MLM accuracy" in card.model_card


@pytest.mark.parametrize(("told", "length"), [(64, 64), (None, 128)])
def test_a_kerashub_folder_is_listed_with_the_length_that_it_runs_at(told, length):
    copy = places.presets() / "short"
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", copy)
    described = json.loads((copy / "preprocessor.json").read_text())
    described["config"]["sequence_length"] = told
    (copy / "preprocessor.json").write_text(json.dumps(described))
    card = presets.read_card(copy)
    assert (card.sequence_length, card.positions, card.problem) == (length, 128, "")
    (copy / "preprocessor.json").unlink()
    assert presets.read_card(copy).sequence_length == 128


def test_a_kerashub_folder_with_a_length_beyond_its_positions_is_listed_with_the_reason():
    copy = places.presets() / "beyond"
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", copy)
    described = json.loads((copy / "preprocessor.json").read_text())
    described["config"]["sequence_length"] = 129
    (copy / "preprocessor.json").write_text(json.dumps(described))
    assert "sequence_length is 129, not a whole number from 3 to 128" in presets.read_card(copy).problem


@pytest.mark.parametrize(("told", "length"), [(128, 128), (int(1e30), 512), (None, 512)])
def test_a_transformers_folder_is_listed_with_the_length_that_it_runs_at(tmp_path, told, length):
    sizes = {"num_hidden_layers": 2, "hidden_size": 16, "intermediate_size": 32, "vocab_size": 100}
    config = {"model_type": "fnet", **sizes, "max_position_embeddings": 1024}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"model_max_length": told}))
    card = presets.read_card(tmp_path)
    assert (card.sequence_length, card.positions) == (length, 1024)


def test_a_user_preset_hides_the_bundled_one_of_its_name():
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", places.presets() / "fnet_mini_en")
    (card,) = [card for card in presets.list_presets() if card.name == "fnet_mini_en"]
    assert not card.bundled
    assert presets.folder("fnet_mini_en") == places.presets() / "fnet_mini_en"


def test_a_folder_without_weights_is_listed_with_the_reason():
    copy = places.presets() / "halved"
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", copy)
    (copy / "model.weights.h5").unlink()
    (card,) = [card for card in presets.list_presets() if card.name == "halved"]
    assert "model.weights.h5" in card.problem


def test_a_transformers_folder_may_hold_its_vocabulary_in_two_files():
    folder = places.presets() / "saved"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "fnet"}))
    (folder / "model.safetensors").touch()
    assert "Copy it from the model" in presets.read_card(folder).problem
    for name in ("spiece.model", "tokenizer.json"):
        (folder / name).touch()
        assert presets.read_card(folder).problem == ""
        (folder / name).unlink()


def test_a_kerashub_folder_without_a_vocabulary_is_listed_with_the_reason():
    copy = places.presets() / "wordless"
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", copy)
    (copy / "assets/tokenizer/vocabulary.spm").unlink()
    assert (copy / "tokenizer.json").is_file()
    assert "vocabulary.spm" in presets.read_card(copy).problem


def test_a_folder_that_is_no_preset_is_listed_with_the_reason():
    (places.presets() / "notes").mkdir(parents=True)
    (card,) = [card for card in presets.list_presets() if card.name == "notes"]
    assert "config.json" in card.problem


def test_without_a_task_there_is_no_head():
    copy = places.presets() / "headless"
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", copy)
    (copy / "task.weights.h5").unlink()
    assert "task.weights.h5" in presets.read_card(copy).problem
    (copy / "task.json").unlink()
    card = presets.read_card(copy)
    assert (card.head, card.problem) == ("none", "")


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(UserError) as caught:
        presets.folder("f_net_huge")
    assert caught.value.kind == "preset.missing"
    assert "fnet_mini_en" in caught.value.advice


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_one_that_can_be_downloaded_says_how(name):
    with pytest.raises(UserError) as caught:
        presets.folder(name)
    assert (caught.value.kind, caught.value.message) == ("preset.missing", f"{name} is not on this machine yet.")
    command = re.search(r"fnet-studio (presets download \w+)", caught.value.advice)
    options = parser().parse_args([*command.group(1).split(), "--head"])
    assert (options.name, options.head, "--head" in caught.value.advice) == (name, True, True)


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_a_folder_that_does_not_tell_its_parameters_has_them_counted_from_its_sizes(tmp_path, name):
    known = BUILTIN[name]
    config = {
        "model_type": "fnet",
        "num_hidden_layers": known.num_layers,
        "hidden_size": known.hidden_dim,
        "intermediate_size": known.intermediate_dim,
        "vocab_size": known.vocabulary_size,
        "max_position_embeddings": known.sequence_length,
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert presets.read_card(tmp_path).parameters == known.parameters
