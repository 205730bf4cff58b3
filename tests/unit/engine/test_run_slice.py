"""Which texts of a run hold a pattern, against the texts themselves."""

import re

import numpy as np
import pytest

from fnet_studio.core import protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.engine.run_texts import run_slice, run_texts
from fnet_studio.engine.train import train

DEVICE = protocol.Device("cpu", "test")


@pytest.fixture
def run(tiny, job):
    return train(protocol.Train(recipe.to_mapping(tiny)), job, DEVICE, {}).run


def found(run, job, *asked, split="test"):
    answer, blob = run_slice(protocol.RunSlice(run, split, *asked), job)
    rows, letters = np.frombuffer(blob, "<i4").reshape(2, -1)
    assert answer.texts == len(rows)
    return answer, rows, letters


@pytest.mark.parametrize(
    ("asked", "expression"),
    [(("the",), "(?i)the"), (("The", False, True), "The"), ((r"\bgood\b|bad", True), r"(?i)\bgood\b|bad")],
)
def test_a_slice_is_every_text_that_holds_the_pattern_and_no_other(run, job, asked, expression):
    answer, every, letters = found(run, job)
    assert answer.of == len(every) == run_store.read(run).data["test"]
    assert list(every) == list(range(answer.of))
    texts = run_texts(protocol.RunTexts(run, "test", tuple(every.tolist())), job).texts
    assert [len(text) for text in texts] == list(letters)
    _answer, rows, held = found(run, job, *asked)
    expected = [row for row, text in enumerate(texts) if re.search(expression, text)]
    assert 0 < len(expected) < len(texts)
    assert list(rows) == expected
    assert list(held) == [len(texts[row]) for row in rows]


def test_words_that_no_text_holds_make_an_empty_slice(run, job):
    answer, rows, _letters = found(run, job, "xyzzy")
    assert (answer.texts, list(rows)) == (0, [])


def test_of_pairs_both_texts_are_looked_through(job, tmp_path):
    lines = [f"first {n}\tsecond {'needle' if n % 5 == 0 else 'hay'}\t{n % 2}" for n in range(60)]
    path = tmp_path / "pairs.tsv"
    path.write_text("sentence1\tsentence2\tlabel\n" + "\n".join(lines) + "\n")
    values = recipe.to_mapping(recipe.load(recipe.bundled("sample-quick"), {"training.epochs": "1"}))
    values["data"] |= {"source": "files", "path": str(path), "sequence_length": 16, "vocabulary_size": 100}
    values["data"] |= {"test_path": str(path)}
    values["model"] |= {"hidden_dim": 8, "num_layers": 1}
    run = train(protocol.Train(values), job, DEVICE, {}).run
    _answer, rows, letters = found(run, job, "needle")
    assert list(rows) == list(range(0, 60, 5))
    assert letters[0] == len("first 0") + len("second needle")


def test_a_stop_is_heeded_and_a_language_model_s_run_has_no_slices(run, job):
    job.stop_mode = "keep"
    with pytest.raises(Stopped):
        found(run, job, "the")
    job.stop_mode = ""
    with pytest.raises(UserError) as caught:
        found(run, job, "(a+)+b", True)
    assert caught.value.kind == "pattern.invalid"
    writer = run_store.RunWriter.create("words", recipe.to_mapping(recipe.Recipe(task="pretrain")))
    writer.record.data = {"train": 3, "class_names": []}
    writer.finish("finished")
    with pytest.raises(UserError) as caught:
        found(writer.record.id, job)
    assert caught.value.kind == "run.no-texts"
