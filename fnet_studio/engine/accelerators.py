"""The first look at JAX's devices, which loads the plugins of accelerators: what went wrong with them, in words."""

import importlib.metadata
import logging
import os

import jax

_LOG = "jax._src.xla_bridge"
"""Where JAX says why a plugin could not be used; it goes on without it."""
_ABOUT = ("cuda", "gpu", "plugin")
_DRIVER = ("/dev/nvidiactl", "/dev/dxg")
"""What NVIDIA's driver makes: on Linux, and in WSL."""
_NO_DRIVER = "No NVIDIA driver is loaded on this machine: install it, then restart the worker."
_NOT_SEEN = "NVIDIA's driver is loaded, but JAX sees no GPU."


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {record.exc_info[1]}"
        if any(word in text.lower() for word in _ABOUT):
            self.said.append(text)


def first_look() -> str:
    """Starts JAX's backends, on the processor when what was asked for cannot be used. Returns why, where a GPU was
    asked for or support for one is here and none is used; else "". Call it once, before any other use of a device."""
    log, listener = logging.getLogger(_LOG), _Listener()
    level = log.level
    log.addHandler(listener)
    log.setLevel(logging.INFO)
    asked = jax.config.jax_platforms
    try:
        try:
            jax.devices()
        except (RuntimeError, AssertionError) as error:  # JAX asserts that a device is left
            listener.said.append(str(error) or f"JAX finds no device of the kind {asked!r} here")
            jax.config.update("jax_platforms", "cpu")
            jax.devices()
    finally:
        log.removeHandler(listener)
        log.setLevel(level)
    if jax.default_backend() != "cpu" or (asked == "cpu"):
        return ""
    if not asked and not plugins():
        return ""
    words = "" if any(map(os.path.exists, _DRIVER)) else _NO_DRIVER
    if listener.said:
        said = " ".join(text if text.endswith(".") else f"{text}." for text in listener.said)
        return f"{words} JAX says: {said}".strip()
    return words or _NOT_SEEN


def plugins() -> dict[str, str]:
    """Versions of the plugins that are on the path, by their distribution's name."""
    entries = importlib.metadata.entry_points(group="jax_plugins")
    return {entry.dist.name: entry.dist.version for entry in entries if entry.dist is not None}
