import pytest

from fnet_studio.core import recipe
from fnet_studio.core.errors import UserError
from fnet_studio.core.remedies import CHANGEABLE, changed, goes_on, half_at_a_time, remedies
from fnet_studio.core.run_store import RunRecord

MAPPING = recipe.to_mapping(recipe.load(recipe.bundled("sample-quick")))


def record(status="failed", kind="", **training):
    mapping = MAPPING | {"training": MAPPING["training"] | training}
    failure = {"kind": kind, "message": "", "advice": ""} if kind else None
    return RunRecord(id="r1", name="mine", began=0.0, status=status, failure=failure, recipe=mapping)


def test_out_of_memory_is_met_by_half_at_a_time_and_by_another_length_only_with_a_warning():
    run = record(kind="device.out-of-memory", batch_size=16, accumulation=2)
    first, second = remedies(run)
    assert (first.do, first.changes, first.warning) == ("resume", {"training.accumulation": "4"}, "")
    assert first.command(run) == "fnet-studio resume r1 --set training.accumulation=4"
    assert second.do == "start"
    assert int(second.changes["data.sequence_length"]) == MAPPING["data"]["sequence_length"] // 2
    assert "another model" in second.warning


def test_a_batch_that_cannot_be_cut_is_not_cut():
    assert half_at_a_time(recipe.from_mapping(MAPPING | {"training": {"batch_size": 3}})) == {}
    assert half_at_a_time(recipe.from_mapping(MAPPING | {"training": {"batch_size": 4, "accumulation": 4}})) == {}
    (first, *_) = remedies(record(kind="device.out-of-memory", batch_size=1))
    assert first.changes == {}


def test_a_loss_that_is_no_number_is_met_by_a_smaller_rate_or_by_clipping():
    rate, clipped = remedies(record(kind="train.not-finite", learning_rate=0.03))
    assert rate.changes == {"training.learning_rate": "0.01"}
    assert clipped.changes == {"optimisation.clip_norm": "1.0"}


@pytest.mark.parametrize("kind", ["device.lost", "disk.full", "data.gone", "worker.bug"])
def test_what_is_mended_outside_goes_on_as_it_was(kind):
    (remedy,) = remedies(record(kind=kind))
    assert (remedy.do, remedy.changes) == ("resume", {})


def test_a_run_that_is_at_work_or_done_or_wrong_in_itself_has_no_remedy():
    assert remedies(record("running")) == remedies(record("finished")) == ()
    assert remedies(record(kind="recipe.invalid")) == ()
    assert [it.do for it in remedies(record("paused"))] == ["resume"]


def test_a_run_without_a_checkpoint_is_said_to_begin_again():
    run = record("interrupted")
    assert "begins it again" in goes_on(run)
    run.saved_step = 12
    assert "newest checkpoint" in goes_on(run)


def test_every_remedy_can_be_done():
    for kind in ("device.out-of-memory", "train.not-finite"):
        for remedy in remedies(record(kind=kind)):
            if remedy.do == "resume":
                changed(recipe.from_mapping(MAPPING), remedy.changes)
            else:
                recipe.load(recipe.bundled("sample-quick"), remedy.changes)


def test_only_what_leaves_the_steps_of_a_run_its_own_may_change():
    before = recipe.from_mapping(MAPPING)
    assert changed(before, {"training.learning_rate": "0,5"}).training.learning_rate == 0.5
    with pytest.raises(UserError) as caught:
        changed(before, {"training.batch_size": "8"})
    assert caught.value.kind == "resume.fixed"
    assert all(key in caught.value.advice for key in CHANGEABLE)
    with pytest.raises(UserError) as caught:
        changed(before, {"training.learning_rate": "-1"})
    assert caught.value.kind == "recipe.invalid"
