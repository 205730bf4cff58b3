"""What a person types to look for in texts: plain words, or a regular expression that is sure to come to an end."""

import importlib
import re
from typing import Any

from msgspec import Struct

from fnet_studio.core.errors import UserError

LONGEST = 500
MANY = 1000
WILD = 3
"""Repeats of any letter: each multiplies the time by a text's length where nothing fits."""


class Pattern(Struct, frozen=True):
    text: str
    """Plain words, or a regular expression."""
    regex: bool = False
    case: bool = False
    """Upper and lower case differ."""


def compile_pattern(text: str, *, regex: bool = False, case: bool = False) -> re.Pattern[str] | None:
    """None for an empty text. case: upper and lower case differ. UserError `pattern.invalid` says what is wrong and
    where; also for a repeat inside a repeat, which can take longer than anybody lives on a text that nearly fits."""
    if not text:
        return None
    if len(text) > LONGEST:
        raise UserError("pattern.invalid", f"The pattern is longer than {LONGEST} letters.", "Write a shorter one.")
    flags = re.NOFLAG if case else re.IGNORECASE
    if not regex:
        return re.compile(re.escape(text), flags)
    try:
        found = re.compile(text, flags)
        parts = importlib.import_module("re._parser").parse(text)
    except re.error as error:
        where = f" at letter {error.pos + 1}" if error.pos is not None else ""
        raise UserError(
            "pattern.invalid",
            f"The pattern is not complete{where}: {error.msg}.",
            "Mend it, or switch regular expressions off to look for these very letters.",
        ) from None
    except (OverflowError, RecursionError):
        raise UserError("pattern.invalid", "The pattern is too large.", "Write a simpler one.") from None
    if sum(text.count(wild) for wild in (".*", ".+")) > WILD:
        raise UserError("pattern.invalid", f"The pattern holds more than {WILD} of .* and .+.", "Take some away.")
    if _nested(parts, False):
        raise UserError(
            "pattern.invalid",
            "The pattern repeats something that repeats itself, which may never come to an end.",
            "Take one of the two repeats away: write a+ for (a+)+.",
        )
    return found


def repeats(pattern: re.Pattern[str]) -> bool:
    """Whether it holds a repeat, without which no text takes long."""
    return _any_repeat(importlib.import_module("re._parser").parse(pattern.pattern, pattern.flags))


def _any_repeat(items: Any) -> bool:
    if isinstance(items, tuple) and items and str(items[0]).endswith("_REPEAT"):
        return True
    inner = items if isinstance(items, (tuple, list)) or hasattr(items, "data") else ()
    return any(_any_repeat(item) for item in inner)


def _nested(items: Any, inside: bool) -> bool:
    """Whether a repeat of changing length stands inside an unbounded one."""
    for name, value in items:
        kind = str(name)
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, repeated = value
            if (inside and least != most) or _nested(repeated, inside or int(most) > MANY):
                return True
        elif kind == "BRANCH":
            if any(_nested(branch, inside) for branch in value[1]):
                return True
        elif kind in ("SUBPATTERN", "ATOMIC_GROUP", "ASSERT", "ASSERT_NOT"):
            if _nested(value[-1] if isinstance(value, tuple) else value, inside):
                return True
        elif kind == "GROUPREF_EXISTS" and any(_nested(part, inside) for part in value[1:] if part):
            return True
    return False
