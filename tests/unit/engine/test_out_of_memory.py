"""A device that runs out of memory: the run survives, and goes on with less at a time."""

import pytest

from fnet_studio.core import protocol, recipe, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.engine import checkpoint, stored_run
from fnet_studio.engine.failures import with_less_memory
from fnet_studio.engine.step import Training
from fnet_studio.engine.train import resume, train

DEVICE = protocol.Device("cpu", "test")


@pytest.fixture
def short_of_memory(monkeypatch):
    """Steps over more than `texts` texts at a time fail from step `at` on, as XLA's do."""

    def make(texts, at):
        real, calls = Training.step, []

        def step(self, state, batch):
            calls.append(1)
            if len(calls) >= at and self.batch_size // self._parts > texts:
                raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 123456 bytes.")
            return real(self, state, batch)

        monkeypatch.setattr(Training, "step", step)

    return make


def mapping(tiny, **training):
    values = recipe.to_mapping(tiny)
    values["training"] |= {"batch_size": 16, "epochs": 2} | training
    return values


def logged(run):
    return [(row.get("split", ""), row["step"], row["loss"]) for row in run_store.read_metrics(run)]


@pytest.mark.parametrize("at", [1, 11])
def test_the_run_goes_on_by_itself_with_less_at_a_time_where_it_is_told_to(tiny, job, short_of_memory, at):
    whole = logged(train(protocol.Train(mapping(tiny)), job, DEVICE, {}).run)
    short_of_memory(4, at)
    finished = train(protocol.Train(mapping(tiny, auto_batch=True)), job, DEVICE, {})
    record = run_store.read(finished.run)
    assert (record.status, record.recipe["training"]["accumulation"]) == ("finished", 4)
    rows = logged(finished.run)
    assert [row[:2] for row in rows] == [row[:2] for row in whole]
    starts = [event for event in job.events if isinstance(event, protocol.RunStarted) and event.run == finished.run]
    assert len(starts) == 1
    assert [row[0] for row in job.steps[len(job.steps) // 2 :]] == list(range(1, 17)), "each step is told once"
    warnings = [event.text for event in job.events if isinstance(event, protocol.Log)]
    assert [text for text in warnings if "out of memory" in text][-1].count("4 parts") == 1
    assert stored_run.evaluate(protocol.Evaluate(finished.run), job).accuracy == finished.test_accuracy


def test_otherwise_it_fails_with_advice_and_can_be_resumed(tiny, job, short_of_memory, monkeypatch):
    whole = logged(train(protocol.Train(mapping(tiny)), job, DEVICE, {}).run)
    with monkeypatch.context() as patch:
        real = Training.step
        short_of_memory(8, 11)
        with pytest.raises(UserError) as caught:
            train(protocol.Train(mapping(tiny)), job, DEVICE, {})
        patch.setattr(Training, "step", real)
        assert caught.value.kind == "device.out-of-memory"
        assert "training.accumulation=2" in caught.value.advice
        assert "another model" in caught.value.advice, "a shorter length is named only with its price"
        record = next(it for it in run_store.list_runs()[0] if it.status == "failed")
        assert record.failure is not None
        assert record.failure["kind"] == "device.out-of-memory"
        assert checkpoint.stored(run_store.folder(record.id))
        resume(protocol.Resume(record.id), job, DEVICE, {})
    assert logged(record.id) == whole


def test_a_batch_of_one_text_cannot_be_cut(tiny, job, short_of_memory):
    short_of_memory(0, 1)
    with pytest.raises(UserError) as caught:
        train(protocol.Train(mapping(tiny, auto_batch=True)), job, DEVICE, {})
    assert caught.value.kind == "device.out-of-memory"
    assert "accumulation" not in caught.value.advice
    (record,), _ = run_store.list_runs()
    assert record.recipe["training"]["accumulation"] == 16


def test_a_batch_is_cut_in_half_while_that_is_even():
    chosen = recipe.from_mapping({"training": {"batch_size": 12}})
    parts = []
    while chosen is not None:
        parts.append(chosen.training.accumulation)
        chosen = with_less_memory(chosen)
    assert parts == [1, 2, 4]
