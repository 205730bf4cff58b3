from copy import deepcopy
from pathlib import Path

from fnet_studio.core import places, settings


def test_settings_read_back_as_they_were_saved():
    settings.save(settings.Settings(theme="dark", sentence='A "quote", a \\ and a ▁'))
    loaded, problem = settings.load()
    assert problem == ""
    assert (loaded.theme, loaded.sentence) == ("dark", 'A "quote", a \\ and a ▁')


def test_keys_of_a_newer_version_are_kept():
    path = places.config() / "settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text('theme = "light"\nfuture = 3\n[window]\nx = 1\n')
    loaded, _ = settings.load()
    loaded.theme = "dark"
    settings.save(loaded)
    text = path.read_text()
    assert "future = 3" in text
    assert "[window]" in text
    assert 'theme = "dark"' in text


def test_a_broken_file_is_set_aside_and_reported():
    path = places.config() / "settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text("theme = [")
    loaded, problem = settings.load()
    assert loaded == settings.Settings()
    assert "set aside" in problem
    assert [item.read_text() for item in path.parent.glob("settings.broken-*.toml")] == ["theme = ["]


def test_a_value_of_the_wrong_kind_is_set_aside_too():
    path = places.config() / "settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text('theme = "pink"\n')
    loaded, problem = settings.load()
    assert loaded.theme == "system"
    assert "pink" in problem or "theme" in problem


def test_a_window_writes_what_it_changed_over_what_another_wrote():
    settings.save(settings.Settings(sides={"data": 200}, keys={"find": "Ctrl+F"}))
    first, second = settings.load()[0], settings.load()[0]
    before = deepcopy(first)
    first.theme, first.sides["runs"] = "dark", 300
    settings.save(first, before)
    before = deepcopy(second)
    second.page, second.sides["data"] = "data", 250
    del second.keys["find"]
    settings.save(second, before)
    found = settings.load()[0]
    assert (found.theme, found.page, found.sides) == ("dark", "data", {"data": 250, "runs": 300})
    assert found.keys == {}


def test_all_settings_are_written_where_the_file_is_lost_or_damaged():
    for lose in (Path.unlink, lambda path: path.write_text("theme = ")):
        before = settings.Settings(theme="dark", keys={"find": "Ctrl+F"})
        settings.save(before)
        after = deepcopy(before)
        after.page = "data"
        lose(places.config() / "settings.toml")
        settings.save(after, before)
        assert settings.load() == (after, "")
