"""Presets downloaded by a real worker from a server on this machine: told, paused, gone on with, given up."""

import json
import shutil
import threading
from pathlib import Path

import pytest
from local_hubs import COMMIT, HuggingFace

from fnet_studio.cli.main import main
from fnet_studio.core import places, preset_downloads, preset_records, presets, protocol
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.link.blocking import Worker
from fnet_studio.models import hub as models_hub

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
HANDLE = "hf://local/tiny"
LARGE = 30_000_000


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    pytest.importorskip("huggingface_hub", reason="huggingface_hub, of the extra hub, is not installed")
    folder = shutil.copytree(GOLDEN / "transformers_masked_lm", tmp_path_factory.mktemp("hub") / "model")
    shutil.copy(GOLDEN / "vocabulary.spm", folder / "spiece.model")
    with HuggingFace(folder) as server:
        yield server


@pytest.fixture(scope="module")
def worker(hub, tmp_path_factory):
    """One for all tests. The scripted engine downloads as the real one does, without its slow start."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        for name, value in {
            "FNET_STUDIO_HOME": home,
            "HF_HUB_CACHE": home / "hf",
            "HF_ENDPOINT": hub.address,
            "FNET_STUDIO_OFFLINE": "0",
        }.items():
            patch.setenv(name, str(value))
        with Worker("scripted", "rate=50,steps=400") as it:
            it.wait_ready()
            yield it, home


@pytest.fixture(autouse=True)
def fresh(worker, hub, monkeypatch):
    _, home = worker
    monkeypatch.setenv("FNET_STUDIO_HOME", str(home))
    shutil.rmtree(home / "hf", ignore_errors=True)
    shutil.rmtree(places.presets(), ignore_errors=True)
    (places.data() / "presets.json").unlink(missing_ok=True)
    shutil.copy(GOLDEN / "transformers_masked_lm/model.safetensors", hub.folder)
    hub.wait_after, hub.ranges[:], hub.requests[:] = None, [], []
    hub.go_on = threading.Event()


@pytest.fixture
def large(hub):
    """Weights that take a while: the server stops in the middle of them until `go_on`."""
    (hub.folder / "model.safetensors").write_bytes(bytes(range(250)) * (LARGE // 250))
    hub.wait_after = 12_000_000
    yield hub
    hub.go_on.set()


def begin(worker, at_least=10_000_000):
    """Until so much has arrived; the id of the command and what was told."""
    told: list[object] = []
    id = worker.post(protocol.FetchPreset(HANDLE))
    while not any(isinstance(it, protocol.Progress) and it.done > at_least for it in told):
        worker._hear(lambda envelope, _: told.append(envelope.body) if envelope.reply_to == id else None)
    return id, told


def stop(worker, id, mode):
    worker.call(protocol.Stop(id, mode))
    with pytest.raises(Stopped):
        worker.result(id)


def test_a_downloaded_preset_is_one_of_the_user_s_and_is_whole(worker, hub):
    worker, _ = worker
    told = []
    found, _ = worker.call(protocol.FetchPreset(HANDLE), lambda envelope, _: told.append(envelope.body))
    assert found.folder == str(places.presets() / "tiny")
    for name in ("config.json", "model.safetensors", "spiece.model"):
        assert (Path(found.folder) / name).read_bytes() == (hub.folder / name).read_bytes()
    for path in Path(found.folder).iterdir():
        assert path.stat().st_nlink == 1, "damage to the one is not to reach the cache"
    (card,) = [card for card in presets.list_presets() if card.name == "tiny"]
    assert (card.problem, card.head) == ("", "pretrained")
    (phase,) = {it for it in told if isinstance(it, protocol.Phase)}
    assert (phase.name, phase.unit) == ("downloading", "bytes")
    last = [it for it in told if isinstance(it, protocol.Progress)][-1]
    assert last.done == phase.total
    assert preset_downloads.begun() == {}
    with pytest.raises(UserError, match="already") as caught:
        worker.call(protocol.FetchPreset(HANDLE))
    assert caught.value.kind == "preset.present"


def test_a_download_takes_no_other_preset_s_place_in_the_list(worker, tmp_path):
    worker, _ = worker
    preset_records.put("tiny", tmp_path / "own" / "tiny")
    with pytest.raises(UserError, match="There is a preset tiny already") as caught:
        worker.call(protocol.FetchPreset(HANDLE))
    assert caught.value.kind == "preset.present"
    assert str(tmp_path / "own" / "tiny") in caught.value.message
    preset_records.put("tiny", places.presets() / "tiny")  # whose folder has gone
    worker.call(protocol.FetchPreset(HANDLE))


def test_a_download_begun_of_another_preset_of_that_name_is_named_and_kept(worker, hub):
    worker, _ = worker
    other = preset_downloads.Begun("tiny", "hf://other/tiny", False, 5, 9)
    preset_downloads.write(other)
    with pytest.raises(UserError, match="hf://other/tiny") as caught:
        worker.call(protocol.FetchPreset(HANDLE))
    assert caught.value.kind == "preset.present"
    assert hub.requests == []
    worker.call(protocol.ForgetDownload(HANDLE))
    assert preset_downloads.begun() == {"tiny": other}
    worker.call(protocol.ForgetDownload(other.preset))
    assert preset_downloads.begun() == {}


def test_a_paused_download_is_listed_and_goes_on_in_another_worker(worker, large):
    worker, home = worker
    id, told = begin(worker)
    assert any(isinstance(it, protocol.Progress) and it.rate_per_s > 0 and it.left_s > 0 for it in told)
    stop(worker, id, "keep")
    (begun,) = preset_downloads.begun().values()
    assert begun.preset == HANDLE
    assert 10_000_000 < begun.done_bytes < begun.total_bytes
    assert not (places.presets() / "tiny").exists()
    large.wait_after = None
    with Worker("scripted") as another:
        found, _ = another.call(protocol.FetchPreset(HANDLE))
    asked_from = [int(it.partition("bytes=")[2].rstrip("-")) for it in large.ranges if it.startswith("model.safe")]
    assert asked_from[-1] >= 10_000_000
    assert (Path(found.folder) / "model.safetensors").stat().st_size == LARGE
    assert preset_downloads.begun() == {}
    assert not list(home.rglob("*.part"))


def test_the_command_line_goes_on_with_a_paused_download_and_lists_the_preset(worker, large, capsys):
    worker, _ = worker
    id, _ = begin(worker)
    stop(worker, id, "keep")
    large.wait_after = None
    assert main(["presets", "download", HANDLE, "--engine", "scripted"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"Downloaded: {places.presets() / 'tiny'}")
    assert "Going on after" in told.err
    assert any(it.startswith("model.safe") for it in large.ranges)
    assert main(["presets", "--json"]) == 0
    (entry,) = [it for it in json.loads(capsys.readouterr().out) if it["key"] == "tiny"]
    assert (entry["origin"], entry["source"]) == ("yours", HANDLE)


def test_a_worker_that_is_killed_leaves_a_download_that_goes_on(worker, large):
    with Worker("scripted") as doomed:
        begin(doomed)
        doomed.process.kill()
        doomed.process.wait()
    (begun,) = preset_downloads.begun().values()
    assert begun.name == "tiny"
    large.wait_after = None
    with Worker("scripted") as another:
        found, _ = another.call(protocol.FetchPreset(HANDLE))
    assert (Path(found.folder) / "model.safetensors").stat().st_size == LARGE
    assert large.ranges


def test_a_cancelled_download_leaves_nothing(worker, large):
    worker, home = worker
    id, _ = begin(worker)
    stop(worker, id, "discard")
    assert preset_downloads.begun() == {}
    assert not list(home.rglob("*.part"))
    id, _ = begin(worker)
    stop(worker, id, "keep")
    assert preset_downloads.begun()
    worker.call(protocol.ForgetDownload(HANDLE))
    assert preset_downloads.begun() == {}
    assert not list(home.rglob("*.part"))


def test_a_download_does_not_wait_for_a_training_nor_a_training_for_it(worker, large):
    from fnet_studio.core import recipe

    worker, _ = worker
    run = worker.post(protocol.Train(recipe.to_mapping(recipe.load(recipe.bundled("sample-quick"))), "beside"))
    id, _ = begin(worker)
    assert worker.taken(run) is None, "it is still at work"
    stop(worker, id, "discard")
    archive, _ = worker.call(protocol.Download(f"{large.address}/local/tiny/resolve/{COMMIT}/config.json"))
    assert Path(archive.path).read_bytes() == (large.folder / "config.json").read_bytes()
    assert worker.taken(run) is None, "nor does it for an archive of texts"
    worker.call(protocol.Stop(run, "discard"))
    with pytest.raises(Stopped):
        worker.result(run)


def test_what_the_server_refuses_is_told_and_nothing_is_listed(worker, hub):
    worker, _ = worker
    hub.refused = (404, "RepoNotFound")
    try:
        with pytest.raises(UserError, match="There is no hf://local/tiny") as caught:
            worker.call(protocol.FetchPreset(HANDLE))
    finally:
        hub.refused = None
    assert caught.value.kind == "hub.not-found"
    assert preset_downloads.begun() == {}


def test_a_model_of_another_kind_is_refused_and_not_listed_as_one_to_go_on_with(worker, hub):
    worker, _ = worker
    config = hub.folder / "config.json"
    words = config.read_text()
    config.write_text(words.replace('"fnet"', '"xlnet"'))
    try:
        with pytest.raises(UserError, match="'xlnet', not fnet"):
            worker.call(protocol.FetchPreset(HANDLE))
    finally:
        config.write_text(words)
    assert preset_downloads.begun() == {}


def test_nothing_is_downloaded_while_downloads_are_switched_off(worker, hub, monkeypatch):
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "1")
    with Worker("scripted") as offline, pytest.raises(UserError, match="switched off") as caught:
        offline.call(protocol.FetchPreset(HANDLE))
    assert caught.value.kind == "preset.not-fetched"
    assert hub.requests == []


def test_a_preset_that_another_worker_downloads_is_neither_fetched_nor_forgotten(worker, large):
    worker, _ = worker
    id, _ = begin(worker)
    with Worker("scripted") as another:
        for command in (protocol.FetchPreset(HANDLE), protocol.ForgetDownload(HANDLE)):
            with pytest.raises(UserError) as caught:
                another.call(command)
            assert caught.value.kind == "preset.busy"
    large.go_on.set()
    found, _ = worker.result(id)
    assert (Path(found.folder) / "model.safetensors").stat().st_size == LARGE
    assert large.ranges == []


def test_a_download_that_is_cancelled_while_it_waits_for_another_s_leaves_that_one_whole(worker, large):
    worker, home = worker
    found: list[Path] = []
    arrived = threading.Event()

    def fetch() -> None:
        """As a notebook does, without a preset's name."""
        found.append(models_hub.fetch(HANDLE, lambda _, done, __: done > 10_000_000 and arrived.set()))

    notebook = threading.Thread(target=fetch)
    notebook.start()
    try:
        assert arrived.wait(30)
        told: list[object] = []
        id = worker.post(protocol.FetchPreset(HANDLE))
        while not any(isinstance(it, protocol.Phase) and it.name == "waiting for a download" for it in told):
            worker._hear(lambda envelope, _: told.append(envelope.body) if envelope.reply_to == id else None)
        stop(worker, id, "discard")
        assert list((home / "hf").rglob("*.part"))
        with pytest.raises(UserError, match="being downloaded"):
            worker.call(protocol.ForgetDownload(HANDLE))
    finally:
        large.go_on.set()
        notebook.join()
    assert preset_downloads.begun() == {}
    assert (found[0] / "model.safetensors").stat().st_size == LARGE
    assert large.ranges == []
