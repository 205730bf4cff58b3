"""How much each token of a sentence surprises the model: every one masked in turn (arXiv 1910.14659)."""

import time

import numpy as np

from fnet_studio.core import protocol
from fnet_studio.core.errors import UserError
from fnet_studio.engine.fill_mask import LoadedPreset
from fnet_studio.engine.first_calls import NOBODY, Heeds
from fnet_studio.engine.ranking import best_of, rank_of


def surprise(preset: LoadedPreset, command: protocol.Surprise, job: Heeds = NOBODY) -> protocol.Surprises:
    """One row a token, in batches. UserError `fill-mask.no-head` or `fill-mask.position`."""
    began = time.monotonic()
    preset.require_head()
    tokenized = preset.tokenize(command.text)
    words = [index for index, token in enumerate(tokenized.tokens) if not token.special]
    for position in command.positions:
        if position not in words:
            raise UserError(
                "fill-mask.position",
                f"There is no word at position {position}.",
                "Choose the position of a token that is neither special nor a mask.",
            )
    places = list(command.positions) or words
    tokens: list[protocol.TokenSurprise] = []
    if places:
        plain = preset.padded([token.id for token in tokenized.tokens])
        rows = np.repeat(plain[None], len(places), axis=0)
        rows[np.arange(len(places)), places] = preset.tokenizer.mask_token_id
        for index, values in preset.log_probabilities(rows, np.array(places)[:, None], job):
            row, was = values[0], int(plain[places[index]])
            best = int(best_of(row, 1)[0])
            tokens.append(
                protocol.TokenSurprise(
                    places[index], min(float(row[was]), 0.0), rank_of(row, was), preset.candidate(best, row[best])
                )
            )
    return protocol.Surprises(tokenized, tuple(tokens), (time.monotonic() - began) * 1000)
