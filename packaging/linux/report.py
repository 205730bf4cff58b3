"""What a check of the package says, and where it keeps things."""

import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIST, WORK = ROOT / "dist", ROOT / "build" / "package-test"
PICTURES = WORK / "pictures"


def deb() -> Path:
    return next(DIST.glob("fnet-studio_*.deb"))


class Report:
    def __init__(self) -> None:
        self.failures: list[str] = []
        self.began = time.monotonic()

    def say(self, words: str) -> None:
        print(f"{time.monotonic() - self.began:6.0f} s  {words}", flush=True)

    def expect(self, held: object, words: str, detail: str = "") -> bool:
        self.say(f"{'ok  ' if held else 'FAIL'}  {words}")
        if not held:
            self.failures.append(words)
            if detail:
                print(detail[-4000:], flush=True)
        return bool(held)
