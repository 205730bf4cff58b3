"""Each engine in a real worker process."""

import pytest

from fnet_studio.link.blocking import Worker

ENGINES = ["scripted", "jax"]
SCRIPTS = {"scripted": "rate=100,steps=40", "jax": ""}


@pytest.fixture(scope="module", params=ENGINES)
def worker(request, tmp_path_factory):
    """One process a module and engine: starting the real one takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp(request.param)
        patch.setenv("FNET_STUDIO_HOME", str(folder))
        with Worker(request.param, SCRIPTS[request.param]) as it:
            it.home = folder  # type: ignore[attr-defined]
            it.wait_ready()
            yield it


@pytest.fixture(autouse=True)
def _same_home_as_the_worker(worker, monkeypatch, home):
    monkeypatch.setenv("FNET_STUDIO_HOME", str(worker.home))
