"""The presets that KerasHub knows by name, and where their files and their authors' heads are."""

from typing import Any

BUILTIN_PRESETS: dict[str, dict[str, Any]] = {
    "f_net_base_en": {
        "metadata": {
            "description": "12 layers, case is kept. Trained on C4 by the authors.",
            "params": 82_861_056,
            "path": "f_net",
        },
        "kaggle_handle": "kaggle://keras/f_net/keras/f_net_base_en/3",
        "authors_handle": "hf://google/fnet-base",
    },
    "f_net_large_en": {
        "metadata": {
            "description": "24 layers, case is kept. Trained on C4 by the authors.",
            "params": 236_945_408,
            "path": "f_net",
        },
        "kaggle_handle": "kaggle://keras/f_net/keras/f_net_large_en/3",
        "authors_handle": "hf://google/fnet-large",
    },
}
"""The KerasHub files hold the encoder alone; the masked-LM head is in the authors' files (`authors_handle`)."""


class Presets:
    """A class attribute that gives a copy of the table, as `presets` of KerasHub's classes does."""

    def __get__(self, instance: Any, owner: Any) -> dict[str, dict[str, Any]]:
        return {name: dict(entry) for name, entry in BUILTIN_PRESETS.items()}
