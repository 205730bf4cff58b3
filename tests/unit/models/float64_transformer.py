"""The comparison's Transformer in NumPy float64, from the formulas of arXiv 1706.03762 alone."""

import numpy as np
from float64_fnet import norm, weights_of


class Float64Transformer:
    """Post-norm blocks of the IMDb classifier, pads (id 0) masked; weights of a built model."""

    def __init__(self, model):
        self.tables = weights_of(model.get_layer("embedding"))
        self.blocks = [it for it in model.layers if type(it).__name__ == "TransformerEncoder"]

    def embed(self, ids):
        tokens, positions = self.tables
        return tokens[ids] + positions[: len(ids)]

    def attention(self, layer, x, ids):
        """(heads, length, length), and what is gathered by it (length, hidden)."""
        wq, bq, wk, bk, wv, bv, wo, bo = weights_of(self.blocks[layer].self_attention)
        q, k, v = (np.einsum("ld,dhk->hlk", x, w) + b[:, None] for w, b in ((wq, bq), (wk, bk), (wv, bv)))
        scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
        scores = np.where(ids != 0, scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        return weights, np.einsum("hlk,hkd->ld", weights @ v, wo) + bo

    def block(self, layer, x, ids):
        block = self.blocks[layer]
        weights, gathered = self.attention(layer, x, ids)
        h = norm(x + gathered, *weights_of(block.attention_layer_norm), block.layer_norm_epsilon)
        (w1, b1), (w2, b2) = weights_of(block.intermediate_dense), weights_of(block.output_dense)
        fed = np.maximum(h @ w1 + b1, 0) @ w2 + b2
        return norm(h + fed, *weights_of(block.feedforward_layer_norm), block.layer_norm_epsilon), weights, gathered

    def run(self, x, ids):
        """(states (layers + 1, length, hidden), attention (layers, heads, length, length), gathered)."""
        states, attention, gathered = [x], [], []
        for layer in range(len(self.blocks)):
            out, weights, taken = self.block(layer, states[-1], ids)
            states.append(out)
            attention.append(weights)
            gathered.append(taken)
        return np.stack(states), np.stack(attention), np.stack(gathered)
