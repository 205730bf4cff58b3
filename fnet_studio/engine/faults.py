"""The scripted engine's script: how fast it works and what goes wrong, as one line of text.

Items separated by commas: a fault, a fault at a step (`crash@50`), a setting (`steps=300`, `rate=60`), or a phase that
neither moves nor heeds its stop token (`deaf=compiling`).
"""

import ctypes
import errno
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from fnet_studio.core.errors import UserError
from fnet_studio.core.run_state import PHASES

AT_STEP = {
    "crash": "the process aborts, as after a fault in compiled code",
    "killed": "the process is killed, as by a system that is out of memory",
    "hang": "the job neither moves nor heeds its stop token",
    "freeze": "the whole process stands still for a minute: no heartbeat either",
    "oom": "the device is out of memory",
    "garbage-bytes": "bytes that are no frame get into the stream",
    "disk-full": "the disk is full",
    "disk-low": "less than the wanted space is free on the disk, for two seconds",
    "device-lost": "the device does not answer any more",
    "nan": "the loss is no longer a number",
    "bug": "an error that nobody foresaw",
}
ALWAYS = {
    "slow-start": "importing takes ten seconds",
    "broken-start": "the engine cannot be imported",
    "data-gone": "the data disappears while it is read",
    "slow-compile": "compiling takes thirty seconds",
    "flood": "steps, logs and pictures as fast as possible",
}
SETTINGS = {"steps": 300, "rate": 60, "work": 0}
FLOOD_STEPS = 50_000
"""Of a flood that says no number itself."""
FREEZE_S = 60
TOLD_S = 0.05
"""Until what was told before has left the process."""


@dataclass(frozen=True)
class Script:
    at_step: dict[str, int] = field(default_factory=dict)
    always: frozenset[str] = frozenset()
    steps: int = 300
    rate: int = 60
    """Steps a second, 0 for as fast as it goes."""
    work: int = 0
    """Matrix products a step, so that a step costs time of the processor and not only of the clock."""
    deaf: str = ""


def parse(text: str) -> Script:
    """UserError `script.unknown` for an item that is none of the known ones."""
    at_step: dict[str, int] = {}
    always: set[str] = set()
    settings: dict[str, Any] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, at, step = item.partition("@")
        setting, equals, value = item.partition("=")
        if equals and setting in SETTINGS and value.isdecimal():
            settings[setting] = int(value)
        elif setting == "deaf" and value in PHASES:
            settings["deaf"] = value
        elif name in AT_STEP and (step.isdecimal() or not at):
            at_step[name] = int(step or 1)
        elif item in ALWAYS:
            always.add(item)
        else:
            numbers = [*(f"{name}@STEP" for name in AT_STEP), *ALWAYS, *(f"{name}=N" for name in SETTINGS)]
            known = ", ".join([*numbers, "deaf=PHASE"])
            raise UserError("script.unknown", f"A script has no item {item!r}.", f"Known ones: {known}.")
    if "flood" in always:
        settings = {"steps": FLOOD_STEPS} | settings
    return Script(at_step, frozenset(always), **SETTINGS | settings)


def strike(fault: str, write_garbage: Callable[[], None]) -> None:
    """Let a fault of `AT_STEP` happen, `nan` and `disk-low` excepted, which the training itself plays."""
    match fault:
        case "crash":
            os.abort()
        case "killed":
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        case "hang":
            hang()
        case "freeze":
            time.sleep(TOLD_S)
            _hold_every_thread(FREEZE_S)
        case "oom":
            raise MemoryError("scripted: RESOURCE_EXHAUSTED: out of memory allocating 5905580032 bytes")
        case "garbage-bytes":
            write_garbage()
        case "disk-full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "model.safetensors")
        case "device-lost":
            raise RuntimeError("scripted: INTERNAL: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access")
        case "bug":
            raise ZeroDivisionError("scripted: an error that nobody foresaw")


def hang() -> NoReturn:
    while True:
        time.sleep(0.1)


def _hold_every_thread(for_s: int) -> None:
    """PyDLL keeps the interpreter's lock during the call, so that no thread of Python runs."""
    if os.name == "nt":
        ctypes.PyDLL("kernel32").Sleep(for_s * 1000)  # pragma: no cover (Windows)
    else:
        ctypes.PyDLL(None).sleep(for_s)
