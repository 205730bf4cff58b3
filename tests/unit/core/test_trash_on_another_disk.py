"""What is deleted where runs and presets lie on another disk than the rest of the user's data, by a link: all of them,
or one."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from fnet_studio.core import places, preset_trash, presets, run_store, run_trash


@pytest.fixture(autouse=True)
def other_disk(tmp_path, monkeypatch) -> None:
    """A folder that nothing can be renamed into or out of."""
    disk = tmp_path / "disk"
    places.data().mkdir(parents=True)
    for place in (places.runs(), places.presets()):
        (disk / place.name).mkdir(parents=True)
        place.symlink_to(disk / place.name, target_is_directory=True)
    rename = os.rename

    def within_a_disk(source, target):
        if len({disk in Path(path).resolve().parents for path in (source, target)}) > 1:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        rename(source, target)

    monkeypatch.setattr(os, "rename", within_a_disk)


def a_run():
    writer = run_store.RunWriter.create("mine", {"task": "classify"})
    writer.finish("finished")
    return writer.record.id


def test_a_run_is_put_aside_and_taken_back():
    run = a_run()
    run_trash.put_aside(run)
    assert run_store.list_runs() == ([], [])
    assert [path.name for path in run_trash.waiting()] == [run]
    run_trash.bring_back(run)
    assert [record.id for record in run_store.list_runs()[0]] == [run]
    assert run_trash.waiting() == []


def test_a_preset_is_put_aside_and_taken_back():
    shutil.copytree(places.bundled_presets() / "fnet_mini_en", places.presets() / "mine")
    removed = preset_trash.put_aside("mine")
    assert [card.name for card in presets.list_presets() if not card.bundled] == []
    assert [path.name for path in preset_trash.waiting()] == ["mine"]
    preset_trash.bring_back(removed)
    assert presets.folder("mine") == places.presets() / "mine"
    assert preset_trash.waiting() == []


def test_what_an_older_version_put_aside_is_taken_back():
    places.runs().unlink()
    places.presets().unlink()
    run = a_run()
    (places.data() / "deleted-runs").mkdir()
    places.runs().joinpath(run).rename(places.data() / "deleted-runs" / run)
    (places.data() / "deleted-presets" / "mine").mkdir(parents=True)
    places.presets().mkdir()
    assert [path.name for path in (*run_trash.waiting(), *preset_trash.waiting())] == [run, "mine"]
    run_trash.bring_back(run)
    preset_trash.bring_back(preset_trash.Removed("mine", None, True))
    assert run_store.read(run).id == run
    assert (places.presets() / "mine").is_dir()


def linked(folder, disk, how):
    """The folder, moved elsewhere on its disk, with a link in its place."""
    elsewhere = Path(shutil.move(folder, disk / "elsewhere"))
    folder.symlink_to(os.path.relpath(elsewhere, folder.resolve().parent) if how == "relative" else elsewhere)
    return elsewhere


@pytest.mark.parametrize("how", ["relative", "absolute"])
def test_a_run_that_is_a_link_is_put_aside_and_taken_back(tmp_path, how):
    run = a_run()
    elsewhere = linked(places.runs() / run, tmp_path / "disk", how)
    run_trash.put_aside(run)
    assert run_store.list_runs() == ([], [])
    (waiting,) = run_trash.waiting()
    assert waiting.resolve() == elsewhere
    run_trash.bring_back(run)
    assert run_store.read(run).id == run
    assert (elsewhere / "run.json").is_file()


@pytest.mark.parametrize("how", ["relative", "absolute"])
def test_a_preset_that_is_a_link_is_put_aside_and_taken_back(tmp_path, how):
    mine = Path(shutil.copytree(places.bundled_presets() / "fnet_mini_en", places.presets() / "mine"))
    elsewhere = linked(mine, tmp_path / "disk", how)
    removed = preset_trash.put_aside("mine")
    (waiting,) = preset_trash.waiting()
    assert waiting.resolve() == elsewhere
    preset_trash.bring_back(removed)
    assert (presets.folder("mine") / "config.json").is_file()


def test_a_link_that_an_older_version_put_aside_is_taken_back_though_it_leads_nowhere_from_there(tmp_path):
    run = a_run()
    linked(places.runs() / run, tmp_path / "disk", "relative")
    (places.runs() / ".deleted").mkdir()
    (places.runs() / run).rename(places.runs() / ".deleted" / run)
    run_trash.bring_back(run)
    assert run_store.read(run).id == run


def test_what_was_deleted_last_is_taken_back_and_not_what_an_older_version_put_aside():
    for place, name in ((places.data() / "deleted-presets" / "mine", "old"), (places.presets() / "mine", "new")):
        place.mkdir(parents=True)
        (place / name).touch()
    preset_trash.bring_back(preset_trash.put_aside("mine"))
    assert [path.name for path in (places.presets() / "mine").iterdir()] == ["new"]
