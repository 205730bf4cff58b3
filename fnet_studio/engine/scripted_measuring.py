"""Plausible numbers for `protocol.Measure`, of the right shapes and in the right ranges, from no model."""

import numpy as np

from fnet_studio.core import measurements, protocol, run_models, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import from_mapping
from fnet_studio.engine import scripted_text
from fnet_studio.engine.job import Job
from fnet_studio.engine.scripted_maps import HIDDEN, LAYERS
from fnet_studio.engine.scripted_text import LENGTH, MASK, number

Answer = tuple[dict[str, np.ndarray], dict[str, tuple[str, ...]]]


def measure(command: protocol.Measure, job: Job) -> tuple[protocol.Measured, bytes]:
    """Refuses what the real engine refuses."""
    plain = scripted_text.tokenize(command.text)
    masked = scripted_text.with_masks(plain, command.masked)
    what = command.what
    mixings = mixings_of(command.preset)
    for layer in (getattr(what, "layer", 0), *getattr(what, "layers", ())):
        if not -1 <= layer < len(mixings):
            raise UserError(
                "measure.layer", f"There is no layer {layer + 1} of {len(mixings)}.", "Choose one of these."
            )
    count = len(masked.tokens)
    position = getattr(what, "position", 0)
    if not -1 <= position < count:
        raise UserError("measure.position", f"There is no token at position {position}.", "Choose another one.")
    mask = next((at for at, token in enumerate(masked.tokens) if token.id == MASK), None)
    place = position if position >= 0 else mask
    if place is None and isinstance(what, measurements.LayerLens):
        raise UserError("measure.no-mask", "No word is hidden or chosen.", "Click a word to hide it, or point at one.")
    other = next((name for name in mixings if name != "fourier"), "")
    if other and isinstance(what, measurements.SpectralAblation):
        raise UserError("measure.mixing", f"It mixes by {other}: there are no frequencies.", "Choose another picture.")
    random = np.random.default_rng(number(command.text, command.masked, type(what).__name__))
    top_k = getattr(what, "top_k", 1)
    words = _words(command, place, top_k) if place is not None else ()
    job.phase("compiling")
    arrays, labels = _answer(what, random, count, words, mixings)
    for done in range(4):
        job.check()
        job.progress(done + 1)
    described = tuple(measurements.Array(name, tuple(values.shape)) for name, values in arrays.items())
    blob = b"".join(np.ascontiguousarray(values, np.float32).tobytes() for values in arrays.values())
    return protocol.Measured(described, labels, 1.0), blob


def mixings_of(preset: str) -> tuple[str, ...]:
    """Of a preset, or of a run's model as its recipe says."""
    if not run_models.is_run(preset):
        return ("fourier",) * LAYERS
    part = from_mapping(run_store.read(run_models.parse(preset).run).recipe).model
    attends = {"attention": part.num_layers, "hybrid": min(2, part.num_layers)}.get(part.mixer, 0)
    below = "fourier" if part.mixer in ("fourier", "hybrid") else part.mixer
    return (below,) * (part.num_layers - attends) + ("attention",) * attends


def _answer(
    what: measurements.Question,
    random: np.random.Generator,
    count: int,
    words: tuple[str, ...],
    mixings: tuple[str, ...],
) -> Answer:
    layers = len(mixings)
    match what:
        case measurements.MixingMaps() if "attention" in mixings:
            maps = np.stack([_attention(random, count).mean(0)[:, :count] for _ in mixings])
            return {"maps": maps[:, : what.rows, : what.columns]}, {}
        case measurements.MixingLayer(layer) if mixings[layer] == "attention":
            return {"attention": _attention(random, count)}, {}
        case measurements.MixingMaps(rows, columns, keep_zero):
            rows, columns = min(rows, LENGTH - (not keep_zero)), min(columns, HIDDEN - (not keep_zero))
            k, h = np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, columns)[None]
            drawn = [2 + np.exp(-3 * np.abs(k) * (1 + n / 3)) + 0.3 * np.cos(9 * (k + h) + n) for n in range(layers)]
            maps = np.stack(drawn) + 0.1 * np.abs(random.standard_normal((layers, rows, columns)))
            return {"maps": (maps + maps[:, ::-1, ::-1]) / 2}, {}
        case measurements.MixingLayer():
            return {"mixed": np.fft.fft2(random.standard_normal((LENGTH, HIDDEN)).cumsum(0)).real}, {}
        case measurements.Spectrum():
            states = random.standard_normal((layers, LENGTH, 16)).cumsum(1) / 4
            return {"power": (np.abs(np.fft.rfft(states, axis=1)) ** 2).mean(-1)}, {}
        case measurements.MixingShare():
            share = random.uniform(0.55, 0.9, (layers, LENGTH))
            share[:, count:] = share[:, count:].mean(1, keepdims=True)
            return {"share": share}, {}
        case measurements.Influence():
            near = np.exp(-0.2 * np.abs(np.arange(count)[:, None] - np.arange(LENGTH)))
            return {"influence": near + random.uniform(0, 0.3, (count, LENGTH))}, {}
        case measurements.Occlusion():
            near = np.exp(-0.2 * np.abs(np.arange(count)[:, None] - np.arange(count)))
            grows = np.arange(1, layers + 1)[:, None, None]
            return {"change": grows * near + random.uniform(0, 0.3, (layers, count, count))}, {}
        case measurements.Impulse(position):
            reach = np.exp(-0.3 * np.abs(np.arange(LENGTH) - position))
            return {"energy": np.stack([reach ** (1 / (n + 1)) for n in range(layers + 1)])}, {}
        case measurements.LayerLens():
            return _predicted(random, words, layers + 1), {"words": words}
        case measurements.Padding():
            lengths = sorted({count, *(n for n in (32, 64) if n > count), LENGTH})
            arrays = {"change": np.linspace(0.8, 0, len(lengths)) * random.uniform(0.6, 1, (count, 1))}
            labels = {"lengths": tuple(map(str, lengths))}
            return _with_words(arrays, labels, random, words, len(lengths))
        case measurements.SpectralAblation():
            grows = np.linspace(0, 0.7, layers + 1)[:, None]
            return _with_words({"change": grows * random.uniform(0.7, 1, (1, count))}, {}, random, words, 2)
        case measurements.MixingSwap():
            grows = np.linspace(0, 1.2, layers + 1)[:, None]
            arrays = {"change": np.stack([grows * random.uniform(0.7, 1, (1, count)) for _ in range(2)])}
            return _with_words(arrays, {"mixings": ("Fourier", "identity", "random")}, random, words, 3)


def _attention(random: np.random.Generator, count: int) -> np.ndarray:
    """(heads, tokens, length): rows add up to 1, pads get nothing."""
    scores = random.standard_normal((2, count, LENGTH)) - 0.3 * np.abs(np.arange(count)[:, None] - np.arange(LENGTH))
    weights = np.where(np.arange(LENGTH) < count, np.exp(scores), 0)
    return weights / weights.sum(-1, keepdims=True)


def _with_words(
    arrays: dict[str, np.ndarray],
    labels: dict[str, tuple[str, ...]],
    random: np.random.Generator,
    words: tuple[str, ...],
    columns: int,
) -> Answer:
    if words:
        arrays |= _predicted(random, words, columns)
        labels |= {"words": words}
    return arrays, labels


def _predicted(random: np.random.Generator, words: tuple[str, ...], columns: int) -> dict[str, np.ndarray]:
    falling = 0.5 ** np.arange(1, len(words) + 1)
    return {"probability": falling[:, None] * random.uniform(0.3, 1, (1, columns))}


def _words(command: protocol.Measure, place: int, top_k: int) -> tuple[str, ...]:
    masked = command.masked if place in command.masked else (*command.masked, place)
    inside = 0 < place < len(scripted_text.tokenize(command.text).tokens) - 1
    asked = protocol.FillMask("", command.text, masked if inside else command.masked, top_k)
    if not inside:
        return tuple(f"word {index}" for index in range(top_k))
    answers = scripted_text.fill(asked).answers
    found = next(answer for answer in answers if answer.position == place)
    return tuple(candidate.text for candidate in found.candidates)
