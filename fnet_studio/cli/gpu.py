"""fnet-studio gpu: show, add, remove"""

import argparse
import signal
import sys
import threading
import time

from fnet_studio.cli import doctor
from fnet_studio.core import gpu_list, gpu_support, hardware
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import size
from fnet_studio.core.gpu_list import GpuList
from fnet_studio.core.pace import Pace

TELL_EVERY_S = 0.2


def add_to(commands: argparse._SubParsersAction) -> None:
    top = commands.add_parser("gpu", help="show, add or remove the support for NVIDIA GPUs (Linux)")
    top.set_defaults(run=run_show)
    its = top.add_subparsers(title="commands", metavar="COMMAND")
    it = its.add_parser("show", help="what this machine has, and what is added (what `gpu` alone does)")
    it.set_defaults(run=run_show)
    it = its.add_parser("add", help="fetch it, or go on with that, and check it; Ctrl+C keeps what has arrived")
    it.add_argument("--list", default="", metavar="PATH_OR_URL", help="what to fetch (the list of this build)")
    it.set_defaults(run=run_add)
    it = its.add_parser("remove", help="delete it, also what has arrived of it")
    it.set_defaults(run=run_remove)


def run_show(_options: argparse.Namespace) -> int:
    found = hardware.look()
    for name, value in found.facts():
        print(f"{name:<10} {value}")
    state, offer = gpu_support.state(), gpu_list.bundled()
    if state.added is not None:
        other = (
            "" if state.used else f", not used: this program has JAX {gpu_list.here()[0]}. Remove it and add it again"
        )
        print(f"added      GPU support for JAX {state.added.jax}{other}")
    elif state.begun is not None:
        print(f"begun      {size(state.arrived_bytes)} of {size(state.begun.bytes)} are here: fnet-studio gpu add")
    elif offer is not None and found.system == "linux":
        print(f"to add     {size(offer.bytes)} to fetch, {size(offer.unpacked_bytes)} unpacked: fnet-studio gpu add")
    for sentence in found.meaning(added=state.used, offered=offer is not None):
        print(sentence)
    return 0


def run_add(options: argparse.Namespace) -> int:
    offer = gpu_list.read(options.list) if options.list else _chosen()
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        gpu_support.add(offer, _Told() if sys.stderr.isatty() else None, stop.is_set)
    finally:
        signal.signal(signal.SIGINT, before)
    print(f"GPU support for JAX {offer.jax} is added. The worker now sees:")
    doctor.print_devices(doctor.ask())
    return 0


def _chosen() -> GpuList:
    """UserError `gpu.no-list`."""
    one = gpu_support.state().offer
    if one is None:
        raise UserError(
            "gpu.no-list",
            "This build names no GPU support that it could fetch.",
            "Name a list with --list; where FNet Studio was installed with pip, use "
            "`pip install 'fnet-studio[cuda12]'` instead.",
        )
    return one


def run_remove(_options: argparse.Namespace) -> int:
    gpu_support.remove()
    print("No GPU support is there any more.")
    return 0


class _Told:
    def __init__(self) -> None:
        self._pace, self._told = Pace(), 0.0

    def __call__(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told < TELL_EVERY_S and done < total:
            return
        self._told = now
        self._pace.tell(done, total)
        words = f"{phase}: {size(done)} of {size(total)}"
        if self._pace.left_s >= 0:
            words += f", {size(round(self._pace.rate_per_s))} a second, {self._pace.left_s:.0f} s left"
        print(f"\r{words:<70}", end="" if done < total else "\n", file=sys.stderr, flush=True)
