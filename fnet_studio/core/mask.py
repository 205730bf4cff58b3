"""How a mask is written in a text."""

import re

MASK = "[MASK]"
HOW_TO_HIDE = f"Write {MASK} where a word is wanted, or click a word (on the command line: --mask WORD)."
_MEANT = re.compile(r"(?i:[\[［(<]\s*mask\s*[\]］)>])|\bMASK\b|(?<!_)_{2,}(?!_)")


def meant_as_mask(text: str) -> str:
    """What stands in a text where a mask was probably meant, as `[mask]`, `(MASK)`, `<mask>` or `___`; else ""."""
    found = _MEANT.search(text.replace(MASK, " "))
    return found.group() if found else ""
