"""What a run would need, asked of the worker before it starts, and printed."""

import sys
import time

from fnet_studio.cli.show import Bar, Lines, clock, to_stdout
from fnet_studio.core import protocol
from fnet_studio.core.counts import plural
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import size
from fnet_studio.link.blocking import Worker

OVERRULED = ("memory.short", "device-memory.short", "disk.short")
"""Problems that are estimates, which a person may know better."""
_SIGNS = {"error": "✗", "warning": "!", "note": "·"}


def plan(worker: Worker, mapping: dict, as_json: bool) -> protocol.Planned:
    """Ask, and print the answer. Raises Stopped."""
    show = to_stdout(as_json)
    planned, _ = worker.call(protocol.Plan(mapping), on_event=show.event if isinstance(show, Bar) else None)
    if isinstance(show, Lines):
        show.tell(planned, time.time())
    else:
        print("\r\x1b[K" + "\n".join(words_of(planned)), file=sys.stdout)
    return planned


def refuse(planned: protocol.Planned) -> None:
    """UserError with the first problem when the run cannot work."""
    if not planned.possible:
        worst = planned.problems[0]
        advice = f"{worst.advice} Or start it with --anyway." if worst.kind in OVERRULED else worst.advice
        raise UserError(worst.kind, worst.message, advice)


def words_of(planned: protocol.Planned) -> list[str]:
    """The estimate as lines of text."""
    words, cost = [], planned.estimate
    if cost.duration_s >= 0:
        steps = f"{planned.total_steps:,} {plural('step', planned.total_steps)}"
        words.append(f"About {clock(cost.duration_s)}: {steps} of {1000 * planned.step_s:,.0f} ms.")
    if cost.memory_bytes:
        words.append(f"Memory {size(cost.memory_bytes)} of {size(planned.memory_free_bytes)} free.")
    if cost.device_memory_bytes:
        words.append(f"On the device {size(cost.device_memory_bytes)} of {size(planned.device_free_bytes)}.")
    if cost.disk_bytes:
        words.append(f"Disk {size(cost.disk_bytes)} of {size(planned.disk_free_bytes)} free.")
    for problem in planned.problems:
        words.append(f"{_SIGNS[problem.severity]} {problem.message}")
        if problem.advice:
            words.append(f"    {problem.advice}")
    return words
