"""A preset from nothing but text: vocabulary, shards, training, export."""

import lzma
import random

import numpy as np
import pytest

from fnet_studio.core import places, presets, protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.data import token_shards
from fnet_studio.engine.kept_preset import FOLDER
from fnet_studio.engine.task import load_task
from fnet_studio.engine.train import resume, train
from fnet_studio.models import FNetMaskedLM, FNetTokenizer
from fnet_studio.models.weights_h5 import list_h5

DEVICE = protocol.Device("cpu", "test")
SUBJECTS = ["The small red house", "A large blue boat", "The old grey mill", "A young green tree"]
ENDS = ["stands by the river.", "waits on the quiet lake.", "belongs to the town.", "is seen from the bridge!"]


def document(words: random.Random, sentences: int) -> str:
    return "\n".join(f"{words.choice(SUBJECTS)} {words.choice(ENDS)}" for _ in range(sentences))


@pytest.fixture
def corpus(tmp_path):
    """Two packed files and a plain one that is held out."""
    words, folder = random.Random(1), tmp_path / "texts"
    folder.mkdir()
    for name in ("one", "two"):
        text = "\n\n".join(document(words, 12) for _ in range(20))
        (folder / f"{name}.txt.xz").write_bytes(lzma.compress(text.encode()))
    (folder / "held-out.txt").write_text("\n\n".join(document(words, 8) for _ in range(6)))
    return folder


def mapping(corpus, **changes):
    values = recipe.to_mapping(recipe.load(recipe.bundled("pretrain"), {"data.path": str(corpus)}))
    values["data"] |= {"sequence_length": 32, "vocabulary_size": 100, "validation_path": str(corpus / "held-out.txt")}
    values["model"] |= {"num_layers": 2, "hidden_dim": 16, "intermediate_dim": 32}
    values["training"] |= {"epochs": 2, "batch_size": 8, "learning_rate": 0.01}
    values["pretraining"] |= {"steps_per_epoch": 5, "validation_rows": 8, "vocabulary_lines": 200}
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


def kept(run):
    return run_store.folder(run) / FOLDER


def test_text_becomes_a_small_preset_that_predicts(corpus, job):
    finished = start(mapping(corpus, pretraining__steps_per_epoch=20, training__learning_rate=0.02), job)
    losses = [row["loss"] for row in run_store.read_metrics(finished.run) if "split" not in row]
    assert np.mean(losses[-8:]) < np.mean(losses[:2]) - 0.3
    card = presets.read_card(kept(finished.run))
    assert (card.problem, card.head, card.sequence_length) == ("", "pretrained", 32)
    model = FNetMaskedLM.from_preset(kept(finished.run))
    assert {np.asarray(v.value).dtype for v in model.variables} == {np.dtype("float32")}
    on_disk = list_h5(kept(finished.run) / "model.weights.h5").values()
    assert {stored.read().dtype for stored in on_disk} == {np.dtype("float16")}
    pieces = model.preprocessor.tokenizer.get_vocabulary()[:7]
    assert pieces == ["<unk>", "<s>", "</s>", "<pad>", "[CLS]", "[SEP]", "[MASK]"]
    prompt = model.preprocessor.prompt("The small red [MASK] stands by the river.")
    best = model.probabilities(prompt.features)[0, 0].argmax()
    assert model.preprocessor.tokenizer.id_to_token(int(best)) not in pieces


def test_it_goes_on_bit_for_bit_after_a_stop(corpus, job):
    values = mapping(corpus, training__steps_per_call=3)
    whole = rows(start(values, job).run)
    job.stop_at_step = 7
    with pytest.raises(Stopped) as caught:
        start(values, job)
    job.stop_at_step, job.stop_mode = 0, ""
    assert rows(resume(protocol.Resume(caught.value.run), job, DEVICE, {}).run) == whole


def test_steps_in_one_call_are_the_steps_of_single_calls(corpus, job):
    one, several = (rows(start(mapping(corpus, training__steps_per_call=n), job).run) for n in (1, 4))
    assert [row[:2] for row in one] == [row[:2] for row in several]
    assert np.allclose([row[2] for row in one], [row[2] for row in several], rtol=1e-4)


def test_a_tokenised_corpus_is_trained_from_without_its_texts(corpus, job, tmp_path):
    first = loaded(mapping(corpus))
    folder = next((places.cache_dir() / "corpora").iterdir())
    carried = tmp_path / "carried"
    folder.rename(carried)
    again = loaded(mapping(corpus) | {"data": {"source": "files", "path": str(carried), "sequence_length": 32}})
    assert again.content_hash == first.content_hash
    for one, two in zip(first.train_batches(1), again.train_batches(1), strict=True):
        assert np.array_equal(one.inputs["token_ids"], two.inputs["token_ids"])


def test_a_preset_is_taken_over_with_its_vocabulary_and_more_positions(corpus, preset):
    before = FNetMaskedLM.from_preset(places.presets() / preset)
    task = loaded(mapping(corpus, model__preset=preset, data__sequence_length=48))
    model = task.build()
    assert model.backbone.max_sequence_length == task.sequence_length == 48
    assert model.preprocessor.tokenizer.proto == before.preprocessor.tokenizer.proto
    old, new = (np.asarray(m.backbone.position_embedding.position_embeddings.value) for m in (before, model))
    assert np.array_equal(new[:32], old)
    assert np.array_equal(new[32:], old[:16])
    assert np.array_equal(np.asarray(model.masked_lm_head.output_bias.value), before.masked_lm_head.output_bias.value)


def test_subsampling_masks_frequent_pieces_more_rarely_in_short_texts_alone(corpus):
    def masked(threshold):
        """How often the most frequent piece is among the masked ones, in windows and in short texts."""
        settings = {"pretraining__one_piece": False, "pretraining__steps_per_epoch": 60}
        task = loaded(mapping(corpus, pretraining__subsampling=threshold, **settings))
        piece = np.bincount(task.rows.stream[task.rows.stream > 6]).argmax()
        found = {"windows": [], "short": []}
        for step, batch in enumerate(task.train_batches(0)):
            windows = 8 - task.rows.short_rows(step, 8)
            for kind, rows in (("windows", slice(0, windows)), ("short", slice(windows, 8))):
                found[kind] += batch.labels[rows][batch.weights[rows] > 0].tolist()
        return {kind: np.mean(np.array(labels) == piece) for kind, labels in found.items()}

    before, after = masked(0.0), masked(0.001)
    assert after["windows"] > 0.7 * before["windows"]
    assert after["short"] < 0.6 * before["short"]


def test_words_of_one_piece_are_the_only_ones_masked_in_short_texts(corpus):
    def parts_of_words(one_piece):
        """The share of masked places in windows and in short texts that are a part of a longer word."""
        task = loaded(mapping(corpus, pretraining__one_piece=one_piece, pretraining__steps_per_epoch=60))
        pieces = task.preprocessor.tokenizer.get_vocabulary()
        goes_on = np.array([not piece.startswith("▁") and piece[:1].isalnum() for piece in pieces])
        found = {"windows": [], "short": []}
        for step, batch in enumerate(task.train_batches(0)):
            rows = task.rows.batch(step, 8)
            partly = goes_on[rows] | np.roll(goes_on[rows], -1, axis=1)
            masked = np.take_along_axis(partly, batch.inputs["mask_positions"], axis=1)
            windows = 8 - task.rows.short_rows(step, 8)
            for kind, kept in (("windows", slice(0, windows)), ("short", slice(windows, 8))):
                found[kind] += masked[kept][batch.weights[kept] > 0].tolist()
        return {kind: np.mean(parts) for kind, parts in found.items()}

    before, after = parts_of_words(False), parts_of_words(True)
    assert min(before.values()) > 0.1
    assert after["short"] == 0.0
    assert after["windows"] == before["windows"]


def test_a_recipe_decides_how_many_short_texts_begin_a_document(corpus):
    def begin_one(openings):
        task = loaded(mapping(corpus, pretraining__openings=openings, pretraining__short_share=1.0))
        stream, starts, sep = task.rows.stream, task.rows.starts, task.rows.pieces.sep
        texts = [row[1 : np.flatnonzero(row == sep)[0]] for row in task.rows.batch(0, 200)]
        return np.mean([any(np.array_equal(stream[at : at + len(text)], text) for at in starts) for text in texts])

    assert begin_one(1.0) == 1.0
    assert begin_one(0.0) < 0.9


def test_held_out_text_is_never_trained_on(corpus):
    (corpus / "held-out.txt").write_text("\n\n".join("Zebras zigzag. " * 30 for _ in range(6)))
    task = loaded(mapping(corpus, data__vocabulary_size=120))
    tokenizer = task.preprocessor.tokenizer
    assert not [piece for piece in tokenizer.get_vocabulary() if "z" in piece.lower()]
    unknown = tokenizer.token_to_id("<unk>")
    assert not (task.rows.stream == unknown).any()
    assert (task.parts["validation"].inputs["token_ids"] == unknown).any()


def test_a_damaged_shard_is_named(corpus):
    loaded(mapping(corpus))
    folder = next((places.cache_dir() / "corpora").iterdir())
    for flat in (places.cache_dir() / "tokens").iterdir():
        flat.unlink()
    (folder / "train-000.xz").write_bytes(b"no shard")
    with pytest.raises(UserError, match=r"train-000\.xz is damaged"):
        loaded(mapping(corpus))


def test_a_stop_while_tokenising_leaves_no_half_corpus(corpus):
    def stop_at(phase, done, total):
        stop_at.now = phase == "tokenising"

    stop_at.now = False
    with pytest.raises(Stopped):
        load_task(recipe.from_mapping(mapping(corpus)), stop_at, lambda: stop_at.now)
    assert not any(token_shards.is_corpus(folder) for folder in (places.cache_dir() / "corpora").glob("*"))


def test_a_damaged_archive_is_named(corpus):
    (corpus / "one.txt.xz").write_bytes(lzma.compress(b"text " * 2000)[:-20])
    with pytest.raises(UserError, match=r"one\.txt\.xz cannot be unpacked"):
        loaded(mapping(corpus))


def test_too_little_text_for_a_vocabulary_is_said(corpus, tmp_path):
    (tmp_path / "little.txt").write_text("One.\n\nTwo.")
    values = mapping(corpus, data__path=str(tmp_path / "little.txt"), data__validation_path="none")
    with pytest.raises(UserError):
        loaded(values)


def test_pretraining_on_the_sample_is_refused():
    with pytest.raises(UserError, match=r"data\.source"):
        recipe.from_mapping({"task": "pretrain", "data": {"source": "sample"}, "model": {"preset": "none"}})


def test_the_vocabulary_of_a_preset_from_scratch_is_cased(corpus):
    task = loaded(mapping(corpus, data__vocabulary_size=120))
    assert isinstance(task.preprocessor.tokenizer, FNetTokenizer)
    assert task.preprocessor.tokenizer.ids("The") != task.preprocessor.tokenizer.ids("the")
