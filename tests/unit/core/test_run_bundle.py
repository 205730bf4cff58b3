"""Runs as one file, and the files of strangers."""

import hashlib
import json
import os
import shutil
import zipfile

import pytest

from fnet_studio.core import places, run_bundle, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe import Recipe, to_mapping


@pytest.fixture
def record():
    writer = run_store.RunWriter.create("one", to_mapping(Recipe()))
    writer.append({"step": 1, "loss": 0.5})
    (writer.folder / "maps").mkdir()
    (writer.folder / "maps/00000001.npy").write_bytes(bytes(range(256)))
    writer.finish("finished")
    return writer.record


@pytest.fixture
def bundle(record, tmp_path):
    run_bundle.export(record.id, tmp_path / "one.fnetrun")
    return tmp_path / "one.fnetrun"


def rewritten(bundle, change):
    """The same archive, its parts and its manifest changed by a function of both."""
    with zipfile.ZipFile(bundle) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    change(parts, manifest)
    target = bundle.with_name("changed.fnetrun")
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
        archive.writestr("manifest.json", json.dumps(manifest))
    return target


def refused(path):
    before = sorted(places.runs().iterdir())
    with pytest.raises(UserError) as caught:
        run_bundle.bring_in(path)
    assert sorted(places.runs().iterdir()) == before, "nothing is left behind"
    return caught.value


def test_a_run_opens_on_another_machine_as_it_was(record, bundle, monkeypatch, tmp_path):
    here = {p.name: p.read_bytes() for p in run_store.folder(record.id).rglob("*") if p.is_file()}
    monkeypatch.setenv("FNET_STUDIO_HOME", str(tmp_path / "elsewhere"))
    brought = run_bundle.bring_in(bundle)
    assert brought.id == record.id
    assert {p.name: p.read_bytes() for p in run_store.folder(record.id).rglob("*") if p.is_file()} == here


def test_a_run_that_is_there_already_stays_and_the_other_gets_a_name_of_its_own(record, bundle):
    brought = run_bundle.bring_in(bundle)
    assert brought.id != record.id
    assert {one.id for one in run_store.list_runs()[0]} == {record.id, brought.id}


@pytest.mark.parametrize("moment", [0, 2**33])
def test_a_file_of_a_day_that_no_archive_knows_comes_along(record, tmp_path, moment):
    os.utime(run_store.folder(record.id) / "metrics.jsonl", (moment, moment))
    run_bundle.export(record.id, tmp_path / "one.fnetrun")
    assert run_store.read_metrics(run_bundle.bring_in(tmp_path / "one.fnetrun").id)


def test_a_link_to_a_run_stays_one_when_it_is_exported_again(record, tmp_path):
    link, disk = tmp_path / "one.fnetrun", tmp_path / "disk" / "one.fnetrun"
    disk.parent.mkdir()
    link.symlink_to(disk)
    run_bundle.export(record.id, link)
    assert link.is_symlink()
    assert run_bundle.read_manifest(disk).run == record.id
    assert [path.name for path in disk.parent.iterdir()] == [disk.name]


def test_a_run_under_way_is_not_exported(tmp_path):
    writer = run_store.RunWriter.create("busy", to_mapping(Recipe()))
    with pytest.raises(UserError) as caught:
        run_bundle.export(writer.record.id, tmp_path / "busy.fnetrun")
    assert caught.value.kind == "run.running"
    assert not (tmp_path / "busy.fnetrun").exists()


def change_a_byte(parts, manifest):
    parts["maps/00000001.npy"] = b"\xff" + parts["maps/00000001.npy"][1:]


def take_one_away(parts, manifest):
    del parts["metrics.jsonl"]


def put_one_in(parts, manifest):
    parts["extra.txt"] = b"hello"


def lie_about_length(parts, manifest):
    manifest["parts"]["metrics.jsonl"]["bytes"] += 1


def same_name_in_capitals(parts, manifest):
    parts["RUN.JSON"] = parts["run.json"]
    manifest["parts"]["RUN.JSON"] = manifest["parts"]["run.json"]


@pytest.mark.parametrize("change", [change_a_byte, take_one_away, put_one_in, lie_about_length, same_name_in_capitals])
def test_a_tampered_bundle_is_refused(bundle, change):
    error = refused(rewritten(bundle, change))
    assert error.kind == "bundle.tampered"
    assert "Nothing was imported" in error.advice


@pytest.mark.parametrize(
    "name", ["../escaped", "/tmp/escaped", "a/../../escaped", "..\\escaped", "C:escaped", "a/./b", "con ./x"]
)
def test_a_part_that_leads_outside_is_refused_before_anything_is_written(bundle, name):
    def change(parts, manifest):
        parts[name] = b"gotcha"
        manifest["parts"][name] = {"bytes": 6, "sha256": "0" * 64}

    error = refused(rewritten(bundle, change))
    assert error.kind in ("bundle.foreign", "bundle.tampered")
    assert not list(places.data().rglob("escaped"))


def test_a_run_whose_id_leads_outside_is_refused(record, bundle):
    import hashlib

    def change(parts, manifest):
        data = json.loads(parts["run.json"])
        data["id"] = "../outside"
        parts["run.json"] = json.dumps(data).encode()
        found = parts["run.json"]
        manifest["parts"]["run.json"] = {"bytes": len(found), "sha256": hashlib.sha256(found).hexdigest()}

    assert refused(rewritten(bundle, change)).kind == "bundle.foreign"
    assert not (places.data() / "outside").exists()


def test_foreign_and_cut_files_are_refused_in_words(bundle, tmp_path, record):
    (tmp_path / "text.fnetrun").write_text("hello")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    cut = tmp_path / "cut.fnetrun"
    cut.write_bytes(bundle.read_bytes()[:-40])
    for path in (tmp_path / "text.fnetrun", tmp_path / "other.zip", cut):
        assert refused(path).kind == "bundle.foreign"
    assert refused(tmp_path / "absent").kind == "bundle.missing"


def test_a_newer_bundle_asks_for_an_update(bundle):
    def change(parts, manifest):
        manifest["version"] = 99

    assert refused(rewritten(bundle, change)).kind == "bundle.newer"


def test_a_bundle_of_a_newer_run_asks_for_an_update_whatever_the_run_holds(bundle):
    def change(parts, manifest):
        record = json.dumps({"schema": run_store.SCHEMA + 1, "id": 7, "recipe": "as never before"}).encode()
        parts["run.json"] = record
        manifest["parts"]["run.json"] = {"bytes": len(record), "sha256": hashlib.sha256(record).hexdigest()}

    assert refused(rewritten(bundle, change)).kind == "bundle.newer"


def test_a_bundle_larger_than_the_disk_is_refused(bundle, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    assert refused(bundle).kind == "disk.full"


def test_the_time_between_a_cut_off_run_and_its_import_counts_as_none_of_its_work(record, tmp_path, monkeypatch):
    file = run_store.folder(record.id) / "run.json"
    cut_off = json.loads(file.read_text()) | {"status": "interrupted", "ended": 0.0}
    file.write_text(json.dumps(cut_off))
    ended = file.stat().st_mtime - 86_400
    os.utime(file, (ended, ended))
    run_bundle.export(record.id, tmp_path / "one.fnetrun", checkpoints=True)
    brought = run_bundle.bring_in(tmp_path / "one.fnetrun")
    assert brought.id != record.id
    before = record.away_s
    writer = run_store.RunWriter.reopen(brought.id)
    writer.close()
    assert writer.record.away_s - before == pytest.approx(86_400, abs=60)
