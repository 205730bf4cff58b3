"""The signed feed of a release, from the files that are published.

    FEED_SECRET=HEX python packaging/make_feed.py VERSION NOTES.md FILE... > feed.json
    python packaging/make_feed.py --new-key

Each file's kind, system and machine are read off its name. --new-key prints a secret for the workflow's secrets and the
public key that the settings (or a build's `release.toml`) have to name.
"""

import hashlib
import os
import secrets
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from fnet_studio.core import signatures, updates  # noqa: E402  # its place has to be known first

ENDINGS: dict[str, tuple[str, updates.System]] = {
    ".deb": ("deb", "linux"),
    ".tar.xz": ("tar.xz", "linux"),
    ".AppImage": ("appimage", "linux"),
    ".msi": ("msi", "windows"),
    "-setup.exe": ("exe", "windows"),
    ".dmg": ("dmg", "macos"),
    ".whl": ("whl", "any"),
}


def described(path: Path) -> updates.File:
    for ending, (kind, system) in ENDINGS.items():
        if path.name.endswith(ending):
            machine = "arm64" if "arm64" in path.name else "any" if kind == "whl" else "x86_64"
            content = path.read_bytes()
            return updates.File(path.name, hashlib.sha256(content).hexdigest(), len(content), kind, system, machine)
    raise SystemExit(f"{path.name}: what is that? Known endings: {', '.join(ENDINGS)}")


def main(words: list[str]) -> int:
    if words == ["--new-key"]:
        secret = secrets.token_bytes(signatures.KEY_BYTES)
        print(f"FEED_SECRET {secret.hex()}\npublic key  {signatures.public_key(secret).hex()}")
        return 0
    if len(words) < 3:
        raise SystemExit(__doc__)
    try:
        secret = bytes.fromhex(os.environ.get("FEED_SECRET", ""))
    except ValueError:
        secret = b""
    if len(secret) != signatures.KEY_BYTES:
        raise SystemExit(
            "FEED_SECRET is not set to 64 hexadecimal digits: the feed cannot be signed. Add it to the secrets."
        )
    version, notes, *files = words
    updates.number(version)
    release = updates.Release(
        version,
        time.strftime("%Y-%m-%d"),
        Path(notes).read_text("utf-8").strip(),
        tuple(map(described, map(Path, files))),
    )
    document = updates.signed(updates.Feed(1, (release,)), secret)
    updates.read_feed(document, signatures.public_key(secret).hex())
    sys.stdout.buffer.write(document)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
