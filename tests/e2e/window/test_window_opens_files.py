"""Files that a file manager hands to the window, and folders that the window hands to it."""

import errno
from pathlib import Path

import pytest
from dropping import drop, files
from PySide6.QtWidgets import QPushButton

from fnet_studio.core import places, run_bundle, run_store
from fnet_studio.ui.app import open_paths
from fnet_studio.ui.cards import ErrorCard


@pytest.fixture
def driver(open_window):
    driver = open_window("rate=0,steps=10")
    driver.wait_ready()
    return driver


@pytest.fixture
def bundle(driver, tmp_path):
    """Of a run that is in the list."""
    done = []
    driver.train(name="To be sent", epochs="1", on_done=lambda result, _blob: done.append(result))
    driver.wait(lambda: bool(done))
    run_bundle.export(done[0].run, tmp_path / "sent.fnetrun")
    return tmp_path / "sent.fnetrun"


def test_files_from_the_file_manager_are_imported_or_refused_in_words(driver, bundle, tmp_path):
    preset = places.bundled_presets() / "fnet_mini_en"
    note = tmp_path / "note.txt"
    note.write_text("no run")
    open_paths(driver.window, [bundle])
    assert driver.window.current == "runs"
    driver.wait(lambda: len(run_store.list_runs()[0]) == 2)
    open_paths(driver.window, [preset, note])
    assert driver.window.current == "presets"
    driver.wait(lambda: (places.presets() / "fnet_mini_en" / "config.json").is_file())
    cards = [card for card in driver.window.findChildren(ErrorCard) if "note.txt" in card.message.text()]
    assert len(cards) == 1
    assert ".fnetrun" in cards[0].advice.text()


def test_the_file_of_a_run_is_imported_wherever_it_is_dropped(driver, bundle, tmp_path):
    window = driver.window
    field = window.page("train").form.path
    targets = (
        ("runs", window.page("runs").table.viewport()),
        ("data", window.page("data").list),
        ("train", field.edit),
    )
    for number, (page, widget) in enumerate(targets, 2):
        window.go(page)
        assert drop(widget, files(bundle))
        assert window.current == "runs"
        driver.wait(lambda number=number: len(run_store.list_runs()[0]) == number)
    assert field.text == ""
    assert not drop(window.page("settings"), files(bundle, tmp_path))


@pytest.mark.parametrize("name", ["presets", "runs"])
def test_a_folder_that_cannot_be_made_is_told_on_the_page_that_would_open_it(open_window, monkeypatch, name):
    page = open_window(page=name).window.page(name)
    make = Path.mkdir

    def refuse(path, *words, **named):
        if path.name == name:
            raise OSError(errno.EROFS, "Read-only file system")
        make(path, *words, **named)

    monkeypatch.setattr(Path, "mkdir", refuse)
    next(it for it in page.findChildren(QPushButton) if it.text() == "Open folder" and it.isVisible()).click()
    card = page.notices.find("error")
    assert card.failed.kind == "desktop.no-folder"
    assert str(places.data() / name) in card.failed.message
