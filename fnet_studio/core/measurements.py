"""What can be measured inside a model for one sentence: the questions of the command `protocol.Measure`.

Positions are indices into `Tokenized.tokens`; where words are predicted, position -1 is the first mask. Every array of
an answer is float32 in C order; each question's docstring names its arrays with their shapes, in the order in which
the blob holds them.
"""

from msgspec import Struct


class Measurement(Struct, frozen=True, tag_field="kind"):
    """One question. Layers count from 0; `layer` -1 is the last one. `layers` empty means all of them."""


class MixingMaps(Measurement, frozen=True, tag="mixing-maps"):
    """maps (layers, rows, columns), the largest of each bin where there is more than asked for. Fourier mixing:
    log(1 + |M|) by sequence and hidden frequency, zero in the middle. Attention: the mean of the heads' probabilities,
    by the token that looks and the one that is looked at. Other mixers: log(1 + |M|) by token and hidden unit. Layers
    of different kinds all get the size of the smallest. pads: of what is by token, show pads too."""

    rows: int = 128
    columns: int = 192
    keep_zero: bool = False
    pads: bool = False


class MixingLayer(Measurement, frozen=True, tag="mixing-layer"):
    """mixed (length, hidden): M itself of one layer; of Fourier mixing M = Re(FFT2(X)), in the order of the DFT
    (frequency 0 first). Of a layer that attends, attention (heads, tokens, length): probabilities."""

    layer: int = -1


class Spectrum(Measurement, frozen=True, tag="spectrum"):
    """power (layers, length // 2 + 1): mean over the hidden units of |FFT_L(X)|^2 of each layer's input X."""


class MixingShare(Measurement, frozen=True, tag="mixing-share"):
    """share (layers, length): |M[t]| / (|X[t]| + |M[t]|)."""


class Influence(Measurement, frozen=True, tag="influence"):
    """influence (tokens, length): [i, j] is the Frobenius norm of d h[i] / d e[j], for the output h of `layer` at the
    tokens before padding and the first layer's input e. directions: how many random ones estimate it."""

    layer: int = -1
    directions: int = 1


class Occlusion(Measurement, frozen=True, tag="occlusion"):
    """change (layers, tokens, tokens): [l, i, j] is |h_l[i] - h_l'[i]| when token j is replaced by the mask."""


class LayerLens(Measurement, frozen=True, tag="layer-lens"):
    """probability (words, layers + 1): the masked-LM head on the first layer's input and on each layer's output, at one
    position; labels `words`: the final answer's best and every layer's own best."""

    position: int = -1
    top_k: int = 8


class Padding(Measurement, frozen=True, tag="padding"):
    """change (tokens, lengths): |h' - h| / |h| of the last hidden state at each length against the model's own;
    probability (words, lengths) where there is a mask and a head. labels `lengths`, `words`."""

    position: int = -1
    top_k: int = 8


class SpectralAblation(Measurement, frozen=True, tag="spectral-ablation"):
    """change (layers + 1, tokens): how far each hidden state goes from where it was; probability (words, 2), without
    and with the ablation, where there is a mask and a head. Sequence frequencies low <= |k| <= high are dropped, or
    kept alone."""

    low: int = 0
    high: int = 0
    drop: bool = True
    layers: tuple[int, ...] = ()
    position: int = -1
    top_k: int = 8


class MixingSwap(Measurement, frozen=True, tag="mixing-swap"):
    """change (2, layers + 1, tokens) and probability (words, 3): the mixing as it is, and swapped in the chosen layers
    for the identity and for random matrices of the same strength. labels `mixings`, `words`."""

    layers: tuple[int, ...] = ()
    position: int = -1
    top_k: int = 8


class Impulse(Measurement, frozen=True, tag="impulse"):
    """energy (layers + 1, length): |d h_l[i]|^2 when one token's vector moves by a very small step of length 1."""

    position: int = 1
    directions: int = 2


Question = (
    MixingMaps
    | MixingLayer
    | Spectrum
    | MixingShare
    | Influence
    | Occlusion
    | LayerLens
    | Padding
    | SpectralAblation
    | MixingSwap
    | Impulse
)


class Array(Struct, frozen=True, array_like=True):
    name: str
    shape: tuple[int, ...]
