from types import SimpleNamespace

import pytest

from fnet_studio.core import files
from fnet_studio.core.errors import UserError
from fnet_studio.core.files import size


def test_sizes_are_short_words():
    assert [size(n) for n in (12, 81_200, 1_440_000, 2.5e9)] == ["12 bytes", "81.2 kB", "1.44 MB", "2.5 GB"]
    assert [size(n) for n in (999_400, 999_600, 999_999_999, 1.87e12)] == ["999 kB", "1 MB", "1 GB", "1.87 TB"]


def test_room_is_looked_for_on_the_disk_of_a_folder_that_is_still_to_be_made(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: asked.append(path) or SimpleNamespace(free=1_500_000))
    files.require_room(1_500_000, tmp_path / "not" / "there", "It")
    with pytest.raises(UserError, match=r"It needs 2 MB, but .*there has only 1.5 MB left") as caught:
        files.require_room(2_000_000, tmp_path / "not" / "there", "It")
    assert caught.value.kind == "disk.full"
    assert asked == [tmp_path, tmp_path]
