"""The worker's entry: claims the wire, then reads commands until the other side is gone.

`main` imports inside its body on purpose: its first line must come before any library that could print.
"""

import os

from fnet_studio.worker import wire as wires

CLOSING_S = 30.0
"""How long a shutdown may take once nobody sends any more. Whoever waits for it is less patient, and kills."""


def main(argv: list[str] | None = None) -> int:
    """Never returns while the other side lives; ends the process itself, whatever threads are doing then. The one word
    `search` makes it the process that tries a pattern for a worker."""
    import sys

    if (sys.argv[1:] if argv is None else argv) == ["search"]:
        from fnet_studio.data import search

        return search.main()
    source, wire = wires.claim()

    import argparse
    import faulthandler
    import signal

    from fnet_studio.worker import environment

    # Ctrl+C in a terminal reaches the whole group, and so does its end: the command line decides what it means and
    # tells us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name != "nt":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Only the thread that crashed: the window shows the last lines, and they should be the ones that matter.
    faulthandler.enable(sys.stderr, all_threads=False)
    parser = argparse.ArgumentParser(prog="fnet-studio worker", description="Speaks the protocol on stdio.")
    parser.add_argument("--engine", choices=("jax", "scripted"), default="jax")
    parser.add_argument("--script", default="", help="faults of the scripted engine, such as crash@50,rate=100")
    options = parser.parse_args(argv)
    environment.set_defaults()
    environment.use_gpu_support()
    environment.give_way()
    serve(source, wire, options.engine, options.script)
    return 0


def serve(source: int, wire: int, engine: str, script: str) -> None:
    import signal
    import threading
    import time

    from fnet_studio.core.protocol import ExitCode, ProtocolError, Reader
    from fnet_studio.worker.dispatch import Dispatcher
    from fnet_studio.worker.heartbeat import Heart
    from fnet_studio.worker.outbox import Outbox
    from fnet_studio.worker.writer import WriterThread

    outbox = Outbox()
    writer = WriterThread(outbox, wire, leave)
    dispatcher = Dispatcher(engine, lambda: make_engine(engine, script, wire), outbox, leave)
    heart = Heart(outbox, dispatcher.busy_with, dispatcher.device_memory_bytes)
    # In a thread: the signal may come while this one holds a lock. The writer ends the process when all is said.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=dispatcher.terminate, daemon=True).start())
    writer.start()
    heart.start()
    reader = Reader()
    while data := _read(source):
        try:
            for envelope, _blob in reader.feed(data):
                dispatcher.handle(envelope)
        except ProtocolError as error:
            say(f"worker: the other side broke the protocol: {error}")
            leave(ExitCode.VIOLATION)
    if dispatcher.closing:
        # Told to end, and then its input closed: jobs may save what they have. The writer ends the process.
        time.sleep(CLOSING_S)
    # The parent is gone, so nobody is left to want the work: end now, even if a thread cannot be stopped.
    dispatcher.abandon()
    leave(ExitCode.ENDED)


def _read(source: int) -> bytes:
    try:
        return os.read(source, 1 << 16)
    except OSError:
        return b""


def make_engine(name: str, script: str, wire: int):
    if name == "scripted":
        from fnet_studio.engine.scripted import ScriptedEngine

        return ScriptedEngine(script, wire=wire)
    from fnet_studio.engine.jax_engine import JaxEngine

    return JaxEngine()


def say(text: str) -> None:
    import sys

    print(text, file=sys.stderr, flush=True)


def leave(code: int) -> None:
    """End the process at once, without waiting for threads that may be deep in a compiled program."""
    os._exit(code)
