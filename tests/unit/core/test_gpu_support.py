import errno
import hashlib
import os
import threading
import zipfile
from types import SimpleNamespace

import msgspec
import pytest
import stand_in_wheels as made
from stand_in_wheels import LIBRARY, PLUGINS, Index

from fnet_studio.core import gpu_list, gpu_support, wheels
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.pace import Pace


@pytest.fixture
def index(tmp_path, home, monkeypatch):
    monkeypatch.delenv("FNET_STUDIO_OFFLINE", raising=False)
    made.write(tmp_path / "served")
    with Index(tmp_path / "served") as it:
        yield it


@pytest.fixture
def offer(index):
    return gpu_list.read(index.list)


def failure(offer, **options):
    with pytest.raises(UserError) as caught:
        gpu_support.add(offer, **options)
    assert caught.value.advice
    return caught.value


def site():
    return gpu_support.folder() / "site"


def left_in_gpu():
    return sorted(path.name for path in gpu_support.folder().iterdir() if path.name != "lock")


def test_all_of_it_arrives_and_nothing_else_stays(offer):
    told = []
    assert gpu_support.for_worker() is None
    gpu_support.add(offer, lambda *words: told.append(words))
    assert gpu_support.for_worker() == site()
    assert left_in_gpu() == ["site"]
    assert (site() / "jax_plugins/xla_cuda12/__init__.py").read_text() == made.PLUGIN
    assert (site() / "jax_plugins/xla_cuda12/extra.py").is_file(), "what a wheel keeps in its .data folder"
    assert (site() / "nvidia/stand_in/lib/large.bin").read_bytes() == bytes(range(256)) * 2000
    assert {phase for phase, _, _ in told} == {"downloading", "unpacking"}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert told[-1][1:] == (offer.bytes, offer.bytes)


def test_programs_in_a_wheel_can_be_run(offer):
    gpu_support.add(offer)
    assert os.access(site() / "nvidia/stand_in/bin/assembler", os.X_OK)
    assert not os.access(site() / "nvidia/stand_in/__init__.py", os.X_OK)


def test_a_break_is_resumed_by_a_later_call_with_what_is_here(index, offer):
    index.cut[LIBRARY] = 200_000
    assert failure(offer).kind == "download.no-network"
    state = gpu_support.state()
    assert (state.added, state.begun, state.arrived_bytes) == (None, offer, 200_000)
    assert gpu_support.state().offer == offer, "the list that was begun is gone on with"
    gpu_support.add(offer)
    assert index.ranges == [f"{LIBRARY} bytes=200000-"]
    assert gpu_support.state().used


def test_a_wheel_that_is_in_place_is_not_fetched_again(index, offer):
    index.cut[PLUGINS] = 100
    failure(offer)
    assert gpu_support.state().arrived_bytes == offer.wheels[0].bytes + 100
    index.requests.clear()
    gpu_support.add(offer)
    assert index.requests == [f"GET /{PLUGINS}"]


def test_a_stop_keeps_what_has_arrived(index, offer):
    index.wait_after = 100_000
    stop = threading.Event()

    def told(_phase, done, _total):
        if done >= 100_000:
            stop.set()

    with pytest.raises(Stopped):
        gpu_support.add(offer, told, stop.is_set)
    index.go_on.set()
    assert gpu_support.state().arrived_bytes == 100_000
    assert gpu_support.for_worker() is None
    index.wait_after = None
    gpu_support.add(offer)
    assert gpu_support.state().used
    while any(thread.name == "download" for thread in threading.enumerate()):
        threading.Event().wait(0.01)


def test_tampered_bytes_are_thrown_away_and_what_was_there_before_stays(index, offer):
    gpu_support.add(offer)
    newer = made.write(index.folder, {**made.CONTENTS, PLUGINS: {"jax_plugins/other.py": "NEWER = True"}})
    index.corrupted.add(PLUGINS)
    assert failure(gpu_list.read(index.list)).kind == "download.checksum"
    assert newer != offer
    assert gpu_support.state().added == offer
    assert not list(gpu_support.folder().glob("downloads/*jax*"))


@pytest.mark.parametrize(("length", "kind"), [(1000, "download.checksum"), (10**6, "gpu.size")])
def test_a_file_of_another_length_is_refused(index, offer, length, kind):
    path = index.folder / LIBRARY
    path.write_bytes((path.read_bytes() * 2)[:length])
    assert failure(offer).kind == kind
    assert list(gpu_support.folder().glob("downloads/*")) == []


def test_a_full_disk_is_told_before_anything_is_fetched(index, offer, monkeypatch):
    index.requests.clear()
    monkeypatch.setattr(gpu_support.shutil, "disk_usage", lambda _: SimpleNamespace(free=offer.bytes))
    error = failure(offer)
    assert error.kind == "disk.full"
    assert index.requests == []


def test_a_disk_that_fills_up_while_unpacking_leaves_the_wheel_for_the_next_try(index, offer, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(wheels.os, "chmod", full)
        assert failure(offer).kind == "disk.full"
    assert gpu_support.for_worker() is None
    index.requests.clear()
    gpu_support.add(offer)
    assert index.requests == [f"GET /{PLUGINS}"]


def test_a_list_for_another_jax_is_refused_and_one_that_became_old_is_not_used(index, tmp_path, monkeypatch):
    other = made.write(index.folder, jax="0.0.1")
    assert failure(other).kind == "gpu.other-version"
    offer = made.write(tmp_path / "files")
    gpu_support.add(gpu_list.read(str(tmp_path / "files" / "list.json")))
    assert gpu_support.for_worker() == site()
    monkeypatch.setattr(gpu_list, "here", lambda: ("99.0", offer.python, offer.machine))
    assert gpu_support.for_worker() is None, "after an update of the program"
    assert gpu_support.state().added is not None


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_are_told_so(offer, monkeypatch, system):
    monkeypatch.setattr(gpu_support.sys, "platform", system)
    assert failure(offer).kind == "gpu.not-here"


def test_wheels_beside_their_list_need_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("FNET_STUDIO_OFFLINE", "1")
    made.write(tmp_path / "usb")
    gpu_support.add(gpu_list.read(str(tmp_path / "usb" / "list.json")))
    assert gpu_support.state().used
    assert (tmp_path / "usb" / LIBRARY).is_file()
    gpu_support.remove()
    path = tmp_path / "usb" / PLUGINS
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert failure(gpu_list.read(str(tmp_path / "usb" / "list.json"))).kind == "download.checksum"


@pytest.mark.parametrize("name", ["../outside.py", "/tmp/outside.py", "a/../../outside.py", "a\\b.py"])
def test_a_name_that_leads_outside_is_never_written(tmp_path, name):
    made.write_wheel(tmp_path / "evil.whl", {"good.py": "", name: "bad"})
    (tmp_path / "to").mkdir()
    with pytest.raises(UserError) as caught:
        wheels.unpack(tmp_path / "evil.whl", tmp_path / "to")
    assert caught.value.kind == "wheel.unsafe"
    assert list((tmp_path / "to").iterdir()) == []
    assert not (tmp_path / "outside.py").exists()


def test_a_link_in_a_wheel_is_never_written(tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.whl", "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    (tmp_path / "to").mkdir()
    with pytest.raises(UserError) as caught:
        wheels.unpack(tmp_path / "evil.whl", tmp_path / "to")
    assert caught.value.kind == "wheel.unsafe"


def test_what_is_no_archive_is_told(tmp_path):
    (tmp_path / "no.whl").write_bytes(b"<html>not found</html>")
    with pytest.raises(UserError) as caught:
        wheels.unpack(tmp_path / "no.whl", tmp_path)
    assert caught.value.kind == "wheel.damaged"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"wheels": []},
        {"product": "another"},
        {"wheels": [{"file": "../a.whl", "url": "a", "sha256": "0" * 64, "bytes": 1}]},
        {"wheels": [{"file": "a.whl", "url": "a", "sha256": "0" * 63, "bytes": 1}]},
        {"wheels": [{"file": "a.whl", "url": "a", "sha256": "0" * 64, "bytes": 0}]},
        {"wheels": [{"file": "a.whl", "url": "a", "sha256": "0" * 64, "bytes": 1}] * 2},
    ],
)
def test_a_list_of_another_shape_is_refused(tmp_path, change):
    values = msgspec.to_builtins(made.write(tmp_path)) | change
    with pytest.raises(UserError) as caught:
        gpu_list.decode(msgspec.json.encode(values), "list.json")
    assert caught.value.kind == "gpu.list-damaged"


def test_a_list_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError) as caught:
        gpu_list.read(str(tmp_path / "none.json"))
    assert caught.value.kind == "gpu.no-list"


def test_removing_takes_all_of_it_and_can_be_done_twice(index, offer):
    gpu_support.add(offer)
    index.cut[LIBRARY] = 10
    gpu_support.remove()
    failure(offer)
    gpu_support.remove()
    gpu_support.remove()
    assert left_in_gpu() == []
    assert gpu_support.state() == (None, None, 0)


def test_two_at_once_do_not_mix(offer):
    def told(*_):
        if not seen:
            seen.append(failure(offer).kind)

    seen = []
    gpu_support.add(offer, told)
    assert seen == ["gpu.busy"]


def test_a_list_that_changed_begins_anew_but_keeps_what_it_still_wants(index, offer):
    index.cut[PLUGINS] = 100
    failure(offer)
    other = msgspec.structs.replace(offer, wheels=tuple(reversed(offer.wheels)))
    gpu_support.add(other)
    assert gpu_support.state().added == other
    assert hashlib.sha256((index.folder / LIBRARY).read_bytes()).hexdigest() == other.wheels[1].sha256
    assert f"{PLUGINS} bytes=100-" in index.ranges


def test_the_pace_is_that_of_the_last_seconds():
    pace = Pace()
    pace.tell(0, 1000, 0.0)
    assert pace.left_s == -1
    for second in range(1, 11):
        pace.tell(10 * second, 1000, float(second))
    assert (pace.rate_per_s, pace.left_s) == (10, 90)
    for second in range(11, 21):
        pace.tell(100 + 50 * (second - 10), 1000, float(second))
    assert pace.rate_per_s == 50
    pace.tell(0, 1000, 21.0)
    assert pace.left_s == -1
