"""FNet's masked-LM forward pass in NumPy float64, from the formulas alone: what every picture is held to."""

import math
from dataclasses import dataclass, field

import numpy as np


def norm(x, scale, bias, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon) * scale + bias


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def mixing(x):
    return np.fft.fft(np.fft.fft(x, axis=1), axis=0).real


def weights_of(layer):
    return [np.asarray(variable.value, np.float64) for variable in layer.weights]


@dataclass
class Float64FNet:
    """The weights of a loaded model; `mix` stands for the mixing of each layer, by its number and input."""

    model: object
    mix: object = field(default=lambda layer, x: mixing(x))

    def __post_init__(self):
        b = self.model.backbone
        self.tables = [weights_of(it)[0] for it in (b.token_embedding, b.position_embedding, b.segment_embedding)]
        self.first = [*weights_of(b.embeddings_layer_norm), *weights_of(b.embedding_projection)]
        self.blocks = [
            (
                weights_of(block.mixing_layer_norm),
                weights_of(block.intermediate_dense),
                weights_of(block.output_dense),
                weights_of(block.output_layer_norm),
            )
            for block in b.transformer_layers
        ]

    def embed(self, ids):
        tokens, positions, segments = self.tables
        scale, bias, kernel, shift = self.first
        return norm(tokens[ids] + positions[: len(ids)] + segments[0], scale, bias, 1e-12) @ kernel + shift

    def block(self, layer, x):
        """(output, mixing output)"""
        first, inner, outer, last = self.blocks[layer]
        mixed = self.mix(layer, x)
        h = norm(x + mixed, *first, 1e-12)
        return norm(h + gelu(h @ inner[0] + inner[1]) @ outer[0] + outer[1], *last, 1e-12), mixed

    def run(self, x, until=None):
        """(states (layers + 1, length, hidden), mixing outputs (layers, length, hidden)) from the first input on."""
        states, mixed = [x], []
        for layer in range(len(self.blocks) if until is None else until + 1):
            out, m = self.block(layer, states[-1])
            states.append(out)
            mixed.append(m)
        return np.stack(states), np.stack(mixed)

    def head(self, state):
        """(vocabulary,) probabilities from (hidden,)."""
        head = self.model.masked_lm_head
        kernel, shift = weights_of(head.intermediate_dense)
        hidden = state @ kernel + shift
        name = self.model.head_settings["intermediate_activation"]
        if name == "gelu":
            erf = np.vectorize(math.erf)
            hidden = 0.5 * hidden * (1 + erf(hidden / np.sqrt(2)))
        else:
            hidden = gelu(hidden)
        hidden = norm(hidden, *weights_of(head.intermediate_layer_norm), head.layer_norm_epsilon)
        logits = hidden @ self.tables[0].T + np.asarray(head.output_bias, np.float64)
        e = np.exp(logits - logits.max())
        return e / e.sum()
