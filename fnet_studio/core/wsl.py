"""The way to a GPU on Windows: a worker in WSL, Windows' own Linux. What to do there, step by step, and the check of
each step, which asks WSL itself."""

import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fnet_studio import __version__

WORKER = "wsl.exe -- fnet-studio worker"
"""The worker's command line, for the settings."""
ASK_S = 60.0
"""WSL starts its Linux for the first question."""


class Answer(NamedTuple):
    status: int
    """-1 when the program is not there or does not answer."""
    text: str


class Step(NamedTuple):
    title: str
    words: str
    command: str
    """To be typed or pasted."""
    check: tuple[str, ...]
    expected: str = ""
    """In the answer to the check, whatever its case."""


class Outcome(NamedTuple):
    held: bool
    words: str


def steps() -> tuple[Step, ...]:
    package = f"fnet-studio_{__version__}_amd64.deb"
    return (
        Step(
            "Install WSL",
            "In a terminal that was opened as administrator. Restart Windows when it asks for that.",
            "wsl --install",
            ("wsl.exe", "--status"),
        ),
        Step(
            "See the GPU in it",
            "NVIDIA's driver for Windows brings it into WSL; install no driver inside.",
            "wsl nvidia-smi -L",
            ("wsl.exe", "--", "nvidia-smi", "-L"),
            "GPU",
        ),
        Step(
            "Install FNet Studio in it",
            f"Fetch {package} from where this program came, and install it from its folder.",
            f"wsl -u root apt install ./{package}",
            ("wsl.exe", "--", "fnet-studio", "--version"),
            __version__,
        ),
        Step(
            "Add GPU support in it",
            "A large download; what has arrived is kept if it breaks off.",
            "wsl fnet-studio gpu add",
            ("wsl.exe", "--", "fnet-studio", "gpu", "show"),
            "GPU support for JAX",
        ),
    )


def ask(words: Sequence[str]) -> Answer:
    """Not on the window's thread: WSL takes seconds to wake up."""
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        done = subprocess.run(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=ASK_S, check=False, creationflags=flags
        )
    except FileNotFoundError:
        return Answer(-1, f"There is no {words[0]} on this machine.")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(-1, f"{words[0]} does not answer: {error}.")
    return Answer(done.returncode, _text(done.stdout))


def tried(step: Step, asked: Callable[[Sequence[str]], Answer] = ask) -> Outcome:
    """asked: of another machine, in tests."""
    answer = asked(step.check)
    lines = [line.strip() for line in answer.text.splitlines() if line.strip()]
    if answer.status == 0 and step.expected.lower() in answer.text.lower():
        told = next((line for line in lines if step.expected.lower() in line.lower()), "")
        return Outcome(True, told or "It is there.")
    return Outcome(False, lines[0] if lines else f"{' '.join(step.check)} ended with status {answer.status}.")


def _text(said: bytes) -> str:
    """wsl.exe itself writes UTF-16, the programs inside UTF-8."""
    return said.decode("utf-16-le" if b"\0" in said else "utf-8", "replace").lstrip("\ufeff")
