"""From a recipe's data section to the readers of `fnet_studio.data`."""

from fnet_studio.core.recipe_sections import DataRecipe
from fnet_studio.data.files import DataFiles
from fnet_studio.tables.mapping import columns_of


def data_files(data: DataRecipe) -> DataFiles | None:
    """What to read for the source `files`; None for the others."""
    if data.source != "files":
        return None
    return DataFiles(data.path, _unless_none(data.validation_path), _unless_none(data.test_path), columns_of(data))


def _unless_none(path: str) -> str:
    return "" if path == "none" else path
