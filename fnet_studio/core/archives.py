"""Names inside archives of strangers."""

from pathlib import PurePosixPath


def stays_inside(name: str) -> bool:
    """Whether a name stays below the folder that it is unpacked to, on every system."""
    path = PurePosixPath(name)
    return (
        bool(name)
        and not path.is_absolute()
        and str(path) == name
        and all(
            part not in ("..", ".") and part == part.strip(" .") and not any(c in '\\:*?"<>|' or c < " " for c in part)
            for part in path.parts
        )
    )
