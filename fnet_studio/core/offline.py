"""The switches that forbid downloads."""

import os

SWITCH = "FNET_STUDIO_OFFLINE"


def switched_off_by(*variables: str) -> str:
    """The first of these environment variables that says yes, or ""; without any, `FNET_STUDIO_OFFLINE` is asked."""
    for variable in variables or (SWITCH,):
        if os.environ.get(variable, "").strip().lower() in ("1", "true", "yes", "on"):
            return variable
    return ""
