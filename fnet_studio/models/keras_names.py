"""How Keras knows this package's classes, and small things that Keras leaves to its users."""

from typing import Any, TypeVar

import keras

T = TypeVar("T", bound=type)


def serializable(cls: T) -> T:
    """Give a class the name under which a `.keras` file refers to it: `fnet_studio>ClassName`."""
    return keras.saving.register_keras_serializable(package="fnet_studio")(cls)


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
