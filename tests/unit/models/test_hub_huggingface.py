"""Models of the Hugging Face Hub: from its library's cache, and downloaded from a server that speaks its protocol."""

import json
import shutil
import ssl
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from local_hubs import COMMIT, HuggingFace

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.models import FNetMaskedLM, FNetTokenizer, hub, hub_huggingface
from fnet_studio.models.tokenizer_json import tokenizer_json

HANDLE = "hf://google/fnet-tiny"
WEIGHTS = "model.safetensors"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def server(transformers_preset, cache, monkeypatch):
    pytest.importorskip("huggingface_hub", reason="huggingface_hub, of the extra hub, is not installed")
    with HuggingFace(transformers_preset) as it:
        monkeypatch.setenv("HF_ENDPOINT", it.address)
        monkeypatch.delenv("FNET_STUDIO_OFFLINE")
        yield it


@pytest.fixture
def large(server, transformers_preset):
    """The server, with weights of several of the library's blocks of 10 MiB."""
    (transformers_preset / WEIGHTS).write_bytes(bytes(range(250)) * 100_000)
    return server


def cached_by_the_library(cache, source, revision="main"):
    """As huggingface_hub lays a model out: blobs by checksum, links to them by commit, the commit by revision."""
    root = cache / "models--google--fnet-tiny"
    snapshot = root / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (root / "blobs").mkdir()
    (root / "refs").mkdir()
    (root / "refs" / revision).write_text(COMMIT)
    for path in source.iterdir():
        shutil.copy(path, root / "blobs" / path.name)
        (snapshot / path.name).symlink_to(root / "blobs" / path.name)
    return snapshot


def refusal(handle, kind, *words):
    with pytest.raises(UserError) as caught:
        hub.fetch(handle)
    assert caught.value.kind == kind
    assert caught.value.advice
    for word in words:
        assert word in caught.value.message
    return caught.value


def forget_the_connections(monkeypatch):
    """The library reads the proxies once, when it first connects."""
    from huggingface_hub.utils import _http

    monkeypatch.setattr(_http, "_GLOBAL_CLIENT", None)


def leftovers(cache):
    return [path.name for path in cache.rglob("*") if path.name.endswith((".incomplete", ".part"))]


# in the cache already


@pytest.mark.parametrize("handle", [HANDLE, f"{HANDLE}@v1", f"{HANDLE}@{COMMIT}"])
def test_a_cached_model_is_used_without_the_library_and_without_network(
    cache, transformers_preset, handle, monkeypatch
):
    snapshot = cached_by_the_library(cache, transformers_preset, "v1" if "@v1" in handle else "main")
    monkeypatch.setattr(hub, "library", None)
    assert hub.fetch(handle) == snapshot
    assert FNetMaskedLM.from_preset(handle).head_state == "pretrained"


def test_a_whole_model_in_a_cache_that_cannot_be_written_is_used(cache, server, transformers_preset):
    snapshot = cached_by_the_library(cache, transformers_preset)
    (cache / ".locks").write_text("no folder can be made here")
    assert hub.fetch(HANDLE, verify=True) == snapshot


@pytest.mark.parametrize("lost", ["config.json", WEIGHTS, "spiece.model"])
def test_a_model_that_is_cached_in_part_is_not_used(cache, transformers_preset, lost):
    (cached_by_the_library(cache, transformers_preset) / lost).unlink()
    refusal(HANDLE, "preset.not-fetched", HANDLE, "FNET_STUDIO_OFFLINE")


def test_the_cache_is_found_by_the_variables_of_the_library(monkeypatch, tmp_path):
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert hub_huggingface._cache() == tmp_path / ".cache/huggingface/hub"
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert str(hub_huggingface._cache()) == "/x/huggingface/hub"
    monkeypatch.setenv("HF_HOME", "/h")
    assert str(hub_huggingface._cache()) == "/h/hub"


@pytest.mark.parametrize("variable", ["FNET_STUDIO_OFFLINE", "HF_HUB_OFFLINE"])
def test_nothing_is_asked_of_the_network_while_offline(server, variable, monkeypatch):
    monkeypatch.setenv(variable, "1")
    refusal(HANDLE, "preset.not-fetched", HANDLE, variable)
    assert server.requests == []


@pytest.mark.parametrize(
    "handle", ["hf://fnet", "hf://a/b/c", "hf://../etc", "hf://a/..", "hf://a/b@../../x", "hf://a/b@", "hf://"]
)
def test_a_handle_that_names_no_model_is_refused(cache, handle):
    refusal(handle, "hub.bad-handle", handle)


def test_a_missing_library_is_named_with_the_command_that_installs_it(cache, monkeypatch):
    monkeypatch.delenv("FNET_STUDIO_OFFLINE")
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub.errors", None)
    assert "pip install" in refusal(HANDLE, "hub.not-installed", "huggingface_hub").advice


# downloaded


def test_a_downloaded_model_equals_the_original_and_is_not_asked_for_again(server, cache, transformers_preset):
    heard = []
    folder = hub.fetch(HANDLE, lambda *it: heard.append(it))
    assert hub.missing_file(folder) == ""
    assert heard[0][:2] == ("downloading", 0)
    assert heard[-1][1] == heard[-1][2] == sum(path.stat().st_size for path in folder.iterdir())
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
    asked = len(server.requests)
    one, two = (FNetMaskedLM.from_preset(it) for it in (HANDLE, transformers_preset))
    assert len(server.requests) == asked
    for mine, theirs in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(mine.value, theirs.value)
    assert leftovers(cache) == []


def test_weights_in_other_formats_and_files_of_no_use_are_left_where_they_are(server, transformers_preset):
    for name in ("pytorch_model.bin", "flax_model.msgpack", "run.py"):
        (transformers_preset / name).write_bytes(b"unused")
    names = {path.name for path in hub.fetch(HANDLE).iterdir()}
    assert WEIGHTS in names
    assert not names & {"pytorch_model.bin", "flax_model.msgpack", "run.py", "expected.npz"}


def test_a_connection_that_breaks_in_the_middle_of_a_file_is_taken_up_where_it_broke(large, transformers_preset):
    large.cut[WEIGHTS] = 12_000_000
    heard = []
    folder = hub.fetch(HANDLE, lambda *it: heard.append(it))
    assert (folder / WEIGHTS).read_bytes() == (transformers_preset / WEIGHTS).read_bytes()
    assert large.ranges == [f"{WEIGHTS} bytes=12000000-"]
    assert heard[-1][1] == heard[-1][2]


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"])
def test_a_file_with_a_wrong_checksum_is_removed_and_named(server, cache, name):
    server.corrupted.add(name)
    refusal(HANDLE, "hub.checksum", name, HANDLE)
    assert not list(cache.rglob(name))
    server.corrupted.clear()
    assert hub.missing_file(hub.fetch(HANDLE)) == ""


def test_what_was_damaged_in_the_cache_is_fetched_again_by_who_asks_for_it(server, cache, transformers_preset):
    folder = hub.fetch(HANDLE)
    with (folder / WEIGHTS).open("r+b") as file:
        file.truncate(100)
    assert hub.fetch(HANDLE) == folder
    asked = len(server.requests)
    assert hub.fetch(HANDLE, verify=True) == folder
    assert (folder / WEIGHTS).read_bytes() == (transformers_preset / WEIGHTS).read_bytes()
    assert [it for it in server.requests[asked:] if "/resolve/" in it] == [
        f"GET /google/fnet-tiny/resolve/{COMMIT}/{WEIGHTS}"
    ]


def test_a_whole_model_in_the_cache_needs_no_answer_of_the_hub_even_when_it_is_asked_for(server, monkeypatch):
    folder = hub.fetch(HANDLE)
    server.page = b"<html>Log in</html>"
    assert hub.fetch(HANDLE, verify=True) == folder
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert hub.fetch(HANDLE, verify=True) == folder
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "1")
    assert hub.fetch(HANDLE, verify=True) == folder


@pytest.mark.parametrize("page", [b"<html>Log in</html>", b'{"id": "local/model"}', b"[]", b'{"error": "x"}'])
def test_a_login_page_in_the_place_of_the_hub_is_told_in_words(server, page):
    server.page = page
    assert "browser" in refusal(HANDLE, "hub.login", HANDLE).advice


def test_a_login_page_in_the_place_of_the_weights_costs_nothing_of_what_has_arrived(large, cache):
    stopped_in_the_middle(large)
    (part,) = cache.rglob(f"{WEIGHTS}.part")
    here = part.stat().st_size

    def answer(request, path, body, usual=large.answer):
        if WEIGHTS in path:
            request.send(200, b"<html>Log in</html>")
        else:
            usual(request, path, body)

    large.answer = answer
    refusal(HANDLE, "hub.login", HANDLE)
    assert part.stat().st_size == here


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("http_proxy", "http://127.0.0.1:abc"),
        ("HF_ENDPOINT", "http://[::1"),
        ("HF_ENDPOINT", "http://127.0.0.1:999999"),
        ("HF_ENDPOINT", "hub.example"),
    ],
)
def test_a_setting_that_leads_nowhere_is_told_by_its_variable(server, monkeypatch, variable, value):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    forget_the_connections(monkeypatch)
    refusal(HANDLE, "hub.no-network", HANDLE, variable)


def test_a_token_that_cannot_be_one_is_told_by_its_variable(server, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_äöü")
    assert "HF_TOKEN" in refusal(HANDLE, "hub.no-network", "token").advice


def test_a_certificate_that_is_not_trusted_is_told():
    error = hub.no_network(HANDLE, ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"))
    assert "certificate" in error.message
    assert "SSL_CERT_FILE" in error.advice


def test_a_stop_is_heard_while_the_hub_does_not_answer(server):
    asked = threading.Event()

    def answer(request, path, body, usual=server.answer):
        asked.set()
        server.go_on.wait(60)
        usual(request, path, body)

    server.answer = answer
    try:
        with pytest.raises(Stopped):
            hub.fetch(HANDLE, stopped=asked.is_set)
    finally:
        server.go_on.set()


@pytest.mark.parametrize(
    ("lost", "word"), [(WEIGHTS, "weights"), ("spiece.model", "vocabulary"), ("config.json", "config.json")]
)
def test_a_repository_that_holds_no_usable_model_is_refused_before_anything_is_fetched(
    server, transformers_preset, lost, word
):
    (transformers_preset / lost).rename(transformers_preset / "tf_model.h5")
    refusal(HANDLE, "hub.no-preset", HANDLE, word)
    assert not [it for it in server.requests if "/resolve/" in it]


def test_a_repository_that_transformers_5_saved_holds_its_vocabulary_in_another_file(server, transformers_preset):
    tokenizer = FNetTokenizer(transformers_preset / "spiece.model")
    (transformers_preset / "tokenizer.json").write_text(json.dumps(tokenizer_json(tokenizer)))
    (transformers_preset / "spiece.model").unlink()
    assert FNetTokenizer.from_preset(hub.fetch(HANDLE))("a cat").tolist() == tokenizer("a cat").tolist()


def test_a_model_of_another_kind_is_refused_before_its_weights_are_fetched(server, transformers_preset):
    config = transformers_preset / "config.json"
    config.write_text(config.read_text().replace('"fnet"', '"xlnet"'))
    for _ in range(2):
        refusal(HANDLE, "hub.foreign-model", HANDLE, "xlnet")
    assert not [it for it in server.requests if WEIGHTS in it]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "RepoNotFound", "hub.not-found"),
        (404, "RevisionNotFound", "hub.not-found"),
        (403, "GatedRepo", "hub.no-rights"),
        (403, "", "hub.no-rights"),
        (401, "", "hub.no-rights"),
        (407, "", "hub.no-network"),
        (418, "", "hub.server"),
    ],
)
def test_what_the_hub_refuses_is_told_in_words(server, status, code, kind):
    server.refused = (status, code)
    refusal(HANDLE, kind, HANDLE)


def test_a_hub_that_cannot_be_reached(cache, monkeypatch):
    pytest.importorskip("huggingface_hub", reason="huggingface_hub, of the extra hub, is not installed")
    monkeypatch.delenv("FNET_STUDIO_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    refusal(HANDLE, "hub.no-network", HANDLE)


def test_a_disk_without_room_is_told_before_anything_is_downloaded(server, cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=20_000_000 - 3_000_000))
    assert "17 MB" in refusal(HANDLE, "disk.full", HANDLE).message
    assert not [request for request in server.requests if WEIGHTS in request]


def stopped_in_the_middle(large):
    asked = threading.Event()

    def progress(phase, done, total):
        if done > 5_000_000:
            asked.set()

    with pytest.raises(Stopped):
        hub.fetch(HANDLE, progress, asked.is_set)


def test_two_that_want_the_same_model_fetch_it_once(large, cache):
    large.wait_after = 6_000_000
    arrived, waiting = threading.Event(), threading.Event()
    found = []

    def fetch(verify, event, wanted):
        found.append(hub.fetch(HANDLE, lambda phase, done, _: (phase, done) >= wanted and event.set(), verify=verify))

    one = threading.Thread(target=fetch, args=(True, arrived, ("downloading", 5_000_000)))
    two = threading.Thread(target=fetch, args=(False, waiting, ("waiting for a download", 0)))
    one.start()
    assert arrived.wait(30)
    two.start()
    assert waiting.wait(30)
    with pytest.raises(Stopped):
        hub.fetch(HANDLE, stopped=lambda: True)
    large.go_on.set()
    for thread in (one, two):
        thread.join()
    assert found[0] == found[1]
    assert len([it for it in large.requests if WEIGHTS in it]) == 1
    assert leftovers(cache) == []


def test_after_a_stop_in_the_middle_of_a_file_the_next_call_goes_on_there(large, cache, transformers_preset):
    stopped_in_the_middle(large)
    assert not list(cache.rglob(WEIGHTS))
    (part,) = cache.rglob(f"{WEIGHTS}.part")
    here = part.stat().st_size
    assert here > 4_000_000
    heard = []
    folder = hub.fetch(HANDLE, lambda *it: heard.append(it))
    assert large.ranges == [f"{WEIGHTS} bytes={here}-"]
    assert heard[0][1] >= here, "what is there already is counted"
    assert heard[-1][1] == heard[-1][2]
    assert (folder / WEIGHTS).read_bytes() == (transformers_preset / WEIGHTS).read_bytes()
    assert leftovers(cache) == []


@pytest.mark.parametrize("spoilt", [b"x" * 1000, b"y" * 30_000_000])
def test_a_beginning_that_is_not_the_file_s_is_not_kept(large, cache, transformers_preset, spoilt):
    stopped_in_the_middle(large)
    (part,) = cache.rglob(f"{WEIGHTS}.part")
    part.write_bytes(spoilt)
    if len(spoilt) < 25_000_000:
        refusal(HANDLE, "hub.checksum", WEIGHTS)
    assert (hub.fetch(HANDLE) / WEIGHTS).read_bytes() == (transformers_preset / WEIGHTS).read_bytes()


def test_a_stopped_download_can_be_forgotten(large, cache):
    stopped_in_the_middle(large)
    hub.forget(HANDLE)
    assert leftovers(cache) == []


def test_a_stop_is_heard_while_the_server_sends_nothing(large):
    large.wait_after = 6_000_000
    try:
        stopped_in_the_middle(large)
    finally:
        large.go_on.set()
