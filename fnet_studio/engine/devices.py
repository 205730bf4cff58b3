"""The devices that JAX sees. Imported before anything else of the engine, since their number is decided once."""

from typing import Any

import jax
import psutil

from fnet_studio.core.protocol import Device
from fnet_studio.core.recipe import Recipe

MOST_CPU_DEVICES = 16
ACCELERATOR_STEPS = 32


def use_all_cores() -> None:
    """Let each physical core count as a device of its own, for `classifier.data_parallel`. RuntimeError when JAX has
    started already."""
    cores = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    jax.config.update("jax_num_cpu_devices", min(cores, MOST_CPU_DEVICES))


def devices() -> tuple[Device, ...]:
    """One entry for the whole CPU; one for each accelerator."""
    found = jax.devices()
    if found[0].platform == "cpu":
        return (Device("cpu", f"CPU, {psutil.cpu_count()} cores", psutil.virtual_memory().total),)
    return tuple(_accelerator(device) for device in found)


def _accelerator(device: Any) -> Device:
    statistics = device.memory_stats() or {}
    return Device(device.platform, device.device_kind, int(statistics.get("bytes_limit", 0)))


def precision_of(recipe: Recipe) -> str:
    """The Keras policy that a recipe asks for on this machine."""
    asked = recipe.training.precision
    if asked != "auto":
        return asked
    return "float32" if jax.default_backend() == "cpu" else "mixed_bfloat16"


def steps_per_call(recipe: Recipe) -> int:
    """Steps of a run that the device does without waiting for the host."""
    return recipe.training.steps_per_call or (1 if jax.default_backend() == "cpu" else ACCELERATOR_STEPS)


def memory_in_use_bytes() -> int:
    """On accelerators; 0 on a CPU, which does not say."""
    return sum(int((device.memory_stats() or {}).get("bytes_in_use", 0)) for device in jax.local_devices())


def peak_bytes() -> int:
    """Most that was in use on accelerators since the process began; 0 on a CPU."""
    return sum(int((device.memory_stats() or {}).get("peak_bytes_in_use", 0)) for device in jax.local_devices())


def out_of_memory(error: BaseException) -> bool:
    """XLA has no exception type of its own for this; the status code is in its message."""
    return "RESOURCE_EXHAUSTED" in str(error) or isinstance(error, MemoryError)
