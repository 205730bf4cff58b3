import json
import subprocess
import sys
import textwrap
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from fnet_studio.core.errors import UserError
from fnet_studio.models import (
    FNetBackbone,
    FNetMaskedLM,
    FNetTextClassifier,
    FNetTextClassifierPreprocessor,
    FNetTokenizer,
    MaskedLMHead,
    ReversibleEmbedding,
)
from fnet_studio.models.initializers import Unset
from fnet_studio.models.preset_writer import write_preset
from fnet_studio.models.weights_h5 import list_h5

TEXTS = ["The capital of France is a large city.", "I did not like it.", "It was good!", "Two.", "So long."]
LABELS = np.array([1, 0, 1, 0, 0])
# Keras 3.15 hands its variables to numpy.array, which numpy 2 tells off while a file is written.
saves_keras_files = pytest.mark.filterwarnings("ignore:__array__ implementation")


@pytest.fixture
def masked(golden):
    return FNetMaskedLM.from_preset(golden / "kerashub_masked_lm")


@pytest.fixture
def classifier(golden):
    keras.utils.set_random_seed(1)  # of some random heads the tiny encoder makes nothing
    return FNetTextClassifier.from_preset(golden / "kerashub_backbone_only", num_classes=2)


def compiled(model):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss=loss, weighted_metrics=["accuracy"])
    return model


def test_a_masked_lm_learns_from_raw_texts(masked):
    keras.utils.set_random_seed(1)
    losses = compiled(masked).fit(TEXTS * 8, batch_size=20, epochs=8, verbose=0).history["loss"]
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:2])
    assert masked.head_state == "fine-tuned"


def test_masks_differ_from_epoch_to_epoch(masked):
    seen = []
    preprocess: Any = masked.preprocessor

    class Recorder:
        tokenizer = preprocess.tokenizer

        def __call__(self, *arguments):
            done = preprocess(*arguments)
            seen.append(done[0]["token_ids"])
            return done

    masked.preprocessor = Recorder()
    compiled(masked).fit(TEXTS, batch_size=5, epochs=2, shuffle=False, verbose=0)
    assert any(not np.array_equal(seen[0], other) for other in seen[1:])


class Recorded(FNetTextClassifierPreprocessor):
    """Remembers what it was given."""

    def __call__(self, x, y=None, sample_weight=None):
        self.seen.append(np.asarray(x).tolist())
        return super().__call__(x, y, sample_weight)


def in_order(classifier, x, y=None, **options):
    """The texts of two epochs, as they came."""
    classifier.preprocessor = Recorded(classifier.preprocessor.tokenizer, classifier.preprocessor.sequence_length)
    classifier.preprocessor.seen = seen = []
    compiled(classifier).fit(x, y, epochs=2, verbose=0, **options)
    batches = [batch for at, batch in enumerate(seen) if not at or batch != seen[at - 1]]  # Keras looks at the first
    return [text for batch in batches for text in batch]


class TwoAtATime(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.array([f"text {2 * index}", f"text {2 * index + 1}"]), np.array([0, 1])


@pytest.mark.parametrize("batches", [False, True])
def test_what_is_not_to_be_shuffled_comes_in_its_order_and_the_rest_does_not(classifier, batches):
    texts = [f"text {number}" for number in range(8)]
    given = (TwoAtATime(),) if batches else (texts, np.tile([0, 1], 4))
    options = {} if batches else {"batch_size": 2}
    assert in_order(classifier, *given, shuffle=False, **options) == texts * 2
    shuffled = in_order(classifier, *given, shuffle=True, **options)
    assert shuffled != texts * 2
    assert set(shuffled) == set(texts)


def test_a_classifier_learns_from_raw_texts(classifier):
    keras.utils.set_random_seed(1)
    compiled(classifier).fit(TEXTS * 4, np.tile(LABELS, 4), batch_size=5, epochs=25, verbose=0)
    assert classifier.evaluate(TEXTS, LABELS, verbose=0)[1] == 1
    assert (classifier.predict(TEXTS, verbose=0).argmax(1) == LABELS).all()


def test_pairs_validation_and_split_are_taken(classifier):
    compiled(classifier)
    history = classifier.fit((TEXTS, TEXTS), LABELS, batch_size=2, validation_data=((TEXTS, TEXTS), LABELS), verbose=0)
    assert "val_loss" in history.history
    assert "val_loss" in classifier.fit(TEXTS, LABELS, batch_size=2, validation_split=0.4, verbose=0).history
    assert classifier.predict((TEXTS, TEXTS), verbose=0).shape == (5, 2)


def test_features_and_lists_of_pairs_are_not_read_as_texts(classifier):
    features = classifier.preprocessor(TEXTS)
    pairs = list(zip(TEXTS, TEXTS, strict=True))
    compiled(classifier)
    for given in (features, features["token_ids"], pairs, [TEXTS, TEXTS], np.array(pairs)):
        for call in (classifier.fit, classifier.evaluate, classifier.train_on_batch):
            with pytest.raises(TypeError, match="preprocessor = None"):
                call(given, LABELS)
        with pytest.raises(TypeError, match="preprocessor = None"):
            classifier.predict(given, verbose=0)
    with pytest.raises(TypeError, match="Row 4 is None, not a text"):
        classifier.predict([*TEXTS[:4], None], verbose=0)
    assert classifier.head_state == "none"


def test_columns_of_different_lengths_are_refused(classifier):
    compiled(classifier)
    with pytest.raises(ValueError, match="5 texts but 4 labels"):
        classifier.fit(TEXTS, LABELS[:4], verbose=0)
    with pytest.raises(ValueError, match="4 texts but 5 labels"):
        classifier.evaluate(TEXTS[:4], LABELS, verbose=0)
    with pytest.raises(ValueError, match="5 texts but 3 sample weights"):
        classifier.fit(TEXTS, LABELS, sample_weight=np.ones(3), validation_split=0.4, verbose=0)
    for pair in ((TEXTS, TEXTS[:2]), (TEXTS[:2], TEXTS)):
        with pytest.raises(ValueError, match=r"texts and \d texts: every row needs one of each"):
            classifier.predict(pair, verbose=0)
        with pytest.raises(ValueError, match="every row needs one of each"):
            classifier.preprocessor(pair)


@pytest.mark.parametrize("settings", [None, {}, {"optimizer": keras.optimizers.Adam(1e-2)}])
def test_a_task_learns_without_a_loss_being_named(classifier, settings):
    assert float(classifier.optimizer.learning_rate) == pytest.approx(5e-5)
    if settings is not None:
        classifier.compile(**settings)
    before = np.array(classifier.output_dense.kernel.value)
    history = classifier.fit(TEXTS, LABELS, verbose=0).history
    assert history["loss"][0] > 0.1
    assert set(history) == {"loss", "sparse_categorical_accuracy"}
    assert np.abs(np.asarray(classifier.output_dense.kernel.value) - before).max() > 0


def test_the_default_loss_fits_the_head(classifier, masked):
    assert classifier.loss.from_logits
    assert masked.loss.from_logits
    assert not FNetTextClassifier(classifier.backbone, 2, activation="softmax").loss.from_logits
    assert set(masked.fit(TEXTS, verbose=0).history) == {"loss", "sparse_categorical_accuracy"}
    bare = FNetTextClassifier(classifier.backbone, 2, classifier.preprocessor, compile=False)
    with pytest.raises(ValueError, match="compile"):
        bare.fit(TEXTS, LABELS, verbose=0)


def test_a_task_computes_as_its_backbone_does_and_knows_it_by_name(classifier):
    backbone = FNetBackbone(100, 1, 8, 8, max_sequence_length=8, dtype="bfloat16")
    for task in (FNetTextClassifier(backbone, 2), FNetMaskedLM(backbone)):
        assert task.dtype_policy.name == "bfloat16"
    assert classifier.dtype_policy.name == "float32"
    for name in ("f_net_backbone", classifier.backbone.name):
        assert classifier.get_layer(name) is classifier.backbone
    assert classifier.get_layer("logits") is classifier.output_dense
    assert classifier.get_layer(index=0) is classifier.layers[0]
    with pytest.raises(ValueError, match="No such layer"):
        classifier.get_layer("encoder")


def test_classes_may_be_weighted(classifier):
    class Whole(keras.utils.PyDataset):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            return TEXTS, LABELS

    compiled(classifier)
    nothing = {0: 0.0, 1: 0.0}
    for batches in ((TEXTS, LABELS), (Whole(), None)):  # Keras takes no weights for an iterator's
        assert classifier.fit(*batches, class_weight=nothing, verbose=0).history["loss"] == [0]
    assert classifier.fit(TEXTS, LABELS, class_weight={0: 1.0, 1: 2.0}, verbose=0).history["loss"][0] > 0


def test_integer_features_need_no_preprocessor(golden):
    model = compiled(FNetMaskedLM.from_preset(golden / "kerashub_masked_lm", preprocessor=None))
    features = {
        "token_ids": np.arange(32).reshape(2, 16),
        "segment_ids": np.zeros((2, 16), int),
        "mask_positions": np.array([[2, 4]] * 2),
    }
    labels = np.array([[3, 5]] * 2)
    assert "loss" in model.fit(features, labels, batch_size=2, verbose=0).history
    assert model.predict(features, verbose=0).shape == (2, 2, 1000)
    assert np.isfinite(model.evaluate(features, labels, verbose=0)).all()


def test_single_batches_of_raw_texts(classifier):
    compiled(classifier)
    before = classifier.test_on_batch(TEXTS, LABELS)[0]
    for _ in range(10):
        classifier.train_on_batch(TEXTS, LABELS)
    assert classifier.test_on_batch(TEXTS, LABELS)[0] < before
    assert classifier.predict_on_batch(TEXTS).shape == (5, 2)


def test_a_frozen_backbone_stays_as_it_is(classifier):
    classifier.backbone.trainable = False
    before = np.array(classifier.backbone.token_embedding.embeddings.value)
    compiled(classifier).fit(TEXTS, LABELS, verbose=0)
    assert len(classifier.trainable_variables) == 2
    np.testing.assert_array_equal(classifier.backbone.token_embedding.embeddings.value, before)
    classifier.backbone.trainable = True
    compiled(classifier).fit(TEXTS, LABELS, verbose=0)
    assert np.abs(np.asarray(classifier.backbone.token_embedding.embeddings.value) - before).max() > 0


@saves_keras_files
def test_a_keras_file_gives_the_model_back(masked, tmp_path):
    features = masked.preprocessor.prompt("The capital of France is [MASK].").features
    masked.save(tmp_path / "model.keras")
    again: Any = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(features), masked(features))
    assert again.head_state == "pretrained"
    assert again.preprocessor.prompt("a [MASK]").masked == [1]


@saves_keras_files
def test_a_classifier_comes_back_from_a_keras_file(classifier, tmp_path):
    classifier.save(tmp_path / "model.keras")
    again: Any = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0))


@saves_keras_files
def test_a_task_can_be_cloned(classifier):
    copy: Any = keras.models.clone_model(classifier)
    assert [weight.shape for weight in copy.weights] == [weight.shape for weight in classifier.weights]


def test_a_loss_of_ones_own_is_shown_beside_the_accuracy_that_fits_it(classifier):
    classifier.preprocessor = None
    one_hot = np.eye(2)[[0, 1, 0, 1]]
    classifier.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    features = {name: np.ones((4, 16), np.int32) for name in ("token_ids", "segment_ids")}
    assert 0 <= classifier.evaluate(features, one_hot, verbose=0, return_dict=True)["accuracy"] <= 1


@saves_keras_files
@pytest.mark.parametrize("steps", [0, 1])
def test_a_keras_file_keeps_how_a_task_was_compiled_and_its_optimizer(classifier, tmp_path, steps):
    compiled(classifier)
    for _ in range(steps):
        classifier.train_on_batch(TEXTS, LABELS)
    classifier.save(tmp_path / "model.keras")
    again: Any = keras.models.load_model(tmp_path / "model.keras")
    assert float(again.optimizer.learning_rate) == pytest.approx(5e-3)
    assert len(again.optimizer.variables) == len(classifier.optimizer.variables)
    assert int(again.optimizer.iterations) == steps


@saves_keras_files
def test_a_model_on_a_loaded_backbone_s_outputs_comes_back_from_a_keras_file_and_can_be_cloned(classifier, tmp_path):
    backbone = classifier.backbone
    own = keras.Model(backbone.input, keras.layers.Dense(2)(backbone.output["pooled_output"]))
    features = classifier.preprocessor(TEXTS)
    own.save(tmp_path / "model.keras")
    again: Any = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(features), own(features))
    copy = keras.models.clone_model(own)
    assert np.std(np.asarray(copy.get_layer("pooled_dense").kernel)) == pytest.approx(0.02, rel=0.1)


@saves_keras_files
def test_a_keras_file_that_names_the_initializer_of_loading_comes_back(tmp_path):
    layer = keras.layers.Dense(30, kernel_initializer=Unset())
    saved = keras.Sequential([keras.Input((30,)), layer])
    saved.save(tmp_path / "model.keras")
    again: Any = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(again.layers[0].kernel_initializer, keras.initializers.RandomNormal)


def test_a_backbone_comes_back_from_its_config():
    backbone = FNetBackbone(100, 2, 8, 12, dropout=0.2, max_sequence_length=20, num_segments=2, dtype="bfloat16")
    again = FNetBackbone.from_config(json.loads(json.dumps(backbone.get_config())))
    assert again.get_config() == backbone.get_config()
    assert again.transformer_layers[0].compute_dtype == "bfloat16"


def test_a_saved_preset_gives_the_masked_lm_back_exactly(masked, tmp_path):
    masked.save_to_preset(tmp_path / "saved")
    again = FNetMaskedLM.from_preset(tmp_path / "saved")
    features = masked.preprocessor.prompt("The capital of France is [MASK].").features
    np.testing.assert_array_equal(again(features), masked(features))
    assert again.head_state == "pretrained"
    assert again.preprocessor.get_config() == masked.preprocessor.get_config()


def test_kerashubs_size_of_shards_is_taken_and_the_dtype_on_disk_is_named(masked, tmp_path):
    masked.backbone.save_to_preset(tmp_path / "encoder", 10)
    masked.save_to_preset(tmp_path / "whole", 10, weights="float16")
    assert (tmp_path / "encoder/model.weights.h5").stat().st_size > (tmp_path / "whole/model.weights.h5").stat().st_size
    with pytest.raises(TypeError):
        masked.save_to_preset(tmp_path / "again", 10, "float16")  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("name", ["kerashub_masked_lm", "kerashub_classifier"])
def test_the_weights_of_a_head_alone_are_those_of_a_preset_s_file(golden, tmp_path, name):
    cls = FNetMaskedLM if name.endswith("masked_lm") else FNetTextClassifier
    model = cls.from_preset(golden / name)
    model.save_task_weights(tmp_path / "heads/head.weights.h5")
    theirs, ours = list_h5(golden / name / "task.weights.h5"), list_h5(tmp_path / "heads/head.weights.h5")
    for path, tensor in ours.items():
        np.testing.assert_array_equal(tensor.read(), theirs[path].read())
    classes = {} if cls is FNetMaskedLM else {"num_classes": model.num_classes}
    features = model.preprocessor.prompt("A [MASK] film.").features
    features = {part: features[part] for part in model.input}
    for file in (golden / name / "task.weights.h5", str(tmp_path / "heads/head.weights.h5")):
        other = cls.from_preset(golden / "kerashub_backbone_only", **classes)
        assert other.head_state == "none"
        other.load_task_weights(file)
        assert other.head_state == "fine-tuned"
        np.testing.assert_array_equal(other(features), model(features))


def test_weights_of_another_head_are_refused_and_so_is_another_name(golden, masked, classifier, tmp_path):
    with pytest.raises(UserError, match=r"task\.weights\.h5") as caught:
        classifier.load_task_weights(golden / "kerashub_masked_lm/task.weights.h5")
    assert caught.value.kind == "preset.missing-tensor"
    assert classifier.head_state == "none"
    for act in (masked.save_task_weights, masked.load_task_weights):
        with pytest.raises(ValueError, match=r"\.weights\.h5"):
            act(tmp_path / "head.h5")


def test_a_saved_preset_has_kerashubs_own_description(golden, masked, tmp_path):
    masked.save_to_preset(tmp_path)
    for name in ("config.json", "tokenizer.json", "preprocessor.json", "task.json"):
        theirs = json.loads((golden / "kerashub_masked_lm" / name).read_text())
        assert json.loads((tmp_path / name).read_text()) == theirs


def test_a_saved_classifier_comes_back(classifier, tmp_path):
    compiled(classifier).fit(TEXTS, LABELS, verbose=0)
    classifier.save_to_preset(tmp_path)
    again = FNetTextClassifier.from_preset(tmp_path)
    assert (again.num_classes, again.head_state) == (2, "fine-tuned")
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), classifier.predict(TEXTS, verbose=0))


class Interrupt(keras.callbacks.Callback):
    def __init__(self, after):
        super().__init__()
        self.after = after

    def on_train_batch_begin(self, batch, logs=None):
        if batch == self.after:
            raise KeyboardInterrupt


def test_the_head_of_an_interrupted_training_is_saved(classifier, tmp_path):
    for after, state in ((0, "none"), (1, "fine-tuned")):
        with pytest.raises(KeyboardInterrupt):
            classifier.fit(TEXTS[:4], LABELS[:4], batch_size=2, callbacks=[Interrupt(after)], verbose=0)
        assert classifier.head_state == state
    classifier.save_to_preset(tmp_path)
    again = FNetTextClassifier.from_preset(tmp_path)
    np.testing.assert_array_equal(again.output_dense.kernel.value, classifier.output_dense.kernel.value)


@saves_keras_files
def test_a_head_that_was_loaded_as_weights_is_saved(golden, classifier, tmp_path):
    classifier.save_weights(tmp_path / "best.weights.h5")
    again = FNetTextClassifier.from_preset(golden / "kerashub_backbone_only", num_classes=2)
    again.load_weights(tmp_path / "best.weights.h5")
    again.save_to_preset(tmp_path / "saved")
    kept = FNetTextClassifier.from_preset(tmp_path / "saved")
    assert kept.head_state == "fine-tuned"
    np.testing.assert_array_equal(kept.output_dense.kernel.value, classifier.output_dense.kernel.value)


@saves_keras_files
@pytest.mark.filterwarnings("ignore")  # Keras lists what it skipped
def test_a_head_that_may_have_been_skipped_is_still_random(golden, classifier, tmp_path):
    classifier.save_weights(tmp_path / "best.weights.h5")
    other = FNetTextClassifier.from_preset(golden / "kerashub_backbone_only", num_classes=3)
    other.load_weights(tmp_path / "best.weights.h5", skip_mismatch=True)
    assert other.head_state == "none"


def test_a_saved_classifier_cuts_long_texts_as_before_and_kerashub_finds_no_setting_that_it_does_not_know(
    classifier, tmp_path
):
    classifier.head_state, classifier.preprocessor.cut = "fine-tuned", "start"
    notes = write_preset(classifier, tmp_path / "kept")
    assert any("cuts long texts at the end, not at the start" in note for note in notes)
    kept = FNetTextClassifier.from_preset(tmp_path / "kept")
    assert kept.preprocessor.cut == "start"
    long = "A film. " * 100 + "Dull."
    assert kept.preprocessor([long])["token_ids"][0, -2] == classifier.preprocessor.tokenizer("Dull.")[-1]
    assert "cut" not in json.loads((tmp_path / "kept" / "preprocessor.json").read_text())["config"]
    classifier.preprocessor.cut = "end"
    assert not any("cuts long texts" in note for note in write_preset(classifier, tmp_path / "plain"))
    own = json.loads((tmp_path / "kept" / "fnet_studio.json").read_text())
    own["head"]["cut"] = "everything"
    (tmp_path / "kept" / "fnet_studio.json").write_text(json.dumps(own))
    with pytest.raises(UserError, match="everything"):
        FNetTextClassifier.from_preset(tmp_path / "kept")


@pytest.mark.parametrize("backbone_first", [True, False])
def test_a_preprocessor_and_a_backbone_saved_one_by_one_make_a_preset(golden, tmp_path, backbone_first):
    cls = FNetTextClassifierPreprocessor
    preprocessor = cls.from_preset(golden / "kerashub_backbone_only", sequence_length=9, cut="middle", name="mine")
    parts = [FNetBackbone.from_preset(golden / "kerashub_backbone_only"), preprocessor]
    for part in parts if backbone_first else parts[::-1]:
        part.save_to_preset(tmp_path)
    again = cls.from_preset(tmp_path)
    assert (again.sequence_length, again.cut, preprocessor.name) == (9, "middle", "mine")
    assert FNetTokenizer.from_preset(tmp_path, sequence_length=4)("a film").shape == (4,)
    written = [json.loads((tmp_path / f"{name}.json").read_text())["config"] for name in ("preprocessor", "tokenizer")]
    assert [one["name"] for one in written] == ["mine", "f_net_tokenizer"]
    assert "cut" not in written[0]
    assert FNetTextClassifier.from_preset(tmp_path, num_classes=2).preprocessor.sequence_length == 9


def test_a_random_head_is_not_saved_as_if_it_knew_something(golden, tmp_path):
    with pytest.warns(UserWarning, match="head is random and was left out"):
        FNetMaskedLM.from_preset(golden / "kerashub_backbone_only").save_to_preset(tmp_path)
    assert not (tmp_path / "task.weights.h5").exists()
    assert FNetMaskedLM.from_preset(tmp_path).head_state == "none"


def test_saving_over_a_preset_leaves_nothing_of_the_old_head(golden, masked, tmp_path):
    masked.save_to_preset(tmp_path)
    write_preset(FNetMaskedLM.from_preset(golden / "kerashub_backbone_only"), tmp_path)
    assert FNetMaskedLM.from_preset(tmp_path).head_state == "none"


def test_another_head_keeps_its_activation_and_epsilon(masked, tmp_path):
    from fnet_studio.models.preset_writer import write_preset

    other = FNetMaskedLM(masked.backbone, masked.preprocessor, "gelu_approximate", 1e-12, head_state="pretrained")
    notes = write_preset(other, tmp_path)
    assert any("KerasHub" in note and "gelu_approximate" in note for note in notes)
    again = FNetMaskedLM.from_preset(tmp_path)
    assert again.head_settings == {"intermediate_activation": "gelu_approximate", "layer_norm_epsilon": 1e-12}


@pytest.mark.parametrize("tied", [True, False])
def test_a_head_works_with_and_without_a_tied_embedding(tied):
    embedding = ReversibleEmbedding(30, 8) if tied else None
    head = MaskedLMHead(None if tied else 30, embedding, activation="softmax")
    x = np.random.default_rng(0).standard_normal((2, 5, 8)).astype(np.float32)
    if embedding is not None:
        embedding.build()
    found = np.asarray(head(x, np.array([[0, 4, 1], [2, 2, 3]])))
    assert found.shape == (2, 3, 30)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(found[1, 0], found[1, 1])
    assert head.count_params() == (8 * 8 + 8) + 16 + 30 + (30 * 8)


def test_a_head_needs_a_vocabulary():
    with pytest.raises(ValueError, match="vocabulary_size"):
        MaskedLMHead()


def test_probabilities_do_not_depend_on_how_many_masks_are_asked_for(masked_lm):
    text = "The capital of France is a large city."
    alone = masked_lm.preprocessor.prompt(text, masked=[2])
    many = masked_lm.probabilities({**alone.features, "mask_positions": np.array([[3, 3, 3, 3, 3, 3]])})
    np.testing.assert_allclose(many[0, 5], masked_lm.probabilities(alone.features)[0, 0], rtol=1e-5)


def test_a_prompt_says_what_was_masked_and_what_was_cut(masked_lm):
    preprocessor = masked_lm.preprocessor
    prompt = preprocessor.prompt("The [MASK] of France.", masked=[3])
    assert prompt.masked == [1, 3]
    assert prompt.features["mask_positions"].tolist() == [[2, 4]]
    ids = prompt.features["token_ids"][0]
    assert [int(ids[p]) for p in (2, 4)] == [preprocessor.tokenizer.mask_token_id] * 2
    preprocessor.cut = "start"  # as a fine-tuned classifier's may
    long = preprocessor.prompt("word " * 100 + "[MASK]")
    preprocessor.cut = "end"
    assert long.kept == 62
    assert len(long.pieces) > 100
    assert long.masked == []
    assert long.features["mask_positions"].shape == (1, 0)


def test_the_first_models_of_a_process_may_be_made_in_several_threads_at_a_time():
    program = """
        import sys
        import threading

        from fnet_studio.models import FNetBackbone, FNetMaskedLM

        sys.setswitchinterval(1e-6)
        start, wrong = threading.Barrier(8), []

        def build():
            start.wait()
            try:
                FNetMaskedLM(FNetBackbone(50, 1, 8, 16, max_sequence_length=8))
            except Exception as error:
                wrong.append(repr(error))

        threads = [threading.Thread(target=build) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(wrong)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=200)
    assert ran.stdout.strip() == "[]", ran.stderr


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_a_preset_of_two_dtypes_keeps_its_policy_where_other_libraries_do_not_stumble_over_it(golden, tmp_path, dtype):
    FNetTextClassifier.from_preset(golden / "kerashub_classifier", dtype=dtype).save_to_preset(tmp_path)
    for name in ("config.json", "task.json"):
        assert "mixed" not in (tmp_path / name).read_text()
    assert FNetTextClassifier.from_preset(tmp_path).backbone.dtype_policy.name == dtype
    assert FNetBackbone.from_preset(tmp_path).dtype_policy.name == dtype
    plain = FNetTextClassifier.from_preset(tmp_path, dtype="float32")
    own = tmp_path / "fnet_studio.json"
    plain.backbone.save_to_preset(tmp_path)  # an encoder alone, beside the preprocessor that is there
    assert FNetBackbone.from_preset(tmp_path).dtype_policy.name == "float32"
    assert "dtype" not in json.loads(own.read_text())
    own.write_text(json.dumps(json.loads(own.read_text()) | {"dtype": "mixed_int4"}))
    with pytest.raises(UserError, match="mixed_int4"):
        FNetBackbone.from_preset(tmp_path)


def test_tensors_of_bfloat16_are_marked_as_keras_marks_them(golden, tmp_path):
    masked = FNetMaskedLM.from_preset(golden / "kerashub_masked_lm")
    masked.save_to_preset(tmp_path, weights="bfloat16")
    for name in ("model.weights.h5", "task.weights.h5"):
        with h5py.File(tmp_path / name) as file:
            marks = {file[inner].attrs.get("dtype") for inner in list_h5(tmp_path / name)}
        assert marks == {"bfloat16"}
    again = FNetMaskedLM.from_preset(tmp_path)
    kernel = masked.backbone.embedding_projection.kernel
    assert np.array_equal(again.backbone.embedding_projection.kernel, np.asarray(kernel.value).astype("bfloat16"))
