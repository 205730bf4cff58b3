"""How every long function here reports and is stopped: as all of the program does."""

from fnet_studio.core.progress import Progress, StopCheck, check, report

__all__ = ["Progress", "StopCheck", "check", "report"]
