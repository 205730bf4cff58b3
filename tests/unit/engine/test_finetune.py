"""Fine-tuning a preset: its own tokens and length, what is trained, and the preset that is kept."""

import csv
import json
import shutil

import numpy as np
import pytest

from fnet_studio.core import all_cores, places, presets, protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.data.corpus import LabelledTexts
from fnet_studio.data.sample import read_sample
from fnet_studio.engine import packed, stored_run
from fnet_studio.engine.classifying import Classifying
from fnet_studio.engine.explored_run import load_run
from fnet_studio.engine.kept_preset import FOLDER
from fnet_studio.engine.run_texts import run_texts
from fnet_studio.engine.train import resume, train
from fnet_studio.models import FNetBackbone, FNetTextClassifier
from fnet_studio.models.preprocessor import FNetTextClassifierPreprocessor
from fnet_studio.models.tensors import backbone_variables

DEVICE = protocol.Device("cpu", "test")


def mapping(preset, **changes):
    values = recipe.to_mapping(recipe.load(recipe.bundled("finetune"), {"training.epochs": "2"}))
    values["model"]["preset"] = preset
    for key, value in changes.items():
        section, name = key.split("__")
        values[section][name] = value
    return values


def start(values, job):
    return train(protocol.Train(values), job, DEVICE, {})


def rows(run):
    return [(r.get("split"), r["step"], r["loss"]) for r in run_store.read_metrics(run)]


def test_the_kept_preset_answers_as_the_run_did_and_lists_itself_as_fine_tuned(preset, job):
    finished = start(mapping(preset), job)
    record = run_store.read(finished.run)
    assert (record.task, record.data["sequence_length"], record.data["train"]) == ("finetune", 32, 128)
    told = json.loads((run_store.folder(finished.run) / "evaluation-test.json").read_text())
    assert told["macro_f1"] >= 0
    assert told["naive_bayes"] > 0.6, "the pieces alone tell more than guessing"
    folder = run_store.folder(finished.run) / FOLDER
    card = presets.read_card(folder)
    assert (card.head, card.class_names) == ("fine-tuned", ("neg", "pos"))
    model = FNetTextClassifier.from_preset(folder)
    texts = ["A joy from start to end.", "Dull."]
    logits = model.predict(texts, verbose=0)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    answer = Classifying().classify(protocol.Classify(finished.run, tuple(texts)))
    np.testing.assert_allclose(answer.probabilities, p, atol=1e-5)
    assert answer.class_names == ("neg", "pos")
    again = stored_run.evaluate(protocol.Evaluate(finished.run), job)
    assert again.loss == pytest.approx(finished.test_loss, rel=1e-5)


def test_it_learns_classes_that_their_words_tell_apart(preset, job, tmp_path):
    words = {"a": "apple pear plum fruit", "b": "river lake sea water", "c": "iron steel zinc metal"}
    random = np.random.default_rng(0)
    lines = [f"{' '.join(random.choice(words['abc'[i % 3]].split(), 6))},{'abc'[i % 3]}" for i in range(150)]
    (tmp_path / "three.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    values = mapping(preset, data__source="files", data__path=str(tmp_path / "three.csv"), training__epochs=10)
    values["training"]["learning_rate"] = 0.01
    record = run_store.read(start(values, job).run)
    assert record.data["class_names"] == ["a", "b", "c"]
    best = [row for row in run_store.read_metrics(record.id) if row.get("best")][-1]
    assert best["accuracy"] > 0.9


def test_it_goes_on_bit_for_bit_after_a_stop(preset, job):
    whole = rows(start(mapping(preset), job).run)
    job.stop_at_step = 11
    with pytest.raises(Stopped) as caught:
        start(mapping(preset), job)
    job.stop_at_step, job.stop_mode = 0, ""
    assert rows(resume(protocol.Resume(caught.value.run), job, DEVICE, {}).run) == whole


def with_another_vocabulary(preset):
    """Of the same size: the ids of two frequent words change places."""
    file = places.presets() / preset / "assets" / "tokenizer" / "vocabulary.spm"
    one, other, between = "▁the".encode(), "▁and".encode(), b"\0" * 6
    file.write_bytes(file.read_bytes().replace(one, between, 1).replace(other, one, 1).replace(between, other, 1))


def test_a_run_is_measured_by_what_it_kept_and_never_goes_on_from_another_preset_of_that_name(preset, job):
    job.asked_mode, job.stop_at_step = "pause", 3
    with pytest.raises(Stopped) as caught:
        start(mapping(preset), job)
    job.stop_at_step, job.stop_mode = 0, ""
    paused, finished = caught.value.run, start(mapping(preset, training__epochs=1), job)
    with_another_vocabulary(preset)
    again = stored_run.evaluate(protocol.Evaluate(finished.run), job)
    assert again.loss == pytest.approx(finished.test_loss, rel=1e-5)
    for ask in (lambda: resume(protocol.Resume(paused), job, DEVICE, {}), lambda: load_run(f"run:{paused}@3")):
        with pytest.raises(UserError, match="The preset small is not what the run") as refused:
            ask()
        assert refused.value.kind == "run.preset-changed"
    assert run_store.read(paused).status == "paused"
    shutil.rmtree(places.presets() / preset)
    again = stored_run.evaluate(protocol.Evaluate(finished.run), job)
    assert again.loss == pytest.approx(finished.test_loss, rel=1e-5)


@pytest.mark.parametrize("backbone", ["frozen", "trained"])
def test_a_frozen_backbone_stays_as_it_was(preset, job, backbone):
    finished = start(mapping(preset, model__backbone=backbone, training__epochs=1), job)
    before = backbone_variables(FNetBackbone.from_preset(places.presets() / preset))
    after = backbone_variables(FNetBackbone.from_preset(run_store.folder(finished.run) / FOLDER))
    same = {name: np.array_equal(np.asarray(v.value), np.asarray(after[name].value)) for name, v in before.items()}
    unused = {name for name in same if name.startswith("pooled_dense")}
    assert {name for name, it in same.items() if it} == (set(same) if backbone == "frozen" else unused)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_kept_preset_pools_as_it_was_trained_and_its_pads_count_for_the_mixing_alone(preset, job, pooling):
    finished = start(mapping(preset, model__pooling=pooling, training__epochs=1), job)
    folder = run_store.folder(finished.run) / FOLDER
    model = FNetTextClassifier.from_preset(folder)
    assert model.pooling == pooling
    assert stored_run.evaluate(protocol.Evaluate(finished.run), job).loss == pytest.approx(finished.test_loss, rel=1e-5)
    features = model.preprocessor(["Dull."])
    hidden = np.asarray(model.backbone(features)["sequence_output"])[0]
    tokens = hidden[features["token_ids"][0] != model.preprocessor.tokenizer.pad_token_id]
    pooled = tokens.mean(axis=0) if pooling == "mean" else np.asarray(model.backbone.pooled_dense(hidden[:1]))[0]
    expected = np.asarray(model.output_dense(pooled[None]))
    np.testing.assert_allclose(np.asarray(model(features)), expected, atol=1e-4)


def test_another_length_is_used_only_when_it_is_asked_for_and_fits(preset, job):
    assert recipe.from_mapping({"task": "finetune"}).data.sequence_length == 0
    assert recipe.from_mapping({}).data.sequence_length == 512
    finished = start(mapping(preset, data__sequence_length=16, training__epochs=1), job)
    assert run_store.read(finished.run).data["sequence_length"] == 16
    with pytest.raises(UserError, match="positions for 32") as caught:
        start(mapping(preset, data__sequence_length=64), job)
    assert caught.value.kind == "recipe.length"
    with pytest.raises(UserError, match="Length"):
        recipe.from_mapping({"data": {"sequence_length": 0}})


@pytest.mark.parametrize("task", ["finetune", "classify"])
def test_a_model_that_reads_the_end_of_long_texts_classifies_by_it_later_too(preset, job, tmp_path, task):
    random = np.random.default_rng(0)
    filling = [" ".join(random.choice(["the", "film", "was", "long"], 60)) for _ in range(80)]
    lines = [
        f"{'Bad' if i % 2 else 'Good'} {words} {'good' if i % 2 else 'bad'},{i % 2}" for i, words in enumerate(filling)
    ]
    (tmp_path / "ends.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    values = mapping(preset, data__source="files", data__path=str(tmp_path / "ends.csv"), data__cut="start")
    values |= {"task": task}
    values["data"]["sequence_length"] = 16
    finished = start(values, job)
    texts = ("Good " + filling[0] + " good", "Bad " + filling[0] + " good", "Good " + filling[0] + " bad")
    first, other_start, other_end = Classifying().classify(protocol.Classify(finished.run, texts)).probabilities
    assert first == other_start
    assert first != other_end


@pytest.fixture
def pairs(tmp_path):
    lines = ["sentence1\tsentence2\tlabel"]
    lines += [f"the red house\tthe {'red' if i % 2 else 'blue'} house\t{i % 2}" for i in range(40)]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "pairs.tsv")


def test_pairs_of_sentences_are_told_apart_by_their_segments(preset, job, pairs):
    values = mapping(preset, data__source="files", data__path=pairs, training__epochs=1)
    finished = start(values, job)
    record = run_store.read(finished.run)
    assert record.data["class_names"] == ["0", "1"]
    assert record.test_accuracy is None
    from fnet_studio.engine.task import load_task

    task = load_task(recipe.from_mapping(values), lambda *_: None, lambda: False)
    inputs = task.parts["train"].inputs
    assert isinstance(inputs, dict)
    assert set(inputs["segment_ids"][0].tolist()) == {0, 1}


@pytest.mark.parametrize("task", ["finetune", "classify"])
def test_a_model_of_pairs_is_asked_about_pairs_as_it_was_trained_on_them(preset, job, pairs, task):
    values = mapping(preset, data__source="files", data__path=pairs, training__epochs=3, data__vocabulary_size=100)
    values |= {"task": task}
    values["data"]["sequence_length"] = 16
    run = start(values, job).run
    assert run_store.read(run).data["paired"] is True
    stored_run.evaluate(protocol.Evaluate(run, "validation"), job)
    with (run_store.folder(run) / "predictions-validation.csv").open() as stream:
        told = list(csv.DictReader(stream))
    rows = tuple(int(row["row"]) for row in told)
    texts = run_texts(protocol.RunTexts(run, "validation", rows), job)
    asked = protocol.Classify(run, texts.texts, texts.pairs)
    answers = np.array(Classifying().classify(asked).probabilities)
    np.testing.assert_allclose(answers, [[float(row[f"p({name})"]) for name in "01"] for row in told], atol=1e-5)
    assert len(np.unique(answers[:, 0].round(6))) == 2  # the first texts are all the same: the second ones tell
    _is_explored_as_it_was_trained(run, texts)
    for pairs_of_it in ((), texts.pairs[:1]):
        with pytest.raises(UserError) as caught:
            Classifying().classify(protocol.Classify(run, texts.texts, pairs_of_it))
        assert caught.value.kind == "run.pairs"


def _is_explored_as_it_was_trained(run, texts):
    model = load_run(f"run:{run}")
    kept = stored_run.bring_back(*stored_run.stored(run))
    for first, second in zip(texts.texts[:3], texts.pairs[:3], strict=True):
        shown = model.features(model.tokenize(f"{first} [SEP] {second}"))
        trained_on = kept.encode([first], [second])
        trained_on = trained_on if isinstance(trained_on, dict) else {"token_ids": trained_on}
        for name, wanted in trained_on.items():
            np.testing.assert_array_equal(shown[name][:, : wanted.shape[1]], wanted)
            assert (shown[name][:, wanted.shape[1] :] == (model.pad_id if name == "token_ids" else 0)).all()


def test_several_processes_pack_as_one_does(preset, monkeypatch):
    preprocessor = FNetTextClassifierPreprocessor.from_preset(preset)
    texts = read_sample().train.texts
    part = LabelledTexts(texts, np.zeros(len(texts), np.int32), texts[::-1])
    alone = packed._pack_part(part, preprocessor, lambda *_: None, lambda: False, 0, 0)
    monkeypatch.setattr(all_cores, "processes_for", lambda characters: 2)
    together = packed._pack_part(part, preprocessor, lambda *_: None, lambda: False, 0, 0)
    assert np.array_equal(alone[1], together[1])
    for name, rows in alone[0].items():
        assert rows.dtype == together[0][name].dtype
        assert np.array_equal(rows, together[0][name])


def test_a_preset_that_is_not_there_is_named(job):
    with pytest.raises(UserError, match="no-such-preset"):
        start(mapping("no-such-preset"), job)


def test_sst2_is_read_as_it_comes(shared, preset, job):
    folder = shared / "data" / "eval" / "sst2"
    lines = (folder / "train.tsv").read_text("utf-8").splitlines()[:65]
    (places.data() / "few.tsv").parent.mkdir(parents=True, exist_ok=True)
    (places.data() / "few.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    values = mapping(preset, data__source="files", data__path=str(places.data() / "few.tsv"))
    values["data"]["test_path"] = str(folder / "dev.tsv")
    values["training"]["epochs"] = 1
    finished = start(values, job)
    assert run_store.read(finished.run).data["test"] == 872
    assert 0 <= finished.test_accuracy <= 1


def test_mixed_precision_trains_float32_weights_and_is_kept_with_the_preset(preset, job):
    values = mapping(preset, training__precision="mixed_bfloat16", training__epochs=1, training__accumulation=2)
    finished = start(values, job)
    assert np.isfinite(finished.test_loss)
    model = FNetTextClassifier.from_preset(run_store.folder(finished.run) / FOLDER)
    assert model.backbone.transformer_layers[0].compute_dtype == "bfloat16"
    assert {str(variable.dtype) for variable in model.trainable_variables} == {"float32"}
    again = stored_run.evaluate(protocol.Evaluate(finished.run), job)
    assert again.accuracy == pytest.approx(finished.test_accuracy, abs=0.03)
