"""What was compared with what, and how far apart it was: for self-tests and exports."""

from msgspec import Struct


class Comparison(Struct, frozen=True):
    what: str
    """Such as `Encoder output, 2 rows of 128 positions`."""
    against: str
    """Such as `the same in NumPy and float64`."""
    count: int
    """How many numbers were compared."""
    largest: float
    """The largest absolute difference."""
    scale: float = 0.0
    """The largest absolute value of what it was compared with."""
    limit: float = 0.0
    """The difference that is allowed, as a share of the scale; 0: bit for bit."""

    @property
    def passed(self) -> bool:
        return self.largest <= self.limit * self.scale  # false for NaN

    @property
    def words(self) -> str:
        if self.largest == 0:
            return "equal, bit for bit"
        share = f" ({self.largest / self.scale:.1g} of the scale of {self.scale:.3g})" if self.scale else ""
        allowed = f", {self.limit:.0e} allowed" if self.limit else ", none allowed"
        return f"largest difference {self.largest:.2g}{share}{allowed}"
