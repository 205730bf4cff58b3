"""Every test gets a home of its own, the CPU, and no screen."""

import gc
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
# much of the time goes to compiling: XLA leaves its costly passes out, as in JAX's own tests, but where the models'
# numbers are checked (`optimised_programs`). With 0 all is compiled as users have it
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
TESTS = pytest.StashKey[int]()
"""Run in this process since the first one with widgets."""


FULL_EVERY = 50


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One process more than there are cores: many tests wait, for a worker's process or for a clock."""
    return (yield) + 1


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """From the first test with widgets on, cyclic garbage is collected between tests only. Python would collect at any
    time and in any thread (xdist has one, and readers of an earlier test may be at work): a widget destroyed there, or
    while Qt tells all widgets of a new style, crashes the process. The program has fnet_studio.ui.garbage for it."""
    if "qapp" in item.fixturenames:
        gc.disable()
    try:
        return (yield)
    finally:
        if not gc.isenabled():
            tests = item.session.stash[TESTS] = item.session.stash.get(TESTS, 0) + 1
            # what the test made is young, and the old is much: all of JAX
            gc.collect(1 if tests % FULL_EVERY else 2)


@pytest.fixture(autouse=True, scope="session")
def _session_home(tmp_path_factory, request):
    """Keras reads KERAS_HOME once, at import: give the whole session one. Compiled programs are shared by all the
    processes of the tests and all the workers that they start, and kept beside pytest's own cache for the next run
    (`pytest --cache-clear` forgets them): most of the time would go to compiling the same models again.
    TEST_XLA_CACHE names another folder."""
    os.environ["KERAS_HOME"] = str(tmp_path_factory.mktemp("keras"))
    cache = os.environ.get("TEST_XLA_CACHE") or str(request.config.cache.mkdir("xla"))
    os.environ["JAX_COMPILATION_CACHE_DIR"] = cache
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    os.environ["FNET_STUDIO_HOME"] = str(tmp_path_factory.mktemp("session-home"))


@pytest.fixture(scope="session")
def compiled_programs(_session_home) -> None:
    """For tests that compile in their own process, as the worker does (`worker.environment`): JAX may have been
    imported, and have read its settings, before the folder was named."""
    import jax

    jax.config.update("jax_compilation_cache_dir", os.environ["JAX_COMPILATION_CACHE_DIR"])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


@pytest.fixture(scope="session")
def small_preset(compiled_programs, tmp_path_factory) -> Path:
    """The folder of a preset of two small layers and length 32, with the bundled preset's vocabulary: to be copied."""
    import keras

    from fnet_studio.core import places
    from fnet_studio.models import FNetBackbone, FNetMaskedLM, FNetMaskedLMPreprocessor, FNetTokenizer

    keras.utils.set_random_seed(3)
    tokenizer = FNetTokenizer.from_preset(places.bundled_presets() / "fnet_mini_en")
    backbone = FNetBackbone(tokenizer.vocabulary_size(), 2, 16, 32, max_sequence_length=32)
    preprocessor = FNetMaskedLMPreprocessor(tokenizer, 32, mask_selection_length=5)
    folder = tmp_path_factory.mktemp("presets") / "small"
    FNetMaskedLM(backbone, preprocessor, head_state="pretrained").save_to_preset(folder)
    return folder


@pytest.fixture
def optimised_programs():
    """What is compiled in the test's own process is what users have."""
    import jax

    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] != "0")


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
