"""What this machine has: versions, devices, memory, and how fast it multiplies."""

import importlib.metadata
import platform
import time

import jax
import jax.numpy as jnp
import psutil

from fnet_studio import __version__
from fnet_studio.core import places, protocol
from fnet_studio.engine.accelerators import plugins
from fnet_studio.engine.devices import devices

PACKAGES = ("keras", "jax", "jaxlib", "numpy", "sentencepiece", "tokenizers", "safetensors", "h5py", "msgspec")


def versions() -> dict[str, str]:
    found = {"fnet-studio": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        found[package] = importlib.metadata.version(package)
    return found | plugins()


def check(gpu_trouble: str = "") -> protocol.Health:
    """gpu_trouble: what the engine's start found (`engine.accelerators`). Takes a little over a second: the matrix
    product is repeated for one."""
    memory = psutil.virtual_memory()
    return protocol.Health(
        versions=versions(),
        devices=devices(),
        memory_bytes=memory.total,
        memory_free_bytes=memory.available,
        places={
            "data": str(places.data()),
            "config": str(places.config()),
            "cache": str(places.cache_dir()),
            "logs": str(places.logs()),
            "resources": str(places.resources()),
        },
        matmul_gflops=_matmul_gflops(),
        gpu_trouble=gpu_trouble,
    )


def _matmul_gflops(size: int = 1024, for_s: float = 1.0) -> float:
    """float32 products of (size, size) matrices, 2 size^3 operations each."""
    a = jax.random.normal(jax.random.key(0), (size, size))
    product = jax.jit(lambda x: (x @ x) / size)
    product(a).block_until_ready()
    count, began = 0, time.monotonic()
    while time.monotonic() - began < for_s:
        a = product(a)
        a = jnp.asarray(a).block_until_ready()
        count += 1
    return 2 * size**3 * count / (time.monotonic() - began) / 1e9
