"""From a recipe's data section to the readers of `fnet_studio.data`."""

from fnet_studio.core.recipe import class_names
from fnet_studio.core.recipe_sections import DataRecipe
from fnet_studio.data.files import DataFiles
from fnet_studio.data.mapping import Columns


def data_files(data: DataRecipe) -> DataFiles | None:
    """What to read for the source `files`; None for the others."""
    if data.source != "files":
        return None
    columns = Columns(
        text=_unless(data.text_column, "auto"),
        label=_unless(data.label_column, "auto"),
        pair=_unless(data.pair_column, "auto"),
        classes=class_names(data),
    )
    return DataFiles(data.path, _unless(data.validation_path, "none"), _unless(data.test_path, "none"), columns)


def _unless(value: str, word: str) -> str:
    return "" if value == word else value
