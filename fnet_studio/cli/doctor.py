"""fnet-studio doctor"""

import argparse

import msgspec

from fnet_studio.core import protocol
from fnet_studio.core.files import size
from fnet_studio.link.blocking import Worker


def add_to(commands: argparse._SubParsersAction) -> None:
    it = commands.add_parser("doctor", help="versions, devices, memory, places, and a one-second matrix product")
    it.add_argument("--json", action="store_true", help="JSON")
    it.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    health = ask()
    if options.json:
        print(msgspec.json.encode(health).decode())
        return 0
    for title, rows in (("versions", health.versions), ("places", health.places)):
        print(title)
        for name, value in rows.items():
            print(f"  {name:<14} {value}")
    print("devices")
    print_devices(health)
    print("memory")
    print(f"  {'in all':<14} {size(health.memory_bytes)}")
    print(f"  {'free':<14} {size(health.memory_free_bytes)}")
    print("speed")
    print(f"  {'products':<14} {health.matmul_gflops:,.0f} GFLOP/s in float32")
    return 0


def ask() -> protocol.Health:
    with Worker() as worker:
        health, _ = worker.call(protocol.Doctor())
    assert isinstance(health, protocol.Health)
    return health


def print_devices(health: protocol.Health) -> None:
    """What the worker sees and, where it is so, why no GPU is among it."""
    for device in health.devices:
        memory = f", {size(device.memory_bytes)}" if device.memory_bytes else ""
        print(f"  {device.platform:<14} {device.name}{memory}")
    if health.gpu_trouble:
        print(f"  {'no GPU':<14} {health.gpu_trouble}")
