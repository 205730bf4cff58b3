"""Parquet, where the package pyarrow is installed."""

import importlib
import io
import json
import sys
from pathlib import Path

from fnet_studio.core.errors import UserError
from fnet_studio.tables.cells import as_text


def read_parquet(path: Path, raw: bytes) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Columns of text, and names of the classes where the file tells them. UserError `data.no-parquet`, `data.rows`."""
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise UserError(
            "data.no-parquet",
            f"{path} is a Parquet file, and reading those needs the package pyarrow, which is not installed.",
            _without(path),
        ) from None
    try:
        table = parquet.read_table(io.BytesIO(raw))
    except Exception as error:  # pyarrow's own errors derive from several built-in ones
        raise UserError("data.rows", f"{path} cannot be read as Parquet: {error}.", "Fetch the file again.") from error
    columns = {name: [as_text(value) for value in table.column(name).to_pylist()] for name in table.column_names}
    return columns, _hub_class_names(table.schema.metadata or {})


def _without(path: Path) -> str:
    """Nothing can be installed into the packaged program: there the table has to be converted elsewhere."""
    if getattr(sys, "frozen", False):
        convert = f"pandas.read_parquet({path.name!r}).to_csv({path.stem + '.csv'!r}, index=False)"
        return f"Save the table as CSV or JSON lines; in a Python that has pandas and pyarrow, with: {convert}"
    return "Install it with `pip install pyarrow`, or save the table as CSV or JSON lines."


def _hub_class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {name: list(map(str, about["names"])) for name, about in features.items() if about.get("names")}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
