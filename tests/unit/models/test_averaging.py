"""The mean of presets' weights, against the weights themselves."""

import json
import shutil

import numpy as np
import pytest

from fnet_studio.core.catalogue import licence_of
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.models import FNetMaskedLM, FNetTextClassifier, average
from fnet_studio.models.parity import kept_variables
from fnet_studio.models.preset import open_preset
from fnet_studio.models.preset_writer import write_preset


def shifted(source, target, cls, by):
    """The same preset with other weights."""
    model = cls.from_preset(source)
    random = np.random.default_rng(by)
    for variable in kept_variables(model).values():
        variable.assign(np.asarray(variable.value) + random.normal(0, 0.1, variable.shape))
    write_preset(model, target)
    return target


def values(folder, cls):
    return {name: np.asarray(it.value) for name, it in kept_variables(cls.from_preset(folder)).items()}


@pytest.mark.parametrize(
    ("name", "cls"), [("kerashub_masked_lm", FNetMaskedLM), ("kerashub_classifier", FNetTextClassifier)]
)
@pytest.mark.parametrize("weights", ["float32", "float16"])
def test_every_tensor_is_the_mean_of_the_presets_tensors(golden, tmp_path, name, cls, weights):
    sources = [shifted(golden / name, tmp_path / str(by), cls, by) for by in (1, 2, 3)]
    written = average(sources, tmp_path / "mean", weights)
    assert all(it.passed and it.count for it in written.comparisons)
    each, mean = [values(source, cls) for source in sources], values(tmp_path / "mean", cls)
    assert set(mean) == set(each[0])
    tolerance = 1e-6 if weights == "float32" else 2e-3
    for key, value in mean.items():
        np.testing.assert_allclose(value, np.mean([it[key] for it in each], axis=0), rtol=tolerance, atol=tolerance)
    assert cls.from_preset(tmp_path / "mean").head_state == cls.from_preset(golden / name).head_state


@pytest.mark.parametrize("halves", [0, 1, 2])
def test_the_weights_lie_on_disk_as_they_did_and_in_float32_when_they_differ(golden, tmp_path, halves):
    sources = []
    for at in range(2):
        sources.append(tmp_path / str(at))
        model = FNetMaskedLM.from_preset(golden / "kerashub_masked_lm")
        write_preset(model, sources[-1], "float16" if at < halves else "float32")
    average(sources, tmp_path / "mean")
    mean = open_preset(tmp_path / "mean")
    kept = mean.head_tensors() | mean.backbone_tensors(model.backbone.num_layers)
    assert {it.read().dtype for it in kept.values()} == {np.dtype("float16" if halves == 2 else "float32")}


def named(golden, target, names):
    model = FNetTextClassifier.from_preset(golden / "kerashub_classifier")
    model.class_names = names
    write_preset(model, target)
    return target


def test_the_mean_keeps_the_names_of_the_classes_and_presets_that_disagree_about_them_are_refused(golden, tmp_path):
    plain, one, other = (named(golden, tmp_path / f"of-{names}", tuple(names)) for names in ("", "abc", "acb"))
    average([plain, one], tmp_path / "mean")
    assert FNetTextClassifier.from_preset(tmp_path / "mean").class_names == ("a", "b", "c")
    with pytest.raises(UserError, match="a, b, c and a, c, b") as caught:
        average([plain, one, other], tmp_path / "none")
    assert caught.value.kind == "average.different"


def test_presets_that_cut_their_texts_in_different_ways_are_refused(golden, tmp_path):
    source, shorter, later = golden / "kerashub_classifier", tmp_path / "shorter", tmp_path / "later"
    for folder in (shorter, later):
        shutil.copytree(source, folder)
    settings = json.loads((shorter / "preprocessor.json").read_text())
    settings["config"]["sequence_length"] -= 8
    (shorter / "preprocessor.json").write_text(json.dumps(settings))
    (later / "fnet_studio.json").write_text(json.dumps({"schema": 1, "head": {"state": "fine-tuned", "cut": "start"}}))
    for other, word in ((shorter, "length of texts"), (later, "cut of long texts")):
        with pytest.raises(UserError, match=f"their weights: {word}") as caught:
            average([source, other], tmp_path / "mean")
        assert caught.value.kind == "average.different"


def test_the_mean_of_a_preset_with_itself_is_itself(golden, tmp_path):
    source = golden / "kerashub_masked_lm"
    average([source, source], tmp_path / "same")
    for one, other in zip(values(source, FNetMaskedLM).items(), values(tmp_path / "same", FNetMaskedLM).items()):
        assert one[0] == other[0]
        np.testing.assert_array_equal(one[1], other[1])


def test_the_model_card_names_the_presets_and_their_licences(golden, tmp_path):
    source = golden / "kerashub_masked_lm"
    for name, words in (("one", "Licence: MIT."), ("other", "# other")):
        shutil.copytree(source, tmp_path / name)
        (tmp_path / name / "README.md").write_text(words)
    average([tmp_path / "one", tmp_path / "other"], tmp_path / "mean")
    card = (tmp_path / "mean" / "README.md").read_text()
    assert card.startswith("# mean\n")
    assert "- one\n- other\n" in card
    assert str(tmp_path) not in card
    assert licence_of(card) == "MIT, not stated"


def test_presets_that_differ_in_more_than_their_weights_are_refused_in_words(golden, tmp_path):
    language, classifier = golden / "kerashub_masked_lm", golden / "kerashub_classifier"
    longer = tmp_path / "longer"
    shutil.copytree(language, longer)
    config = json.loads((longer / "config.json").read_text())
    config["config"]["max_sequence_length"] += 1
    (longer / "config.json").write_text(json.dumps(config))
    for other, words in ((classifier, "head"), (longer, "max_sequence_length")):
        with pytest.raises(UserError) as caught:
            average([language, other], tmp_path / "mean")
        assert caught.value.kind == "average.different"
        assert words in caught.value.message
    with pytest.raises(UserError) as caught:
        average([language], tmp_path / "mean")
    assert caught.value.kind == "average.few"
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    with pytest.raises(UserError) as caught:
        average([language, language], tmp_path / "there")
    assert caught.value.kind == "convert.exists"
    assert not (tmp_path / "mean").exists()


def test_a_stop_leaves_nothing_behind(golden, tmp_path):
    source = golden / "kerashub_masked_lm"
    with pytest.raises(Stopped):
        average([source, source], tmp_path / "mean", stopped=lambda: True)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_an_average_and_says_what_it_compared(golden, tmp_path, capsys):
    from fnet_studio.cli.main import main

    source = str(golden / "kerashub_masked_lm")
    assert main(["presets", "average", source, source, "-o", str(tmp_path / "mean")]) == 0
    shown = capsys.readouterr().out
    assert "Written:" in shown
    assert "ok    " in shown
    assert (tmp_path / "mean" / "config.json").is_file()
    assert main(["presets", "average", source, "-o", str(tmp_path / "other")]) == 1
    assert "two presets at least" in capsys.readouterr().err
