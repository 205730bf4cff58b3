"""Who may read what is written, and what becomes of a link."""

import os
import stat

import pytest

from fnet_studio.core import files, history, places, settings

posix = pytest.mark.skipif(os.name != "posix", reason="the modes of files are POSIX's")


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def mask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_a_new_file_is_for_those_whom_the_system_lets_read_it(tmp_path, mask):
    files.write_json(tmp_path / "report.json", {})
    assert mode_of(tmp_path / "report.json") == 0o666 & ~mask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_that_is_written_again_is_for_those_that_it_was_for(tmp_path, mode):
    path = tmp_path / "report.html"
    path.write_text("old")
    path.chmod(mode)
    files.write_atomically(path, b"new")
    assert (path.read_bytes(), mode_of(path)) == (b"new", mode)


@posix
def test_what_the_user_typed_stays_the_owners(mask):
    settings.save(settings.Settings(sentence="A secret."))
    prompts = history.History()
    prompts.add(history.Prompt("A secret.", "mini"))
    assert mode_of(places.config() / "settings.toml") == 0o600
    assert mode_of(prompts.path) == 0o600


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    kept = tmp_path / "disk" / "answers.csv"
    link = tmp_path / "answers.csv"
    link.symlink_to(kept)
    for content in (b"first", b"second"):
        files.write_atomically(link, content)
        assert link.is_symlink()
        assert kept.read_bytes() == content
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]
