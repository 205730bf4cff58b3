"""Failures with a name: what is saved then, and how the run goes on."""

import errno
import os
import shutil
import time

import numpy as np
import pytest

from fnet_studio.core import files, places, protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.remedies import remedies
from fnet_studio.core.run_store import RunRecord
from fnet_studio.engine import checkpoint, control, failures, space
from fnet_studio.engine.step import Training
from fnet_studio.engine.train import resume, train

DEVICE = protocol.Device("cpu", "test")


def mapping(tiny, **saving):
    values = recipe.to_mapping(tiny)
    values["saving"] |= saving
    return values


def failed(command, job):
    with pytest.raises(UserError) as caught:
        train(command, job, DEVICE, {})
    (record,) = [it for it in run_store.list_runs()[0] if it.status == "failed"]
    assert record.failure is not None
    assert record.failure["kind"] == caught.value.kind
    assert caught.value.advice
    return caught.value, record


def breaking(monkeypatch, at, spoil):
    """The step number `at` is spoilt: by an exception, or by what it measured."""
    real, calls = Training.step, []

    def step(self, state, batch):
        calls.append(1)
        result = real(self, state, batch)
        return spoil(*result) if len(calls) == at else result

    monkeypatch.setattr(Training, "step", step)


def test_a_gradient_that_is_no_number_ends_the_run_before_its_weights_are_saved(tiny, job, monkeypatch):
    breaking(monkeypatch, 5, lambda state, told: (state, told._replace(gradient_norm=told.gradient_norm * np.nan)))
    error, record = failed(protocol.Train(mapping(tiny, checkpoint_every_s=0.0)), job)
    assert error.kind == "train.not-finite"
    assert "gradient" in error.message
    assert (record.steps, record.saved_step) == (4, 4)
    assert "step 4" in error.advice
    assert [path.stem for path in checkpoint.stored(run_store.folder(record.id))][-1] == "00000004"
    remedy = remedies(record)[0]
    resume(protocol.Resume(record.id, remedy.changes), job, DEVICE, {})
    rates = [row["learning_rate"] for row in run_store.read_metrics(record.id) if "split" not in row]
    assert rates[3] == pytest.approx(tiny.training.learning_rate)
    assert rates[4] == pytest.approx(tiny.training.learning_rate / 3, rel=0.05)


def test_a_device_that_is_lost_leaves_a_run_that_goes_on_bit_for_bit(tiny, job, monkeypatch):
    def losses(run):
        return [(row.get("split"), row["step"], row["loss"]) for row in run_store.read_metrics(run)]

    whole = losses(train(protocol.Train(mapping(tiny)), job, DEVICE, {}).run)

    def lost(state, told):
        raise RuntimeError("INTERNAL: failed to synchronize: CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access")

    with monkeypatch.context() as patch:
        breaking(patch, 20, lost)
        error, record = failed(protocol.Train(mapping(tiny)), job)
    assert error.kind == "device.lost"
    assert "ILLEGAL_ADDRESS" in error.message
    assert record.saved_step == 16
    resume(protocol.Resume(record.id), job, DEVICE, {})
    assert losses(record.id) == whole


@pytest.fixture
def quick_looks(monkeypatch):
    monkeypatch.setattr(space, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(control, "LOOK_EVERY_S", 0.01)


def test_a_run_waits_at_the_floor_of_free_space_and_goes_on_when_there_is_more(tiny, job, monkeypatch, quick_looks):
    looks = []

    def free(path):
        looks.append(path)
        return 10**12 if len(looks) < 4 or len(looks) > 8 else 1_500_000

    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**13, 0, free(path)))
    run = train(protocol.Train(mapping(tiny)), job, DEVICE, {}).run
    assert run_store.read(run).status == "finished"
    notes = [(row["note"], row["step"]) for row in run_store.read_log(run) if row.get("note", "").startswith("disk")]
    assert [note for note, _ in notes] == ["disk-low", "disk-freed"]
    assert notes[0][1] == notes[1][1]
    assert "waiting" in job.phases
    warnings = [it.text for it in job.events if isinstance(it, protocol.Log) and it.level == "warning"]
    (warning,) = [text for text in warnings if "1.5 MB is free" in text]
    assert "200 MB is needed" in warning


def test_the_floor_leaves_room_for_the_next_checkpoint(tmp_path):
    floor = space.DiskFloor(tmp_path, floor_bytes=100, free=lambda path: 150)
    assert not floor.low(now=True)
    floor.next_bytes = 51  # as the last one was
    assert floor.low(now=True)


def test_a_floor_of_zero_never_holds_a_run_up(tiny, job, monkeypatch, quick_looks):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**13, 0, 0))
    run = train(protocol.Train(mapping(tiny, free_space_mb=0)), job, DEVICE, {}).run
    assert run_store.read(run).status == "finished"


def test_a_full_disk_is_waited_out_and_no_row_of_the_log_is_lost(tiny, job, monkeypatch, quick_looks):
    """The second checkpoint finds no room, three times."""
    whole = train(protocol.Train(mapping(tiny)), job, DEVICE, {}).run
    real, refused = files.write_parts_atomically, []

    def full(path, parts, *mode):
        if path.name == "00000032.safetensors" and len(refused) < 3:
            refused.append(path)
            raise files.disk_error(OSError(errno.ENOSPC, "No space left on device"), path)
        real(path, parts, *mode)

    monkeypatch.setattr(files, "write_parts_atomically", full)
    run = train(protocol.Train(mapping(tiny)), job, DEVICE, {}).run
    assert len(refused) == 3
    notes = [row["note"] for row in run_store.read_log(run) if row.get("note", "").startswith("disk")]
    assert notes == ["disk-low", "disk-freed"], "told once, however often it is tried"
    assert [row["step"] for row in run_store.read_metrics(run)] == [
        row["step"] for row in run_store.read_metrics(whole)
    ]
    assert checkpoint.stored(run_store.folder(run))[-1].name == "00000032.safetensors"


def test_a_stop_on_a_full_disk_does_not_wait_for_room(tiny, job, monkeypatch):
    real = files.write_parts_atomically

    def full(path, parts, *mode):
        if path.suffix == ".safetensors":
            raise files.disk_error(OSError(errno.ENOSPC, "No space left on device"), path)
        real(path, parts, *mode)

    monkeypatch.setattr(files, "write_parts_atomically", full)
    job.stop_at_step = 3
    error, record = failed(protocol.Train(mapping(tiny)), job)
    assert error.kind == "disk.full"
    assert [it.do for it in remedies(record)] == ["resume"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a file that is always full is Linux's")
def test_rows_that_find_no_room_wait_and_are_written_later():
    writer = run_store.RunWriter.create("full", {})
    path = writer.folder / "metrics.jsonl"
    path.symlink_to("/dev/full")
    for step in range(500):
        writer.append({"step": step, "text": "x" * 100})
    with pytest.raises(UserError) as caught:
        writer.flush()
    assert caught.value.kind == "disk.full"
    writer._metrics.close()
    writer._metrics = None
    path.unlink()
    writer.finish("finished")
    assert [row["step"] for row in run_store.read_log(writer.record.id)] == list(range(500))


def test_data_that_goes_during_a_run_is_not_missed_and_a_resume_says_what_to_put_back(tiny, job, tmp_path):
    table = tmp_path / "reviews.csv"
    table.write_text(
        "text,label\n" + "\n".join(f"number {n} is {'good' if n % 2 else 'bad'},{n % 2}" for n in range(60))
    )
    values = mapping(tiny)
    values["data"] |= {"source": "files", "path": str(table)}
    values["training"]["batch_size"] = 8
    job.stop_at_step = 3
    with pytest.raises(Stopped) as caught:
        train(protocol.Train(values), job, DEVICE, {})
    job.stop_at_step, job.stop_mode = 0, ""
    content = table.read_bytes()
    table.unlink()
    with pytest.raises(UserError) as gone:
        resume(protocol.Resume(caught.value.run), job, DEVICE, {})
    assert gone.value.kind == "data.missing"
    assert str(table) in gone.value.message
    assert "safe, at step 3" in gone.value.advice
    assert run_store.read(caught.value.run).status == "stopped"
    table.write_bytes(content)
    real = job.step

    def step(*row):
        table.unlink(missing_ok=True)
        real(*row)

    job.step = step
    assert resume(protocol.Resume(caught.value.run), job, DEVICE, {}).run == caught.value.run
    assert not table.exists()


def test_a_run_whose_files_were_moved_goes_on_with_them_and_with_no_others(tiny, job, tmp_path, monkeypatch):
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    for part in ("train", "val", "test"):
        rows = [f"{part} number {n} is {'good' if n % 2 else 'bad'},{n % 2}" for n in range(24)]
        (before / f"{part}.csv").write_text("\n".join(["text,label", *rows]))
    values = mapping(tiny)
    keys = {"path": "train", "validation_path": "val", "test_path": "test"}
    values["data"] |= {"source": "files"} | {key: str(before / f"{part}.csv") for key, part in keys.items()}
    values["training"]["batch_size"] = 8
    job.stop_at_step = 2
    with pytest.raises(Stopped) as caught:
        train(protocol.Train(values), job, DEVICE, {})
    run, path = caught.value.run, before / "train.csv"
    before.rename(after)
    monkeypatch.chdir(after)
    moved = {f"data.{key}": f"{part}.csv" for key, part in keys.items()}
    job.stop_mode = ""
    for key in moved:
        other = after / moved[key]
        content = other.read_text()
        other.write_text(content.replace("number 5", "number five"))
        with pytest.raises(UserError) as changed:
            resume(protocol.Resume(run, moved), job, DEVICE, {})
        assert changed.value.kind == "run.data-changed"
        assert run_store.read(run).recipe["data"]["path"] == str(path)
        other.write_text(content)
    job.stop_at_step = 4
    with pytest.raises(Stopped):
        resume(protocol.Resume(run, moved), job, DEVICE, {})
    assert run_store.read(run).recipe["data"]["path"] == str(after / "train.csv")
    monkeypatch.chdir(tmp_path)
    job.stop_at_step, job.stop_mode = 0, ""
    resume(protocol.Resume(run), job, DEVICE, {})
    assert run_store.read(run).status == "finished"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOENT, "data.gone"), (errno.EIO, "data.gone"), (errno.EACCES, "data.unreadable")]
)
def test_data_that_goes_while_it_is_read_is_told_apart_from_data_that_may_not_be_read(
    tiny, job, tmp_path, number, kind
):
    folder = tmp_path / "reviews"
    for label in ("good", "bad"):
        (folder / label).mkdir(parents=True)
        (folder / label / "1.txt").write_text(f"a {label} one")
    values = mapping(tiny)
    values["data"] |= {"source": "files", "path": str(folder)}
    with pytest.MonkeyPatch.context() as patch:

        def refuse(path):
            raise OSError(number, os.strerror(number), str(path))

        patch.setattr("pathlib.Path.read_bytes", refuse)
        with pytest.raises(UserError) as caught:
            train(protocol.Train(values), job, DEVICE, {})
    assert caught.value.kind == kind
    assert ".txt" in caught.value.message
    assert caught.value.advice


def test_a_run_that_started_from_one_that_is_gone_says_which_to_bring_back(tiny, job):
    values = mapping(tiny)
    values |= {"task": "finetune", "model": {"preset": "run:20260101-000000-first-0000"}}
    writer = run_store.RunWriter.create("second", values)
    writer.record.parent = "20260101-000000-first-0000"
    writer.finish("stopped")
    with pytest.raises(UserError) as caught:
        resume(protocol.Resume(writer.record.id), job, DEVICE, {})
    assert "started from the run 20260101-000000-first-0000" in caught.value.message
    assert caught.value.advice.startswith("Bring that run back")
    assert run_store.read(writer.record.id).status == "stopped"


@pytest.mark.parametrize(("phase", "keep"), [("training", "last"), ("validating", "best"), ("testing", "last")])
def test_a_run_whose_folder_goes_says_so(tiny, job, phase, keep):
    """And no other folder takes its place, where it could not be put back then."""
    progressed, aside = job.progress, places.data() / "aside"

    def progress(done, *rest):
        if job.phases[-1] == phase and done and not aside.exists():
            places.runs().rename(aside)
        progressed(done, *rest)

    job.progress = progress
    values = mapping(tiny)
    values["optimisation"] |= {"keep": keep}
    with pytest.raises(UserError) as caught:
        train(protocol.Train(values), job, DEVICE, {})
    assert caught.value.kind == "run.folder-gone"
    assert aside.exists()
    assert not places.runs().exists()


def test_another_process_with_the_number_of_a_dead_worker_does_not_keep_its_run_alive():
    writer = run_store.RunWriter.create("old", {})
    path = writer.folder / "run.json"
    assert run_store.read(writer.record.id).status == "running"
    long_ago = time.time() - 10**6
    os.utime(path, (long_ago, long_ago))
    assert run_store.read(writer.record.id).status == "interrupted"


@pytest.mark.parametrize("key", ["path", "validation_path", "test_path"])
def test_a_file_that_was_moved_is_named_with_the_setting_that_says_where_it_is(key):
    data = {name: f"/texts/{name}.csv" for name in ("path", "validation_path", "test_path")}
    record = RunRecord(id="run", name="run", began=0.0, recipe={"data": data})
    error = UserError("data.missing", f"There is no file {data[key]}.", "Check the path.")
    assert f"--set data.{key}=FILE" in failures.still_saved(error, record).advice
