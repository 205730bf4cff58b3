import subprocess
import sys

import pytest

from fnet_studio.link import command


def test_a_local_worker_runs_in_the_same_python():
    local = command.local("scripted", "crash@5")
    assert local.argv == (sys.executable, "-m", "fnet_studio.worker", "--engine", "scripted", "--script", "crash@5")
    assert "JAX_PLATFORMS" not in local.environment


def test_a_chosen_device_travels_in_the_environment(monkeypatch):
    monkeypatch.setenv("SOMETHING", "kept")
    environment = command.local(platform="cpu").full_environment()
    assert environment["JAX_PLATFORMS"] == "cpu"
    assert environment["SOMETHING"] == "kept"


@pytest.mark.skipif(sys.platform != "linux", reason="the setting is glibc's")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "glibc.malloc.hugetlb=1"),
        ("glibc.malloc.check=1", "glibc.malloc.check=1:glibc.malloc.hugetlb=1"),
        ("glibc.malloc.hugetlb=0", "glibc.malloc.hugetlb=0"),
    ],
)
def test_a_local_worker_gets_huge_pages_unless_the_user_chose_otherwise(before, after, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", before)
    assert command.local().full_environment()["GLIBC_TUNABLES"] == after


@pytest.mark.parametrize("suffix", ["", ".exe"])
def test_the_installed_programs_worker_lies_beside_the_window(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / f"fnet-studio{suffix}"))
    worker = tmp_path / f"fnet-studio-worker{suffix}"
    assert command.local("scripted").argv == (str(worker), "--engine", "scripted")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for the worker")
def test_the_installed_window_that_is_asked_for_a_worker_becomes_it(tmp_path):
    worker = tmp_path / "fnet-studio-worker"
    worker.write_text('#!/bin/sh\necho $$ "$@"\n')
    worker.chmod(0o755)
    code = (
        "import sys; sys.frozen = True; from fnet_studio.__main__ import main;"
        f"sys.executable = {str(tmp_path / 'fnet-studio')!r}; main(['worker', '--engine', 'scripted'])"
    )
    started = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    said, _ = started.communicate()
    assert said.split() == [str(started.pid), "--engine", "scripted"]


def test_a_host_name_can_never_become_an_option_or_a_second_command():
    argv = command.over_ssh("-oProxyCommand=evil", program="/opt/fnet studio; rm").argv
    assert argv[argv.index("--") + 1] == "-oProxyCommand=evil"
    seen_by_shell = subprocess.run(["sh", "-c", f"printf '%s|' {argv[-1]}"], capture_output=True, text=True).stdout
    assert seen_by_shell == "/opt/fnet studio; rm|worker|--engine|jax|"


def test_wsl_is_named_when_there_are_several():
    assert command.in_wsl(distribution="Debian").argv[:3] == ("wsl.exe", "--distribution", "Debian")
    assert command.in_wsl().argv == ("wsl.exe", "--", "fnet-studio", "worker", "--engine", "jax")
