import errno

import pytest

from fnet_studio.core.errors import UserError
from fnet_studio.worker.failure import failed, not_started


def test_a_full_disk_has_words_and_names_the_file():
    words = failed(OSError(errno.ENOSPC, "No space left on device", "model.safetensors"))
    assert words.kind == "disk.full"
    assert "model.safetensors" in words.message
    assert "FNET_STUDIO_HOME" in words.advice  # the settings name the places, and move none of them


def test_no_memory_has_words():
    assert failed(MemoryError()).kind == "device.out-of-memory"
    assert failed(RuntimeError("RESOURCE_EXHAUSTED: Out of memory")).kind == "device.out-of-memory"


def test_an_unknown_error_is_a_report_with_its_traceback():
    try:
        {}["missing"]
    except KeyError as error:
        words = failed(error)
    assert words.kind == "worker.bug"
    assert "KeyError" in words.traceback
    assert __file__ in words.traceback


def test_words_for_the_user_come_with_a_traceback_only_when_something_lies_behind_them():
    plain = UserError("a.b", "It broke.", "Mend it.")
    assert failed(plain).traceback == ""
    caused = UserError("a.b", "It broke.", "Mend it.")
    caused.__cause__ = ValueError("the cause")
    assert "the cause" in failed(caused).traceback


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ImportError("libexample.so.1: failed to map segment from shared object"), "Close other programs"),
        (MemoryError(), "Close other programs"),
        (ImportError("libexample.so.1: cannot open shared object file"), "fnet-studio doctor"),
        (UserError("a.b", "It broke.", "Mend it."), "Mend it."),
    ],
)
def test_an_engine_that_cannot_start_has_advice_that_does_not_say_the_worker_goes_on(error, advice):
    words = not_started(error)
    assert words.kind == "engine.start"
    assert advice in words.advice
    assert "goes on" not in words.advice
