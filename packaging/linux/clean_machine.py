"""A clean machine: Debian's smallest installation in a folder of its own, made anew by debootstrap.

The first one is kept as it came, and each test works in a copy. X clients in it draw on a server outside, so that no
part of X is installed there.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

USER = "tester"
START_S = 120
"""Limit after which something hangs."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class CleanMachine:
    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def home(self) -> Path:
        return self.root / "home" / USER

    def run(self, words: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        """As root, with what it says in one text. CalledProcessError unless check=False."""
        settings: dict[str, Any] = {"check": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | options
        environment = {"PATH": PATH, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
        return subprocess.run(["chroot", str(self.root), *words], text=True, env=environment, **settings)

    def listing(self) -> set[str]:
        """Every file and link of the machine but what the kernel shows, below `/`."""
        words = ["find", str(self.root), "-xdev", "-printf", "%P\\n"]
        return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines())

    def as_user(self, words: list[str], **environment: str) -> list[str]:
        """The command line that starts something as an ordinary user in a home directory, with nothing else in its
        environment."""
        known = {"PATH": PATH, "HOME": f"/home/{USER}", "USER": USER, "LANG": "C.UTF-8", "DISPLAY": display()}
        settings = [f"{name}={value}" for name, value in {**known, **environment}.items()]
        place = f'cd "$HOME" && exec env -i {" ".join(map(_quoted, settings))} "$@"'
        inner = ["/usr/bin/env", f"HOME=/home/{USER}", "sh", "-c", place, "sh", *words]
        return ["chroot", f"--userspec={USER}:{USER}", str(self.root), *inner]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def display() -> str:
    return os.environ.get("DISPLAY", "")


def suite() -> tuple[str, str]:
    """(release, mirror) that this machine itself gets its packages from."""
    release = ""
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            release = line.partition("=")[2].strip('"')
    asked = subprocess.run(["apt-cache", "policy"], capture_output=True, text=True, check=True).stdout
    for line in asked.splitlines():
        words = line.split()
        if len(words) >= 3 and words[1].startswith("http") and words[2] == f"{release}/main":
            return release, words[1]
    raise LookupError(f"apt names no mirror of {release}")


@contextlib.contextmanager
def clean_machine(work: Path) -> Iterator[CleanMachine]:
    """Needs root, and a mount namespace of its own, which takes the mounts away whatever happens."""
    first, copy = work / "as-it-came", work / "machine"
    release, mirror = suite()
    if not (first / "complete").exists():
        shutil.rmtree(first, ignore_errors=True)
        first.mkdir(parents=True)
        subprocess.run(["debootstrap", "--variant=minbase", release, str(first), mirror], check=True, stdout=-3)
        (first / "complete").touch()
    subprocess.run(["rm", "-rf", "--one-file-system", str(copy)], check=True)
    subprocess.run(["cp", "-a", str(first), str(copy)], check=True)
    (copy / "complete").unlink()
    (copy / "etc/apt/sources.list").write_text(f"deb {mirror} {release} main\n")
    shutil.copyfile("/etc/resolv.conf", copy / "etc/resolv.conf")
    machine = CleanMachine(copy)
    mounted = []
    try:
        for kind, place in (("proc", "proc"), ("sysfs", "sys"), ("devpts", "dev/pts"), ("tmpfs", "dev/shm")):
            (copy / place).mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "-t", kind, kind, str(copy / place)], check=True)
            mounted.append(copy / place)
        for device in ("null", "zero", "random", "urandom", "tty"):
            path = copy / "dev" / device
            path.touch()
            subprocess.run(["mount", "--bind", f"/dev/{device}", str(path)], check=True)
            mounted.append(path)
        sockets = copy / "tmp" / ".X11-unix"
        sockets.mkdir(mode=0o1777, exist_ok=True)
        subprocess.run(["mount", "--bind", "/tmp/.X11-unix", str(sockets)], check=True)
        mounted.append(sockets)
        machine.run(["useradd", "--create-home", "--shell", "/bin/sh", USER])
        yield machine
    finally:
        for path in reversed(mounted):
            subprocess.run(["umount", "-l", str(path)], check=False)


def use(machine: CleanMachine, *words: str, limit_s: float = START_S, **environment: str) -> tuple[int, str]:
    """(exit status, all that it said) of the program, as the user."""
    line = machine.as_user(["fnet-studio", *words], **environment)
    try:
        done = subprocess.run(
            line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        return 124, f"{error.stdout!r}: it took over {limit_s} s"
    return done.returncode, done.stdout
