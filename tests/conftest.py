"""Every test gets a home of its own, the CPU, and no screen."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# no test is timed: a shared machine may stall anywhere. The same examples every time, so that a change is judged by
# what it changed; `pytest --hypothesis-profile=search` looks for new ones
settings.register_profile("search", deadline=None, max_examples=3000)
settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile("same")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["KERAS_BACKEND"] = "jax"

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(autouse=True, scope="session")
def _session_home(tmp_path_factory):
    """Keras reads KERAS_HOME once, at import: give the whole session one. Compiled programs are shared too, by all
    the workers that the tests start, or each of them would compile the same model again. TEST_XLA_CACHE names a folder
    that outlives the session."""
    os.environ["KERAS_HOME"] = str(tmp_path_factory.mktemp("keras"))
    os.environ["JAX_COMPILATION_CACHE_DIR"] = os.environ.get("TEST_XLA_CACHE") or str(tmp_path_factory.mktemp("xla"))
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    os.environ["FNET_STUDIO_HOME"] = str(tmp_path_factory.mktemp("session-home"))


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "home"
    monkeypatch.setenv("FNET_STUDIO_HOME", str(path))
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with the real data is not on this machine")
    return SHARED
