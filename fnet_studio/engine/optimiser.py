"""The optimiser of a recipe: Adam, AdamW or Muon, its learning rate over the steps, and a rate for each layer."""

import re
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import keras

from fnet_studio.core.recipe import Recipe

_BLOCK = re.compile(r"(?:^|/)(?:f_net_layer|encoder)_(\d+)(?:/|$)")
_OUTSIDE_BLOCKS = rf"^(?!.*{_BLOCK.pattern})"
_UNDECAYED = ("bias", "gamma", "beta")
_NO_KERNEL = rf"(?:{'|'.join(_UNDECAYED)})$"


class WarmUpThenDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate that depends on the step alone, so that a resumed run has the same one.

    It rises to `peak` over the first `warmup` of `total` steps, the last of these being at the peak, then stays there
    (`constant`) or falls to 0 at step `total` (`linear`, `cosine`).
    """

    def __init__(self, shape: str, peak: float, total: int, warmup: int) -> None:
        super().__init__()
        self.shape, self.peak, self.total, self.warmup = shape, peak, total, warmup

    def __call__(self, step: Any) -> jax.Array:
        done = jnp.asarray(step, jnp.float32)
        passed = jnp.clip((done - self.warmup) / max(self.total - self.warmup, 1), 0.0, 1.0)
        falling = {
            "constant": jnp.ones_like(passed),
            "linear": 1 - passed,
            "cosine": (1 + jnp.cos(jnp.pi * passed)) / 2,
        }[self.shape]
        return self.peak * jnp.where(done < self.warmup, (done + 1) / max(self.warmup, 1), falling)

    def get_config(self) -> dict[str, Any]:
        return {"shape": self.shape, "peak": self.peak, "total": self.total, "warmup": self.warmup}


def make_optimiser(recipe: Recipe, variables: Sequence[keras.Variable], total_steps: int) -> keras.optimizers.Optimizer:
    """Built for these variables. total_steps: of the whole run, which the schedule is stretched over."""
    options, peak = recipe.optimisation, recipe.training.learning_rate
    rate: Any = peak
    if options.schedule != "constant" or options.warmup:
        rate = WarmUpThenDecay(options.schedule, peak, total_steps, round(options.warmup * total_steps))
    shared = {
        "epsilon": options.epsilon,
        "weight_decay": options.weight_decay or None,
        "global_clipnorm": options.clip_norm or None,
    }
    if options.optimiser == "muon":
        optimiser: keras.optimizers.Optimizer = keras.optimizers.Muon(
            rate,
            adam_weight_decay=options.weight_decay or None,
            exclude_layers=[_OUTSIDE_BLOCKS, _NO_KERNEL],  # nor what has three axes, such as attention's kernels
            **shared,
        )
    else:
        optimiser = keras.optimizers.Adam(rate, **shared)
    if options.weight_decay:
        spared = [variable for variable in variables if not decayed(variable)]
        if spared:
            optimiser.exclude_from_weight_decay(var_list=spared)
    optimiser.build(variables)
    return optimiser


def decayed(variable: keras.Variable) -> bool:
    """Norms and biases never are, attention's biases of two axes included."""
    return len(variable.shape) > 1 and not variable.name.endswith(_UNDECAYED)


def rate_shares(variables: Sequence[keras.Variable], layer_decay: float) -> list[float]:
    """Each variable's share of the learning rate: 1 above the last encoder block, `layer_decay` times less with each
    block below, the embeddings lowest (as in arXiv 1801.06146 and 2006.05987)."""
    blocks = [_BLOCK.search(variable.path) for variable in variables]
    top = max((int(found[1]) for found in blocks if found), default=-1) + 2
    shares = []
    for variable, found in zip(variables, blocks, strict=True):
        depth = int(found[1]) + 1 if found else 0 if "embedding" in variable.path else top
        shares.append(layer_decay ** (top - depth))
    return shares
