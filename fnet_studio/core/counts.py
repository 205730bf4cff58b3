"""Numbers of things, and the noun behind them."""


def count(number: float) -> str:
    """Thousands apart by a narrow space that never breaks a line: `2 382 337`."""
    return f"{number:,.0f}".replace(",", "\u202f")


def plural(noun: str, number: int) -> str:
    """`text` behind 1, `texts` behind any other number; of nouns that take an s."""
    return noun if number == 1 else f"{noun}s"
