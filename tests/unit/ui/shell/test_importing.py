import shutil

import pytest

from fnet_studio.core import places, presets
from fnet_studio.core.errors import UserError
from fnet_studio.ui import importing

BUNDLED = places.bundled_presets() / "fnet_mini_en"


def test_an_imported_preset_is_the_same_bytes(tmp_path):
    source = tmp_path / "my_model"
    shutil.copytree(BUNDLED, source)
    steps = list(importing.copy(source))
    done, total, target = steps[-1]
    assert done == total == sum(item.stat().st_size for item in source.rglob("*") if item.is_file())
    for item in source.rglob("*"):
        if item.is_file():
            assert (target / item.relative_to(source)).read_bytes() == item.read_bytes()
    assert presets.folder("my_model") == target


def test_a_second_import_of_one_name_gets_a_name_of_its_own(tmp_path):
    source = tmp_path / "my_model"
    shutil.copytree(BUNDLED, source)
    targets = [list(importing.copy(source))[-1][2].name for _ in range(3)]
    assert targets == ["my_model", "my_model-2", "my_model-3"]


def test_an_import_that_is_broken_off_leaves_nothing(tmp_path):
    steps = importing.copy(BUNDLED)
    next(steps)
    steps.close()
    assert list(places.presets().iterdir()) == []


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    source = tmp_path / "my_model"
    shutil.copytree(BUNDLED, source)
    (tmp_path / "secret").write_text("secret")
    (source / "linked").symlink_to(tmp_path / "secret")
    target = list(importing.copy(source))[-1][2]
    assert not (target / "linked").exists()


def test_a_folder_without_weights_is_refused_by_name(tmp_path):
    source = tmp_path / "half"
    shutil.copytree(BUNDLED, source)
    (source / "model.weights.h5").unlink()
    with pytest.raises(UserError, match=r"model\.weights\.h5") as caught:
        importing.check(source)
    assert caught.value.kind == "preset.unusable"


def test_a_preset_of_the_user_is_not_imported_again(tmp_path):
    target = list(importing.copy(BUNDLED))[-1][2]
    with pytest.raises(UserError) as caught:
        importing.check(target)
    assert caught.value.kind == "preset.present"
