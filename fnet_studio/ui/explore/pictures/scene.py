"""What a picture is of, and how the user wants it."""

from dataclasses import dataclass, field

from fnet_studio.core import measurements, protocol
from fnet_studio.core.mask import MASK
from fnet_studio.ui.explore.focus import Focus
from fnet_studio.ui.explore.pictures.plane import Axis

UNKNOWN = "[UNK]"
"""What stands in the place of a hidden word where there is no mask: in a classifier."""


@dataclass(frozen=True)
class Scene:
    """A sentence in a preset."""

    preset: str
    text: str
    masked: tuple[int, ...]
    tokens: tuple[str, ...]
    """As they stand under a picture, masks put in."""
    length: int
    layers: int
    hidden: int
    head: bool
    mixings: tuple[str, ...]
    heads: int

    @classmethod
    def of(cls, focus: Focus) -> "Scene | None":
        """None while there is nothing to look at."""
        loaded, tokenized = focus.loaded, focus.tokenized
        if loaded is None or tokenized is None or not focus.text.strip():
            return None
        hidden = MASK if loaded.task == "masked-lm" else UNKNOWN
        names = tuple(
            hidden if index in focus.masked else _written(token) for index, token in enumerate(tokenized.tokens)
        )
        if not names:
            return None
        return cls(
            focus.preset,
            focus.text,
            focus.masked,
            names,
            loaded.sequence_length,
            loaded.num_layers,
            loaded.hidden_dim,
            loaded.head != "none",
            loaded.mixings or ("fourier",) * loaded.num_layers,
            loaded.heads,
        )

    @property
    def count(self) -> int:
        return len(self.tokens)

    @property
    def pads(self) -> int:
        return self.length - self.count

    @property
    def predicts(self) -> bool:
        """Whether there is a mask, and a head to fill it."""
        return self.head and MASK in self.tokens

    def mixing_of(self, layer: int) -> str:
        return self.mixings[min(max(layer, 0), self.layers - 1)]

    @property
    def fourier(self) -> bool:
        """Whether all layers mix by Fourier transforms."""
        return set(self.mixings) == {"fourier"}

    def asks(self, what: measurements.Question) -> protocol.Measure:
        return protocol.Measure(self.preset, self.text, what, self.masked)

    def token_axis(self, label: str = "token", short: str = "token") -> Axis:
        return Axis(label, short, names=self.tokens, tokens=True)

    def layer_axis(self, inputs: bool = False, label: str = "layer") -> Axis:
        """inputs: a row before the first layer."""
        names = tuple(str(layer + 1) for layer in range(self.layers))
        return Axis(label, "layer", names=("in", *names) if inputs else names)

    def words(self) -> str:
        """The sentence with its masks, for captions."""
        return f"“{self.text.strip()}” in {self.preset}" + (
            f", hidden: {', '.join(map(str, self.masked))}" if self.masked else ""
        )


@dataclass
class Options:
    """The controls of all pictures. Layers count from 0, -1 is the last (or, for ablations, all)."""

    layer: int = 0
    head: int = -1
    """-1: the mean of all."""
    into_layer: int = -1
    """Of influence: up to which layer."""
    changed_layer: int = -1
    keep_zero: bool = False
    signed: bool = False
    own_scale: bool = True
    pads: bool = False
    log: dict[str, bool] = field(default_factory=dict)
    """By picture, where it is not what the picture starts with."""
    directions: int = 1
    low: int = 0
    high: int = 0
    drop: bool = True
    token: int = 1

    def fit(self, scene: Scene) -> None:
        """What the model of the scene is too small for becomes the largest that it has."""
        last = scene.layers - 1
        self.layer, self.into_layer = min(self.layer, last), min(self.into_layer, last)
        self.changed_layer = min(self.changed_layer, last)
        self.low, self.high = min(self.low, scene.length // 2), min(self.high, scene.length // 2)
        if self.head >= scene.heads:
            self.head = -1


def _written(token: protocol.Token) -> str:
    return token.piece.replace("▁", "") or "␣"
