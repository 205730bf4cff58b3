"""How soon a stop is acknowledged and done, phase by phase: tests/bench/stopping.py PHASES RECIPE [KEY=VALUE ...]

Every phase gets a worker of its own, and caches of its own, so that it reads, tokenises and compiles for real. The stop
comes in the middle of the phase: some tenths of a second into it.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from fnet_studio.core import protocol, recipe
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.link.blocking import Worker

PHASES = ("reading", "building vocabulary", "tokenising", "building", "compiling", "training", "validating", "saving")
INTO_S = 0.3


def stopped_in(phase: str, mapping: dict) -> tuple[float, float, str, str]:
    """(seconds to the acknowledgement, to the end, the highest rung, what was kept)"""
    seen: dict[str, float] = {}
    rungs = []
    with Worker() as worker:
        worker.wait_ready()

        def listen(envelope: protocol.Envelope, blob: bytes) -> None:
            if isinstance(envelope.body, protocol.Phase) and envelope.body.name == phase:
                seen.setdefault("entered", time.monotonic())

        def turn() -> None:
            now = time.monotonic()
            if "entered" in seen and "asked" not in seen and now - seen["entered"] >= INTO_S:
                seen["asked"] = now
                worker.stop(id)
            if (
                "asked" in seen
                and "heard" not in seen
                and not any(isinstance(command, protocol.Stop) for command in worker.session.pending.values())
            ):
                seen["heard"] = now
            if worker.countdown is not None:
                rungs.append(worker.countdown.rung.value)

        id = worker.post(protocol.Train(mapping))
        kept = ""
        try:
            worker.result(id, listen, turn)
        except Stopped as stopped:
            kept = "kept" if stopped.kept else "nothing to keep"
        except UserError as error:
            kept = error.kind
        end = time.monotonic()
    if "asked" not in seen:
        return float("nan"), float("nan"), "not reached", kept
    return seen.get("heard", end) - seen["asked"], end - seen["asked"], rungs[-1] if rungs else "", kept


def main(phases: str, name: str, *changes: str) -> None:
    """phases: separated by commas, or `all`."""
    path = recipe.bundled(name) if name in recipe.bundled_names() else Path(name)
    mapping = recipe.to_mapping(recipe.load(path, dict(change.split("=", 1) for change in changes)))
    print(f"{'phase':<20} {'heard':>8} {'done':>8}  highest rung")
    for phase in PHASES if phases == "all" else phases.split(","):
        with tempfile.TemporaryDirectory() as home:
            os.environ["FNET_STUDIO_HOME"] = home
            heard_s, done_s, rung, kept = stopped_in(phase, mapping)
        print(f"{phase:<20} {1000 * heard_s:>5.0f} ms {done_s:>6.2f} s  {rung}; {kept}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
