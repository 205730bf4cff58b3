"""The user's list of data sets: where each one lies and how it is to be read. The texts stay where they are.

One small file each in `data()/data-sets`. What is removed is put aside first, so that it can be brought back.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from fnet_studio.core import files, migrations, places
from fnet_studio.core import recipe as recipes
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_sections import DataRecipe

SETTINGS = (
    "source",
    "path",
    "url",
    "validation_path",
    "test_path",
    "text_column",
    "pair_column",
    "label_column",
    "labels",
    "validation_split",
    "split_seed",
    "split",
)
"""What a definition decides of a recipe's data; length and vocabulary are the model's."""
SPLIT = "stratified"
"""Of a data set that is new; one of before there was a choice keeps its parts, which were drawn at random."""
LEVELS = 3
"""How deep folders are looked at for changes: from the folder around an unpacked IMDb down to those of its classes."""
_PATHS = ("path", "validation_path", "test_path")
_ENDING, _ASIDE = ".json", ".removed"


class DataSet(Struct, frozen=True):
    id: str
    """Stem of its file."""
    name: str
    data: DataRecipe
    added: float = 0.0
    """Seconds since the epoch."""
    format: str = ""
    """Such as `CSV, UTF-8`."""
    texts: int = 0
    """All parts together, when it was read last; 0 for unknown."""
    classes: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, str]:
        """As `--set` takes them, by dotted key. Of IMDb all but how it is split, which its authors' example says."""
        names = [name for name in SETTINGS if name != "split" or self.data.source != "imdb"]
        return {f"data.{name}": str(getattr(self.data, name)) for name in names}


SAMPLE = DataSet(
    "sample", "Bundled reviews", DataRecipe(split=SPLIT), format="JSON lines", texts=240, classes=("neg", "pos")
)
"""Came with the program; always there."""


def folder() -> Path:
    return places.data() / "data-sets"


def list_all() -> tuple[list[DataSet], list[UserError]]:
    """The sample, then the user's own in the order in which they came; and what could not be read."""
    found, problems = [], []
    for path in folder().glob(f"*{_ENDING}") if folder().is_dir() else ():
        try:
            found.append(_read(path))
        except UserError as error:
            problems.append(error)
    return [SAMPLE, *sorted(found, key=lambda one: (one.added, one.id))], problems


def find(name: str) -> DataSet:
    """By id, else by name. UserError `data-set.missing`, or why the one of this id cannot be read."""
    known, _ = list_all()
    for wanted in (lambda one: one.id == name, lambda one: one.name.casefold() == name.casefold()):
        for one in known:
            if wanted(one):
                return one
    path = folder() / f"{name}{_ENDING}"
    if name == Path(name).name and path.is_file():
        return _read(path)
    raise UserError(
        "data-set.missing",
        f"There is no data set {name!r} in the list.",
        f"Known ones: {', '.join(one.id for one in known)}.",
    )


def add(name: str, data: DataRecipe, format: str = "", texts: int = 0, classes: tuple[str, ...] = ()) -> DataSet:
    """A new entry, its paths made absolute. UserError `data-set.name`, or when the disk refuses."""
    name = name.strip()
    if not name or len(name) > 80:
        raise UserError("data-set.name", f"A data set cannot be called {name!r}.", "Write 1 to 80 letters.")
    recipe = recipes.with_whole_paths(recipes.Recipe(data=data))
    stem = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40] or "data"
    id, number = stem, 1
    while id == SAMPLE.id or any((folder() / f"{id}{ending}").exists() for ending in (_ENDING, _ASIDE)):
        number += 1
        id = f"{stem}-{number}"
    return save(DataSet(id, name, recipe.data, time.time(), format, texts, classes))


def save(one: DataSet) -> DataSet:
    """UserError when the disk refuses."""
    values = {"schema": migrations.RUN_SCHEMA, **msgspec.to_builtins(one)}
    files.write_json(folder() / f"{one.id}{_ENDING}", values)
    return one


def remove(id: str) -> None:
    """Take it from the list; the user's own files are not touched. UserError `data-set.missing`, `data-set.bundled`."""
    if id == SAMPLE.id:
        raise UserError("data-set.bundled", "The bundled reviews belong to the program.", "Remove another one.")
    _move(id, _ENDING, _ASIDE, f"There is no data set {id!r} in the list.")


def bring_back(id: str) -> DataSet:
    """UserError `data-set.missing`."""
    _move(id, _ASIDE, _ENDING, f"No data set {id!r} was removed.")
    return _read(folder() / f"{id}{_ENDING}")


def missing(one: DataSet) -> tuple[str, ...]:
    """Its files and folders that are not where they were."""
    if one.data.source == "sample" or recipes.downloads(one.data):
        return ()
    named = [getattr(one.data, name) for name in _PATHS]
    return tuple(path for path in named if path not in ("", "none") and not os.path.exists(os.path.expanduser(path)))


def stamps(data: DataRecipe) -> tuple[tuple[int, int], ...]:
    """Of its files, and of what lies in its folders, as `path_stamps`: others when one of them has changed."""
    if data.source == "sample":
        return ()
    return tuple(stamp for name in _PATHS if getattr(data, name) for stamp in path_stamps(getattr(data, name)))


def path_stamps(path: str) -> tuple[tuple[int, int], ...]:
    """As `files.stamp`, of a file; of a folder also of the files right in it, and of the folders in it down to `LEVELS`
    deep, which change when a file comes or goes. A text that is edited in place in one of those is seen only once the
    data are asked to be read again: there can be very many."""
    top = os.path.expanduser(path)
    return tuple(files.stamp(item) for item in (top, *_inside(top)))


def _inside(folder: str, level: int = 1) -> Iterator[str]:
    with contextlib.suppress(OSError, ValueError), os.scandir(folder) as found:
        for item in sorted(found, key=lambda item: item.name):
            if item.is_dir():
                yield item.path
                if level < LEVELS:
                    yield from _inside(item.path, level + 1)
            elif level == 1:
                yield item.path


def relocated(one: DataSet, path: str) -> DataSet:
    """With its main file or folder at another place. Other parts that lay beside it and are gone are looked for beside
    the new place. UserError `data.missing`."""
    new = Path(os.path.expanduser(path)).absolute()
    if not os.path.exists(new):
        raise UserError("data.missing", f"There is no file or folder {new}.", "Check the path, or choose it again.")
    changes = {"path": str(new)}
    gone = set(missing(one))
    for name in _PATHS[1:]:
        old = getattr(one.data, name)
        beside = new.parent / Path(old).name
        if old in gone and beside.exists():
            changes[name] = str(beside)
    return msgspec.structs.replace(one, data=msgspec.structs.replace(one.data, **changes))


def source_of(path: str) -> str:
    """The source that a path looks like."""
    if path == "sample" and not Path(path).exists():
        return "sample"
    tops = (Path(os.path.expanduser(path)), Path(os.path.expanduser(path)) / "aclImdb")
    laid_out = any(os.path.isdir(top / "train" / "pos") and os.path.isdir(top / "test" / "pos") for top in tops)
    archive = path.lower().endswith((".tar.gz", ".tgz")) or path.strip().lower() == recipes.DOWNLOAD
    return "imdb" if laid_out or archive else "files"


def _read(path: Path) -> DataSet:
    try:
        values = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        if _is_newer(values):
            words = f"{path.name} in the list of data sets was written by a newer version."
            raise UserError("data-set.newer", words, "Update FNet Studio to use this data set.")
        found = msgspec.convert(values, DataSet)
    except (OSError, msgspec.DecodeError) as error:
        raise UserError(
            "data-set.unreadable",
            f"{path.name} in the list of data sets cannot be read: {error}.",
            f"Mend it, or delete {path} and add the data set again.",
        ) from None
    return msgspec.structs.replace(found, id=path.stem)


def _is_newer(values: dict[str, Any]) -> bool:
    """By its schema, or by a setting that is not known here: a data set had no schema before settings were added."""
    data = values.get("data")
    named = set(data) if isinstance(data, dict) else set()
    return migrations.is_newer(values, migrations.RUN_SCHEMA) or bool(named - set(DataRecipe.__struct_fields__))


def _move(id: str, before: str, after: str, words: str) -> None:
    source, target = folder() / f"{id}{before}", folder() / f"{id}{after}"
    if id != Path(id).name or not source.is_file():
        raise UserError("data-set.missing", words, "Look at the list of data sets.")
    try:
        source.replace(target)
    except OSError as error:
        raise files.disk_error(error, source) from error
