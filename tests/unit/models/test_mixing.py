import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnet_studio.models import fourier_mix

pytestmark = pytest.mark.usefixtures("optimised_programs")

shapes = st.tuples(st.integers(1, 3), st.integers(1, 13), st.integers(1, 13))


def dft(size: int) -> np.ndarray:
    """The DFT matrix by its definition."""
    index = np.arange(size)
    return np.exp(-2j * np.pi * np.outer(index, index) / size)


def random(shape, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(shape=shapes, seed=st.integers(0, 2**31))
def test_mixing_is_the_real_part_of_both_dft_matrices(shape, seed):
    x = random(shape, seed)
    wanted = (dft(shape[1]) @ x @ dft(shape[2])).real
    np.testing.assert_allclose(fourier_mix(jnp.asarray(x)), wanted, atol=2e-5 * max(1, np.abs(wanted).max()))


@settings(deadline=None, max_examples=40)
@given(shape=shapes, seed=st.integers(0, 2**31))
def test_mixing_is_self_adjoint(shape, seed):
    x, y = random(shape, seed), random(shape, seed + 1)
    left = float(np.vdot(fourier_mix(jnp.asarray(x)), y))
    right = float(np.vdot(x, fourier_mix(jnp.asarray(y))))
    assert left == pytest.approx(right, rel=1e-3, abs=1e-3 * np.sqrt(x.size))


@pytest.mark.parametrize("shape", [(2, 6, 8), (1, 7, 5), (2, 1, 4), (1, 5, 1)])
def test_the_gradient_is_that_of_the_definition(shape):
    x, weights = random(shape, 1), random(shape, 2)

    def through_definition(value):
        return (jnp.fft.fft2(value).real * weights).sum()

    def through_mixing(value):
        return (fourier_mix(value) * weights).sum()

    np.testing.assert_allclose(jax.grad(through_mixing)(x), jax.grad(through_definition)(x), atol=1e-4 * x.size**0.5)


def test_mixing_goes_through_every_transformation():
    x, tangent = jnp.asarray(random((3, 6, 5), 1)), jnp.asarray(random((3, 6, 5), 2))
    mixed, pushed = jax.jvp(fourier_mix, (x,), (tangent,))
    np.testing.assert_array_equal(mixed, fourier_mix(x))
    np.testing.assert_array_equal(pushed, fourier_mix(tangent))
    np.testing.assert_allclose(jax.vmap(fourier_mix)(x), fourier_mix(x), rtol=1e-5, atol=1e-5)
    moved = jax.vmap(fourier_mix, in_axes=2, out_axes=2)(jnp.moveaxis(x, 0, 2))
    np.testing.assert_allclose(jnp.moveaxis(moved, 2, 0), fourier_mix(x), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(jax.jit(fourier_mix)(x), fourier_mix(x))
    row = jnp.asarray(random((4, 3), 5))
    forward, backward = jax.jacfwd(fourier_mix)(row), jax.jacrev(fourier_mix)(row)
    np.testing.assert_allclose(forward, backward, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(forward, jnp.moveaxis(forward, (2, 3), (0, 1)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_mixing_computes_in_float32_and_gives_back_the_dtype_it_got(dtype):
    x = jnp.asarray(random((2, 64, 32), 3), dtype)
    mixed = fourier_mix(x)
    assert mixed.dtype == dtype
    np.testing.assert_array_equal(mixed, fourier_mix(x.astype("float32")).astype(dtype))


def test_a_constant_goes_into_frequency_zero_alone():
    mixed = np.array(fourier_mix(jnp.ones((1, 8, 4))))
    assert mixed[0, 0, 0] == pytest.approx(32)
    mixed[0, 0, 0] = 0
    assert np.abs(mixed).max() < 1e-5
