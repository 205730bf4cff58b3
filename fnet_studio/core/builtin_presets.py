"""The presets that KerasHub knows by name: their sizes, and where their files and their authors' heads are."""

from typing import NamedTuple


class Builtin(NamedTuple):
    """The KerasHub files hold the encoder alone; the masked-LM head is in the authors' files (`authors_handle`)."""

    name: str
    description: str
    parameters: int
    num_layers: int
    hidden_dim: int
    intermediate_dim: int
    kaggle_handle: str
    authors_handle: str
    vocabulary_size: int = 32_000
    sequence_length: int = 512
    licence: str = "Apache-2.0"

    @property
    def download_bytes(self) -> int:
        """About: the weights in float32, and the vocabulary of 0.8 MB."""
        return 4 * self.parameters + 800_000


BUILTIN = {
    it.name: it
    for it in (
        Builtin(
            "f_net_base_en",
            "12 layers, case is kept. Trained on C4 by the authors.",
            82_861_056,
            12,
            768,
            3072,
            "kaggle://keras/f_net/keras/f_net_base_en/3",
            "hf://google/fnet-base",
        ),
        Builtin(
            "f_net_large_en",
            "24 layers, case is kept. Trained on C4 by the authors.",
            236_945_408,
            24,
            1024,
            4096,
            "kaggle://keras/f_net/keras/f_net_large_en/3",
            "hf://google/fnet-large",
        ),
    )
}
