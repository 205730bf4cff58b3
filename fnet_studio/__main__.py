"""The `fnet-studio` command. Each part is imported only when it is asked for: the worker has to claim its output
before anything else is imported, the command line needs no Qt, and the window needs no JAX."""

import sys


def main(arguments: list[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    command = words[0] if words else ""
    if command == "worker":
        from fnet_studio.worker.main import main as worker

        return worker(words[1:])
    if command in ("", "window"):
        from fnet_studio.ui.app import run

        return run(words[1:])
    if command == "tour":
        from fnet_studio.ui.tour import main as tour

        return tour(words[1:])
    from fnet_studio.cli.main import main as command_line

    return command_line(words)


if __name__ == "__main__":
    sys.exit(main())
