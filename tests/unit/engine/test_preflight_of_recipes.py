import errno

import pytest

from fnet_studio.core import places, protocol, recipe, run_store
from fnet_studio.core.preflight import ratios
from fnet_studio.engine import preflight
from fnet_studio.engine.train import train

DEVICE = protocol.Device("cpu", "test")


def planned(values, job):
    return preflight.plan(protocol.Plan(values), job)


def test_the_disk_that_a_run_takes_was_foretold(tiny, job):
    """Of the three figures the one that a busy machine does not change."""
    values = recipe.to_mapping(tiny)
    estimate = planned(values, job).estimate
    record = run_store.read(train(protocol.Train(values, estimate=estimate), job, DEVICE, {}).run)
    assert record.estimate == estimate
    assert record.outcome is not None
    assert 1 / 1.5 < ratios(estimate, record.outcome)["disk_bytes"] < 1.5
    assert record.outcome.duration_s == record.duration_s
    assert record.outcome.memory_bytes > 0


def test_a_resumed_run_has_no_outcome_to_compare(tiny, job):
    from test_resume import stopped_at

    from fnet_studio.engine.train import resume

    run = stopped_at(tiny, job, 3)
    resume(protocol.Resume(run), job, DEVICE, {})
    assert run_store.read(run).outcome is None


def test_a_plan_leaves_nothing_but_caches_and_clears_up_after_a_killed_one(tiny, job):
    (places.data() / ".plan-999999999-x").mkdir(parents=True)
    planned(recipe.to_mapping(tiny), job)
    assert [path for path in places.data().rglob("*") if path.is_file()] == []
    assert not list(places.data().glob(".plan-*"))


@pytest.mark.parametrize("refused", ["the folder", "what is written to it"])
def test_a_place_that_cannot_be_written_is_an_error_with_advice(tiny, job, monkeypatch, refused):
    def read_only(**_):
        raise OSError(errno.EROFS, "Read-only file system")

    if refused == "the folder":
        places.data().parent.mkdir(parents=True, exist_ok=True)
        places.data().write_text("a file of that name")
    else:
        monkeypatch.setattr(preflight.tempfile, "TemporaryDirectory", read_only)
    (problem,) = [problem for problem in planned(recipe.to_mapping(tiny), job).problems if problem.severity == "error"]
    assert problem.kind == "disk.unwritable"
    assert str(places.data()) in problem.message
    assert problem.advice


def test_missing_data_a_missing_preset_and_too_few_positions_are_errors_with_advice(job, preset, tmp_path):
    files = {"task": "classify", "data": {"source": "files", "path": str(tmp_path / "none.csv")}}
    small = {"task": "finetune", "model": {"preset": preset}, "data": {"sequence_length": 64}}
    for values, kind, part in (
        (files, "data.missing", "none.csv"),
        ({"task": "finetune", "model": {"preset": "no-such"}}, "preset.missing", "no-such"),
        (small, "recipe.length", "64"),
    ):
        found = planned(values, job)
        assert not found.possible
        assert found.problems[0].kind == kind
        assert part in found.problems[0].message
        assert found.problems[0].advice


def test_a_model_over_the_free_memory_is_named_before_a_step_is_tried(tiny, job, monkeypatch):
    monkeypatch.setattr(preflight.memory, "free_bytes", lambda: 1_000_000)
    found = planned(recipe.to_mapping(tiny), job)
    assert [problem.kind for problem in found.problems if problem.severity == "error"] == ["memory.short"]
    assert "measuring" not in job.phases
    assert found.estimate.duration_s == -1
    assert found.estimate.memory_bytes > 1_000_000


def test_duplicates_and_overlap_in_files_are_told_with_their_numbers(job, tmp_path):
    rows = [f"{word} review number {i},{label}" for i in range(30) for word, label in (("good", "pos"), ("bad", "neg"))]
    header = "text,label\n"
    (tmp_path / "train.csv").write_text(header + "\n".join([*rows, rows[0], rows[0]]))
    (tmp_path / "test.csv").write_text(header + "\n".join(rows[:4]))
    values = {
        "data": {
            "source": "files",
            "path": str(tmp_path / "train.csv"),
            "test_path": str(tmp_path / "test.csv"),
            "sequence_length": 16,
            "vocabulary_size": 100,
        },
        "model": {"hidden_dim": 16, "num_layers": 1, "num_heads": 1},
        "training": {"batch_size": 8, "epochs": 1},
    }
    found = planned(values, job)
    kinds = {problem.kind: problem for problem in found.problems}
    assert {"data.overlap", "data.duplicates"} <= set(kinds)
    assert kinds["data.overlap"].severity == "warning"
    assert "4 of the 4" in kinds["data.overlap"].message
    assert found.possible
