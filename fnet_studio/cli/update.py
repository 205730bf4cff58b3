"""fnet-studio update"""

import argparse
import sys

from fnet_studio import __version__
from fnet_studio.cli.terminal import clear_line, tell
from fnet_studio.core import settings, updates


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("update", help="look for a newer version, and fetch its file")
    it.add_argument("--feed", default="", metavar="URL", help="the feed of releases (that of the settings)")
    it.add_argument("--key", default="", metavar="HEX", help="the public key that it is signed with")
    it.add_argument("--download", action="store_true", help="fetch and verify the file; it is never run")
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    known = updates.source(settings.load()[0])
    update = updates.check(updates.Source(options.feed or known.url, options.key or known.key))
    if update.release is None:
        print(f"FNet Studio {__version__} is the newest version.")
        return 0
    print(f"FNet Studio {update.release.version} is newer than this version, {__version__}.")
    if update.release.notes:
        print(update.release.notes)
    if update.file is None:
        print("It has no file for this machine.")
    elif options.download:
        try:
            path = updates.fetch(update.file, _progress if sys.stderr.isatty() else None)
        finally:
            clear_line()
        print(path)
    else:
        print(f"{update.file.url} ({update.file.bytes / 1e6:.1f} MB). Fetch it with: fnet-studio update --download")
    return 0


def _progress(phase: str, done: int, total: int) -> None:
    """On one line; a wait for another's download is told often, and has no length."""
    words = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else f"{phase.capitalize()} …"
    tell(sys.stderr, f"\r\x1b[K{words}", end="")
