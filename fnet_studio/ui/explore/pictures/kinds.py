"""The pictures: what each asks of the worker, and how its numbers become planes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fnet_studio.core import measurements as ask
from fnet_studio.ui.explore.pictures.answers import Answer
from fnet_studio.ui.explore.pictures.plane import Axis, Plane, bins, frequencies, numbers
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
    chosen: Callable[[Scene, Options], str] = lambda scene, options: ""
    """What it was measured with that neither its title nor its axes say, for its caption."""
    unsuited: Callable[[Scene], str] = lambda scene: ""
    """Why there is no such picture of a model, in words; '' where there is one."""
    by_rows: bool = False
    """Own scale is of each row, in a difference too."""


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
    if exact is None or "mixed" not in exact.arrays:
        return []
    mixed = np.fft.fftshift(exact.arrays["mixed"])
    length, hidden = mixed.shape
    if not options.keep_zero:
        mixed = np.delete(mixed, length // 2, 0) if length > 1 else mixed
        mixed = np.delete(mixed, hidden // 2, 1) if hidden > 1 else mixed
    rows = frequencies(CYCLES, "sequence frequency", length, length, options.keep_zero)
    columns = frequencies("hidden frequency (cycles per vector)", "hidden frequency", hidden, hidden, options.keep_zero)
    title = f"Mixing map, layer {_layer(scene, options) + 1} of {scene.layers}"
    if options.signed:
        return [Plane(title, mixed, rows, columns, "M = Re(FFT2(X))", signed=True, upwards=True)]
    return [Plane(title, np.log1p(np.abs(mixed)), rows, columns, "log(1 + |M|)", upwards=True)]


def _attention(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None or "attention" not in answers[0].arrays:
        return []
    every = answers[0].arrays["attention"]
    one = 0 <= options.head < len(every)
    shown = every[options.head] if one else every.mean(0)
    if options.pads or shown[:, scene.count :].any():
        values, columns = _with_pads(scene, shown, options.pads, np.sum, "sum")
    else:  # masked: a column of zeros would only use up the colours
        values, columns = shown[:, : scene.count], scene.token_axis()
    columns = Axis(columns.label.replace("token", "token that is looked at", 1), "at", columns.names, tokens=True)
    which = f"head {options.head + 1} of {len(every)}" if one else f"mean of {len(every)} heads"
    title = f"Attention, layer {_layer(scene, options) + 1} of {scene.layers}, {which}"
    rows = scene.token_axis("token that looks", "from")
    return [Plane(title, values, rows, columns, "probability")]


def _mixer(scene: Scene, options: Options, answers: Answers) -> list[Plane]:
    if answers[0] is None or "mixed" not in answers[0].arrays:
        return []
    layer = _layer(scene, options)
    mixed = answers[0].arrays["mixed"][: scene.count]
    columns = numbers("hidden unit", "hidden unit", range(mixed.shape[1]))
    title = f"{scene.mixings[layer].capitalize()} mixing, layer {layer + 1} of {scene.layers}"
    if options.signed:
        return [Plane(title, mixed, scene.token_axis(), columns, "M", signed=True)]
    return [Plane(title, np.log1p(np.abs(mixed)), scene.token_axis(), columns, "log(1 + |M|)")]


def _layer(scene: Scene, options: Options) -> int:
    return min(options.layer, scene.layers - 1)


def _into_layer(scene: Scene, options: Options) -> int:
    return scene.layers - 1 if options.into_layer < 0 else min(options.into_layer, scene.layers - 1)


def kept_plane(scene: Scene, options: Options, values: np.ndarray, where: str) -> Plane:
    """One layer of maps (layers, rows, columns) as runs keep them: in bins, zero frequency left out, pads shown. where:
    what they are of, for the title. ValueError when they are not of so many layers."""
    layer = _layer(scene, options)
    if len(values) != scene.layers:
        raise ValueError(f"These are maps of {len(values)} layers, and the model has {scene.layers}.")
    rows, columns = values.shape[1:]
    title = f"{where}, layer {layer + 1} of {scene.layers}"
    mixing = scene.mixing_of(layer)
    if mixing == "fourier":
        up = frequencies(CYCLES, "sequence frequency", scene.length, rows, False)
        label = "hidden frequency (cycles per vector)"
        across = frequencies(label, "hidden frequency", scene.hidden, columns, False)
        return Plane(title, values[layer], up, across, "log(1 + |M|), the largest of each bin", upwards=True)
    if mixing == "attention":
        down = bins("position that looks", "from", scene.length, rows)
        across = bins("position that is looked at", "at", scene.length, columns)
        return Plane(title, values[layer], down, across, "probability, the largest of each bin")
    down = bins("position", "position", scene.length, rows)
    across = bins("hidden unit", "hidden unit", scene.hidden, columns)
    return Plane(title, values[layer], down, across, "log(1 + |M|), the largest of each bin")


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
    layer = _into_layer(scene, options)
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


def _in_layers(scene: Scene, options: Options) -> str:
    layers = _chosen_layers(options)
    return f"in layer {layers[0] + 1} of {scene.layers}" if layers else "in all layers"


def _band(scene: Scene, options: Options) -> str:
    low, high = options.low, max(options.low, options.high)
    band = f"frequency {low}" if low == high else f"frequencies {low} to {high}"
    return f"{band} {'dropped' if options.drop else 'alone kept'} {_in_layers(scene, options)}"


def _estimate(scene: Scene, options: Options) -> str:
    directions = "one random direction" if options.directions == 1 else f"{options.directions} random directions"
    return f"up to layer {_into_layer(scene, options) + 1} of {scene.layers}, estimated by {directions}"


def _needs_fourier(scene: Scene) -> str:
    return (
        "" if scene.fourier else "This model has layers without a Fourier transform: there are no frequencies to drop."
    )


def _needs_a_head(scene: Scene) -> str:
    return "" if scene.head else "This model has no head for predicting words."


def _needs_any_length(scene: Scene) -> str:
    fixed = {"linear", "random"} & set(scene.mixings)
    return f"The {fixed.pop()} mixing of this model works at one length alone." if fixed else ""


def _one_layer(scene: Scene, options: Options) -> list[ask.Question]:
    return [ask.MixingLayer(_layer(scene, options)), ask.MixingMaps(keep_zero=options.keep_zero)]


ATTENTION = Kind(
    "attention",
    "Attention",
    "Attention",
    "It is not importance: values and later layers count too.",
    frozenset({"head", "pads", "log", "own_scale", "strip"}),
    _one_layer,
    _attention,
)
MIXER = Kind(
    "mixer",
    "Mixing",
    "Mixing output",
    "It is not a map of frequencies: this layer mixes by matrices, or not at all.",
    frozenset({"signed", "own_scale", "strip"}),
    _one_layer,
    _mixer,
)


def in_its_place(kind: Kind, scene: Scene | None, options: Options) -> Kind:
    """What the tab of a mixing map shows of a layer that mixes otherwise."""
    mixing = "fourier" if scene is None else scene.mixing_of(options.layer)
    if kind.key != "mixing" or mixing == "fourier":
        return kind
    return ATTENTION if mixing == "attention" else MIXER


KINDS = (
    Kind(
        "mixing",
        "Mixing",
        "Mixing map",
        "It is not attention: the transform learns nothing and is the same for every sentence.",
        frozenset({"zero", "signed", "own_scale", "strip"}),
        _one_layer,
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
        by_rows=True,
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
            ask.Influence(_into_layer(scene, options), options.directions),
            ask.Occlusion(),
        ],
        _influence,
        log=True,
        chosen=_estimate,
    ),
    Kind(
        "lens",
        "Lens",
        "Layer lens",
        "It is not what a layer “thinks”: the head was trained for the last layer only.",
        frozenset({"log"}),
        lambda scene, options: [ask.LayerLens()],
        _lens,
        unsuited=_needs_a_head,
    ),
    Kind(
        "padding",
        "Padding",
        "Padding sensitivity",
        "It is not a speed setting: where pads are mixed in, the length is part of the question.",
        frozenset({"log"}),
        lambda scene, options: [ask.Padding()],
        _padding,
        unsuited=_needs_any_length,
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
        chosen=_band,
        unsuited=_needs_fourier,
    ),
    Kind(
        "swap",
        "Swap",
        "Another mixing in its place",
        "It is not the paper's comparison: there each model was trained with its own mixing.",
        frozenset({"changed_layer", "log"}),
        lambda scene, options: [ask.MixingSwap(_chosen_layers(options))],
        _swap,
        chosen=_in_layers,
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
        by_rows=True,
    ),
)
