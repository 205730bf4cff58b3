import errno
import json
import os
import shutil
import time

import pytest

from fnet_studio.core import files, places, run_store, run_trash
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_store import RunWriter
from fnet_studio.ui.runs import library


def test_a_run_reads_back_as_it_was_written():
    writer = RunWriter.create("My run", {"task": "classify"})
    writer.record.test_accuracy = 0.8428
    writer.append({"step": 1, "loss": 0.7})
    writer.finish("finished")
    record = run_store.read(writer.record.id)
    assert record.test_accuracy == 0.8428
    assert record.status == "finished"
    assert record.ended >= record.began
    assert run_store.read_metrics(record.id) == [{"step": 1, "loss": 0.7}]


def test_a_torn_last_line_of_the_log_is_tolerated():
    writer = RunWriter.create("torn", {})
    writer.append({"step": 1})
    writer.finish("finished")
    path = writer.folder / "metrics.jsonl"
    path.write_text(path.read_text() + '{"step": 2, "lo')
    assert run_store.read_metrics(writer.record.id) == [{"step": 1}]


def test_a_broken_line_in_the_middle_is_named():
    writer = RunWriter.create("broken", {})
    writer.finish("finished")
    (writer.folder / "metrics.jsonl").write_text('{"step": 1}\nnonsense\n{"step": 3}\n')
    with pytest.raises(UserError, match="line 2"):
        run_store.read_metrics(writer.record.id)


def test_a_run_whose_process_is_gone_reads_as_interrupted():
    writer = RunWriter.create("lost", {})
    writer.record.pid = 2**22 + 1
    writer.save()
    record = run_store.read(writer.record.id)
    assert record.status == "interrupted"
    assert record.duration_s == -1  # nobody knows when it ended


def test_the_days_that_a_run_lay_paused_or_cut_off_are_no_time_of_work():
    began = time.time() - 1000
    writer = RunWriter.create("away", {})
    writer.record.began = began
    writer.record.status, writer.record.ended = "paused", began + 100
    writer.save()
    again = RunWriter.reopen(writer.record.id, began + 700)
    again.record.pid = 2**22 + 1
    again.save()
    os.utime(writer.folder / "run.json", (began + 750, began + 750))  # its last word before it was killed
    last = RunWriter.reopen(writer.record.id, began + 900)
    last.finish("finished")
    assert run_store.read(writer.record.id).duration_s == pytest.approx(100 + 50 + 100, abs=5)


def test_a_folder_that_was_moved_away_leaves_its_place_free_for_it():
    writer = RunWriter.create("moved", {})
    writer.folder.rename(writer.folder.with_name("aside"))
    for write in (writer.save, writer.flush, lambda: writer.finish("failed")):
        with pytest.raises(UserError) as caught:
            write()
        assert caught.value.kind == "run.folder-gone"
    assert writer.abandon("keep")
    assert not writer.folder.exists()


def test_a_folder_has_a_name_for_every_file_system():
    assert RunWriter.create("Übung 3", {}).record.id[16:-5] == "ubung-3"
    assert RunWriter.create("学习", {}).record.id[16:-5] == "run"


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX alone")
def test_a_folder_whose_name_is_in_another_encoding_hides_no_other_run():
    good = RunWriter.create("good", {})
    odd = RunWriter.create("odd", {})
    try:
        os.rename(os.fsencode(odd.folder), os.fsencode(places.runs()) + b"/20200101-000000-l\xe4uft-0000")
    except OSError:
        pytest.skip("a file system that refuses such names")
    records, (problem,) = run_store.list_runs()
    assert [record.id for record in records] == [good.record.id]
    assert str(problem).encode()
    assert "20200101-000000-l" in problem.message
    found = library.scan({})
    assert [entry.id for entry in found.entries] == [good.record.id]
    assert [str(it) for it in found.problems] == [str(problem)]


def test_an_unreadable_run_does_not_hide_the_others():
    good = RunWriter.create("good", {})
    good.finish("finished")
    bad = places.runs() / "20200101-000000-bad-0000"
    bad.mkdir()
    (bad / "run.json").write_text("{")
    records, problems = run_store.list_runs()
    assert [record.id for record in records] == [good.record.id]
    assert "bad" in problems[0].message


def test_a_copied_folder_is_a_run_of_its_own():
    writer = RunWriter.create("one", {})
    writer.finish("finished")
    copied = writer.folder.with_name(writer.folder.name + " (copy)")
    shutil.copytree(writer.folder, copied)
    assert {record.id for record in run_store.list_runs()[0]} == {writer.record.id, copied.name}
    run_trash.put_aside(copied.name)
    assert [record.id for record in run_store.list_runs()[0]] == [writer.record.id]


@pytest.mark.parametrize("odd", [{"began": 1e300}, {"ended": -1}, {"recipe": {"data": None}}, {"recipe": {"model": 1}}])
def test_values_that_no_run_has_are_told_as_unreadable(odd):
    writer = RunWriter.create("odd", {})
    writer.finish("finished")
    path = writer.folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | odd))
    records, problems = run_store.list_runs()
    assert records == []
    assert problems[0].kind == "run.unreadable"


@pytest.mark.parametrize("name", ["", "..", "../settings", "a/b", "nothing"])
def test_a_run_id_never_leads_out_of_the_folder(name):
    with pytest.raises(UserError) as caught:
        run_store.folder(name)
    assert caught.value.kind == "run.missing"


def test_discarding_leaves_no_folder():
    writer = RunWriter.create("gone", {})
    writer.append({"step": 1})
    writer.discard()
    assert not writer.folder.exists()


def test_a_run_whose_removal_was_cut_off_is_removed_with_all_that_was_left():
    writer = RunWriter.create("half", {})
    (writer.folder / "checkpoints").mkdir()
    (writer.folder / "run.json").unlink()
    run_store.discard(writer.record.id)
    assert not writer.folder.exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../settings", "beside/.."])
def test_discarding_never_leads_out_of_the_folder(name):
    kept = RunWriter.create("kept", {})
    kept.finish("finished")
    (places.data() / "settings").mkdir()
    run_store.discard(name)
    assert run_store.read(kept.record.id).status == "finished"
    assert (places.data() / "settings").is_dir()


def test_a_run_that_is_at_work_elsewhere_is_not_discarded():
    at_work = RunWriter.create("at work", {})
    run_store.discard(at_work.record.id)
    assert run_store.read(at_work.record.id).status == "running"


def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    files.write_atomically(path, b"old")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError) as caught:
        files.write_atomically(path, b"new")
    assert caught.value.kind == "disk.full"
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir() if item.name != "home"] == ["run.json"]
