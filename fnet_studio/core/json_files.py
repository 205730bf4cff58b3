"""The JSON files of presets: read with words for what is wrong with them."""

import json
from pathlib import Path
from typing import Any

from fnet_studio.core.errors import UserError


def read_json(path: Path) -> dict[str, Any]:
    """UserError `preset.bad-config` for anything but a JSON object."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            "preset.bad-config",
            f"{path.name} in {path.parent.name} cannot be read: {error}.",
            "Fetch the preset again.",
        ) from None
    if not isinstance(value, dict):
        raise UserError(
            "preset.bad-config",
            f"{path.name} in {path.parent.name} holds no JSON object.",
            "Fetch the preset again.",
        )
    return value


def config_of(described: dict[str, Any], file: Path) -> dict[str, Any]:
    """What Keras describes an object's settings with. UserError `preset.bad-config` where it is none."""
    inner = described.get("config")
    if not isinstance(inner, dict):
        raise bad_field(file, "config", inner, "an object")
    return inner


def bad_field(file: Path, field: str, value: Any, wanted: str) -> UserError:
    shown = json.dumps(value, default=str)[:80]
    return UserError(
        "preset.bad-config",
        f"In {file.name} of {file.parent.name} the field {field} is {shown}, not {wanted}.",
        "Fetch the preset again, or repair the field.",
    )


def shard_names(index: Path) -> list[str]:
    """The weight files that an index names, each once; plain names in the index's own folder only."""
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise bad_field(index, "weight_map", weight_map, "an object of tensor and file names")
    names: list[str] = []
    for value in weight_map.values():
        for name in value if isinstance(value, list) else [value]:
            if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
                raise bad_field(index, "weight_map", name, "the name of a file beside it")
            if name not in names:
                names.append(name)
    return names
