"""How to start a worker: a command line plus an environment, and nothing else.

The same bytes go over a local pipe, over ssh and into WSL, so nothing here may assume that the worker shares this
machine's files or its Python.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from fnet_studio.core.errors import UserError
from fnet_studio.core.settings import Settings

EngineName = Literal["jax", "scripted"]


class WorkerCommand(NamedTuple):
    argv: tuple[str, ...]
    environment: Mapping[str, str] = {}
    """What is set on top of this process's own environment. The worker itself fills in what its libraries need
    (`worker.environment`), since an environment does not travel over ssh."""
    engine: EngineName = "jax"
    script: str = ""

    def full_environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}


def local(engine: EngineName = "jax", script: str = "", platform: str = "") -> WorkerCommand:
    """A worker on this machine. script: faults of the scripted engine. platform: `cpu`, `cuda` or `tpu` as JAX
    names them, empty to let JAX choose."""
    environment = {"JAX_PLATFORMS": platform} if platform else {}
    if sys.platform == "linux":
        environment["GLIBC_TUNABLES"] = _with_huge_pages(os.environ.get("GLIBC_TUNABLES", ""))
    return WorkerCommand((*program(), *_options(engine, script)), environment, engine, script)


def chosen(settings: Settings, engine: EngineName = "jax", script: str = "") -> WorkerCommand:
    """The worker that the settings name. UserError `worker.command`."""
    if settings.worker_command.strip():
        return WorkerCommand((*words(settings.worker_command), *_options(engine, script)), {}, engine, script)
    return local(engine, script, "" if settings.device == "auto" else settings.device)


def words(line: str) -> list[str]:
    """A command line in its words, quoted where they hold spaces. UserError `worker.command`."""
    try:
        # a backslash is a part of Windows' paths, and quotes stay on there
        found = shlex.split(line, posix=os.name != "nt")
    except ValueError as error:
        raise UserError(
            "worker.command",
            f"The worker's command line {line!r} cannot be read: {error}.",
            "Close the quotes; it is like `wsl.exe -- fnet-studio worker` or `ssh -T HOST fnet-studio worker`.",
        ) from None
    return found if os.name != "nt" else [word.strip('"') for word in found]


def over_ssh(host: str, engine: EngineName = "jax", program: str = "fnet-studio") -> WorkerCommand:
    """A worker on another machine that has FNet Studio. `-T`: no terminal, which would change bytes. ssh joins
    its words into one line for a shell, so each is quoted here."""
    remote = shlex.join([program, "worker", *_options(engine, "")])
    return WorkerCommand(("ssh", "-T", "-o", "BatchMode=yes", "--", host, remote))


def in_wsl(engine: EngineName = "jax", distribution: str = "", program: str = "fnet-studio") -> WorkerCommand:
    """A worker inside WSL, where JAX finds the GPU of a Windows machine."""
    which = ("--distribution", distribution) if distribution else ()
    return WorkerCommand(("wsl.exe", *which, "--", program, "worker", *_options(engine, "")))


def _with_huge_pages(tunables: str) -> str:
    """glibc reads this once, when a program starts. XLA on a CPU takes its large buffers anew in every step; with huge
    pages the kernel hands them out in a fraction of the faults (tests/bench/training.py). A user's own choice stays."""
    if "glibc.malloc.hugetlb" in tunables:
        return tunables
    return ":".join(filter(None, (tunables, "glibc.malloc.hugetlb=1")))


def program() -> tuple[str, ...]:
    """The worker itself, without options. In the installed program it is an executable of its own beside the window's,
    since each holds only the libraries of its side."""
    if getattr(sys, "frozen", False):
        window = Path(sys.executable)
        return (str(window.with_name(f"fnet-studio-worker{window.suffix}")),)
    return (sys.executable, "-m", "fnet_studio.worker")


def _options(engine: EngineName, script: str) -> tuple[str, ...]:
    return ("--engine", engine, *(("--script", script) if script else ()))
