"""One cell of a table as text, whatever kind of value its format has."""

import json
import re
from datetime import date, time, timedelta
from typing import Any

_HALVES = re.compile("[\ud800-\udfff]")


def as_text(value: Any) -> str:
    """Nothing for a missing value, whole numbers without a fraction, dates as ISO 8601, lists and objects as JSON.
    Halves of a letter, which JSON can name and no encoding has, become U+FFFD."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value if value.isascii() else _HALVES.sub("\ufffd", value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float | timedelta):
        return str(value)
    return _HALVES.sub("\ufffd", json.dumps(value, ensure_ascii=False, default=str))
