"""Models of runs, opened to be looked into: what was kept, and checkpoints."""

import threading

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load_file

from fnet_studio.core import measurements, protocol, recipe, run_models, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.engine import answers
from fnet_studio.engine.explored_run import load_run
from fnet_studio.engine.first_calls import FirstCalls, Nobody
from fnet_studio.engine.in_memory import InMemory
from fnet_studio.engine.measuring import Measuring
from fnet_studio.engine.train import train

DEVICE = protocol.Device("cpu", "test")
TEXT = "A dull film, but the music was not."


def trained(job, values, changes):
    made = recipe.from_mapping(values) if isinstance(values, dict) else values
    for key, value in changes.items():
        section, name = key.split("__")
        made = msgspec.structs.replace(
            made, **{section: msgspec.structs.replace(getattr(made, section), **{name: value})}
        )
    return train(protocol.Train(recipe.to_mapping(made)), job, DEVICE, {}).run


def measure(model, what, text=TEXT, masked=(), job=None):
    measured, blob = Measuring(model).measure(protocol.Measure(model.name, text, what, masked), job or Quiet())
    (array,) = measured.arrays
    return np.frombuffer(blob, np.float32).reshape(array.shape)


class Quiet(Nobody):
    def progress(self, *_):
        pass


def test_a_transformers_run_is_opened_with_its_attention_its_checkpoints_and_its_words(tiny, job):
    run = trained(job, tiny, {"model__mixer": "attention", "optimisation__ema": 0.5})
    model = load_run(run_models.name_of(run))
    assert model.loaded().mixings == ("attention", "attention")
    assert model.loaded().task == "classify"
    stored = {
        name: value.astype(np.float64) for name, value in load_file(run_store.folder(run) / "model.safetensors").items()
    }
    ids = model.features(model.tokenize(TEXT))["token_ids"][0]
    tables = {value.shape[0]: value for name, value in stored.items() if name.startswith("embedding/")}
    x = tables[len(model.tokenizer.vocabulary)][ids] + tables[32]
    part = {name.removeprefix("encoder_0/self_attention_layer/"): value for name, value in stored.items()}
    q, k = (
        np.einsum("ld,dhk->hlk", x, part[f"{name}/kernel"]) + part[f"{name}/bias"][:, None] for name in ("query", "key")
    )
    scores = np.where(ids != 0, q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]), -np.inf)
    wanted = np.exp(scores - scores.max(-1, keepdims=True))
    wanted /= wanted.sum(-1, keepdims=True)
    count = len(model.tokenize(TEXT).tokens)
    found = measure(model, measurements.MixingLayer(0))
    assert found.shape == (2, count, 32)
    np.testing.assert_allclose(found, wanted[:, :count], atol=1e-5)
    maps = measure(model, measurements.MixingMaps(4, 5))
    assert maps.shape == (2, 4, 5)
    assert maps[0].max() == pytest.approx(wanted.mean(0)[:count, :count].max(), rel=1e-4)
    assert not model.loaded().mixes_pads
    assert measure(model, measurements.Padding()).max() < 1e-5
    with pytest.raises(UserError, match="no frequencies"):
        measure(model, measurements.SpectralAblation())
    _has_the_models_of_its_steps(run)
    _has_words(run)


def test_a_hybrids_attention_mixes_pads_in_where_a_transformers_masks_them(tiny, job):
    run = trained(job, tiny, {"model__mixer": "hybrid", "training__epochs": 1})
    model = load_run(run_models.name_of(run))
    assert model.loaded().mixings == ("attention", "attention")
    assert model.loaded().mixes_pads
    assert measure(model, measurements.Padding()).max() > 1e-3


def _has_the_models_of_its_steps(run):
    steps = run_models.checkpoint_steps(run)
    assert steps == [16, 32]
    early, late, kept = (load_run(name) for name in (*(run_models.name_of(run, step) for step in steps), f"run:{run}"))
    maps = [measure(model, measurements.MixingMaps(8, 8)) for model in (early, late, kept)]
    np.testing.assert_array_equal(maps[1], maps[2])
    assert np.abs(maps[0] - maps[1]).max() > 1e-4
    with pytest.raises(UserError, match="kept those of: 16, 32"):
        load_run(run_models.name_of(run, 17))
    memory = InMemory()
    held = memory.get(run_models.name_of(run, 16))
    assert memory.get(run_models.name_of(run, 16)) is held
    one, other = (run_models.checkpoint_path(run, step) for step in steps)
    one.write_bytes(other.read_bytes())  # the run went on from before it
    again = memory.get(run_models.name_of(run, 16))
    np.testing.assert_array_equal(measure(again, measurements.MixingMaps(8, 8)), maps[1])
    one.unlink()  # as a run that goes on does with old ones
    assert memory.get(run_models.name_of(run, 16)) is again


def _has_words(run):
    memory = InMemory()
    model = memory.get(f"run:{run}")
    tokenized = model.tokenize("A [MASK] film, unbelievable")
    hidden = [token for token in tokenized.tokens if token.special]
    assert [("A [MASK] film, unbelievable"[it.begin : it.end], it.piece) for it in hidden] == [("[MASK]", "[UNK]")]
    words = {token.word for token in tokenized.tokens}
    assert words == set(range(len(words)))
    assert (
        "".join("A [MASK] film, unbelievable"[it.begin : it.end] for it in tokenized.tokens)
        == "A[MASK]film,unbelievable"
    )
    assert model.masked(model.tokenize("A film"), [0]).tokens[0].id == 1
    with pytest.raises(UserError, match="learnt to sort single texts"):
        model.tokenize("A film. [SEP] Another one.")
    long = model.tokenize("good " * 40)
    assert (len(long.tokens), long.padding, long.cut_tokens, long.cut_at) == (32, 0, 8, 160)
    with pytest.raises(UserError, match="knows classes, not words"):
        answers.fill(memory.preset(f"run:{run}"), protocol.FillMask(f"run:{run}", "A [MASK]."))
    assert measure(model, measurements.Spectrum()).shape == (2, 17)


def test_positions_that_join_several_tokens_are_not_explored(tiny):
    merged = msgspec.structs.replace(tiny, model=msgspec.structs.replace(tiny.model, merge=2))
    run = run_store.RunWriter.create("merged", recipe.to_mapping(merged)).record.id
    with pytest.raises(UserError, match="joins 2 neighbouring tokens") as caught:
        load_run(f"run:{run}")
    assert caught.value.kind == "run.not-explored"


@pytest.mark.parametrize("recipe_name", ["finetune", "masked-lm"])
def test_checkpoints_of_tuned_presets_can_be_looked_into(preset, job, recipe_name, tmp_path):
    (tmp_path / "text.txt").write_text("The river is wide and the bridge is long. " * 60)
    values = recipe.to_mapping(recipe.load(recipe.bundled(recipe_name), {"training.epochs": "1"}))
    values["model"]["preset"], values["data"]["sequence_length"] = preset, 24
    if recipe_name == "masked-lm":
        values["data"]["path"] = str(tmp_path / "text.txt")
    run = trained(job, values, {})
    (step,) = run_models.checkpoint_steps(run)
    at_end, kept = load_run(run_models.name_of(run, step)), load_run(f"run:{run}")
    np.testing.assert_array_equal(
        measure(at_end, measurements.MixingMaps(8, 8), "It rains."),
        measure(kept, measurements.MixingMaps(8, 8), "It rains."),
    )
    classes = {"finetune": ("neg", "pos"), "masked-lm": ()}[recipe_name]
    assert at_end.loaded().class_names == kept.loaded().class_names == classes
    assert at_end.loaded().sequence_length == kept.loaded().sequence_length == 24
    assert at_end.head == {"finetune": "none", "masked-lm": "fine-tuned"}[recipe_name]


# ------------------------------------------------------------------------------------------- compiling


class Told(Nobody):
    def __init__(self):
        self.phases, self.stopped = [], False

    def phase(self, name, total=0, unit=""):
        self.phases.append(name)

    def check(self):
        if self.stopped:
            raise Stopped


def test_a_first_call_says_that_it_compiles_and_a_second_one_does_not():
    calls, job = FirstCalls(), Told()
    assert [calls.make("a", job, lambda: 7), calls.make("a", job, lambda: 8)] == [7, 8]
    assert job.phases == ["compiling"]
    with pytest.raises(ZeroDivisionError):
        calls.make("b", job, lambda: 1 // 0)
    calls.make("b", job, lambda: 1)
    assert job.phases == ["compiling"] * 3, "what failed was not compiled"


def test_a_stop_leaves_a_first_call_at_once_and_it_is_made_to_its_end():
    calls, job = FirstCalls(), Told()
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def slow():
        begun.set()
        go_on.wait()
        ended.set()

    class StoppedOnceBegun(Told):
        def check(self):
            self.stopped = begun.is_set()
            super().check()

    with pytest.raises(Stopped):
        calls.make("a", StoppedOnceBegun(), slow)
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(10)
    assert calls.make("a", job, lambda: 5) == 5
