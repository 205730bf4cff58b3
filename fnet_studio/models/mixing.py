"""Fourier mixing: the real part of a two-dimensional discrete Fourier transform (arXiv 2105.03824, section 3.1)."""

import jax
import jax.numpy as jnp


@jax.custom_vjp
def fourier_mix(x: jax.Array) -> jax.Array:
    """Re(FFT_L(FFT_H(x))) for x (batch, length, hidden), in float32 whatever the dtype of x.

    Every position takes part: there is no padding mask, the pads that a model was trained with are part of its input.
    The operator is linear, real and symmetric, so that its transpose, the backward pass, is the operator itself.
    """
    return _real_dft(x)


def _forward(x: jax.Array) -> tuple[jax.Array, None]:
    return _real_dft(x), None


def _backward(_: None, cotangent: jax.Array) -> tuple[jax.Array]:
    return (_real_dft(cotangent),)


fourier_mix.defvjp(_forward, _backward)


def _real_dft(x: jax.Array) -> jax.Array:
    """Half of the spectrum by `rfft2`, the other half by Y[k, l] = Y[-k, -l], which holds for a real input."""
    hidden = x.shape[-1]
    half = jnp.fft.rfft2(x.astype(jnp.float32)).real
    # Columns H/2+1 .. H-1 are columns ceil(H/2)-1 .. 1 of the half, with the rows negated modulo L: row 0 stays.
    inner = half[..., 1 : (hidden + 1) // 2]
    negated = jnp.concatenate([inner[..., :1, ::-1], inner[..., :0:-1, ::-1]], axis=-2)
    return jnp.concatenate([half, negated], axis=-1).astype(x.dtype)
