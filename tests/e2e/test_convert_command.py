"""`fnet-studio convert` as a user types it, through a real worker."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from local_hubs import HuggingFace
from safetensors.numpy import load_file

from fnet_studio.cli.main import main
from fnet_studio.core import presets, protocol
from fnet_studio.core.errors import Stopped
from fnet_studio.link.blocking import Worker

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


@pytest.fixture
def source(tmp_path):
    folder = shutil.copytree(GOLDEN / "transformers_masked_lm", tmp_path / "source")
    shutil.copy(GOLDEN / "vocabulary.spm", folder / "spiece.model")
    return folder


def fnet_studio(*words, online=False, **options):
    environment = {**os.environ, "FNET_STUDIO_OFFLINE": "0" if online else "1"}
    return subprocess.run(
        [sys.executable, "-m", "fnet_studio", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        **options,
    )


@pytest.fixture
def asked(one_worker, capsys):
    """A command in this process: its exit status, and what it told as an error."""

    def asked(*words):
        return main([str(word) for word in words]), capsys.readouterr().err

    return asked


def test_a_checkpoint_goes_to_kerashub_and_back_with_the_same_weights(source, tmp_path):
    done = fnet_studio("convert", "source", "made/kerashub", "--to", "kerashub", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "made/kerashub") in done.stdout
    assert "KerasHub evaluates this head with exact GELU" in done.stdout
    assert json.loads((tmp_path / "made/kerashub/config.json").read_text())["class_name"] == "FNetBackbone"
    done = fnet_studio("convert", tmp_path / "made/kerashub", tmp_path / "back", "--to", "transformers")
    assert done.returncode == 0, done.stderr
    before, after = (load_file(folder / "model.safetensors") for folder in (source, tmp_path / "back"))
    shared = {name: value for name, value in before.items() if name in after}
    assert len(shared) == len(after)
    for name, value in shared.items():
        assert (after[name] == value).all(), name
    assert {path.name for path in tmp_path.iterdir()} >= {"source", "made", "back"}
    assert not list(tmp_path.rglob("*.part"))


def test_a_destination_that_holds_something_is_refused_and_an_empty_one_is_used(asked, source, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "notes.txt").write_text("mine")
    status, told = asked("convert", source, taken, "--to", "kerashub")
    assert status == 1
    assert "exists already" in told
    assert [path.name for path in taken.iterdir()] == ["notes.txt"]
    (taken / "notes.txt").unlink()
    assert asked("convert", source, taken, "--to", "kerashub")[0] == 0
    assert (taken / "model.weights.h5").is_file()


def test_a_damaged_source_leaves_no_destination(source, tmp_path):
    weights = source / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    done = fnet_studio("convert", source, tmp_path / "made", "--to", "kerashub")
    assert done.returncode == 1
    assert "model.safetensors" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir() if "made" in path.name] == []


def test_a_destination_that_cannot_be_written_is_named(asked, source, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    status, told = asked("convert", source, tmp_path / "file/made", "--to", "kerashub")
    assert status == 1
    assert f"{tmp_path / 'file/made'} could not be written" in told
    assert (tmp_path / "file").read_text() == "not a folder"


@pytest.mark.parametrize("handle", ["f_net_base_en", "hf://google/fnet-base"])
def test_what_would_have_to_be_downloaded_is_refused_while_offline(asked, tmp_path, handle):
    status, told = asked("convert", handle, tmp_path / "made", "--to", "transformers")
    assert status == 1
    assert "FNET_STUDIO_OFFLINE" in told
    assert not (tmp_path / "made").exists()


def test_a_built_in_preset_gets_its_head_and_answers_by_its_own_name(source, tmp_path, monkeypatch):
    """Both hubs' caches are laid out with the tiny model in the place of the base one."""
    headless = tmp_path / "kaggle/models/keras/f_net/keras/f_net_base_en/3"
    assert fnet_studio("convert", source, headless, "--to", "kerashub").returncode == 0
    for name in ("task.json", "task.weights.h5", "fnet_studio.json"):
        (headless / name).unlink()
    headless.with_name("3.complete").touch()
    repository = tmp_path / "hf/models--google--fnet-base"
    shutil.copytree(source, repository / "snapshots" / ("a" * 40))
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text("a" * 40)
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    done = fnet_studio("fetch-head", "f_net_base_en")
    assert done.returncode == 0, done.stderr
    (card,) = [card for card in presets.list_presets() if card.name == "f_net_base_en"]
    assert card.head == "pretrained"
    done = fnet_studio("fill-mask", "The capital of France is [MASK].", "--preset", "f_net_base_en", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["masks"]
    again = fnet_studio("fetch-head", "f_net_base_en")
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_a_head_of_an_unknown_preset_is_refused(asked):
    status, told = asked("fetch-head", "fnet_mini_en")
    assert status == 1
    assert "f_net_base_en, f_net_large_en" in told


@pytest.fixture
def hugging_face(source, tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub", reason="huggingface_hub, of the extra hub, is not installed")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf"))
    with HuggingFace(source) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


def test_a_source_on_the_hub_is_downloaded_by_the_worker_and_converted(hugging_face, source, tmp_path):
    done = fnet_studio("convert", "hf://local/model", tmp_path / "made", "--to", "transformers", online=True)
    assert done.returncode == 0, done.stderr
    before, after = (load_file(folder / "model.safetensors") for folder in (source, tmp_path / "made"))
    assert all((after[name] == before[name]).all() for name in after)
    hugging_face.refused = (404, "RepoNotFound")
    done = fnet_studio("convert", "hf://local/other", tmp_path / "other", "--to", "transformers", online=True)
    assert done.returncode == 1
    assert "There is no hf://local/other" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_download_tells_its_progress_and_is_stopped_in_the_middle(hugging_face, source, tmp_path, monkeypatch):
    (source / "model.safetensors").write_bytes(bytes(60_000_000))
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "0")
    heard, asked = [], []
    hugging_face.wait_after = 25_000_000
    with Worker() as worker:
        command = protocol.Convert("hf://local/model", str(tmp_path / "made"), "transformers")
        id = worker.post(command)

        def listen(envelope, blob):
            heard.append(envelope.body)
            if isinstance(envelope.body, protocol.Progress) and envelope.body.done > 5_000_000 and not asked:
                asked.append(worker.post(protocol.Stop(id)))
                worker.result(asked[0])
                hugging_face.go_on.set()

        with pytest.raises(Stopped):
            worker.result(id, listen)
    (phase,) = {body for body in heard if isinstance(body, protocol.Phase)}
    assert (phase.name, phase.unit) == ("downloading", "bytes")
    assert phase.total > 60_000_000
    assert not (tmp_path / "made").exists()
    assert not list((tmp_path / "hf").rglob("model.safetensors"))
