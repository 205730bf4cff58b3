"""One worker of the real engine for commands that are run in the tests' own process."""

import contextlib
import shutil

import pytest

from fnet_studio.core import places
from fnet_studio.link.blocking import Worker


@pytest.fixture(scope="module")
def worker_and_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home-of-the-worker")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FNET_STUDIO_HOME", str(home))
        patch.setenv("FNET_STUDIO_OFFLINE", "1")
        with Worker() as it:
            yield it, home


@pytest.fixture
def one_worker(worker_and_home, home, monkeypatch):
    """Commands (`cli.main`) ask this worker, one after the other: starting one for each takes seconds. Its home is the
    test's, and has no runs at first."""
    it, its_home = worker_and_home
    monkeypatch.setenv("FNET_STUDIO_HOME", str(its_home))

    def worker(engine="jax"):
        return contextlib.nullcontext(it) if engine == "jax" else Worker(engine)

    for name in ("classify", "convert", "data_common", "evaluate", "fill_mask", "train"):
        monkeypatch.setattr(f"fnet_studio.cli.{name}.Worker", worker)
    yield
    shutil.rmtree(places.runs(), ignore_errors=True)
