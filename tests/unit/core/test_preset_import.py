import json
import shutil
import stat
import zipfile

import pytest

from fnet_studio.core import places, preset_downloads, preset_import, preset_records, preset_trash, presets
from fnet_studio.core.catalogue import Catalogue
from fnet_studio.core.errors import UserError

BUNDLED = places.bundled_presets() / "fnet_mini_en"


@pytest.fixture
def source(tmp_path):
    """As small as what says of itself that it is a preset."""
    folder = tmp_path / "my_model"
    (folder / "assets/tokenizer").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"config": {"num_layers": 2, "hidden_dim": 8}}))
    (folder / "model.weights.h5").write_bytes(bytes(range(256)) * 20_000)
    (folder / "assets/tokenizer/vocabulary.spm").write_bytes(b"pieces")
    return folder


def bring_in(source, **options):
    return preset_import.commit(preset_import.stage(source, **options))


def packed(folder, path, prefix="", extra=()):
    with zipfile.ZipFile(path, "w") as archive:
        for item in sorted(folder.rglob("*")):
            if item.is_file():
                archive.write(item, prefix + item.relative_to(folder).as_posix())
        for name, data in extra:
            archive.writestr(name, data)
    return path


def files_of(folder):
    return {item.relative_to(folder).as_posix(): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def nothing_was_left():
    return not places.presets().is_dir() or list(places.presets().iterdir()) == []


def test_an_imported_preset_is_the_same_bytes(source):
    heard = []
    target = bring_in(source, told=lambda done, total: heard.append((done, total)))
    assert files_of(target) == files_of(source)
    total = sum(map(len, files_of(source).values()))
    assert heard[-1] == (total, total)
    assert presets.folder("my_model") == target


@pytest.mark.parametrize("prefix", ["", "my_model/", "deep/down/my_model/"])
def test_an_archive_is_imported_from_whatever_folder_its_config_lies_in(source, tmp_path, prefix):
    extra = [("__MACOSX/._config.json", b"x"), ("notes.txt", b"beside")] if prefix else []
    target = bring_in(packed(source, tmp_path / "my_model.zip", prefix, extra))
    assert files_of(target) == files_of(source)
    assert target.name == "my_model"


def test_a_second_import_of_one_name_gets_a_name_of_its_own(source):
    assert [bring_in(source).name for _ in range(3)] == ["my_model", "my_model-2", "my_model-3"]


def test_an_import_that_is_broken_off_leaves_nothing(source, tmp_path):
    def told(done, total):
        if done > 2_000_000:
            raise UserError("task.stopped", "It was stopped.")

    for it in (source, packed(source, tmp_path / "my_model.zip")):
        with pytest.raises(UserError, match="stopped"):
            preset_import.stage(it, told)
    assert nothing_was_left()


def test_a_staged_preset_is_not_listed_before_it_has_its_name(source):
    staged = preset_import.stage(source)
    assert staged.folder.name == "my_model"
    assert "my_model" not in [card.name for card in presets.list_presets()]
    preset_import.abandon(staged)
    assert nothing_was_left()


def test_a_link_out_of_the_folder_is_not_followed(source, tmp_path):
    (tmp_path / "secret").write_text("secret")
    (source / "linked").symlink_to(tmp_path / "secret")
    assert "linked" not in files_of(bring_in(source))


def test_a_folder_of_links_is_refused_with_the_reason(source, tmp_path):
    weights = source / "model.weights.h5"
    weights.rename(tmp_path / "blob")
    weights.symlink_to(tmp_path / "blob")
    with pytest.raises(UserError, match="weights are missing") as caught:
        preset_import.stage(source)
    assert "links" in caught.value.advice
    assert nothing_was_left()


def test_a_folder_without_weights_is_refused_by_name(source):
    (source / "model.weights.h5").unlink()
    with pytest.raises(UserError, match=r"model\.weights\.h5") as caught:
        preset_import.stage(source)
    assert caught.value.kind == "preset.unusable"


def test_a_preset_of_the_user_is_not_imported_again(source):
    with pytest.raises(UserError) as caught:
        preset_import.stage(bring_in(source))
    assert caught.value.kind == "preset.present"


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside", "C:\\outside", "con:stream"])
def test_a_path_out_of_the_archive_is_refused(source, tmp_path, name):
    with pytest.raises(UserError, match="outside") as caught:
        preset_import.stage(packed(source, tmp_path / "evil.zip", extra=[(name, b"x")]))
    assert caught.value.kind == "preset.bad-archive"
    assert nothing_was_left()
    assert not list(tmp_path.glob("**/outside"))


def test_a_link_in_an_archive_is_refused(source, tmp_path):
    info = zipfile.ZipInfo("model.safetensors")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UserError, match="is a link"):
        preset_import.stage(packed(source, tmp_path / "evil.zip", extra=[(info, b"/etc/passwd")]))


def test_two_names_that_are_one_file_elsewhere_are_refused(source, tmp_path):
    with pytest.raises(UserError, match="twice"):
        preset_import.stage(packed(source, tmp_path / "evil.zip", extra=[("CONFIG.json", b"{}")]))


def test_two_presets_in_one_archive_are_refused(source, tmp_path):
    path = packed(source, tmp_path / "two.zip", "one/", [("two/config.json", b"{}")])
    with pytest.raises(UserError, match=r"2 folders with a config\.json") as caught:
        preset_import.stage(path)
    assert "one preset" in caught.value.advice


@pytest.mark.parametrize("cut", [0, 100, 2_000_000])
def test_an_archive_that_is_cut_off_is_refused(source, tmp_path, cut):
    path = packed(source, tmp_path / "cut.zip")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UserError) as caught:
        preset_import.stage(path)
    assert caught.value.kind == "preset.bad-archive"
    assert nothing_was_left()


def test_an_archive_that_holds_other_bytes_than_were_packed_is_refused(source, tmp_path):
    path = packed(source, tmp_path / "flipped.zip")
    data = bytearray(path.read_bytes())
    data[2_000_000] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UserError, match="cannot be imported"):
        preset_import.stage(path)
    assert nothing_was_left()


def test_a_disk_without_room_is_told_before_anything_is_written(source, tmp_path, monkeypatch):
    path = packed(source, tmp_path / "my_model.zip")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, 1_000_000))  # type: ignore[attr-defined]
    for it in (source, path):
        with pytest.raises(UserError, match=r"needs 2[0-9.]+ MB, but .* has only 1 MB") as caught:
            preset_import.stage(it)
        assert caught.value.kind == "disk.full"
    assert nothing_was_left()


# ---------------------------------------------------------------------------------- where it lies


def test_a_linked_folder_is_used_where_it_lies_and_found_again_elsewhere(source, tmp_path):
    assert preset_import.link(source) == "my_model"
    assert presets.folder("my_model") == source
    moved = source.rename(tmp_path / "moved")
    with pytest.raises(UserError, match="has gone") as caught:
        presets.folder("my_model")
    assert "relocate my_model" in caught.value.advice
    preset_import.relocate("my_model", moved)
    assert presets.folder("my_model") == moved


def test_a_preset_is_not_relocated_to_what_is_none(source, tmp_path):
    preset_import.link(source)
    with pytest.raises(UserError, match=r"no config\.json"):
        preset_import.relocate("my_model", tmp_path)
    assert presets.folder("my_model") == source
    with pytest.raises(UserError, match="fnet_mini_en"):
        preset_import.relocate("fnet_mini_en", source)


def test_an_import_never_takes_the_name_of_a_linked_preset(source, tmp_path):
    preset_import.link(source)
    moved = source.rename(tmp_path / "moved")
    again = shutil.copytree(moved, source)
    assert bring_in(again).name == "my_model-2"
    preset_import.relocate("my_model", moved)
    assert presets.folder("my_model") == moved


def test_a_preset_that_lies_where_it_was_imported_to_is_not_relocated(source):
    target = bring_in(source)
    with pytest.raises(UserError, match="is where it was"):
        preset_import.relocate("my_model", source)
    preset_import.relocate("my_model", target)
    shutil.rmtree(target)
    assert bring_in(source) == target, "its own place is free again"
    shutil.rmtree(target)
    preset_import.relocate("my_model", source)
    assert presets.folder("my_model") == source


def test_a_gone_copy_of_a_bundled_preset_does_not_hide_it(source):
    copy = shutil.copytree(BUNDLED, source.with_name("fnet_mini_en"))
    target = bring_in(copy)
    assert Catalogue().find("fnet_mini_en").origin == "yours"
    shutil.rmtree(target)
    entry = Catalogue().find("fnet_mini_en")
    assert (entry.origin, entry.state) == ("bundled", "ready")


def test_a_flax_checkpoint_is_refused_with_the_way_to_convert_it(tmp_path):
    (tmp_path / "checkpoint_1000").write_bytes(b"arrays")
    with pytest.raises(UserError, match="Flax") as caught:
        preset_import.stage(tmp_path)
    assert f"fnet-studio convert {tmp_path}" in caught.value.advice


def test_a_keras_file_is_said_to_be_no_preset(source):
    with pytest.raises(UserError, match="is a Keras file") as caught:
        preset_import.stage(packed(source, source.with_name("model.keras")))
    assert caught.value.kind == "preset.keras-file"


def test_sharded_weights_of_pytorch_are_no_missing_weights(source):
    (source / "model.weights.h5").rename(source / "pytorch_model-00001-of-00001.bin")
    (source / "pytorch_model.bin.index.json").write_text("{}")
    assert bring_in(source).name == "my_model"


def test_a_linked_folder_gets_a_name_that_is_free(source):
    named = source.rename(source.with_name("fnet_mini_en"))
    assert preset_import.link(named) == "fnet_mini_en-2"
    assert presets.folder("fnet_mini_en") == BUNDLED
    assert presets.folder("fnet_mini_en-2") == named


# ---------------------------------------------------------------------------------------- deleted


def test_a_deleted_preset_comes_back_as_it_was(source):
    target = bring_in(source)
    before, record = files_of(target), preset_records.read()["my_model"]
    removed = preset_trash.put_aside("my_model")
    assert not target.exists()
    assert [path.name for path in preset_trash.waiting()] == ["my_model"]
    preset_trash.bring_back(removed)
    assert files_of(target) == before
    assert preset_records.read()["my_model"] == record


def test_an_imported_or_linked_preset_leaves_the_name_of_a_download_that_was_begun_to_that(source):
    preset_downloads.write(preset_downloads.Begun("my_model", "hf://local/my_model"))
    assert bring_in(source).name == "my_model-2"
    assert preset_import.link(source) == "my_model-3"
    assert [it.key for it in Catalogue().read() if it.state == "paused"] == ["my_model"]


def test_of_a_linked_preset_only_the_entry_is_deleted(source):
    preset_import.link(source)
    removed = preset_trash.put_aside("my_model")
    assert files_of(source)
    assert preset_trash.waiting() == []
    preset_trash.bring_back(removed)
    assert presets.folder("my_model") == source


def test_what_came_with_the_program_stays(source):
    with pytest.raises(UserError, match="came with the program"):
        preset_trash.put_aside("fnet_mini_en")
    with pytest.raises(UserError, match="no preset"):
        preset_trash.put_aside("../runs")


def test_a_list_that_cannot_be_read_is_set_aside_and_the_folders_are_still_listed(source):
    bring_in(source)
    (places.data() / "presets.json").write_text("{torn")
    assert preset_records.read() == {}
    assert list(places.data().glob("presets.broken-*.json"))
    assert "my_model" in [card.name for card in presets.list_presets()]
