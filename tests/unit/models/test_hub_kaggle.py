"""Models of Kaggle: from its library's cache, and downloaded from a server that speaks its protocol."""

import gc
import gzip
import shutil
import threading
from types import SimpleNamespace

import pytest
from local_hubs import Kaggle

from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.models import FNetMaskedLM, hub, hub_kaggle

HANDLE = "kaggle://keras/f_net/keras/f_net_tiny_en/3"
LATEST = HANDLE.removesuffix("/3")
WEIGHTS = "model.weights.h5"

# kagglehub leaves the connections of its sessions to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/models/keras/f_net/keras/f_net_tiny_en"


@pytest.fixture
def no_account(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "nobody"))
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_API_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(preset, cache, no_account, monkeypatch):
    pytest.importorskip("kagglehub", reason="kagglehub, of the extra hub, is not installed")
    with Kaggle(preset) as it:
        point_to(it.address, monkeypatch)
        yield it
    gc.collect()


def point_to(address, monkeypatch):
    """The library knows no variable for another address than a fixed one."""
    from kagglesdk import kaggle_env

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, address)
    monkeypatch.delenv("FNET_STUDIO_OFFLINE")


def cached_by_the_library(cache, source, version=3):
    shutil.copytree(source, cache / str(version))
    (cache / f"{version}.complete").touch()
    return cache / str(version)


def refusal(handle, kind, *words, progress=None):
    with pytest.raises(UserError) as caught:
        hub.fetch(handle, progress)
    assert caught.value.kind == kind
    assert caught.value.advice
    for word in words:
        assert word in caught.value.message
    return caught.value


# in the cache already


@pytest.mark.parametrize("handle", [HANDLE, LATEST])
def test_a_cached_version_is_used_without_the_library_and_without_network(cache, preset, handle, monkeypatch):
    folder = cached_by_the_library(cache, preset)
    monkeypatch.setattr(hub, "library", None)
    assert hub.fetch(handle) == folder
    assert FNetMaskedLM.from_preset(handle).head_state == "pretrained"


def test_the_highest_cached_version_is_used_when_none_is_named(cache, preset):
    for version in (9, 10):
        cached_by_the_library(cache, preset, version)
    (cache / "11").mkdir()  # begun, not complete
    assert hub.fetch(LATEST) == cache / "10"
    refusal(HANDLE, "preset.not-fetched", HANDLE)


def test_files_that_kerashub_fetched_one_by_one_are_used(cache, preset):
    shutil.copytree(preset, cache / "3")
    names = [path.relative_to(preset).as_posix() for path in preset.rglob("*") if path.is_file()]
    for name in names:
        mark = cache / ".complete/3" / f"{name}.complete"
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    assert hub.fetch(HANDLE) == cache / "3"
    (cache / f".complete/3/{WEIGHTS}.complete").unlink()
    refusal(HANDLE, "preset.not-fetched", HANDLE)


def test_a_built_in_name_is_looked_for_where_kagglehub_keeps_it(cache, preset):
    base = cache.with_name("f_net_base_en")
    cached_by_the_library(base, preset)
    assert FNetMaskedLM.from_preset("f_net_base_en").backbone.num_layers == 3


@pytest.mark.parametrize(
    "handle",
    ["kaggle://keras/f_net", "kaggle://a/b/c/../1", "kaggle://a/b/c/d/latest", "kaggle://a/b/c/d/1/2", "kaggle:///b/c/d"],
)  # fmt: skip
def test_a_handle_that_names_no_model_is_refused(cache, handle):
    refusal(handle, "hub.bad-handle", handle)


def test_a_missing_library_is_named_with_the_command_that_installs_it(cache, monkeypatch):
    monkeypatch.delenv("FNET_STUDIO_OFFLINE")
    monkeypatch.setitem(__import__("sys").modules, "kagglehub", None)
    assert "pip install" in refusal(HANDLE, "hub.not-installed", "kagglehub").advice


# downloaded


@pytest.mark.parametrize("handle", [HANDLE, LATEST])
def test_a_downloaded_model_is_whole_and_is_not_asked_for_again(server, cache, preset, handle):
    heard = []
    folder = hub.fetch(handle, lambda *it: heard.append(it))
    assert folder == cache / "3"
    for name in server.names():
        assert (folder / name).read_bytes() == (preset / name).read_bytes()
    total = sum((preset / name).stat().st_size for name in server.names())
    assert heard[-1] == ("downloading", total, total)
    asked = len(server.requests)
    assert FNetMaskedLM.from_preset(handle).head_state == "pretrained"
    assert len(server.requests) == asked


def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(server, preset):
    (preset / WEIGHTS).write_bytes(bytes(range(250)) * 20_000)
    asked = []

    def answer(request, path, body, usual=server.answer):
        asked.append(path)
        if asked.count(f"/files/{WEIGHTS}") == 2:  # the first asks for its size alone
            server.cut.setdefault(WEIGHTS, 3_000_000)
        usual(request, path, body)

    server.answer = answer
    heard = []
    folder = hub.fetch(HANDLE, lambda *it: heard.append(it))
    assert (folder / WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    assert server.ranges == [f"{WEIGHTS} bytes=3000000-"]
    assert heard[-1][1] == heard[-1][2]


@pytest.mark.parametrize("silent", ["/files/", "/DownloadModelInstanceVersion"])
def test_a_stop_is_heard_while_kaggle_sends_nothing(server, preset, silent):
    (preset / WEIGHTS).write_bytes(bytes(range(250)) * 20_000)
    asked = threading.Event()

    def answer(request, path, body, usual=server.answer):
        if silent in path:
            asked.set()
            server.go_on.wait(60)
        usual(request, path, body)

    server.answer = answer
    try:
        with pytest.raises(Stopped):
            hub.fetch(HANDLE, lambda *it: None, asked.is_set)
        assert not server.go_on.is_set()
    finally:
        server.go_on.set()
    server.answer = type(server).answer.__get__(server)
    assert (hub.fetch(HANDLE) / WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


def test_a_small_text_that_is_packed_on_its_way_is_whole_and_counted(server, cache, preset):
    def answer(request, path, body, usual=server.answer):
        if path == "/files/config.json":
            data = gzip.compress((preset / "config.json").read_bytes())
            request.send(200, data, Content_Encoding="gzip", Content_Type="application/json")
        else:
            usual(request, path, body)

    server.answer = answer
    heard = []
    folder = hub.fetch(HANDLE, lambda *it: heard.append(it))
    assert (folder / "config.json").read_bytes() == (preset / "config.json").read_bytes()
    total = sum((preset / name).stat().st_size for name in server.names())
    assert heard[-1] == ("downloading", total, total)


def test_an_empty_file_is_there(server, preset):
    (preset / "nothing.txt").touch()
    assert (hub.fetch(HANDLE) / "nothing.txt").read_bytes() == b""


@pytest.mark.parametrize("known_later", [False, True])
def test_a_file_that_comes_without_its_size_is_taken_up_where_it_broke_and_counted(server, preset, known_later):
    (preset / WEIGHTS).write_bytes(bytes(range(250)) * 20_000)
    server.sizeless.add(WEIGHTS)
    asked = []

    def answer(request, path, body, usual=server.answer):
        asked.append(path)
        if asked.count(f"/files/{WEIGHTS}") == 2:  # the first asks for its head alone
            server.cut.setdefault(WEIGHTS, 3_000_000)
            server.sizeless -= {WEIGHTS} if known_later else set()
        usual(request, path, body)

    server.answer = answer
    heard = []
    folder = hub.fetch(HANDLE, lambda *it: heard.append(it))
    assert (folder / WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    assert server.ranges == [f"{WEIGHTS} bytes=3000000-"]
    total = sum((preset / name).stat().st_size for name in server.names())
    assert heard[-1] == ("downloading", total, total)


def test_a_file_that_comes_without_its_size_goes_on_after_a_stop(server, cache, preset):
    (preset / WEIGHTS).write_bytes(bytes(range(250)) * 20_000)
    server.sizeless.add(WEIGHTS)
    asked = threading.Event()
    with pytest.raises(Stopped):
        hub.fetch(HANDLE, lambda _, done, __: done > 1_500_000 and asked.set(), asked.is_set)
    here = (cache / "3" / WEIGHTS).stat().st_size
    heard = []
    folder = hub.fetch(HANDLE, lambda *it: heard.append(it))
    assert (folder / WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    assert server.ranges == [f"{WEIGHTS} bytes={here}-"]
    assert heard[0][1] >= here, "what is there already is counted"
    assert heard[-1][1] == heard[-1][2]


def test_a_file_that_comes_without_its_size_is_compared_with_its_checksum(server, cache):
    server.sizeless.add(WEIGHTS)
    server.corrupted.add(WEIGHTS)
    refusal(HANDLE, "hub.checksum", HANDLE)
    assert not (cache / "3" / WEIGHTS).exists()


def test_a_file_with_a_wrong_checksum_is_removed_and_told(server, cache):
    server.corrupted.add(WEIGHTS)
    refusal(HANDLE, "hub.checksum", HANDLE)
    assert not (cache / "3" / WEIGHTS).exists()
    server.corrupted.clear()
    assert hub.missing_file(hub.fetch(HANDLE)) == ""


def test_a_login_page_that_was_cached_as_a_file_is_fetched_again_by_who_asks_for_it(server, preset, cache):
    folder = hub.fetch(HANDLE, lambda *it: None)
    for name in ("config.json", WEIGHTS):
        (folder / name).write_bytes(b"<html>Log in</html>")
        assert hub.fetch(HANDLE, lambda *it: None, verify=True) == cache / "3"
        assert (folder / name).read_bytes() == (preset / name).read_bytes()
    asked = len(server.requests)
    assert hub.fetch(HANDLE, verify=True) == folder
    assert len(server.requests) == asked


def test_a_sound_model_of_another_program_stays_in_the_cache(server, preset, cache, monkeypatch):
    folder = hub.fetch(HANDLE, lambda *it: None)
    config = folder / "config.json"
    config.write_text(config.read_text().replace("FNetBackbone", "AlbertBackbone"))
    for variable in ("", "1"):
        monkeypatch.setenv("FNET_STUDIO_OFFLINE", variable)
        assert hub.fetch(HANDLE, verify=True) == folder
        assert "Albert" in config.read_text()


@pytest.mark.parametrize("page", [b"<html>Log in</html>", b"{}", b"[]", b'{"versionNumber": "x"}'])
def test_a_login_page_in_the_place_of_kaggle_is_told_in_words(server, page):
    server.page = page
    refusal(LATEST, "hub.login", LATEST)


@pytest.mark.parametrize("how", ["with its length", "a page in pieces", "anything in pieces"])
def test_a_login_page_in_the_place_of_a_file_costs_nothing_of_what_has_arrived(server, cache, preset, how):
    (preset / WEIGHTS).write_bytes(bytes(range(250)) * 20_000)
    (cache / "3").mkdir(parents=True)
    (cache / "3" / WEIGHTS).write_bytes((preset / WEIGHTS).read_bytes()[:3_000_000])

    def answer(request, path, body, usual=server.answer):
        if "Range" not in request.headers:
            usual(request, path, body)
        elif how == "with its length":
            request.send(200, b"<html>Log in</html>")
        else:
            request.send_chunked(
                200, b"<html>Log in</html>", Content_Type="text/html" if "page" in how else "text/plain"
            )

    server.answer = answer
    refusal(HANDLE, "hub.login", HANDLE)
    assert (cache / "3" / WEIGHTS).stat().st_size == 3_000_000


def test_a_login_page_that_has_just_the_size_of_a_file_is_not_taken_for_it(server, cache, preset):
    def answer(request, path, body, usual=server.answer):
        if path == "/files/config.json" and "urllib" in request.headers["User-Agent"].lower():
            size = (preset / "config.json").stat().st_size
            request.send(200, b"<html>Log in</html>".ljust(size), Content_Type="text/html")
        else:
            usual(request, path, body)

    server.answer = answer
    refusal(HANDLE, "hub.login", HANDLE)
    assert not (cache / "3/config.json").exists()


def test_a_framework_that_kaggle_does_not_have_is_named(server):
    refusal("kaggle://keras/f_net/kerass/f_net_tiny_en", "hub.not-found", "kerass")


@pytest.mark.parametrize("value", ["socks5://127.0.0.1:9", "http://127.0.0.1:abc"])
def test_a_proxy_that_cannot_be_used_is_told_by_its_variable(server, monkeypatch, value):
    for variable in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("http_proxy", value)
    refusal(HANDLE, "hub.no-network", "http_proxy")


def test_a_token_that_cannot_be_one_is_told_by_its_variable(server, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "x\n")
    assert "KAGGLE_API_TOKEN" in refusal(HANDLE, "hub.no-network", "token").advice


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, "hub.not-found"),
        (401, "hub.no-rights"),
        (403, "hub.no-rights"),
        (500, "hub.server"),
        (407, "hub.no-network"),
    ],
)
def test_what_kaggle_refuses_is_told_in_words(server, status, kind):
    server.refused = (status, "")
    refusal(HANDLE, kind, HANDLE)


def test_kaggle_cannot_be_reached(cache, no_account, monkeypatch):
    pytest.importorskip("kagglehub", reason="kagglehub, of the extra hub, is not installed")
    point_to("http://127.0.0.1:9", monkeypatch)
    refusal(HANDLE, "hub.no-network", HANDLE)


def test_a_disk_without_room_is_told_before_the_weights_are_downloaded(server, cache, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    refusal(HANDLE, "disk.full", HANDLE, progress=lambda *it: None)
    assert hub_kaggle.parse(HANDLE).cached() is None


def test_what_another_fetches_is_not_forgotten(server, cache, preset):
    (preset / WEIGHTS).write_bytes(bytes(range(250)) * 20_000)
    server.wait_after = 3_000_000
    arrived, found = threading.Event(), []
    one = threading.Thread(
        target=lambda: found.append(hub.fetch(HANDLE, lambda _, done, __: done > 2_000_000 and arrived.set()))
    )
    one.start()
    try:
        assert arrived.wait(30)
        with pytest.raises(UserError) as caught:
            hub.forget(HANDLE)
    finally:
        server.go_on.set()
        one.join()
    assert caught.value.kind == "preset.busy"
    assert hub.missing_file(found[0]) == ""
    assert (found[0] / WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


def test_a_stopped_download_can_be_forgotten_and_one_that_was_never_begun_leaves_no_trace(server, cache):
    hub.forget(HANDLE)
    assert not cache.exists()
    with pytest.raises(Stopped):
        hub.fetch(HANDLE, stopped=(cache / "3/config.json").exists)
    hub.forget(HANDLE)
    assert not list(cache.iterdir())


def test_a_download_that_loses_a_file_on_the_way_is_not_taken_for_whole(server, cache, preset):
    (preset / WEIGHTS).write_bytes(bytes(range(250)) * 20_000)

    def progress(phase, done, total):
        if done == total:
            (cache / "3/config.json").unlink(missing_ok=True)

    with pytest.raises(UserError) as caught:
        hub.fetch(HANDLE, progress)
    assert caught.value.kind == "hub.checksum"
    assert hub_kaggle.parse(HANDLE).cached() is None
    assert hub.missing_file(hub.fetch(HANDLE)) == ""


@pytest.mark.parametrize("lost", ["config.json", "assets/tokenizer/vocabulary.spm"])
def test_what_is_gone_from_the_cache_is_fetched_again_by_who_asks_for_it_and_the_rest_stays(
    server, cache, preset, lost
):
    folder = hub.fetch(HANDLE)
    (folder / lost).unlink()
    (folder / "of another program").touch()
    assert hub.fetch(HANDLE, verify=True) == folder
    assert hub.missing_file(folder) == ""
    assert (folder / "of another program").is_file()
    assert len([it for it in server.requests if it == f"GET /files/{WEIGHTS}"]) == 3, "twice for its size alone"


def test_a_stop_leaves_a_download_that_is_not_taken_for_whole(server, cache, preset):
    (preset / WEIGHTS).write_bytes(bytes(range(250)) * 20_000)
    asked = threading.Event()

    def progress(phase, done, total):
        if done > 1_500_000:
            asked.set()

    with pytest.raises(Stopped):
        hub.fetch(HANDLE, progress, asked.is_set)
    assert hub_kaggle.parse(HANDLE).cached() is None
    folder = hub.fetch(HANDLE)
    assert (folder / WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
