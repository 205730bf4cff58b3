import tomllib

import pytest
import tomli_w

from fnet_studio.core import recipe
from fnet_studio.core.errors import UserError
from fnet_studio.core.recipe_scope import counts


@pytest.mark.parametrize("name", recipe.bundled_names())
def test_every_bundled_recipe_is_valid_once_its_data_is_named(name):
    loaded = recipe.load(recipe.bundled(name), {"data.path": "somewhere"})
    assert loaded.name == name


@pytest.mark.parametrize("task", recipe.LANGUAGE_TASKS)
def test_what_has_no_classes_is_not_judged_by_their_f1(task):
    data = {"source": "files", "path": "x"}
    for chooses in ({"keep": "best"}, {"patience": 2}):
        with pytest.raises(UserError, match=r"optimisation\.monitor"):
            recipe.from_mapping({"task": task, "data": data, "optimisation": {"monitor": "macro-f1"} | chooses})
    recipe.from_mapping({"task": task, "data": data, "optimisation": {"monitor": "macro-f1"}})


def test_the_example_recipe_has_the_published_hyperparameters():
    loaded = recipe.load(recipe.bundled("imdb-fnet"), {"data.path": "somewhere"})
    assert (loaded.training.epochs, loaded.training.batch_size, loaded.training.learning_rate) == (3, 64, 1e-3)
    assert (loaded.model.num_layers, loaded.model.hidden_dim, loaded.model.intermediate_dim) == (3, 128, 512)
    assert (loaded.data.vocabulary_size, loaded.data.sequence_length) == (15_000, 512)
    assert (loaded.data.validation_split, loaded.data.split_seed) == (0.2, 42)


def test_imdb_without_a_path_says_what_to_name():
    with pytest.raises(UserError) as caught:
        recipe.load(recipe.bundled("imdb-fnet"))
    assert caught.value.kind == "recipe.no-data"
    assert "aclImdb.tar.gz" in caught.value.advice


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("training.batch_size", "0"),
        ("training.batch_size", "4097"),
        ("training.batch_size", "12.5"),
        ("training.learning_rate", "0"),
        ("training.learning_rate", "nan"),
        ("training.learning_rate", "fast"),
        ("model.dropout", "-0.1"),
        ("model.mixer", "wavelet"),
        ("data.validation_split", "0.9"),
    ],
)
def test_a_value_out_of_range_names_the_field_and_its_bounds(key, text):
    field = recipe.fields()[key]
    with pytest.raises(UserError) as caught:
        recipe.parse(field, text)
    assert caught.value.kind == "recipe.invalid"
    assert key in caught.value.message
    assert field.bounds in caught.value.advice


def test_a_decimal_comma_is_understood():
    assert recipe.parse(recipe.fields()["training.learning_rate"], "0,002") == 0.002


@pytest.mark.parametrize("text", ["12_500", "12 500", "12\u202f500", "12\xa0500"])
def test_thousands_may_stand_apart_as_the_window_shows_them(text):
    assert recipe.parse(recipe.fields()["training.seed"], text) == 12_500


def test_a_wrong_value_in_a_mapping_is_explained_like_a_typed_one():
    with pytest.raises(UserError) as caught:
        recipe.from_mapping({"training": {"batch_size": 0}})
    assert "training.batch_size" in caught.value.message
    assert "1 to 4096" in caught.value.advice


@pytest.mark.parametrize(
    ("section", "key", "value", "part"),
    [
        ("training", "epochs", "3", "'3', not a whole number. Allowed: 1 to 1000, without quotes"),
        ("training", "epochs", 3.0, "'3.0', not a whole number"),
        ("training", "learning_rate", "1e-3", "not a number"),
        ("training", "auto_batch", 1, "not true or false"),
        ("data", "path", 7, "not text"),
        ("data", "source", "web", "not one of these"),
        ("training", "epochs", 0, "not in range"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_as_that(section, key, value, part):
    with pytest.raises(UserError) as caught:
        recipe.from_mapping({section: {key: value}})
    assert f"({section}.{key}) is '{value}'" in str(caught.value)
    assert part in f"{caught.value.message} {caught.value.advice}"


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(UserError, match="batchsize"):
        recipe.load(recipe.bundled("sample-quick"), {"training.batchsize": "3"})
    with pytest.raises(UserError, match="trainin"):
        recipe.from_mapping({"trainin": {}})


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("training.epoch", "training.epochs"),
        ("train.epochs", "training.epochs or adapt.epochs"),
        ("epochs", "training.epochs or adapt.epochs"),
        ("data.seed", "training.seed"),
        ("batchsize", "training.batch_size or adapt.batch_size"),
        ("data.sequence_lenght", "data.sequence_length"),
        ("optimization.keep", "optimisation.keep"),
        ("trainin", "training"),
        ("nam", "name"),
    ],
)
def test_a_misspelt_setting_is_answered_with_what_may_be_meant(key, meant, tmp_path):
    section, _, name = key.rpartition(".")
    (tmp_path / "mine.toml").write_text(
        f"[{section}]\n{name} = 32\n" if section in recipe.SECTIONS else f"{name} = 32\n"
    )
    with pytest.raises(UserError, match=f"no setting '{key}'") as typed:
        recipe.put({}, key, "32")
    assert typed.value.advice == f"Did you mean {meant}?"
    if section in ("", *recipe.SECTIONS):
        with pytest.raises(UserError) as written:
            recipe.load(tmp_path / "mine.toml")
        assert str(written.value) == str(typed.value)


def test_a_setting_like_no_other_is_answered_with_those_of_its_section():
    with pytest.raises(UserError) as caught:
        recipe.put({}, "training.xyzzy", "1")
    assert "training.batch_size" in caught.value.advice
    assert "data." not in caught.value.advice


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"task": "finetun"}, "task is 'finetun' in the recipe. Allowed: classify, finetune, masked-lm, pretrain."),
        ({"name": ""}, "name is '' in the recipe. Allowed: 1 to 80 letters, in quotes."),
        ({"data": 3}, "data is 3 in the recipe, not a section. Write [data]"),
    ],
)
def test_a_wrong_task_name_or_section_is_told_with_what_may_be(values, words):
    with pytest.raises(UserError) as caught:
        recipe.from_mapping(values)
    assert str(caught.value).startswith(words)


def test_bounds_are_told_with_all_their_digits():
    assert recipe.fields()["training.seed"].bounds == "0 to 2147483647"
    assert not [one.key for one in recipe.fields().values() if "e+" in one.bounds]


def test_heads_that_do_not_divide_the_hidden_size_are_refused():
    with pytest.raises(UserError, match="3 heads"):
        recipe.from_mapping({"model": {"mixer": "attention", "hidden_dim": 128, "num_heads": 3}})


def test_a_missing_recipe_lists_the_bundled_ones(tmp_path):
    with pytest.raises(UserError) as caught:
        recipe.load(tmp_path / "none.toml")
    assert "sample-quick" in caught.value.advice


def test_broken_toml_names_the_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("name = ")
    with pytest.raises(UserError, match=r"mine\.toml"):
        recipe.load(path)


def test_a_mark_at_the_beginning_of_a_file_is_no_part_of_it(tmp_path):
    path = tmp_path / "marked.toml"
    path.write_text('# Of mine.\nname = "marked"\n[data]\nsource = "sample"\n', "utf-8-sig")
    assert recipe.load(path).name == "marked"
    assert recipe.described(path) == "Of mine."


def test_a_value_where_a_section_belongs_is_refused_in_words(tmp_path):
    path = tmp_path / "odd.toml"
    path.write_text('data = "x.csv"\n')
    for changes in ({}, {"data.path": "x.csv"}):
        with pytest.raises(UserError, match="data") as caught:
            recipe.load(path, changes)
        assert caught.value.kind == "recipe.invalid"


def test_a_recipe_survives_its_own_toml():
    first = recipe.load(recipe.bundled("sample-quick"), {"training.seed": "7", "observe.probe": 'A "quoted" one.'})
    again = recipe.from_mapping(tomllib.loads(tomli_w.dumps(recipe.to_mapping(first))))
    assert again == first


def test_every_option_beyond_the_published_example_is_off_by_default():
    options = recipe.Recipe().optimisation
    assert (options.weight_decay, options.warmup, options.clip_norm, options.label_smoothing, options.ema) == (0,) * 5
    assert (options.schedule, options.layer_decay, options.keep, options.patience) == ("constant", 1.0, "last", 0)
    assert options.epsilon == 1e-7, "as Keras has it"
    training = recipe.Recipe().training
    assert (training.accumulation, training.auto_batch, training.precision) == (1, False, "float32")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("Yes", True), ("off", False), ("False", False)])
def test_a_switch_is_read_from_common_words(text, value):
    assert recipe.parse(recipe.fields()["training.auto_batch"], text) is value


def test_a_switch_that_is_neither_on_nor_off_is_refused():
    with pytest.raises(UserError, match="true or false"):
        recipe.parse(recipe.fields()["training.auto_batch"], "perhaps")


def test_a_batch_that_cannot_be_cut_evenly_is_refused():
    with pytest.raises(UserError, match="3 equal parts"):
        recipe.from_mapping({"training": {"batch_size": 8, "accumulation": 3}})


def test_a_length_that_positions_do_not_divide_is_refused():
    with pytest.raises(UserError, match=r"100 .*8 tokens"):
        recipe.from_mapping({"data": {"sequence_length": 100}, "model": {"merge": 8}})


def test_the_published_recipes_use_nothing_that_the_example_has_not():
    for name in ("imdb-fnet", "imdb-transformer"):
        model = recipe.load(recipe.bundled(name), {"data.path": "somewhere"}).model
        assert (model.average, model.ngrams, model.embedding_dim, model.token_dropout) == ("all", 1, 0, 0.0)
        assert (model.merge, model.bag) == (1, False)


def test_what_only_some_models_have_counts_for_those_alone():
    assert not counts("model.ngrams", "finetune", {})
    assert counts("model.pooling", "finetune", {})
    assert not counts("model.pooling", "masked-lm", {})
    assert not counts("model.pooling", "classify", {})
    assert counts("model.ngram_buckets", "classify", {"model.ngrams": "2"})
    assert not counts("model.ngram_buckets", "classify", {"model.ngrams": "1"})
    assert counts("data.url", "classify", {"data.source": "imdb", "data.path": "Download"})
    assert not counts("data.url", "classify", {"data.source": "imdb", "data.path": "/a.tar.gz"})


def test_the_word_download_stays_a_word_when_paths_are_made_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = recipe.load(recipe.bundled("imdb-fnet"), {"data.path": "download"})
    assert recipe.with_whole_paths(asked).data.path == "download"
    named = recipe.load(recipe.bundled("imdb-fnet"), {"data.path": "aclImdb.tar.gz"})
    assert recipe.with_whole_paths(named).data.path == str(tmp_path / "aclImdb.tar.gz")
