"""How Keras knows this package's classes, and small things that Keras leaves to its users."""

from typing import Any, TypeVar

import keras

T = TypeVar("T")


def serializable(cls: type[T]) -> type[T]:
    """Give a class the name under which a `.keras` file refers to it: `fnet_studio>ClassName`."""
    keras.saving.register_keras_serializable(package="fnet_studio")(cls)
    return cls


def functional(cls: type[T]) -> type[T]:
    """Make a class of models a functional one now. Keras does it with the first instance, by changing the bases of the
    class: two threads that make their first ones at a time get a TypeError of an inheritance cycle."""
    inputs = keras.Input((1,), name="inputs")
    keras.Model.__init__(cls.__new__(cls), inputs=inputs, outputs=inputs, name="first")
    return cls


def fresh(initializer: Any) -> Any:
    """A copy that draws numbers of its own: one Keras initializer gives equal values to equal shapes."""
    return initializer.clone() if isinstance(initializer, keras.initializers.Initializer) else initializer


def dtype_name(dtype: Any) -> str | None:
    """The policy's name from anything that Keras takes as a dtype, its serialised form in a file included."""
    if dtype is None or isinstance(dtype, str):
        return dtype
    if isinstance(dtype, dict):
        return dtype.get("config", dtype).get("name")
    return getattr(dtype, "name", None) or str(dtype)


@keras.saving.register_keras_serializable(package="fnet_studio")
def gelu_approximate(x: Any) -> Any:
    """GELU by tanh, as pretrained FNet uses it (arXiv 1606.08415, section 2)."""
    return keras.activations.gelu(x, approximate=True)


def activation(name: Any) -> Any:
    """A Keras activation, or `gelu_approximate` by name too."""
    return gelu_approximate if name == "gelu_approximate" else keras.activations.get(name)


def activation_name(function: Any) -> str:
    return getattr(function, "__name__", str(function))
