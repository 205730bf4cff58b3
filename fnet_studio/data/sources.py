"""Where texts come from, by name; and how a corpus falls into its three parts."""

from pathlib import Path

from fnet_studio.core.errors import UserError
from fnet_studio.core.files import read_error
from fnet_studio.core.progress import Progress, StopCheck
from fnet_studio.data import imdb
from fnet_studio.data.corpus import Corpus, LabelledTexts
from fnet_studio.data.files import DataFiles, read_files
from fnet_studio.data.sample import read_sample
from fnet_studio.data.split import split_rows, stratified_rows

SOURCES = ("sample", "imdb", "files")


def read_corpus(
    source: str,
    path: str | Path = "",
    files: DataFiles | None = None,
    progress: Progress | None = None,
    stopped: StopCheck | None = None,
) -> Corpus:
    """The texts of a source. path: the archive or folder of `imdb`. files: for `files`; `path` alone stands for
    its training part. Raises Stopped, UserError `data.options` for an unknown source, and what the readers raise."""
    if source == "sample":
        return read_sample()
    if source == "imdb":
        return imdb.read_imdb(Path(path), progress, stopped)
    if source == "files":
        return read_files(files or DataFiles(str(path)), progress, stopped)
    raise UserError("data.options", f"There is no data source {source!r}.", f"Known ones: {', '.join(SOURCES)}.")


def quick_hash(source: str, path: str | Path, stopped: StopCheck | None = None) -> str | None:
    """The content's hash where it is known without reading the texts: for an archive. Raises Stopped, UserError."""
    if source != "imdb" or not Path(path).is_file():
        return None
    try:
        return imdb.file_hash(Path(path), stopped)
    except OSError as error:
        raise read_error(error, Path(path)) from error


def parts_of(
    corpus: Corpus, validation_split: float, split_seed: int, stratified: bool = False
) -> dict[str, LabelledTexts]:
    """`train`, `validation` and `test`. The corpus' own validation part is kept; without one it is taken from the
    training texts as Keras takes it, or the same share of each class. UserError `data.split` when that leaves a side
    empty."""
    if corpus.validation is not None:
        return {"train": corpus.train, "validation": corpus.validation, "test": corpus.test}
    if stratified:
        train_rows, validation_rows = stratified_rows(corpus.train.labels, validation_split, split_seed)
    else:
        train_rows, validation_rows = split_rows(len(corpus.train), validation_split, split_seed)
    return {
        "train": corpus.train.take(train_rows),
        "validation": corpus.train.take(validation_rows),
        "test": corpus.test,
    }
