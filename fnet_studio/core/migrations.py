"""Files of earlier versions: brought to today's form as they are read, and kept when they are first written anew.

Reading changes nothing on the disk. Whoever writes a file that another version wrote keeps that one beside it first
(`keep_copy`), so that the earlier version can be gone back to. Files of every earlier schema lie in
``tests/fixtures/earlier``.

`run.json`: schema 1 held the settings of its recipe that its own version knew; from schema 2 on it holds
all that there were when it was written. A setting that came later has as its default what was done before it.
Schema 2 went on while settings came: a run of it may hold some of those of schema 3. Each new setting, and each value
that a setting could not have before, is a schema of its own: an earlier version then says that it is too old for the
file, and takes it for no broken one.
The list of data sets and the queue hold recipes too, and `RUN_SCHEMA` is their number; earlier ones had none, or 1.
`settings.toml`: schema 1 held no number.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fnet_studio.core import files
from fnet_studio.core.recipe_sections import DataRecipe

RUN_SCHEMA = 3
SETTINGS_SCHEMA = 2

ABSENT_IN_1: dict[str, dict[str, Any]] = {
    "data": {
        "url": DataRecipe().url,
        "validation_path": "none",
        "test_path": "none",
        "text_column": "auto",
        "pair_column": "auto",
        "label_column": "auto",
        "labels": "auto",
    },
    "model": {
        "preset": "fnet_mini_en",
        "backbone": "trained",
        "pooling": "cls",
        "average": "all",
        "ngrams": 1,
        "ngram_buckets": 262144,
        "embedding_dim": 0,
        "token_dropout": 0.0,
        "merge": 1,
        "bag": False,
    },
    "training": {"accumulation": 1, "auto_batch": False, "precision": "float32", "steps_per_call": 1},
    "adapt": {"epochs": 0, "batch_size": 16, "learning_rate": 1e-4},
    "optimisation": {
        "weight_decay": 0.0,
        "epsilon": 1e-7,
        "schedule": "constant",
        "warmup": 0.0,
        "clip_norm": 0.0,
        "label_smoothing": 0.0,
        "ema": 0.0,
        "layer_decay": 1.0,
        "keep": "last",
        "monitor": "accuracy",
        "patience": 0,
    },
    "pretraining": {
        "steps_per_epoch": 1000,
        "short_share": 0.33,
        "masked": 0.15,
        "whole_words": False,
        "validation_rows": 512,
        "vocabulary_lines": 400_000,
    },
    "saving": {"checkpoint_every_s": 60.0, "keep_last": 2, "free_space_mb": 200, "weights": "float32"},
}
"""What a run of schema 1 did where its recipe says nothing. Not today's defaults, which may change: what an earlier
run did may not."""
ABSENT_IN_2: dict[str, dict[str, Any]] = {
    "data": {"cut": "end", "split": "random"},
    "optimisation": {"class_weights": "none"},
    "pretraining": {"openings": 0.0, "subsampling": 0.0, "one_piece": False},
}
"""The same of schema 2, and so of schema 1 too."""


def is_newer(values: dict[str, Any], schema: int) -> bool:
    """Whether a file's content is of a newer schema than this one, and may hold what is not known here."""
    written = values.get("schema")
    return isinstance(written, int) and written > schema


def upgrade_run(values: dict[str, Any]) -> dict[str, Any]:
    """Content of a `run.json` in today's form. One of a newer schema, or without a number, is returned as it is."""
    return _upgrade(values, values.get("schema"), RUN_SCHEMA, _RUN_STEPS)


def upgrade_settings(values: dict[str, Any]) -> dict[str, Any]:
    """Content of a `settings.toml` in today's form; one of a newer schema is returned as it is."""
    return _upgrade(values, values.get("schema", 1), SETTINGS_SCHEMA, {1: dict})


def keep_copy(path: Path, schema: object) -> Path | None:
    """Keep a file as it is under another name before it is written in today's schema: ``settings.toml`` of schema 1 as
    ``settings.schema-1.toml``. Its place, or None where there is no file; a copy that is there already stays. UserError
    as `files.disk_error`: then nothing may be written."""
    if not path.is_file():
        return None
    number = schema if isinstance(schema, int) else "unknown"
    copy = path.with_name(f"{path.stem}.schema-{number}{path.suffix}")
    if not copy.exists():
        half = copy.with_name(f".{copy.name}.half")
        try:
            shutil.copy2(path, half)
            half.replace(copy)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise files.disk_error(error, copy) from error
    return copy


def _upgrade(
    values: dict[str, Any], schema: object, wanted: int, steps: dict[int, Callable[[dict[str, Any]], dict[str, Any]]]
) -> dict[str, Any]:
    if not isinstance(schema, int) or schema >= wanted:
        return values
    while schema in steps:
        values = steps[schema](values)
        schema += 1
        values["schema"] = schema
    return values


def _with_absent(values: dict[str, Any], absent: dict[str, dict[str, Any]]) -> dict[str, Any]:
    recipe = values.get("recipe")
    if not isinstance(recipe, dict) or not recipe:
        return dict(values)
    whole = dict(recipe)
    for section, settings in absent.items():
        known = whole.get(section, {})
        if isinstance(known, dict):
            whole[section] = {**known, **{name: value for name, value in settings.items() if name not in known}}
    return {**values, "recipe": whole}


_RUN_STEPS = {
    1: lambda values: _with_absent(values, ABSENT_IN_1),
    2: lambda values: _with_absent(values, ABSENT_IN_2),
}
