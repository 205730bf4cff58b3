"""What the libraries read from the environment when they are imported: the one place where it is decided."""

import os
import sys

import psutil

from fnet_studio.core import gpu_support, places

NICE = 10
"""On Unix, where 0 is a program's usual priority and 19 the lowest."""


def set_defaults() -> None:
    """Fill in what is unset. Call before the engine is imported; what the user has set stays as it is."""
    cache = places.cache_dir()
    for name, value in {
        "KERAS_BACKEND": "jax",
        # Keras writes its own settings file at import: not into the user's home.
        "KERAS_HOME": str(cache / "keras"),
        # Else JAX takes three quarters of the GPU's memory at once, and a second program finds none.
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "JAX_COMPILATION_CACHE_DIR": str(cache / "xla"),
        # Keep small, quickly compiled programs too: a fill-mask click needs a dozen of them.
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        # With as many threads as CPU devices, which is JAX's default, a step that is split over them waits for itself
        # forever from JAX 0.11 on: each device's half holds a thread while it waits for the other's.
        "PJRT_NPROC": str(2 * (psutil.cpu_count() or 1)),
        # XLA's C++ code writes to stderr, whose last lines the window shows after a crash: errors only.
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }.items():
        os.environ.setdefault(name, value)


def use_gpu_support() -> None:
    """Put what "Add GPU support" fetched behind this program's own libraries; not where the processor alone is wanted,
    since loading it takes seconds. JAX finds plugins by the path and their metadata."""
    if os.environ.get("JAX_PLATFORMS", "").strip().lower() == "cpu":
        return
    folder = gpu_support.for_worker()
    if folder is not None:
        sys.path.append(str(folder))


def give_way() -> None:
    """Run at a lower priority than the window: training takes every core, and a window has to paint in between.
    Call before threads are made, which inherit it."""
    process = psutil.Process()
    process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if os.name == "nt" else max(process.nice(), NICE))
