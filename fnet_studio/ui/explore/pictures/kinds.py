"""The pictures: what each asks of the worker, and how its numbers become planes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fnet_studio.core import measurements as ask
from fnet_studio.ui.explore.pictures.answers import Answer
from fnet_studio.ui.explore.pictures.plane import Axis, Plane, frequencies, numbers
from fnet_studio.ui.explore.pictures.scene import Options, Scene

Answers = Sequence[Answer | None]
"""One for each question, None while it has not come."""
CYCLES = "sequence frequency (cycles per window)"


@dataclass(frozen=True)
class Kind:
    key: str
    """Of its explanation's file too."""
    tab: str
    title: str
    is_not: str
    """What one might take it for, in a sentence."""
    controls: frozenset[str]
    questions: Callable[[Scene, Options], list[ask.Question]]
    planes: Callable[[Scene, Options, Answers], list[Plane]]
    log: bool = False
    """Whether colours are logarithmic at first."""


def _with_pads(scene: Scene, values: np.ndarray, pads: bool, join: Callable, joined: str) -> tuple[np.ndarray, Axis]:
    """(…, length) by token, the pads one by one or joined to one column."""
    count = scene.count
    if not scene.pads:
        return values, scene.token_axis("token")
    if pads:
        names = (*scene.tokens, *(f"pad {index}" for index in range(count, scene.length)))
        return values, Axis("position", "token", names=names, tokens=True)
    together = join(values[..., count:], -1)[..., None]
    names = (*scene.tokens, f"{scene.pads} pads")
    axis = Axis(f"token (pads: {joined})", "token", names=names, tokens=True)
    return np.concatenate([values[..., :count], together], -1), axis


def _words_plane(scene: Scene, answer: Answer, columns: Axis, title: str) -> list[Plane]:
    if "probability" not in answer.arrays:
        return []
    words = Axis("word", "word", names=answer.labels["words"])
    return [Plane(title, answer.arrays["probability"], words, columns, "probability")]


# ------------------------------------------------------------------------------------------------ each


def _mixing(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    exact = answers[0]
    if exact is None:
        return []
    mixed = np.fft.fftshift(exact.arrays["mixed"])
    length, hidden = mixed.shape
    if not options.keep_zero:
        mixed = np.delete(mixed, length // 2, 0) if length > 1 else mixed
        mixed = np.delete(mixed, hidden // 2, 1) if hidden > 1 else mixed
    rows = frequencies(CYCLES, "sequence frequency", length, length, options.keep_zero)
    columns = frequencies("hidden frequency (cycles per vector)", "hidden frequency", hidden, hidden, options.keep_zero)
    title = f"Mixing map, layer {options.layer + 1} of {scene.layers}"
    if options.signed:
        return [Plane(title, mixed, rows, columns, "M = Re(FFT2(X))", signed=True, upwards=True)]
    return [Plane(title, np.log1p(np.abs(mixed)), rows, columns, "log(1 + |M|)", upwards=True)]


def _spectrum(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None:
        return []
    power = answers[0].arrays["power"]
    start = 0 if options.keep_zero else 1
    columns = numbers(CYCLES, "sequence frequency", range(start, power.shape[1]))
    plane = Plane("Spectrum of each layer's input", power[:, start:], scene.layer_axis(), columns, "mean |FFT(X)|²")
    return [plane if not options.own_scale else plane.rows_by_own_maximum()]


def _share(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None:
        return []
    values, columns = _with_pads(scene, answers[0].arrays["share"], options.pads, np.mean, "mean")
    limits = None if options.own_scale else (0.0, 1.0)
    return [
        Plane("Mixing share of each token", values, scene.layer_axis(), columns, "|M| / (|X| + |M|)", limits=limits)
    ]


def _root_of_squares(values: np.ndarray, axis: int) -> np.ndarray:
    return np.sqrt((values**2).sum(axis))


def _influence(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    planes = []
    layer = options.into_layer % scene.layers
    reads = scene.token_axis("token that reads", "token")
    if answers[0] is not None:
        found = answers[0].arrays["influence"]
        values, columns = _with_pads(scene, found, options.pads, _root_of_squares, "root of summed squares")
        columns = Axis(columns.label.replace("token", "token that is read", 1), "from", columns.names, tokens=True)
        planes.append(Plane(f"Influence, layer {layer + 1}", values, reads, columns, "|∂h / ∂e|"))
    if answers[1] is not None:
        change = answers[1].arrays["change"][layer]
        taken = Axis("token that is hidden", "hidden", names=scene.tokens, tokens=True)
        planes.append(Plane(f"Check: occlusion, layer {layer + 1}", change, reads, taken, "|h − h′|"))
    return planes


def _lens(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None:
        return []
    at = next((index for index, name in enumerate(scene.tokens) if name == "[MASK]"), 0)
    columns = scene.layer_axis(inputs=True, label=f"after layer (in: before the first), at position {at}")
    return _words_plane(scene, answers[0], columns, "Layer lens")


def _padding(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None:
        return []
    lengths = Axis("padded to (tokens)", "length", names=answers[0].labels["lengths"])
    planes = _words_plane(scene, answers[0], lengths, "Prediction at each length")
    change = answers[0].arrays["change"]
    what = "|h′ − h| / |h|"
    planes.append(Plane(f"Change against length {scene.length}", change, scene.token_axis(), lengths, what))
    return planes


def _ablation(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None:
        return []
    sides = Axis("mixing", "mixing", names=("whole", "ablated"))
    planes = _words_plane(scene, answers[0], sides, "Prediction")
    change, layers = answers[0].arrays["change"], scene.layer_axis(inputs=True, label="after layer")
    planes.append(Plane("Change of each hidden state", change, layers, scene.token_axis(), "|h′ − h| / |h|"))
    return planes


def _swap(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None:
        return []
    mixings = Axis("mixing", "mixing", names=answers[0].labels["mixings"])
    planes = _words_plane(scene, answers[0], mixings, "Prediction")
    columns = Axis("mixing", "mixing", names=answers[0].labels["mixings"][1:])
    change = answers[0].arrays["change"][:, -1].T
    planes.append(Plane("Change of the last hidden state", change, scene.token_axis(), columns, "|h′ − h| / |h|"))
    return planes


def _impulse(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None:
        return []
    energy = answers[0].arrays["energy"]
    values, columns = _with_pads(scene, energy, options.pads, np.sum, "sum")
    at = min(options.token, scene.count - 1)
    title = f"Impulse response to “{scene.tokens[at]}” ({at})"
    plane = Plane(title, values, scene.layer_axis(inputs=True, label="after layer"), columns, "energy |∂h|²")
    return [plane.rows_by_own_maximum() if options.own_scale else plane]


def _chosen_layers(options: Options) -> tuple[int, ...]:
    return () if options.changed_layer < 0 else (options.changed_layer,)


KINDS = (
    Kind(
        "mixing",
        "Mixing",
        "Mixing map",
        "It is not attention: the transform learns nothing and is the same for every sentence.",
        frozenset({"zero", "signed", "own_scale", "strip"}),
        lambda scene, options: [
            ask.MixingLayer(min(options.layer, scene.layers - 1)),
            ask.MixingMaps(keep_zero=options.keep_zero),
        ],
        _mixing,
    ),
    Kind(
        "spectrum",
        "Spectrum",
        "Spectrum of each layer's input",
        "It is not the mixing's output: it is what goes in, along the sentence alone.",
        frozenset({"zero", "log", "own_scale"}),
        lambda scene, options: [ask.Spectrum()],
        _spectrum,
        log=True,
    ),
    Kind(
        "share",
        "Share",
        "Mixing share of each token",
        "It is not importance: it compares lengths of vectors, not what they say.",
        frozenset({"pads", "own_scale"}),
        lambda scene, options: [ask.MixingShare()],
        _share,
    ),
    Kind(
        "influence",
        "Influence",
        "Influence of one token on another",
        "It is not attention: it is a derivative through all layers, true for small changes alone.",
        frozenset({"log", "pads", "into_layer", "directions"}),
        lambda scene, options: [
            ask.Influence(options.into_layer % scene.layers, options.directions),
            ask.Occlusion(),
        ],
        _influence,
        log=True,
    ),
    Kind(
        "lens",
        "Lens",
        "Layer lens",
        "It is not what a layer “thinks”: the head was trained for the last layer only.",
        frozenset({"log"}),
        lambda scene, options: [ask.LayerLens()],
        _lens,
    ),
    Kind(
        "padding",
        "Padding",
        "Padding sensitivity",
        "It is not a speed setting: pads are mixed in, so the length is part of the question.",
        frozenset({"log"}),
        lambda scene, options: [ask.Padding()],
        _padding,
    ),
    Kind(
        "ablation",
        "Ablation",
        "Spectral ablation",
        "It is not a filter of the text: it takes frequencies out of the mixing's output.",
        frozenset({"band", "changed_layer", "log"}),
        lambda scene, options: [
            ask.SpectralAblation(options.low, max(options.low, options.high), options.drop, _chosen_layers(options))
        ],
        _ablation,
    ),
    Kind(
        "swap",
        "Swap",
        "Another mixing in its place",
        "It is not the paper's comparison: there each model was trained with its own mixing.",
        frozenset({"changed_layer", "log"}),
        lambda scene, options: [ask.MixingSwap(_chosen_layers(options))],
        _swap,
    ),
    Kind(
        "impulse",
        "Impulse",
        "Impulse response",
        "It is not a change of the word: it is the effect of a very small step in its vector.",
        frozenset({"log", "pads", "own_scale", "token"}),
        lambda scene, options: [ask.Impulse(min(options.token, scene.count - 1))],
        _impulse,
        log=True,
    ),
)
