"""The `fnet-studio` command. Each part is imported only when it is asked for: the worker has to claim its output
before anything else is imported, the command line needs no Qt, and the window needs no JAX."""

import os
import sys


def main(arguments: list[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    command = words[0] if words else ""
    if command == "worker" and getattr(sys, "frozen", False):
        return _become_worker(words[1:])
    if command == "worker":
        from fnet_studio.worker.main import main as worker

        return worker(words[1:])
    if command in ("", "window"):
        from fnet_studio.ui.app import run

        run(words[1:])
    if command == "tour":
        from fnet_studio.ui.tour.whole import main as tour

        return tour(words[1:])
    from fnet_studio.cli.main import main as command_line

    return command_line(words)


def _become_worker(words: list[str]) -> int:
    """The installed window holds none of the worker's libraries: whoever asks it for a worker, over ssh or from WSL,
    gets the one beside it, in this very process where the system can do that."""
    from fnet_studio.link import command

    line = [*command.program(), *words]
    if os.name != "nt":
        os.execv(line[0], line)
    import subprocess

    return subprocess.call(line)


if __name__ == "__main__":
    sys.exit(main())
