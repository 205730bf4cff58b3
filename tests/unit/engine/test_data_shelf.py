"""The data set that is kept in memory between two questions."""

import platform

import pytest

from fnet_studio.core import protocol
from fnet_studio.engine import memory
from fnet_studio.engine.data_sets import DataShelf
from fnet_studio.engine.scripted_text import WordCutter


class Quiet:
    """A job that nobody stops and nobody listens to."""

    stop_mode = ""

    def check(self): ...
    def phase(self, *_): ...
    def progress(self, *_): ...


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\n" + "".join(f"text {row},{row % 2}\n" for row in range(20)))
    return {"source": "files", "path": str(path), "validation_split": 0.2}


def test_a_data_set_that_nobody_asks_about_is_forgotten_and_read_again(table):
    shelf = DataShelf(WordCutter, keep_s=0)
    for _ in range(2):
        page, _ = shelf.answer(protocol.DataRows(table, pattern="text 1"), Quiet())
        assert page.total == 11
        shelf._forgetting.join(30)
        assert shelf._opened is None


@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_is_read_again_when_a_file_inside_it_changed(tmp_path, linked):
    folder = tmp_path / "mine"
    for name in ("train/good", "train/bad"):
        (folder / name).mkdir(parents=True)
        for row in range(5):
            (folder / name / f"{row}.txt").write_text(f"{name} {row}")
    if linked:
        (folder / "train/good").rename(tmp_path / "elsewhere")
        (folder / "train/good").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "elsewhere")
    data = {"source": "files", "path": str(folder), "validation_split": 0.2}
    shelf = DataShelf(WordCutter)
    shelf.answer(protocol.OpenData(data), Quiet())
    opened = shelf._opened
    shelf.answer(protocol.OpenData(data), Quiet())
    assert shelf._opened is opened
    (folder / "train/good/3.txt").write_text("another text")
    shelf.answer(protocol.OpenData(data), Quiet())
    page, _ = shelf.answer(protocol.DataRows(data, pattern="another"), Quiet())
    assert page.total == 1
    shelf._forgetting.cancel()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to give memory back")
def test_memory_that_was_freed_in_pieces_is_given_back_to_the_system():
    texts = ["x" * 20_000 + str(number) for number in range(5_000)]
    full = memory.in_use_bytes()
    kept = texts[::50]
    del texts
    memory.give_back()
    assert memory.in_use_bytes() < full - 60e6
    assert len(kept) == 100


def test_a_data_set_is_read_once_while_it_is_asked_about(table, monkeypatch):
    shelf = DataShelf(WordCutter)
    shelf.answer(protocol.OpenData(table), Quiet())
    opened = shelf._opened
    shelf.answer(protocol.DataRows(table), Quiet())
    assert shelf._opened is opened
    shelf._forgetting.cancel()
