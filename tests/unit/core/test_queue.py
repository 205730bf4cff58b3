import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from fnet_studio.core import chain, places, presets, protocol, queue, recipe, run_models, run_notes, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.link.queue_driver import QueueDriver


def values(**changes):
    return recipe.to_mapping(recipe.load(recipe.bundled("sample-quick"), changes))


def names():
    return [entry.name for entry in queue.entries()]


def run_on_disk(name, status="finished", parent="", then=None):
    writer = run_store.RunWriter.create(name, {"task": "classify"})
    writer.record.parent, writer.record.then = parent, then
    writer.finish(status)
    return writer.record.id


def test_entries_keep_their_order_and_can_be_moved_and_removed():
    first, second, third = (queue.add(values(), name) for name in ("a", "b", "c"))
    assert names() == ["a", "b", "c"]
    queue.move(third.id, 1)
    assert names() == ["c", "a", "b"]
    queue.move(third.id, 99)
    assert names() == ["a", "b", "c"]
    queue.remove(second.id)
    assert names() == ["a", "c"]
    assert queue.find("2").id == third.id
    assert queue.find(first.id).name == "a"


def test_a_recipe_is_frozen_when_it_is_added(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(recipe.bundled("sample-quick").read_text())
    queue.add(recipe.to_mapping(recipe.load(path)))
    path.write_text(path.read_text().replace("epochs = 30", "epochs = 1"))
    (entry,) = queue.entries()
    assert entry.recipe["training"]["epochs"] == 30


def test_files_of_a_recipe_are_found_from_every_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    queue.add({"data": {"source": "files", "path": "reviews.csv"}})
    assert queue.entries()[0].recipe["data"]["path"] == str(tmp_path / "reviews.csv")


def test_a_wrong_recipe_is_not_added():
    with pytest.raises(UserError) as caught:
        queue.add({"training": {"batch_size": 0}})
    assert caught.value.kind == "recipe.invalid"
    assert queue.entries() == []


@pytest.mark.parametrize("word", ["none", "0", "2", ""])
def test_an_entry_that_is_not_there_is_named(word):
    queue.add(values())
    with pytest.raises(UserError) as caught:
        queue.find(word)
    assert caught.value.kind == "queue.missing"


def test_a_running_entry_is_not_removed():
    entry = queue.add(values())
    queue.claim()
    with pytest.raises(UserError) as caught:
        queue.remove(entry.id)
    assert caught.value.kind == "queue.running"


def test_an_entry_whose_program_died_waits_again_and_goes_on_with_its_run():
    queue.add(values(), "a")
    code = "from fnet_studio.core import queue; print(queue.claim().id)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, timeout=60)
    (entry,) = queue.entries()
    assert entry.state == "waiting"
    queue.note_run(entry.id, run_on_disk("a", "interrupted"))
    assert queue.command_of(queue.claim()) == protocol.Resume(queue.entries()[0].run)


def test_another_process_with_the_number_of_a_dead_program_does_not_hold_its_entry():
    entry = queue.add(values())
    queue.claim()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as young:
        stored = json.loads(queue.path().read_text())
        stored["entries"][0] |= {"pid": young.pid, "began": time.time() - 1000}
        queue.path().write_text(json.dumps(stored))
        assert queue.entries()[0].state == "waiting"
        queue.remove(entry.id)
        assert young.poll() is None
        young.communicate(b"\n")
    assert queue.entries() == []


def test_two_programs_never_take_the_same_entry():
    for _ in range(30):
        queue.add(values())
    code = "from fnet_studio.core import queue\nwhile (it := queue.claim()): print(it.id); queue.end(it.id, 'done')"
    takers = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ)
        for _ in range(2)
    ]
    taken = [word for taker in takers for word in taker.communicate(timeout=60)[0].split()]
    assert sorted(taken) == sorted(entry.id for entry in queue.entries())
    assert {entry.state for entry in queue.entries()} == {"done"}


def test_a_lock_ends_with_its_program_and_is_waited_for_until_then(monkeypatch):
    queue.add(values())
    hold = "import sys; from fnet_studio.core import locks, queue; from fnet_studio.core.errors import UserError\n"
    hold += "with locks.alone(queue.path().with_suffix('.lock'), UserError('', '', '')): print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with monkeypatch.context() as soon:
            soon.setattr(queue, "LOCK_WAIT_S", 0.05)
            with pytest.raises(UserError) as caught:
                queue.add(values())
        assert caught.value.kind == "queue.locked"
        threading.Timer(0.2, holder.kill).start()
        queue.add(values())
    assert len(queue.entries()) == 2


def test_a_damaged_file_is_named_and_left_as_it_is():
    places.data().mkdir(parents=True)
    queue.path().write_text("{half")
    for change in (queue.entries, lambda: queue.add(values())):
        with pytest.raises(UserError) as caught:
            change()
        assert caught.value.kind == "queue.unreadable"
    assert queue.path().read_text() == "{half"


def test_a_file_of_a_newer_version_is_refused_and_what_waits_in_it_goes_on_waiting():
    queue.add(values())
    newer = json.loads(queue.path().read_text()) | {"schema": queue.SCHEMA + 1}
    newer["entries"][0] |= {"state": "put off"}  # which no version before had
    newer["entries"][0]["recipe"]["data"]["sampling"] = "all"
    before = json.dumps(newer)
    queue.path().write_text(before)
    for change in (queue.entries, queue.claim, lambda: queue.add(values()), lambda: queue.remove("1")):
        with pytest.raises(UserError, match="newer") as caught:
            change()
        assert caught.value.kind == "queue.newer"
    assert queue.path().read_text() == before


def test_a_file_of_an_earlier_version_is_read_and_kept_when_it_is_first_changed():
    first = queue.add(values())
    earlier = json.loads(queue.path().read_text()) | {"schema": 1}
    for name in ("cut", "split"):
        del earlier["entries"][0]["recipe"]["data"][name]
    queue.path().write_text(json.dumps(earlier))
    assert [entry.id for entry in queue.entries()] == [first.id]
    queue.add(values())
    assert json.loads(queue.path().read_text())["schema"] == queue.SCHEMA
    assert json.loads(queue.path().with_name("queue.schema-1.json").read_text()) == earlier
    assert queue.claim().recipe == earlier["entries"][0]["recipe"]


@pytest.fixture
def full_disk(monkeypatch):
    """A context manager: no byte gets to the disk in it, while empty files can still be made."""

    def refuse(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    @contextlib.contextmanager
    def full():
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", refuse)
            yield

    return full


def test_a_full_disk_is_told_and_holds_nothing_up(full_disk):
    queue.add(values(), "a")
    with full_disk(), pytest.raises(UserError) as caught:
        queue.add(values(), "b")
    assert caught.value.kind == "disk.full"
    queue.add(values(), "c")
    assert names() == ["a", "c"]


def started(run):
    device = protocol.Device("cpu", "test")
    return protocol.RunStarted(run, run, {}, 1, device, 1, 1)


def test_the_driver_goes_on_after_a_failure_and_keeps_its_words():
    for name in ("a", "b"):
        queue.add(values(), name)
    driver = QueueDriver()
    assert driver.next() == protocol.Train(queue.entries()[0].recipe, "a")
    driver.replied(protocol.Failed("device.out-of-memory", "Too much.", "Take less."))
    command = driver.next()
    assert isinstance(command, protocol.Train)
    assert command.name == "b"
    run = run_on_disk("b")
    driver.heard(started(run))
    driver.replied(protocol.Done())
    assert driver.next() is None
    first, second = queue.entries()
    assert first.failure is not None
    assert (first.state, first.failure["kind"]) == ("failed", "device.out-of-memory")
    assert (second.state, second.run) == ("done", run)


def test_what_became_of_an_entry_is_written_as_soon_as_the_disk_takes_it(full_disk):
    for name in ("a", "b"):
        queue.add(values(), name)
    driver = QueueDriver()
    driver.next()
    with full_disk():
        for again in (lambda: driver.replied(protocol.Failed("disk.full", "Full.", "Free some space.")), driver.next):
            with pytest.raises(UserError) as caught:
                again()
            assert caught.value.kind == "disk.full"
    assert not driver.settled
    assert driver.next() == protocol.Train(queue.entries()[1].recipe, "b")
    assert [(entry.state, entry.failure and entry.failure["message"]) for entry in queue.entries()] == [
        ("failed", "Full."),
        ("running", None),
    ]


def test_a_stopped_entry_can_wait_again_and_then_resumes():
    entry = queue.add(values(), "a")
    driver = QueueDriver()
    driver.next()
    run = run_on_disk("a", "stopped")
    driver.heard(started(run))
    driver.replied(protocol.Stopped(True, run))
    assert queue.entries()[0].state == "stopped"
    assert driver.next() is None
    queue.wait_again(entry.id)
    assert driver.next() == protocol.Resume(run)


@pytest.mark.parametrize("state", ["waiting", "stopped", "failed"])
def test_an_entry_whose_run_was_finished_by_hand_is_done_and_not_trained_again(state):
    entry = queue.add(values(), "a")
    run = run_on_disk("a", "stopped")
    queue.note_run(entry.id, run)
    queue.end(entry.id, state)
    assert queue.entries()[0].state == state
    run_store.RunWriter.reopen(run).finish("finished")
    assert queue.entries()[0].state == "done"
    assert QueueDriver().next() is None
    queue.wait_again(entry.id)
    assert QueueDriver().next() == protocol.Train(entry.recipe, "a")


def test_an_entry_whose_run_is_at_work_outside_of_the_queue_is_passed_over():
    first, second = (queue.add(values(), name) for name in ("a", "b"))
    writer = run_store.RunWriter.create("a", {"task": "classify"})
    queue.note_run(first.id, writer.record.id)
    driver = QueueDriver()
    assert driver.next() == protocol.Train(second.recipe, "b")
    driver.replied(protocol.Done())
    with pytest.raises(UserError) as caught:
        driver.next()
    assert caught.value.kind == "queue.at-work"
    assert driver.entry is None
    writer.finish("stopped")
    assert driver.next() == protocol.Resume(writer.record.id)


def both():
    return recipe.load(recipe.bundled("adapt-then-finetune"))


def test_adapting_changes_nothing_of_the_fine_tuning_that_follows():
    alone = recipe.load(recipe.bundled("finetune"))
    _first, second = chain.halves(both())
    assert recipe.to_mapping(second) == recipe.to_mapping(alone) | {"name": second.name}


def test_the_two_halves_share_texts_and_seed_and_the_first_never_sees_the_test():
    chosen = recipe.from_mapping(
        recipe.to_mapping(both())
        | {"data": {"source": "files", "path": "x.csv", "test_path": "test.csv"}}
        | {"optimisation": {"class_weights": "balanced"}}
    )
    first, second = chain.halves(chosen)
    assert (first.optimisation.class_weights, second.optimisation.class_weights) == ("none", "balanced")
    assert (first.task, second.task) == ("masked-lm", "finetune")
    assert first.training.epochs == 4
    assert second.training.epochs == 10
    assert first.data.path == second.data.path
    assert (first.data.test_path, second.data.test_path) == ("none", "test.csv")
    assert first.model.preset == second.model.preset
    assert first.adapt.epochs == second.adapt.epochs == 0
    assert first.training.seed == second.training.seed


def test_a_recipe_without_adapting_is_one_run():
    chosen = recipe.load(recipe.bundled("finetune"))
    assert chain.halves(chosen) == (chosen,)


def test_adapting_before_training_from_scratch_is_refused():
    with pytest.raises(UserError, match=r"adapt\.epochs"):
        recipe.from_mapping({"adapt": {"epochs": 1}})


def test_files_that_were_moved_are_found_by_the_second_half_too(tmp_path):
    data = {"source": "files", "path": "/old/x.csv", "test_path": "/old/test.csv"}
    first, second = chain.halves(recipe.from_mapping(recipe.to_mapping(both()) | {"data": data}))
    record = run_store.RunRecord(
        id="r1", name="mine", began=0.0, recipe=recipe.to_mapping(first), then=recipe.to_mapping(second)
    )
    moved = {"data.path": str(tmp_path / "x.csv"), "data.test_path": str(tmp_path / "test.csv")}
    goes_on, then = chain.changed(record, moved | {"saving.keep_last": "5"})
    assert (goes_on.data.path, goes_on.data.test_path) == (moved["data.path"], "none")
    assert goes_on.saving.keep_last == 5
    assert then is not None
    assert (then["data"]["path"], then["data"]["test_path"]) == (moved["data.path"], moved["data.test_path"])
    assert then["saving"] == recipe.to_mapping(second)["saving"]


def test_the_driver_sends_the_second_half_when_the_first_is_done_and_not_twice():
    queue.add(recipe.to_mapping(both()), "pair")
    driver = QueueDriver()
    driver.next()
    second = chain.after("first", chain.halves(both())[1])
    first_run = run_on_disk("pair-adapt", then=recipe.to_mapping(second))
    driver.heard(started(first_run))
    driver.replied(protocol.Done())
    assert queue.entries()[0].state == "running"
    assert driver.next() == protocol.Train(recipe.to_mapping(second))
    child = run_store.RunWriter.create(second.name, recipe.to_mapping(second))
    child.record.parent = first_run
    child.save()
    driver.heard(started(child.record.id))
    child.finish("stopped")
    assert chain.next_after(first_run) == protocol.Resume(child.record.id)
    child.finish("finished")
    driver.replied(protocol.Done())
    assert queue.entries()[0].state == "done"
    assert chain.next_after(first_run) is None


@pytest.mark.parametrize("status", ["failed", "stopped", "interrupted"])
def test_a_first_half_that_did_not_finish_has_nothing_that_follows_it_yet(status):
    second = chain.after("first", chain.halves(both())[1])
    assert chain.next_after(run_on_disk("pair-adapt", status, then=recipe.to_mapping(second))) is None


def test_a_run_is_found_by_its_name_and_the_newest_with_a_preset_is_meant():
    older, newer = run_on_disk("mine"), run_on_disk("mine")
    for run in (older, newer):
        assert run_models.run_of(f"run:{run}") == run
    with pytest.raises(UserError) as caught:
        presets.folder("run:mine")
    assert caught.value.kind == "run.no-model"
    kept = places.runs() / older / run_store.KEPT_PRESET
    kept.mkdir()
    (kept / "config.json").write_text("{}")
    assert presets.folder("run:mine") == kept
    run_notes.write(older, run_notes.RunNotes(name="My best"))
    assert presets.folder("run:My best") == presets.folder("run:mine") == kept
    with pytest.raises(UserError) as caught:
        presets.folder("run:../..")
    assert caught.value.kind == "run.missing"


def test_an_entry_cut_off_between_its_halves_goes_on_with_the_second():
    second = chain.after("first", chain.halves(both())[1])
    first_run = run_on_disk("pair-adapt", then=recipe.to_mapping(second))
    entry = queue.add(recipe.to_mapping(both()), "pair")
    queue.note_run(entry.id, first_run)
    assert QueueDriver().next() == protocol.Train(recipe.to_mapping(second))


def test_an_entry_of_two_runs_is_done_when_another_try_at_its_second_half_has_finished():
    second = chain.halves(both())[1]
    first_run = run_on_disk("pair-adapt", then=recipe.to_mapping(second))
    entry = queue.add(recipe.to_mapping(both()), "pair")
    tries = []
    for _ in range(2):
        tries.append(run_store.RunWriter.create(second.name, recipe.to_mapping(second)))
        tries[-1].record.parent = first_run
    tries[0].finish("failed")
    queue.note_run(entry.id, tries[0].record.id)
    assert queue.command_of(queue.entries()[0]) == protocol.Train(recipe.to_mapping(second))
    tries[1].save()
    with pytest.raises(UserError, match="at work"):
        queue.claim()
    tries[1].finish("finished")
    assert queue.entries()[0].state == "done"
