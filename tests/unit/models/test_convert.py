import json
import shutil

import h5py
import keras
import numpy as np
import pytest

from fnet_studio.core import presets
from fnet_studio.core.errors import UserError
from fnet_studio.models import FNetMaskedLM, FNetTextClassifier, FNetTextClassifierPreprocessor, convert
from fnet_studio.models.preset import open_preset
from fnet_studio.models.preset_writer import write_preset

saves_keras_files = pytest.mark.filterwarnings("ignore:__array__ implementation")


def tensors(model):
    """The weights that a preset holds; counters of random seeds are none."""
    values = [np.asarray(v.value) for v in model.weights if "seed_generator" not in v.name]
    head = getattr(model, "next_sentence_dense", None)
    return values + ([np.asarray(v.value) for v in head.weights] if head else [])


SOURCES = [
    ("golden", "kerashub_masked_lm", FNetMaskedLM),
    ("golden", "kerashub_classifier", FNetTextClassifier),
    ("golden", "kerashub_backbone_only", FNetMaskedLM),
    ("others", "transformers_masked_lm", FNetMaskedLM),
    ("others", "transformers_pretraining", FNetMaskedLM),
    ("others", "transformers_classifier", FNetTextClassifier),
    ("others", "flax_pretraining", FNetMaskedLM),
]


@pytest.mark.parametrize(("root", "name", "cls"), SOURCES)
def test_round_trips_are_exact(request, tmp_path, root, name, cls):
    source = request.getfixturevalue(root) / name
    original = cls.from_preset(source)
    convert(source, tmp_path / "t", "transformers")
    convert(tmp_path / "t", tmp_path / "k", "kerashub")
    for folder in ("t", "k"):
        again = cls.from_preset(tmp_path / folder)
        assert again.head_state == original.head_state
        pair = (original, again) if original.head_state != "none" else (original.backbone, again.backbone)
        for one, two in zip(*map(tensors, pair), strict=True):
            np.testing.assert_array_equal(one, two)
    assert (tmp_path / "t/spiece.model").read_bytes() == (tmp_path / "k/assets/tokenizer/vocabulary.spm").read_bytes()


def test_the_reader_is_told_where_the_peers_evaluate_the_head_in_another_way(golden, others, tmp_path):
    notes = convert(others / "transformers_masked_lm", tmp_path / "k", "kerashub").notes
    assert len(notes) == 1
    assert "KerasHub evaluates this head with exact GELU" in notes[0]
    [to_pad] = convert(others / "transformers_masked_lm", tmp_path / "t", "transformers").notes
    notes = convert(golden / "kerashub_masked_lm", tmp_path / "t2", "transformers").notes
    assert len(notes) == 2
    assert "Transformers evaluates this head with tanh GELU" in notes[0]
    assert notes[1] == to_pad
    assert 'padding="max_length"' in to_pad
    assert "64 positions" in to_pad
    assert convert(golden / "kerashub_backbone_only", tmp_path / "b", "transformers").notes == [
        "The head is random and was left out.",
        to_pad,
    ]


def test_the_length_of_texts_is_kept_in_a_transformers_folder(golden, tmp_path):
    short = tmp_path / "short"
    shutil.copytree(golden / "kerashub_classifier", short)
    settings = json.loads((short / "preprocessor.json").read_text())
    settings["config"]["sequence_length"] = 24
    (short / "preprocessor.json").write_text(json.dumps(settings))
    notes = convert(short, tmp_path / "t", "transformers").notes
    assert "24 positions" in notes[-1]
    assert FNetTextClassifier.from_preset(tmp_path / "t").preprocessor.sequence_length == 24


@pytest.mark.parametrize("told", [None, 10**30, 65, 0, 1e30, "24"])
def test_a_transformers_folder_that_tells_no_length_has_its_encoders(transformers_preset, told):
    (transformers_preset / "tokenizer_config.json").write_text(json.dumps({"model_max_length": told}))
    assert FNetTextClassifierPreprocessor.from_preset(transformers_preset).sequence_length == 64


def test_an_imported_head_keeps_its_own_activation_in_a_kerashub_folder(others, tmp_path):
    convert(others / "transformers_masked_lm", tmp_path / "k", "kerashub")
    original = FNetMaskedLM.from_preset(others / "transformers_masked_lm")
    again = FNetMaskedLM.from_preset(tmp_path / "k")
    features = original.preprocessor.prompt("The capital of France is [MASK].").features
    np.testing.assert_array_equal(again(features), original(features))


NAMES = ("Grün", "b/d", "日本 <b>\n")


@saves_keras_files
def test_the_names_of_the_classes_go_through_every_format(golden, tmp_path):
    model = FNetTextClassifier.from_preset(golden / "kerashub_classifier")
    assert model.class_names == ()
    model.class_names = NAMES
    write_preset(model, tmp_path / "k")
    convert(tmp_path / "k", tmp_path / "t", "transformers")
    convert(tmp_path / "t", tmp_path / "k2", "kerashub")
    for folder in ("k", "t", "k2"):
        assert FNetTextClassifier.from_preset(tmp_path / folder).class_names == NAMES
        card = presets.read_card(tmp_path / folder)
        assert card.class_names == NAMES
        assert presets.class_words(card.class_names) == "Grün, b/d, 日本 <b>"
    config = json.loads((tmp_path / "t/config.json").read_text("utf-8"))
    assert config["id2label"] == {str(at): name for at, name in enumerate(NAMES)}
    assert config["label2id"] == {name: at for at, name in enumerate(NAMES)}
    convert(tmp_path / "k2", tmp_path / "made.keras", "keras")
    assert keras.saving.load_model(tmp_path / "made.keras").class_names == NAMES
    assert FNetTextClassifier.from_preset(tmp_path / "t", num_classes=2).class_names == ()


def test_classes_that_only_transformers_named_have_no_names(others, golden, tmp_path):
    assert FNetTextClassifier.from_preset(others / "transformers_classifier").class_names == ()
    assert presets.read_card(others / "transformers_classifier").class_names == ()
    convert(golden / "kerashub_classifier", tmp_path / "t", "transformers")
    config = json.loads((tmp_path / "t/config.json").read_text())
    assert config["id2label"] == {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}


def there_and_back(others, tmp_path, problem_type):
    """A classifier of Transformers in the folder t, from there to KerasHub in k, and again."""
    shutil.copytree(others / "transformers_classifier", tmp_path / "t")
    file = tmp_path / "t/config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"problem_type": problem_type}))
    convert(tmp_path / "t", tmp_path / "k", "kerashub")
    convert(tmp_path / "k", tmp_path / "again", "transformers")
    assert json.loads((tmp_path / "again/config.json").read_text())["problem_type"] == problem_type


def test_a_classifier_that_lets_several_classes_hold_at_once_does_so_in_every_format(others, tmp_path):
    there_and_back(others, tmp_path, "multi_label_classification")
    logits = FNetTextClassifier.from_preset(others / "transformers_classifier").predict(["A film."], verbose=0)
    for folder in ("t", "k", "again"):
        model = FNetTextClassifier.from_preset(tmp_path / folder)
        np.testing.assert_allclose(model.predict(["A film."], verbose=0), 1 / (1 + np.exp(-logits)), rtol=1e-5)


@saves_keras_files
def test_a_head_for_regression_is_one_in_every_format(others, tmp_path):
    there_and_back(others, tmp_path, "regression")
    for folder in ("t", "k", "again"):
        assert FNetTextClassifier.from_preset(tmp_path / folder).regression
    convert(tmp_path / "k", tmp_path / "made.keras", "keras")
    again = keras.saving.load_model(tmp_path / "made.keras")
    assert again.regression
    assert again.evaluate(["A film."], np.ones((1, 3)), verbose=0) >= 0


@pytest.mark.parametrize("names", ["abc", ["a", "b"], ["a", "b", 3]])
def test_names_that_are_not_one_a_class_are_refused(golden, tmp_path, names):
    folder = shutil.copytree(golden / "kerashub_classifier", tmp_path / "k")
    (folder / "fnet_studio.json").write_text(json.dumps({"schema": 1, "head": {"class_names": names}}))
    with pytest.raises(UserError, match="class_names"):
        FNetTextClassifier.from_preset(folder)


def test_a_folder_that_holds_something_is_left_alone(golden, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError) as caught:
        convert(golden / "kerashub_masked_lm", tmp_path, "kerashub")
    assert caught.value.kind == "convert.exists"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_unknown_format_is_refused(golden, tmp_path):
    with pytest.raises(UserError, match="onnx"):
        convert(golden / "kerashub_masked_lm", tmp_path / "x", "onnx")  # pyright: ignore[reportArgumentType]
    assert not (tmp_path / "x").exists()


def test_sharded_kerashub_weights_are_joined(preset, golden):
    with h5py.File(preset / "model.weights.h5") as whole:
        names: list[str] = []
        whole.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        weight_map = {}
        for index, part in enumerate((names[:15], names[15:])):
            file = f"model_{index:05}.weights.h5"
            with h5py.File(preset / file, "w") as shard:
                for name in part:
                    shard[name] = whole[name][()]
                    weight_map.setdefault(f"/{name.rsplit('/', 1)[0]}", file)
    (preset / "model.weights.h5").unlink()
    (preset / "model.weights.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    whole, again = (FNetMaskedLM.from_preset(path) for path in (golden / "kerashub_masked_lm", preset))
    for one, two in zip(tensors(whole), tensors(again), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(("root", "name", "cls"), SOURCES)
def test_what_is_written_is_read_back_and_compared(request, tmp_path, root, name, cls):
    source = request.getfixturevalue(root) / name
    for to, target in (("kerashub", "k"), ("transformers", "t")):
        written = convert(source, tmp_path / target, to)
        assert [it.largest for it in written.comparisons] == [0.0, 0.0]
        assert written.comparisons[0].count > 80_000
        head = "new model's encoder" in written.comparisons[1].what
        assert head == any("differ" in note for note in written.notes if to == "transformers"), "or it is compared too"


@pytest.mark.filterwarnings("ignore:KerasHub")
def test_answers_that_will_be_wrong_elsewhere_are_told_apart_from_those_that_will_differ(golden, tmp_path):
    model = FNetTextClassifier.from_preset(golden / "kerashub_masked_lm", num_classes=2, pooling="mean")
    model.head_state, model.preprocessor.cut = "fine-tuned", "middle"
    model.save_to_preset(tmp_path / "mean")
    for to, library in (("kerashub", "KerasHub"), ("transformers", "Transformers")):
        averaged, cut, *_ = convert(tmp_path / "mean", tmp_path / to, to).notes
        assert averaged.startswith(f"{library} classifies by the first position")
        assert "will be wrong" in averaged
        assert "model.pooling=cls" in averaged
        assert cut == f"{library} cuts long texts at the end, not at the middle: its answers to them will differ."


def test_the_reader_is_told_what_transformers_does_not_do_with_a_classifier(golden, tmp_path):
    model = FNetTextClassifier.from_preset(golden / "kerashub_masked_lm", num_classes=2, activation="tanh")
    model.head_state, model.preprocessor.truncate = "fine-tuned", "waterfall"
    model.save_to_preset(tmp_path / "tanh")
    assert convert(tmp_path / "tanh", tmp_path / "k", "kerashub").notes == []
    activation, pairs, _ = convert(tmp_path / "tanh", tmp_path / "t", "transformers").notes
    assert activation == "Transformers has no place for the activation tanh: its answers will lack it."
    assert pairs.startswith("Transformers cuts pairs that are too long at the longer text first")


@saves_keras_files
def test_a_keras_file_is_read_back_and_compared(golden, tmp_path):
    written = convert(golden / "kerashub_classifier", tmp_path / "model.keras", "keras")
    assert [it.largest for it in written.comparisons] == [0.0, 0.0]
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    with pytest.raises(UserError) as caught:
        convert(golden / "kerashub_classifier", tmp_path / "model.keras", "keras")
    assert caught.value.kind == "convert.exists"
    assert "Name a file" in caught.value.advice
    with pytest.raises(UserError, match="is a Keras file") as caught:
        open_preset(tmp_path / "model.keras")
    assert caught.value.kind == "preset.keras-file"
    before = (tmp_path / "model.keras").stat().st_ino
    link = tmp_path / "link.keras"
    link.symlink_to("model.keras")
    convert(golden / "kerashub_classifier", link, "keras", replace=True)
    assert (tmp_path / "model.keras").stat().st_ino != before
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.keras", "model.keras"]
    with pytest.raises(UserError, match=r"\.keras"):
        convert(golden / "kerashub_classifier", tmp_path / "model", "keras")


@saves_keras_files
@pytest.mark.parametrize("to", ["kerashub", "transformers", "keras"])
def test_what_does_not_read_back_as_it_was_is_not_kept(golden, tmp_path, monkeypatch, to):
    """A disk that loses a bit on the way, between the writing and the reading."""
    from fnet_studio.models import parity

    monkeypatch.setattr(parity, "_difference", lambda one, other: 1e-9)
    with pytest.raises(UserError, match="does not read back") as caught:
        convert(golden / "kerashub_masked_lm", tmp_path / "made.keras", to)
    assert caught.value.kind == "convert.unverified"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_of_the_folder_that_was_asked_for(golden, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=300_000))
    with pytest.raises(UserError) as caught:
        convert(golden / "kerashub_masked_lm", tmp_path / "made", "kerashub")
    assert caught.value.kind == "disk.full"
    assert f"made could not be written to {tmp_path}." in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_is_told_of_the_folder_that_was_asked_for(golden, tmp_path):
    """A limit on the size of files makes every writer see what it sees on a full disk, but for the number."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def refuse_more(phase, *_):
        if phase == "saving":
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))

    try:
        with pytest.raises(UserError) as caught:
            convert(golden / "kerashub_masked_lm", tmp_path / "made", "transformers", refuse_more)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.kind == "disk.unwritable"
    assert caught.value.message.startswith(f"{tmp_path / 'made'} could not be written")
    assert list(tmp_path.iterdir()) == []
