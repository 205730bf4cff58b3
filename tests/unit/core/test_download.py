import contextlib
import hashlib
import subprocess
import sys
import threading
import time

import pytest
from local_hubs import LocalHub

from fnet_studio.core import download, files
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.run_state import PHASES

NAME = "aclImdb_v1.tar.gz"
DATA = bytes(range(256)) * 2_000
DIGEST = hashlib.md5(DATA).hexdigest()


class Home(LocalHub):
    """A data set's home page: files with a tag, an error, or another file than before."""

    tag = '"one"'
    status = 0

    def answer(self, request, path, body):
        if self.status:
            request.send(self.status)
        elif "Range" in request.headers and request.headers.get("If-Range") != self.tag:
            del request.headers["Range"]  # as the standard asks: the whole of the new file
            request.send_file(path.strip("/"), ETag=self.tag)
        else:
            request.send_file(path.strip("/"), ETag=self.tag)


@pytest.fixture
def server(tmp_path, home, monkeypatch):
    monkeypatch.delenv(download.switched_off_by() or "FNET_STUDIO_OFFLINE", raising=False)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / NAME).write_bytes(DATA)
    with Home(folder) as it:
        yield it


@pytest.fixture
def address(server):
    return f"{server.address}/{NAME}#md5={DIGEST}"


def failure(address, **options):
    with pytest.raises(UserError) as caught:
        download.fetch(address, **options)
    return caught.value


def part(address):
    return download.parse(address).file.with_name(download.parse(address).file.name + ".part")


def test_the_archive_arrives_with_its_progress_in_bytes(address):
    told = []
    path = download.fetch(address, lambda *words: told.append(words))
    assert path.read_bytes() == DATA
    assert {phase for phase, _, _ in told} == {"downloading"}
    assert told[-1][1:] == (len(DATA), len(DATA))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_nothing_but_the_archive_stays_and_it_is_fetched_once(server, address):
    path = download.fetch(address)
    assert download.fetch(address) == path
    assert len(server.requests) == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_download_that_broke_off_goes_on_where_it_ended(server, address):
    server.cut[NAME] = 100_000
    error = failure(address)
    assert error.kind == "download.no-network"
    assert "kept" in error.advice
    assert part(address).stat().st_size == 100_000
    told = []
    assert download.fetch(address, lambda *words: told.append(words)).read_bytes() == DATA
    assert server.ranges == [f"{NAME} bytes=100000-"]
    assert told[1][1:] == (100_000, len(DATA)), "and the progress begins there"


def test_two_that_want_the_same_archive_fetch_it_once(server, address):
    server.wait_after = 100_000
    paths = []
    both = [threading.Thread(target=lambda: paths.append(download.fetch(address))) for _ in range(2)]
    for one in both:
        one.start()
    with pytest.raises(Stopped):
        download.fetch(address, stopped=lambda: True)
    server.go_on.set()
    for one in both:
        one.join()
    assert paths[0].read_bytes() == DATA
    assert paths == [paths[0]] * 2
    assert len(server.requests) == 1


@contextlib.contextmanager
def another_program(path):
    """One that holds a lock until the end of the block, or until it is told to end."""
    hold = "import sys; from pathlib import Path; from fnet_studio.core import locks\n"
    hold += "with locks.in_turn(Path(sys.argv[1]), None, None): print(flush=True); sys.stdin.read(1)"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", hold, str(path)], **pipes) as process:
        process.stdout.readline()
        try:
            yield process
        finally:
            process.stdin.close()


def test_a_download_of_another_program_is_waited_for_and_its_file_used(server, address):
    path = download.parse(address).file
    waiting = threading.Event()
    found = []
    with another_program(path.with_name(f"{path.name}.lock")):
        one = threading.Thread(
            target=lambda: found.append(download.fetch(address, lambda phase, *_: phase in PHASES and waiting.set()))
        )
        one.start()
        assert waiting.wait(30)
        with pytest.raises(Stopped):
            download.fetch(address, stopped=lambda: True)
        path.write_bytes(DATA)
    one.join()
    assert found == [path]
    assert not server.requests
    assert list(path.parent.iterdir()) == [path]


def test_a_program_that_was_killed_holds_no_lock(server, address):
    path = download.parse(address).file
    with another_program(path.with_name(f"{path.name}.lock")) as process:
        process.kill()
    assert download.fetch(address).read_bytes() == DATA
    assert list(path.parent.iterdir()) == [path]


def test_a_login_page_in_the_place_of_the_file_is_told_and_costs_nothing_of_what_has_arrived(server, address):
    server.cut[NAME] = 100_000
    failure(address)
    server.page = b"<html>Log in</html>"
    error = failure(address)
    assert error.kind == "download.login"
    assert "browser" in error.advice
    assert part(address).read_bytes() == DATA[:100_000]
    server.page = None
    assert download.fetch(address).read_bytes() == DATA
    assert server.ranges == [f"{NAME} bytes=100000-"]


def test_a_login_page_in_the_place_of_a_document_is_told(server):
    server.page = b"<html>Log in</html>"
    with pytest.raises(UserError) as caught:
        download.read(f"{server.address}/feed.json", 1000)
    assert caught.value.kind == "download.login"


def test_a_file_that_was_replaced_meanwhile_is_fetched_from_its_beginning(server, address):
    server.cut[NAME] = 100_000
    failure(address)
    server.tag = '"two"'
    assert download.fetch(address).read_bytes() == DATA


def test_a_rest_that_begins_elsewhere_is_never_put_behind_the_part(server, address):
    server.cut[NAME] = 100_000
    failure(address)

    def from_elsewhere(request, path, body, usual=server.answer):
        if "Range" in request.headers:
            request.headers.replace_header("Range", "bytes=50000-")
        usual(request, path, body)

    server.answer = from_elsewhere
    assert download.fetch(address).read_bytes() == DATA


def test_a_tag_that_does_not_promise_the_same_bytes_is_not_gone_on_by(server, address):
    server.tag = 'W/"one"'
    server.cut[NAME] = 100_000
    failure(address)
    assert download.fetch(address).read_bytes() == DATA
    assert server.ranges == []


def test_a_part_that_the_server_has_no_rest_of_is_thrown_away(server, address):
    server.cut[NAME] = 100_000
    failure(address)
    answers = []

    def refuse_once(request, path, body, usual=server.answer):
        answers.append(request.headers.get("Range"))
        request.send(416) if len(answers) == 1 else usual(request, path, body)

    server.answer = refuse_once
    assert download.fetch(address).read_bytes() == DATA
    assert answers == ["bytes=100000-", None]


def test_a_whole_file_that_was_never_verified_is_not_fetched_again(server, address):
    path = download.fetch(address)
    path.rename(part(address))
    notes = {"url": address.partition("#")[0], "validator": '"one"', "total": len(DATA)}
    download.files.write_json(part(address).with_name(part(address).name + ".json"), notes)
    assert download.fetch(address).read_bytes() == DATA
    assert len(server.requests) == 1


def test_damaged_bytes_are_never_used(server, address):
    server.corrupted.add(NAME)
    error = failure(address)
    assert error.kind == "download.checksum"
    assert DIGEST in error.message
    assert not list(part(address).parent.iterdir())
    server.corrupted.clear()
    assert download.fetch(address).read_bytes() == DATA


def test_a_stop_is_heeded_while_the_server_sends_nothing_and_keeps_what_has_arrived(server, address):
    server.wait_after = 50_000
    stopping, arrived = threading.Event(), []

    def progress(_, done, __):
        arrived.append(done)
        if done >= 50_000:
            stopping.set()

    with pytest.raises(Stopped):
        download.fetch(address, progress, stopping.is_set)
    assert part(address).stat().st_size == 50_000
    server.wait_after = None
    server.go_on.set()
    assert download.fetch(address).read_bytes() == DATA
    while any(thread.name == "download" for thread in threading.enumerate()):
        time.sleep(0.01)


def test_offline_nothing_is_fetched_but_what_is_here_is_used(server, address, monkeypatch):
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "1")
    error = failure(address)
    assert error.kind == "download.offline"
    assert "FNET_STUDIO_OFFLINE" in error.message
    assert not server.requests
    monkeypatch.delenv("FNET_STUDIO_OFFLINE")
    path = download.fetch(address)
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "1")
    assert download.fetch(address) == path


def test_a_server_that_sends_us_to_no_address_is_told_in_words(server, address):
    server.answer = lambda request, path, body: request.send(302, Location="http://a..b/x")
    assert failure(address).kind == "download.no-network"


@pytest.mark.parametrize("status", [404, 503])
def test_an_error_of_the_server_is_told_with_its_number(server, address, status):
    server.status = status
    error = failure(address)
    assert error.kind == "download.refused"
    assert str(status) in error.message


def test_a_proxy_that_wants_a_login_or_cannot_be_used_is_told_by_its_variable(server, address, monkeypatch):
    for variable in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    server.status = 407
    monkeypatch.setenv("http_proxy", server.address)
    error = failure(address)
    assert "password" in error.message
    assert "http_proxy" in error.advice
    for value in ("socks5://127.0.0.1:9", "http://127.0.0.1:abc"):
        monkeypatch.setenv("http_proxy", value)
        error = failure(address)
        assert error.kind == "download.no-network"
        assert "http_proxy" in error.message


def test_a_server_that_is_not_there_is_a_network_failure(home):
    assert failure("http://127.0.0.1:9/a.tar.gz").kind == "download.no-network"


def test_a_full_disk_is_noticed_before_anything_is_fetched(address, monkeypatch):
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: files.shutil._ntuple_diskusage(10, 10, 0))
    assert failure(address).kind == "disk.full"
    assert not part(address).exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "aclImdb.tar.gz",
        "ftp://host/a.tar.gz",
        "https://host/a.tar.gz#md5=12",
        "https://host/a.tar.gz#crc=1234",
        "http://[::1/a.tgz",
        "http://a..b/x",
        "http://host/ä b.tgz",
        "http://host:abc/x",
        "http://host:99999/x",
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(text):
    assert failure(text).kind == "download.address"


def test_two_addresses_with_the_same_name_do_not_share_a_file(home):
    first, second = (download.parse(f"https://{host}/{NAME}").file for host in ("one.example", "two.example"))
    assert first != second
    assert first.name.endswith(".tar.gz")
