"""Going on with a preset's pretraining on plain text."""

import json

import numpy as np
import pytest

from fnet_studio.core import presets, protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.engine import plain_text, stored_run
from fnet_studio.engine.classifying import Classifying
from fnet_studio.engine.kept_preset import FOLDER
from fnet_studio.engine.task import load_task
from fnet_studio.engine.train import resume, train
from fnet_studio.models import FNetMaskedLM

DEVICE = protocol.Device("cpu", "test")
SENTENCES = ["the small red house stands by the river", "a large blue boat waits on the quiet lake"]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "plain.txt"
    path.write_text("\n".join(f"{SENTENCES[i % 2]} number {i}." for i in range(60)) + "\n" + "word " * 100)
    return path


def mapping(preset, text, **changes):
    values = recipe.to_mapping(recipe.load(recipe.bundled("masked-lm"), {"training.epochs": "2"}))
    values["model"]["preset"] = preset
    values["data"] |= {"source": "files", "path": str(text), "validation_split": 0.2}
    for key, value in changes.items():
        section, name = key.split("__")
        values[section][name] = value
    return values


def start(values, job):
    return train(protocol.Train(values), job, DEVICE, {})


def loaded(values):
    return load_task(recipe.from_mapping(values), lambda *_: None, lambda: False)


def rows(run):
    return [(r.get("split"), r["step"], r["loss"]) for r in run_store.read_metrics(run)]


def test_it_learns_the_text_and_keeps_a_preset_that_fills_masks(preset, text, job):
    values = mapping(preset, text, training__epochs=12, training__learning_rate=0.01, data__test_path=str(text))
    finished = start(values, job)
    losses = [row["loss"] for row in run_store.read_metrics(finished.run) if row.get("split") == "validation"]
    assert losses[-1] < losses[0] - 1
    folder = run_store.folder(finished.run)
    assert presets.read_card(folder / FOLDER).problem == ""
    model = FNetMaskedLM.from_preset(folder / FOLDER)
    assert model.head_state == "fine-tuned"
    report = json.loads((folder / "evaluation-test.json").read_text())
    assert 1 < report["pseudo_perplexity"] < 8192 / 4
    assert report["accuracy"] == finished.test_accuracy > 0.1
    again = stored_run.evaluate(protocol.Evaluate(finished.run), job)
    assert again.loss == pytest.approx(finished.test_loss, rel=1e-4)
    assert again.counted == "masked words"
    with pytest.raises(UserError, match="no classes"):
        Classifying().classify(protocol.Classify(finished.run, ("text",)))


@pytest.mark.parametrize("step", [2, 6])
def test_it_goes_on_bit_for_bit_after_a_stop(preset, text, job, step):
    whole = rows(start(mapping(preset, text), job).run)
    job.stop_at_step = step
    with pytest.raises(Stopped) as caught:
        start(mapping(preset, text), job)
    job.stop_at_step, job.stop_mode = 0, ""
    assert rows(resume(protocol.Resume(caught.value.run), job, DEVICE, {}).run) == whole


def test_masks_differ_between_epochs_and_repeat_for_the_same_step(preset, text):
    task = loaded(mapping(preset, text))
    first, again, later = (list(task.train_batches(epoch)) for epoch in (0, 0, 1))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.inputs["token_ids"], two.inputs["token_ids"])
    resumed = next(task.train_batches(0, first_step=2))
    np.testing.assert_array_equal(resumed.inputs["mask_positions"], first[2].inputs["mask_positions"])
    assert not np.array_equal(first[0].inputs["mask_positions"], later[0].inputs["mask_positions"])
    held_out = [list(task.evaluation_batches("validation")) for _ in range(2)]
    np.testing.assert_array_equal(held_out[0][0].inputs["token_ids"], held_out[1][0].inputs["token_ids"])


def test_labels_are_what_stood_under_the_masks(preset, text):
    task = loaded(mapping(preset, text))
    plain = task.parts["validation"].inputs
    assert isinstance(plain, dict)
    (batch, *_) = task.evaluation_batches("validation")
    counted = 0
    for row in range(len(plain["token_ids"])):
        real = batch.weights[row] > 0
        places = batch.inputs["mask_positions"][row][real]
        np.testing.assert_array_equal(batch.labels[row][real], plain["token_ids"][row][places])
        counted += len(places)
    assert counted > 0
    assert not batch.weights[len(plain["token_ids"]) :].any()


def test_a_long_text_gives_several_windows_and_loses_no_token(preset, text):
    task = loaded(mapping(preset, text, data__validation_split=0.02))
    tokenizer = task.preprocessor.tokenizer  # type: ignore[attr-defined]
    counted = 0
    for name in ("train", "validation"):
        inputs = task.parts[name].inputs
        assert isinstance(inputs, dict)
        counted += int((~np.isin(inputs["token_ids"], tokenizer.special_token_ids)).sum())
    lines = [line for line in text.read_text().split("\n") if line.strip()]
    assert counted == sum(len(tokenizer.tokenize(line)) for line in lines)
    assert task.summary()["train"] + task.summary()["validation"] > len(lines)


def test_windows_of_the_same_texts_come_from_the_cache_and_are_the_same(preset, text, monkeypatch):
    values = mapping(preset, text, data__test_path=str(text))
    first = loaded(values)
    monkeypatch.setattr(plain_text, "windows_of", None)  # it would fail if it were asked
    again = loaded(values)
    assert again.content_hash == first.content_hash
    for name, part in first.parts.items():
        for side, array in part.inputs.items():
            np.testing.assert_array_equal(again.parts[name].inputs[side], array)


def test_a_validation_file_validates_and_all_other_texts_train(preset, text, tmp_path):
    held_out = tmp_path / "held-out.txt"
    held_out.write_text("\n".join(f"{SENTENCES[0]} again {i}." for i in range(7)))
    shared = loaded(mapping(preset, text))
    task = loaded(mapping(preset, text, data__validation_path=str(held_out)))
    assert len(task.parts["validation"]) == 7
    assert len(task.parts["train"]) == sum(len(shared.parts[name]) for name in ("train", "validation"))
    assert task.content_hash != shared.content_hash
    both = loaded(mapping(preset, text, data__validation_path=str(held_out), data__test_path=str(held_out)))
    assert [len(both.parts[name]) for name in ("validation", "test")] == [7, 7]


def test_a_folder_with_a_test_part_is_read_without_it(preset, tmp_path):
    for part, count in (("train", 6), ("test", 9)):
        for number in range(count):
            path = tmp_path / "data" / part / "pos" / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{part} text {number}")
    assert loaded(mapping(preset, tmp_path / "data")).summary()["texts"] == 6


def test_a_table_with_a_column_of_a_usual_name_needs_no_word(preset, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("label,review\n" + "\n".join(f"pos,film number {i}" for i in range(10)))
    assert loaded(mapping(preset, path)).summary()["texts"] == 10


def test_a_table_needs_the_name_of_its_text_column(preset, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,words\n" + "\n".join(f"{i},{SENTENCES[i % 2]}" for i in range(10)))
    with pytest.raises(UserError, match="text_column"):
        loaded(mapping(preset, path))
    assert loaded(mapping(preset, path, data__text_column="words")).summary()["texts"] == 10


def test_the_bundled_texts_can_be_used_too(preset, text):
    task = loaded(mapping(preset, text, data__source="sample"))
    assert len(task.parts["train"]) > 100
    assert len(task.parts["test"]) == 0


def test_its_preset_can_be_fine_tuned_afterwards(preset, text, job):
    adapted = run_store.folder(start(mapping(preset, text, training__epochs=1), job).run) / FOLDER
    values = recipe.to_mapping(recipe.load(recipe.bundled("finetune"), {"training.epochs": "1"}))
    values["model"]["preset"] = str(adapted)
    assert 0 <= start(values, job).test_accuracy <= 1
