"""`fnet-studio presets` without a worker: what there is, where it lies, and back from the trash."""

import json
import shutil

import pytest

from fnet_studio.cli.main import main
from fnet_studio.core import places, preset_downloads, preset_import, presets
from fnet_studio.core.run_store import RunWriter


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "my_model"
    (folder / "assets/tokenizer").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"config": {"num_layers": 2, "hidden_dim": 8}}))
    (folder / "model.weights.h5").write_bytes(bytes(1000))
    (folder / "assets/tokenizer/vocabulary.spm").write_bytes(b"pieces")
    return folder


def listed(capsys):
    assert main(["presets", "--json"]) == 0
    return {entry["key"]: entry for entry in json.loads(capsys.readouterr().out)}


def test_all_that_there_is_is_listed_with_where_it_is_from(source, capsys):
    preset_import.commit(preset_import.stage(source))
    writer = RunWriter.create("kept one", {"model": {"preset": "fnet_mini_en"}})
    shutil.copytree(source, writer.folder / "preset")
    writer.finish("finished")
    RunWriter.create("kept none", {}).finish("finished")
    preset_downloads.write(preset_downloads.Begun("f_net_large_en", "f_net_large_en", True, 7, 9))
    found = listed(capsys)
    states = {key: (entry["origin"], entry["state"]) for key, entry in found.items()}
    assert states == {
        "fnet_mini_en": ("bundled", "ready"),
        "fnet_small_en": ("bundled", "ready"),
        "my_model": ("yours", "ready"),
        f"run:{writer.record.id}": ("run", "ready"),
        "f_net_base_en": ("built-in", "remote"),
        "f_net_large_en": ("built-in", "paused"),
    }
    assert found[f"run:{writer.record.id}"]["parent"] == "fnet_mini_en"
    assert found["f_net_large_en"]["arrived_bytes"] == 7
    assert main(["presets", "show", "kept one"]) == 0
    assert writer.record.id in capsys.readouterr().out


def test_what_was_removed_comes_back_with_restore(source, capsys):
    target = preset_import.commit(preset_import.stage(source))
    names = sorted(path.name for path in target.iterdir())
    assert main(["presets", "remove", "my_model"]) == 0
    assert "restore my_model" in capsys.readouterr().out
    assert "my_model" not in listed(capsys)
    assert main(["presets", "restore", "my_model"]) == 0
    assert presets.folder("my_model") == target
    assert sorted(path.name for path in target.iterdir()) == names
    capsys.readouterr()
    assert listed(capsys)["my_model"]["source"] == str(source)
    assert main(["presets", "restore", "my_model"]) == 1


def test_a_folder_that_has_gone_is_listed_and_located(source, tmp_path, capsys):
    preset_import.link(source)
    moved = source.rename(tmp_path / "moved")
    assert listed(capsys)["my_model"]["state"] == "missing"
    assert main(["presets", "relocate", "my_model", str(moved)]) == 0
    capsys.readouterr()
    assert listed(capsys)["my_model"]["state"] == "ready"


def test_a_built_in_one_says_how_to_fetch_the_authors_head(capsys):
    assert main(["presets", "show", "f_net_base_en"]) == 0
    assert "presets download f_net_base_en --head" in capsys.readouterr().out


def test_what_is_changed_on_the_disk_is_read_again_and_the_rest_is_not(source):
    from fnet_studio.core.catalogue import Catalogue

    target = preset_import.commit(preset_import.stage(source))
    catalogue = Catalogue()
    before = {entry.key: entry for entry in catalogue.read()}
    (target / "README.md").write_text("---\nlicense: mit\n---\n# my_model\n")
    after = {entry.key: entry for entry in catalogue.read()}
    assert (before["my_model"].licence, after["my_model"].licence) == ("", "mit")
    assert after["fnet_mini_en"] is before["fnet_mini_en"]
    shutil.rmtree(places.presets())
    assert {entry.key: entry.state for entry in catalogue.read()}["my_model"] == "missing"


def test_the_preset_that_is_taken_where_nothing_is_said_stands_first():
    from fnet_studio.core.catalogue import Catalogue
    from fnet_studio.core.recipe import Recipe

    bundled = [entry.key for entry in Catalogue().read() if entry.origin == "bundled"]
    assert bundled == [Recipe().model.preset, "fnet_mini_en"]


def test_the_list_and_the_facts_say_that_parameters_are_those_of_the_encoder(capsys):
    assert main(["presets"]) == 0
    assert "Parameters: in the encoder, without a head." in capsys.readouterr().out
    assert main(["presets", "show", "fnet_mini_en"]) == 0
    shown = capsys.readouterr().out
    assert "4,369,408 in the encoder" in shown
    head = 256 * 257 + 2 * 256 + 8192  # a layer of hidden size, its norm, a bias for each piece
    assert f"{4_369_408 + head:,} parameters, pooler and head included" in shown


def test_json_is_asked_for_before_or_after_the_word(capsys):
    for words in (["--json", "show", "fnet_mini_en"], ["show", "fnet_mini_en", "--json"]):
        assert main(["presets", *words]) == 0
        assert json.loads(capsys.readouterr().out)["key"] == "fnet_mini_en"


def test_a_failure_is_a_line_of_json_for_who_asked_for_json(capsys):
    assert main(["presets", "--json", "show", "nothing"]) == 1
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["type"], told["kind"]) == ("failed", "preset.missing")
    assert printed.err == f"fnet-studio: {told['message']}\n  {told['advice']}\n"
    assert main(["presets", "show", "nothing"]) == 1
    assert capsys.readouterr().out == ""
