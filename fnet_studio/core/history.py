"""The prompts that were tried in Explore, newest first, with pins, in one file."""

import time
from pathlib import Path

import msgspec
from msgspec import Struct

from fnet_studio.core import files, places

KEPT = 200
"""How many prompts without a pin are kept."""


class Prompt(Struct, frozen=True):
    text: str
    preset: str
    spans: tuple[tuple[int, int], ...] = ()
    """Character ranges that were hidden besides typed masks."""
    best: tuple[str, ...] = ()
    """The first answer for each mask."""
    asked_at: float = 0.0
    """Seconds since the epoch."""
    pinned: bool = False


class _File(Struct):
    prompts: tuple[Prompt, ...] = ()
    version: int = 1


class History:
    """Owns the list and its file. Pinned prompts come first, then the newest."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or places.data() / "prompts.json"
        self.prompts: tuple[Prompt, ...] = ()
        self.warning = ""
        """What went wrong with the file when it was read, in words, else ''."""
        try:
            self.prompts = msgspec.json.decode(self.path.read_bytes(), type=_File).prompts
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            aside = self.path.with_name(f"prompts.broken-{int(time.time())}.json")
            try:
                self.path.rename(aside)
            except OSError:
                aside = self.path
            self.warning = f"The history of prompts could not be read ({error}). It was set aside as {aside.name}."

    def add(self, prompt: Prompt) -> None:
        """At the top; the same question asked before is replaced and keeps its pin. UserError when the disk refuses."""
        old = next((it for it in self.prompts if _question(it) == _question(prompt)), None)
        if old is not None:
            prompt = msgspec.structs.replace(prompt, pinned=old.pinned or prompt.pinned)
        self._keep([prompt, *(it for it in self.prompts if it is not old)])

    def pin(self, prompt: Prompt, on: bool) -> None:
        self._keep([msgspec.structs.replace(it, pinned=on) if it == prompt else it for it in self.prompts])

    def remove(self, prompt: Prompt) -> None:
        self._keep([it for it in self.prompts if it != prompt])

    def clear(self) -> None:
        """All that have no pin."""
        self._keep([it for it in self.prompts if it.pinned])

    def _keep(self, prompts: list[Prompt]) -> None:
        newest = sorted(prompts, key=lambda it: -it.asked_at)
        loose = [it for it in newest if not it.pinned][:KEPT]
        self.prompts = (*(it for it in newest if it.pinned), *loose)
        files.write_json(self.path, _File(self.prompts), files.PRIVATE)


def _question(prompt: Prompt) -> tuple:
    return prompt.text, prompt.preset, prompt.spans
