"""What this machine has, without asking any learning library, and what that means for the work.

A GPU is told by its driver: NVIDIA's files under `/proc/driver/nvidia`, or `nvidia-smi` where that is installed. The
sentences give classes of time (seconds, minutes, hours, days), not figures: before each start the Train page measures
what that run will take on this machine.
"""

import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import psutil

from fnet_studio.core.files import size

System = Literal["linux", "windows", "macos"]
ASK_S = 10.0
"""How long a driver may take to answer."""
LITTLE_MEMORY_BYTES = 4 * 2**30


class Gpu(NamedTuple):
    name: str
    memory_bytes: int = 0
    """0 when the driver's files do not say."""


class Hardware(NamedTuple):
    system: System
    processor: str
    cores: int
    """Physical ones."""
    memory_bytes: int
    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    """Version of the NVIDIA driver, empty without one."""

    def facts(self) -> list[tuple[str, str]]:
        """(caption, value) for the eye."""
        found = [
            ("Processor", self.processor),
            ("Cores", str(self.cores)),
            ("Memory", size(self.memory_bytes)),
        ]
        if self.gpus:
            names = [f"{gpu.name}{f', {size(gpu.memory_bytes)}' if gpu.memory_bytes else ''}" for gpu in self.gpus]
            found.append(("GPU", "; ".join(names)))
            found.append(("Driver", self.driver or "unknown"))
        elif self.driver:
            found.append(("GPU", f"none, though the NVIDIA driver {self.driver} is there"))
        else:
            found.append(("GPU", "no NVIDIA GPU with a driver"))
        return found

    def meaning(self, added: bool = False, offered: bool = False) -> list[str]:
        """Plain sentences. added: the GPU support is there. offered: this build can fetch it."""
        words = [
            "Everything works without a GPU: hiding words, all pictures and the bundled presets answer at once on the "
            "processor."
        ]
        if self.gpus and self.system == "linux" and added:
            words.append("Trainings use the GPU. Base-size models are what it is made for.")
        else:
            words.append(
                "On the processor, training on the bundled sample takes half a minute, the IMDb example minutes, "
                "fine-tuning a base-size preset hours, and teaching a model from plain text hours to days. The Train "
                "page says before each start how long it will take here."
            )
        if self.memory_bytes and self.memory_bytes < LITTLE_MEMORY_BYTES:
            words.append("Memory is short here: keep to the small presets and small batches.")
        words += self._about_gpu(added, offered)
        return words

    def _about_gpu(self, added: bool, offered: bool) -> list[str]:
        if self.system == "macos":
            return [
                "On a Mac, FNet Studio computes on the processor: JAX, which it is built on, supports the GPUs of Macs "
                "only as an experiment, and it is not used."
            ]
        if not self.gpus:
            return []
        if self.system == "windows":
            return ["JAX cannot use a GPU under Windows itself, but in WSL, Windows' own Linux, it can."]
        if added:
            return []
        if offered:
            return ["The GPU lies idle until its support is added, a large download."]
        return [
            "The GPU lies idle: this build names no support to fetch. Where FNet Studio was installed with pip, "
            "pip install 'fnet-studio[cuda12]' brings it."
        ]


def here() -> System:
    return "windows" if sys.platform == "win32" else "macos" if sys.platform == "darwin" else "linux"


def ask(words: Sequence[str]) -> str:
    """What a program prints; empty when it is not there or fails."""
    try:
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        done = subprocess.run(words, capture_output=True, timeout=ASK_S, check=False, creationflags=flags)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def look(root: Path = Path("/"), asked: Callable[[Sequence[str]], str] = ask) -> Hardware:
    """Asks nvidia-smi, which may take seconds: not on the window's thread. root, asked: of another machine, in a
    test."""
    gpus, driver = _by_program(asked)
    if not gpus:
        gpus, found = _by_files(root)
        driver = driver or found
    return Hardware(
        here(),
        _processor(root),
        psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        psutil.virtual_memory().total,
        gpus,
        driver,
    )


def _by_program(asked: Callable[[Sequence[str]], str]) -> tuple[tuple[Gpu, ...], str]:
    """nvidia-smi's table: name, MiB, version of the driver."""
    said = asked(("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"))
    gpus, driver = [], ""
    for line in said.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 3 and parts[0]:
            gpus.append(Gpu(parts[0], int(parts[1]) * 2**20 if parts[1].isdecimal() else 0))
            driver = parts[2]
    return tuple(gpus), driver


def _by_files(root: Path) -> tuple[tuple[Gpu, ...], str]:
    """What the kernel's driver shows: one folder for each GPU, and its own version."""
    place = root / "proc/driver/nvidia"
    gpus = []
    for path in sorted(place.glob("gpus/*/information")):
        for line in _read(path).splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "Model":
                gpus.append(Gpu(value.strip()))
    words = _read(place / "version").split()
    driver = next((word for word in words if word.count(".") >= 1 and word.replace(".", "").isdecimal()), "")
    return tuple(gpus), driver


def _processor(root: Path) -> str:
    for line in _read(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model") and value.strip():
            return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
