"""GPU support through the command line and in a real worker, with stand-in wheels from a server on this machine."""

import re

import pytest
import stand_in_wheels as made
from stand_in_wheels import LIBRARY, WORDS, Index

from fnet_studio.cli.main import main
from fnet_studio.core import gpu_list, gpu_support, protocol
from fnet_studio.link import command
from fnet_studio.link.blocking import Worker


@pytest.fixture
def index(tmp_path, monkeypatch):
    monkeypatch.delenv("FNET_STUDIO_OFFLINE", raising=False)
    monkeypatch.delenv("JAX_PLATFORMS")  # with `cpu` no plugin would be looked for
    made.write(tmp_path / "served")
    with Index(tmp_path / "served") as it:
        yield it


def test_what_is_added_is_what_the_worker_uses_until_it_is_removed(index, capsys):
    index.cut[LIBRARY] = 1000
    assert main(["gpu", "add", "--list", index.list]) == 1
    assert "kept" in capsys.readouterr().err
    assert main(["gpu", "show"]) == 0
    assert "begun" in capsys.readouterr().out
    assert main(["gpu", "add"]) == 0, "the list need not be named again"
    said = capsys.readouterr().out
    assert f"{WORDS}, beside its library" in said, "the plugin was imported by JAX, and its library by the plugin"
    assert re.search(r"cpu +CPU", said), "and the worker works on without it"
    assert gpu_support.state().used
    assert main(["gpu", "remove"]) == 0
    assert gpu_support.for_worker() is None


def test_a_gpu_that_is_asked_for_in_vain_is_told_and_the_processor_takes_over(index):
    gpu_support.add(gpu_list.read(index.list))
    with Worker(command=command.local(platform="cuda")) as worker:
        health, _ = worker.call(protocol.Doctor())
    assert [device.platform for device in health.devices] == ["cpu"]
    assert WORDS in health.gpu_trouble
    assert health.versions["jax-cuda12-pjrt"] == "9.9"


def test_a_build_without_a_list_says_what_to_do(capsys):
    assert main(["gpu", "add"]) == 1
    assert "--list" in capsys.readouterr().err
