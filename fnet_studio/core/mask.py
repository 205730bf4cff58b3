"""How a mask is written in a text."""

import re

MASK = "[MASK]"
_MEANT = re.compile(r"\[mask\]|<mask>|(?<!_)_{2,}(?!_)", re.IGNORECASE)


def meant_as_mask(text: str) -> str:
    """What stands in a text without a mask where one was probably meant, as `[mask]`, `<mask>` or `___`; else ""."""
    found = None if MASK in text else _MEANT.search(text)
    return found.group() if found else ""
