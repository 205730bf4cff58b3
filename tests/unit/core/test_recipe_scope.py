"""Which settings count for a task."""

import pytest

from fnet_studio.core import recipe
from fnet_studio.core.recipe_scope import counts

KEYS = list(recipe.fields())


def counting(task, **values):
    defaults = {key: str(field.default) for key, field in recipe.fields().items()}
    texts = defaults | {key.replace("__", "."): value for key, value in values.items()}
    return {key for key in KEYS if counts(key, task, texts)}


@pytest.mark.parametrize("task", ["classify", "finetune", "masked-lm"])
def test_what_every_run_has_always_counts(task):
    assert {"data.source", "training.epochs", "training.batch_size", "training.seed"} <= counting(task)


def test_a_model_from_scratch_has_a_size_and_a_preset_has_one_already():
    assert "model.num_layers" in counting("classify")
    assert "model.preset" not in counting("classify")
    assert "model.preset" in counting("finetune")
    assert not {"model.num_layers", "model.mixer", "data.vocabulary_size"} & counting("finetune")


def test_masked_lm_training_knows_no_labels():
    found = counting("masked-lm", data__source="files")
    assert "data.text_column" in found
    assert not {"data.label_column", "data.labels", "data.pair_column", "model.backbone"} & found


def test_columns_count_for_files_alone_and_the_sample_has_no_path():
    assert "data.label_column" in counting("finetune", data__source="files")
    assert "data.label_column" not in counting("finetune", data__source="imdb")
    assert "data.path" in counting("finetune", data__source="imdb")
    assert "data.path" not in counting("finetune", data__source="sample")


def test_the_address_counts_only_for_a_download():
    assert "data.url" in counting("classify", data__source="imdb", data__path="download")
    assert "data.url" not in counting("classify", data__source="imdb", data__path="aclImdb.tar.gz")


def test_heads_belong_to_attention_and_a_measure_to_those_who_choose_by_it():
    assert "model.num_heads" not in counting("classify")
    assert "model.num_heads" in counting("classify", model__mixer="attention")
    assert "optimisation.monitor" not in counting("classify")
    assert "optimisation.monitor" in counting("classify", optimisation__patience="2")
