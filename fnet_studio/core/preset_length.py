"""The length that a preset reads its texts at: its own files tell it, and its positions bound it."""

from pathlib import Path

from fnet_studio.core.json_files import bad_field, config_of, read_json

SHORTEST = 3
"""`[CLS]`, a token and `[SEP]`."""
LONGEST_UNTOLD = 512


def of_kerashub(folder: Path, positions: int) -> int:
    """Of a preset whose model has so many positions. UserError `preset.bad-config`, also for a length beyond them."""
    file = folder / "preprocessor.json"
    told = config_of(read_json(file), file).get("sequence_length") if file.is_file() else None
    if told is None:
        told = min(positions, LONGEST_UNTOLD)
    if not isinstance(told, int) or not SHORTEST <= told <= positions:
        raise bad_field(file, "sequence_length", told, f"a whole number from {SHORTEST} to {positions}")
    return told


def of_transformers(folder: Path, positions: int) -> int:
    """Of a preset whose model has so many positions. UserError `preset.bad-config`."""
    file = folder / "tokenizer_config.json"
    told = read_json(file).get("model_max_length") if file.is_file() else None
    # Transformers writes an astronomic number where it knows of none.
    if isinstance(told, int) and SHORTEST <= told <= positions:
        return told
    return min(positions, LONGEST_UNTOLD)
