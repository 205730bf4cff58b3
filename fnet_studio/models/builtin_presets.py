"""The built-in presets as KerasHub's classes tell of them."""

from typing import Any

from fnet_studio.core.builtin_presets import BUILTIN

BUILTIN_PRESETS: dict[str, dict[str, Any]] = {
    it.name: {
        "metadata": {"description": it.description, "params": it.parameters, "path": "f_net"},
        "kaggle_handle": it.kaggle_handle,
        "authors_handle": it.authors_handle,
    }
    for it in BUILTIN.values()
}


class Presets:
    """A class attribute that gives a copy of the table, as `presets` of KerasHub's classes does."""

    def __get__(self, instance: Any, owner: Any) -> dict[str, dict[str, Any]]:
        return {name: dict(entry) for name, entry in BUILTIN_PRESETS.items()}
