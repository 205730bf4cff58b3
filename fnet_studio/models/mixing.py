"""Fourier mixing: the real part of a two-dimensional discrete Fourier transform (arXiv 2105.03824, section 3.1)."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir


def fourier_mix(x: jax.Array) -> jax.Array:
    """Re(FFT_L(FFT_H(x))) for x (..., length, hidden), in float32 whatever the dtype of x; the same shape and dtype.

    Every position takes part: there is no padding mask, the pads that a model was trained with are part of its input.
    The operator is linear, real and symmetric: it is its own transpose, and so its own backward pass.
    """
    return _mix.bind(jnp.asarray(x))


def _real_dft(x: jax.Array) -> jax.Array:
    """Half of the spectrum by `rfft2`, the other half by Y[k, l] = Y[-k, -l], which holds for a real input."""
    hidden = x.shape[-1]
    half = jnp.fft.rfft2(x.astype(jnp.float32)).real
    # Columns H/2+1 .. H-1 are columns ceil(H/2)-1 .. 1 of the half, with the rows negated modulo L: row 0 stays.
    turned = jax.lax.rev(half[..., 1 : (hidden + 1) // 2], (x.ndim - 2, x.ndim - 1))
    negated = jnp.concatenate([turned[..., -1:, :], turned[..., :-1, :]], axis=-2)
    # Padded and added rather than joined: XLA makes one pass of it on a CPU, where joining writes both parts twice.
    return (_beside(half, 0, negated.shape[-1]) + _beside(negated, half.shape[-1], 0)).astype(x.dtype)


def _beside(x: jax.Array, before: int, after: int) -> jax.Array:
    """x with zero columns before and after."""
    return jax.lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0)] * (x.ndim - 1) + [(before, after, 0)])


def _batched(operands: tuple[jax.Array], axes: tuple[int]) -> tuple[Any, int]:
    return fourier_mix(jnp.moveaxis(operands[0], axes[0], 0)), 0


# A primitive of its own, because JAX's custom gradients know forward mode or `vmap`, not both, and the traces of a
# model take Jacobian-vector products. All of it follows from: the operator is linear, its transpose is itself, and what
# lies before the last two axes is a batch.
_mix = Primitive("fourier_mix")
_mix.def_impl(jax.jit(_real_dft))
_mix.def_abstract_eval(lambda x: x)
mlir.register_lowering(_mix, mlir.lower_fun(_real_dft, multiple_results=False))
ad.deflinear(_mix, lambda cotangent: [fourier_mix(cotangent)])
batching.primitive_batchers[_mix] = _batched
