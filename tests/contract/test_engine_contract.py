"""What every engine owes, asked of each through a real worker process."""

import collections
import contextlib
import dataclasses
import math

import msgspec
import numpy as np
import pytest
from local_hubs import LocalHub

from fnet_studio.core import measurements, protocol, recipe, run_store
from fnet_studio.core.errors import Stopped, UserError
from fnet_studio.core.run_state import PHASES, RunState
from fnet_studio.link.blocking import Worker

PRESET = "fnet_mini_en"
TEXT = "The capital of France is [MASK]."
ENGINES = ["scripted", "jax"]
SCRIPTS = {"scripted": "rate=100,steps=40", "jax": ""}


@pytest.fixture(scope="module", params=ENGINES)
def worker(request, tmp_path_factory):
    """One process a module and engine: starting the real one takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp(request.param)
        patch.setenv("FNET_STUDIO_HOME", str(folder))
        with Worker(request.param, SCRIPTS[request.param]) as it:
            it.home = folder  # type: ignore[attr-defined]
            it.wait_ready()
            yield it


@pytest.fixture(autouse=True)
def _same_home_as_the_worker(worker, monkeypatch, home):
    monkeypatch.setenv("FNET_STUDIO_HOME", str(worker.home))


def tiny(**changes: str) -> dict:
    """A training of seconds on the bundled sample."""
    small = {"training.epochs": "2", "model.num_layers": "2", "model.hidden_dim": "16", "data.sequence_length": "32"}
    return recipe.to_mapping(recipe.load(recipe.bundled("sample-quick"), small | changes))


@dataclasses.dataclass
class Heard:
    """A training, folded as the window folds it."""

    state: RunState
    envelopes: list[protocol.Envelope]
    blobs: list[bytes]
    finished: protocol.RunFinished

    def of(self, kind: type) -> list:
        return [it.body for it in self.envelopes if isinstance(it.body, kind)]


def train(worker: Worker, mapping: dict, **options) -> Heard:
    return follow(worker, protocol.Train(mapping, "contract"), **options)


def follow(
    worker: Worker, command: protocol.Command, *, on_event=lambda envelope, blob: None, credits: int = 1
) -> Heard:
    worker.call(protocol.Watch("maps", 24, 32))
    for _ in range(credits):
        worker.post(protocol.Credit("maps"))
    id = worker.post(command)
    heard = Heard(RunState(), [], [], None)  # type: ignore[arg-type]
    heard.state.begin(id, 0.0)

    def listen(envelope: protocol.Envelope, blob: bytes) -> None:
        heard.state.apply(envelope, blob)
        if envelope.reply_to == id:
            heard.envelopes.append(envelope)
            heard.blobs.append(blob)
        on_event(envelope, blob)

    try:
        heard.finished, _ = worker.result(id, listen)
    finally:
        worker.call(protocol.Watch("maps", 0, 0))
    return heard


@pytest.fixture(scope="module")
def trained(worker):
    """With one picture asked for."""
    return train(worker, tiny())


# -------------------------------------------------------------------------------------------- start


def test_it_says_what_it_is_and_what_it_runs_on(worker):
    ready = worker.session.ready
    assert worker.session.welcome.pid == worker.process.pid
    assert worker.session.welcome.engine in ENGINES
    assert ready.devices
    assert {"fnet-studio", "python"} <= set(ready.versions)


def test_the_doctor_knows_the_memory_and_the_places(worker):
    health, _ = worker.call(protocol.Doctor())
    assert 0 < health.memory_free_bytes <= health.memory_bytes
    assert {"data", "config", "cache", "logs"} <= set(health.places)
    assert health.matmul_gflops > 0
    assert health.devices


# ------------------------------------------------------------------------------------------- explore


def test_a_preset_tells_its_size(worker):
    loaded, _ = worker.call(protocol.Load(PRESET))
    assert loaded.preset == PRESET
    assert min(loaded.parameters, loaded.num_layers, loaded.hidden_dim, loaded.vocabulary_size) > 0
    assert loaded.head == "pretrained"


@pytest.mark.parametrize("command", [protocol.Load, lambda p: protocol.FillMask(p, TEXT)])
def test_a_preset_that_is_not_there_is_named_with_advice(worker, command):
    with pytest.raises(UserError, match="no-such-preset") as caught:
        worker.call(command("no-such-preset"))
    assert caught.value.kind == "preset.missing"
    assert caught.value.advice


def test_tokens_cover_the_text_and_its_words(worker):
    text = "A slow start, but worth it."
    tokens = worker.call(protocol.Tokenize(PRESET, text))[0].tokens
    assert tokens[0].piece == "[CLS]"
    assert tokens[-1].piece == "[SEP]"
    inner = tokens[1:-1]
    assert not any(token.special for token in inner)
    assert "".join(text[token.begin : token.end] for token in inner).replace(" ", "") == text.replace(" ", "")
    assert [token.word for token in inner] == sorted(token.word for token in inner)
    assert inner[0].word == 0


def test_a_text_that_is_too_long_says_where_it_was_cut(worker):
    text = "word " * 3000
    tokenized, _ = worker.call(protocol.Tokenize(PRESET, text))
    assert len(tokenized.tokens) == tokenized.sequence_length
    assert tokenized.padding == 0
    assert tokenized.cut_tokens > 0
    assert tokenized.tokens[-2].end <= tokenized.cut_at < len(text)


def test_a_typed_mask_is_answered_by_ranked_words(worker):
    filled, _ = worker.call(protocol.FillMask(PRESET, TEXT, top_k=5))
    (answer,) = filled.answers
    assert filled.tokenized.tokens[answer.position].piece == "[MASK]"
    assert answer.original is None
    assert len(answer.candidates) == 5
    probabilities = [candidate.probability for candidate in answer.candidates]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) <= 1.0001
    assert all("▁" not in candidate.text for candidate in answer.candidates)


def test_a_clicked_word_is_masked_in_place_and_keeps_its_rank(worker):
    text = "The capital of France is Paris."
    plain, _ = worker.call(protocol.Tokenize(PRESET, text))
    filled, _ = worker.call(protocol.FillMask(PRESET, text, masked=(3,), top_k=3))
    (answer,) = filled.answers
    assert answer.position == 3
    assert len(filled.tokenized.tokens) == len(plain.tokens)
    assert answer.original.id == plain.tokens[3].id
    assert answer.original_rank >= 1


def test_the_same_question_gets_the_same_answer(worker):
    question = protocol.FillMask(PRESET, TEXT)
    first, second = (worker.call(question)[0].answers for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (protocol.FillMask(PRESET, "No gap here."), "fill-mask.no-mask"),
        (protocol.FillMask(PRESET, "A word.", masked=(99,)), "fill-mask.position"),
        (protocol.FillMask(PRESET, "A word.", masked=(0,)), "fill-mask.position"),
        (protocol.FillMask(PRESET, "A word.", masked=(-1,)), "fill-mask.position"),
        (protocol.FillMask(PRESET, ""), "fill-mask.no-mask"),
        (protocol.Score(PRESET, TEXT, 1, ("Paris",)), "fill-mask.position"),
        (protocol.Score(PRESET, TEXT, 6, ()), "score.empty"),
        (protocol.Surprise(PRESET, "A word.", (0,)), "fill-mask.position"),
        (
            protocol.Compare(protocol.FillMask(PRESET, TEXT), protocol.FillMask(PRESET, "[MASK] and [MASK].")),
            "compare.masks",
        ),
    ],
)
def test_a_question_without_an_answer_gets_words(worker, command, kind):
    with pytest.raises(UserError) as caught:
        worker.call(command)
    assert caught.value.kind == kind
    assert caught.value.advice


@pytest.mark.parametrize("mode", ["left-to-right", "joint"])
def test_several_masks_are_answered_by_chains_in_falling_probability(worker, mode):
    text = "The [MASK] of France is [MASK]."
    filled, _ = worker.call(protocol.FillMask(PRESET, text, top_k=3, mode=mode, beam_width=3))
    assert filled.mode == mode
    assert len(filled.answers) == 2
    assert len(filled.joint) == (1 if mode == "left-to-right" else 3)
    totals = [chain.log_probability for chain in filled.joint]
    assert totals == sorted(totals, reverse=True)
    for chain in filled.joint:
        product = math.fsum(math.log(candidate.probability) for candidate in chain.candidates)
        assert chain.log_probability == pytest.approx(product, rel=1e-4)
    assert filled.original_joint is None
    clicked, _ = worker.call(protocol.FillMask(PRESET, "A film and a city.", (2, 5), mode=mode))
    assert len(clicked.original_joint.candidates) == 2


def test_many_texts_are_answered_in_their_order_and_one_without_a_mask_says_so(worker):
    texts = (TEXT, "No gap here.", "The [MASK] was a [MASK].")
    filled, _ = worker.call(protocol.FillMany(PRESET, texts, top_k=2))
    assert [len(row.answers) for row in filled.rows] == [1, 0, 2]
    assert [bool(row.problem) for row in filled.rows] == [False, True, False]
    assert all(len(answer.candidates) == 2 for row in filled.rows for answer in row.answers)
    alone, _ = worker.call(protocol.FillMask(PRESET, TEXT, top_k=2))
    assert filled.rows[0].answers[0].candidates[0].text == alone.answers[0].candidates[0].text


def test_own_candidates_are_scored_beside_the_original(worker):
    text = "The war ended in London."
    scored, _ = worker.call(protocol.Score(PRESET, text, 5, ("Paris", " "), (5,)))
    paris, empty, original = scored.rows
    assert (paris.text, paris.problem, paris.pseudo) == ("Paris", "", False)
    assert paris.rank >= 1
    assert paris.log_probability == pytest.approx(math.log(paris.pieces[0].probability), rel=1e-5)
    assert empty.problem
    assert original.original
    assert original.text == "London"


def test_two_sides_are_compared_mask_by_mask(worker):
    sides = [protocol.FillMask(PRESET, text, top_k=3) for text in (TEXT, "The film was [MASK].")]
    compared, _ = worker.call(protocol.Compare(*sides))
    (mask,) = compared.masks
    listed = {it.piece for side in (compared.first, compared.second) for it in side.answers[0].candidates}
    assert {it.piece for it in mask} == listed
    for candidate in compared.first.answers[0].candidates:
        (row,) = (it for it in mask if it.piece == candidate.piece)
        assert row.first == pytest.approx(candidate.probability, rel=1e-5)


def test_every_word_of_a_sentence_has_its_surprise(worker):
    text = "The war [MASK] in London."
    told, _ = worker.call(protocol.Surprise(PRESET, text))
    words = [index for index, token in enumerate(told.tokenized.tokens) if not token.special]
    assert [token.position for token in told.tokens] == words
    assert all(token.log_probability <= 0 for token in told.tokens)
    some, _ = worker.call(protocol.Surprise(PRESET, text, tuple(words[1:3])))
    for one, other in zip(some.tokens, told.tokens[1:3], strict=True):
        assert one.log_probability == pytest.approx(other.log_probability, rel=1e-4)
    nothing, _ = worker.call(protocol.Surprise(PRESET, "[MASK]"))
    assert nothing.tokens == ()


def measure(worker, what, text=TEXT, **options):
    """The arrays of an answer, by name, and its labels."""
    measured, blob = worker.call(protocol.Measure(PRESET, text, what, **options))
    sizes = [int(np.prod(array.shape)) for array in measured.arrays]
    parts = np.split(np.frombuffer(blob, np.float32), np.cumsum(sizes)[:-1])
    assert len(blob) == 4 * sum(sizes)
    return {it.name: part.reshape(it.shape) for it, part in zip(measured.arrays, parts)}, measured.labels


def test_every_measurement_has_the_shape_that_it_promises(worker):
    loaded, _ = worker.call(protocol.Load(PRESET))
    tokens = len(worker.call(protocol.Tokenize(PRESET, TEXT))[0].tokens)
    layers, length = loaded.num_layers, loaded.sequence_length
    of = {
        measurements.MixingMaps(16, 24): {"maps": (layers, 16, 24)},
        measurements.MixingLayer(1): {"mixed": (length, loaded.hidden_dim)},
        measurements.Spectrum(): {"power": (layers, length // 2 + 1)},
        measurements.MixingShare(): {"share": (layers, length)},
        measurements.Influence(): {"influence": (tokens, length)},
        measurements.Occlusion(): {"change": (layers, tokens, tokens)},
        measurements.Impulse(1): {"energy": (layers + 1, length)},
        measurements.SpectralAblation(1, 9): {"change": (layers + 1, tokens)},
        measurements.MixingSwap(): {"change": (2, layers + 1, tokens)},
    }
    for what, shapes in of.items():
        arrays, _ = measure(worker, what)
        assert {name: arrays[name].shape for name in shapes} == shapes
        assert all(np.isfinite(values).all() for values in arrays.values())


def test_what_is_predicted_inside_the_model_has_its_words(worker):
    loaded, _ = worker.call(protocol.Load(PRESET))
    columns = {
        measurements.LayerLens(top_k=4): loaded.num_layers + 1,
        measurements.SpectralAblation(0, 0, top_k=4): 2,
        measurements.MixingSwap(top_k=4): 3,
    }
    for what, count in columns.items():
        arrays, labels = measure(worker, what)
        assert len(labels["words"]) >= 4
        assert arrays["probability"].shape == (len(labels["words"]), count)
        assert ((arrays["probability"] >= 0) & (arrays["probability"] <= 1)).all()
    arrays, labels = measure(worker, measurements.Padding(top_k=4))
    assert arrays["change"].shape[1] == len(labels["lengths"])
    assert labels["lengths"][-1] == str(loaded.sequence_length)
    assert (arrays["change"][:, -1] == 0).all(), "at its own length nothing has changed"


def test_without_a_mask_there_is_nothing_to_predict(worker):
    arrays, _ = measure(worker, measurements.MixingSwap(), "No gap here.")
    assert set(arrays) == {"change"}
    with pytest.raises(UserError) as caught:
        measure(worker, measurements.LayerLens(), "No gap here.")
    assert caught.value.kind == "measure.no-mask"


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (measurements.MixingLayer(99), "measure.layer"),
        (measurements.SpectralAblation(layers=(-2,)), "measure.layer"),
        (measurements.LayerLens(position=99), "measure.position"),
    ],
)
def test_a_measurement_out_of_bounds_is_refused_in_words(worker, what, kind):
    with pytest.raises(UserError) as caught:
        measure(worker, what)
    assert caught.value.kind == kind
    assert caught.value.advice


def test_predictions_do_not_wait_for_a_measurement_and_a_measurement_can_be_stopped(worker):
    many = protocol.Measure(PRESET, "word " * 60, measurements.Influence(directions=64))
    first, second = worker.post(many), worker.post(many)
    worker.call(protocol.FillMask(PRESET, TEXT))
    for id in (first, second):
        worker.post(protocol.Stop(id))
        with contextlib.suppress(Stopped):  # the scripted engine is too quick to be stopped
            worker.result(id)
    assert measure(worker, measurements.Spectrum())[0]["power"].min() >= 0, "and the worker goes on"


def test_a_preset_is_measured_on_plain_text(worker, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("The capital of France is Paris, and the river flows through the old town.\n" * 4)
    measured, _ = worker.call(protocol.MeasurePreset(PRESET, str(path), windows=4, tokens=8))
    assert 0 <= measured.accuracy <= 1
    assert measured.pseudo_perplexity > 1
    assert measured.windows <= 4 < measured.masks
    with pytest.raises(UserError) as caught:
        worker.call(protocol.MeasurePreset(PRESET, str(tmp_path / "not there.txt")))
    assert caught.value.kind == "data.missing"


def test_a_preset_is_converted_or_the_engine_says_that_it_cannot(worker, tmp_path):
    command = protocol.Convert(PRESET, str(tmp_path / "made"), "transformers")
    if worker.session.welcome.engine == "scripted":  # it has no model to convert
        with pytest.raises(UserError) as caught:
            worker.call(command)
        assert caught.value.kind == "command.unknown"
    else:
        converted, _ = worker.call(command)
        assert converted.folder == str(tmp_path / "made")
        assert all(it.passed for it in converted.comparisons)
        assert (tmp_path / "made/model.safetensors").is_file()
        with pytest.raises(UserError) as caught:
            worker.call(command)
        assert caught.value.kind == "convert.exists"


def test_a_preset_is_compared_with_itself(worker):
    checked, _ = worker.call(protocol.CheckPreset(PRESET))
    assert checked.preset == PRESET
    assert checked.passed
    with pytest.raises(UserError) as caught:
        worker.call(protocol.CheckPreset("no-such-preset"))
    assert caught.value.kind == "preset.missing"


def test_what_cannot_be_downloaded_is_refused_and_nothing_to_forget_is_no_error(worker):
    with pytest.raises(UserError) as caught:
        worker.call(protocol.FetchPreset("hf://not a name"))
    assert caught.value.kind == "hub.bad-handle"
    with pytest.raises(UserError) as caught:
        worker.call(protocol.FetchPreset(PRESET))
    assert caught.value.kind == "preset.missing"
    assert "f_net_base_en" in caught.value.advice
    assert worker.call(protocol.ForgetDownload("hf://local/model"))[0] is None


# --------------------------------------------------------------------------------------------- plan


def test_a_plan_says_what_a_run_would_need_and_writes_no_run(worker):
    before = len(run_store.list_runs()[0])
    phases = []
    planned, _ = worker.call(
        protocol.Plan(tiny()),
        lambda envelope, blob: phases.append(envelope.body) if isinstance(envelope.body, protocol.Phase) else None,
    )
    assert planned.possible
    cost = planned.estimate
    assert min(cost.duration_s, cost.memory_bytes, cost.disk_bytes, planned.step_s, planned.parameters) > 0
    assert planned.total_steps == 2 * planned.steps_per_epoch
    assert cost.disk_bytes <= planned.disk_peak_bytes < planned.disk_free_bytes
    assert cost.memory_bytes < planned.memory_free_bytes
    assert set(cost.phases_s) | {phase.name for phase in phases} <= set(PHASES)
    assert "measuring" in {phase.name for phase in phases}
    assert {split["name"] for split in planned.data["report"]["splits"]} == {"train", "validation", "test"}
    assert len(run_store.list_runs()[0]) == before


def test_a_plan_of_what_cannot_work_names_the_problem(worker):
    broken = tiny()
    broken["training"]["batch_size"] = 0
    planned, _ = worker.call(protocol.Plan(broken))
    assert not planned.possible
    assert planned.problems[0].kind == "recipe.invalid"
    assert planned.problems[0].advice


def test_a_plan_can_be_stopped(worker):
    asked = []

    def stop(envelope, blob):
        if isinstance(envelope.body, protocol.Phase) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to)))

    with pytest.raises(Stopped):
        worker.call(protocol.Plan(tiny()), stop)


def test_what_was_planned_is_kept_with_the_run(worker):
    planned, _ = worker.call(protocol.Plan(tiny()))
    command = protocol.Train(tiny(), "planned", estimate=planned.estimate, typed="fnet-studio train it")
    record = run_store.read(follow(worker, command).finished.run)
    assert record.estimate == planned.estimate
    assert record.typed == "fnet-studio train it"


# --------------------------------------------------------------------------------------------- data


def test_the_head_of_a_table_shows_its_columns_and_labels(worker, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text("stars,review\n1,A joy.\n0,Dull from start to end.\n1,Again!\n")
    preview, _ = worker.call(protocol.PreviewData(str(path)))
    assert [column.name for column in preview.columns] == ["stars", "review"]
    assert (preview.text, preview.label, preview.rows) == ("review", "stars", 3)
    assert preview.columns[0].labels == (("0", 1), ("1", 2))
    assert preview.samples[0] == ("1", "A joy.")


def test_data_that_cannot_be_read_is_named(worker, tmp_path):
    with pytest.raises(UserError, match=r"nothing\.csv") as caught:
        worker.call(protocol.PreviewData(str(tmp_path / "nothing.csv")))
    assert caught.value.kind == "data.missing"
    assert caught.value.advice


# -------------------------------------------------------------------------------------------- train


def test_a_training_goes_through_known_phases_in_order(trained):
    names = [phase.name for phase in trained.of(protocol.Phase)]
    assert set(names) <= set(PHASES)
    in_order = [name for name in ("tokenising", "compiling", "training", "validating", "testing") if name in names]
    assert [names.index(name) for name in in_order] == sorted(names.index(name) for name in in_order)
    assert {"training", "validating", "testing"} <= set(names)


def test_every_step_is_told_once_and_in_order(trained):
    (started,) = trained.of(protocol.RunStarted)
    assert list(trained.state.step) == list(range(1, started.total_steps + 1))
    assert started.total_steps == 2 * started.steps_per_epoch
    assert list(trained.state.time_s) == sorted(trained.state.time_s)
    assert all(0 <= accuracy <= 1 for accuracy in trained.state.accuracy)


def test_no_event_of_a_run_precedes_the_rows_it_stands_on(trained):
    """An evaluation at step N comes when the rows up to N have come."""
    seen = 0
    for envelope in trained.envelopes:
        if isinstance(envelope.body, protocol.Metrics):
            seen = envelope.body.step[-1]
        elif isinstance(envelope.body, protocol.Evaluated):
            assert seen == envelope.body.step


def test_each_epoch_is_evaluated_and_the_test_set_once(trained):
    splits = collections.Counter(evaluated.split for evaluated in trained.of(protocol.Evaluated))
    assert splits == {"train": 2, "validation": 2, "test": 1}
    (test,) = trained.state.of_split("test")
    assert trained.finished.test_accuracy == test.accuracy
    assert trained.finished.test_loss == test.loss


def test_one_credit_brings_one_picture(trained, worker):
    frames = [(it.body, blob) for it, blob in zip(trained.envelopes, trained.blobs) if blob]
    ((frame, atlas),) = frames
    assert frame.stream == "maps"
    assert len(atlas) == frame.maps.layers * frame.maps.rows * frame.maps.columns
    assert frame.maps.rows <= 24
    assert frame.maps.columns <= 32


def test_a_picture_for_every_credit_that_its_painter_gives(worker):
    def paint(envelope, blob):
        if isinstance(envelope.body, protocol.Frame):
            worker.post(protocol.Credit("maps"))

    # long enough for a second one: pictures get no more than their share of the time (`engine.live_maps`)
    long = tiny(**{"training.epochs": "15"})
    assert len(train(worker, long, on_event=paint).of(protocol.Frame)) > 1


def test_a_model_of_one_layer_is_drawn_too(worker):
    (frame,) = train(worker, tiny(**{"model.num_layers": "1"})).of(protocol.Frame)
    assert frame.maps.layers == 1


def test_no_credit_no_picture(worker):
    assert not train(worker, tiny(), credits=0).of(protocol.Frame)


def test_a_run_is_kept_on_disk_as_it_was_told(trained):
    record = run_store.read(trained.finished.run)
    assert record.status == "finished"
    assert record.steps == len(trained.state.step)
    assert record.test_accuracy == trained.finished.test_accuracy
    rows = [row for row in run_store.read_metrics(record.id) if "split" not in row]
    assert [row["step"] for row in rows] == list(trained.state.step)
    for column in protocol.METRIC_COLUMNS:
        assert [row[column] for row in rows] == list(getattr(trained.state, column))


def test_each_step_tells_its_learning_rate_its_gradient_and_the_memory_in_use(trained):
    state = trained.state
    assert all(0 < rate <= 1 for rate in state.learning_rate)
    assert all(norm > 0 for norm in state.gradient_norm)
    assert all(memory > 2**20 for memory in state.memory_bytes)
    assert len(state.device_memory_bytes) == len(state.step)


def test_checkpoints_are_marked_on_the_curve_and_in_the_log(trained):
    told = trained.of(protocol.Annotation)
    assert trained.state.annotations == told
    assert {note.kind for note in told} == {"checkpoint"}
    assert told[-1].step == trained.state.step[-1]
    kept = [row for row in run_store.read_log(trained.finished.run) if "note" in row]
    assert [(row["note"], row["step"], row["time_s"]) for row in kept] == [(n.kind, n.step, n.time_s) for n in told]


def test_a_kept_run_can_be_evaluated_and_asked(trained, worker):
    evaluation, _ = worker.call(protocol.Evaluate(trained.finished.run, "test"))
    assert evaluation.split == "test"
    assert evaluation.accuracy == pytest.approx(trained.finished.test_accuracy, abs=1e-3)
    assert sum(map(sum, evaluation.confusion)) == evaluation.examples
    texts = ("A joy from start to end.", "Dull.", "")
    classified, _ = worker.call(protocol.Classify(trained.finished.run, texts))
    assert len(classified.probabilities) == 3
    assert all(sum(row) == pytest.approx(1.0) for row in classified.probabilities)
    assert len(classified.class_names) == len(classified.probabilities[0])


def test_a_model_of_single_texts_says_that_it_takes_no_pairs(trained, worker):
    with pytest.raises(UserError, match="single texts") as caught:
        worker.call(protocol.Classify(trained.finished.run, ("One.",), ("Two.",)))
    assert caught.value.kind == "run.pairs"


def test_a_kept_run_can_be_looked_into_and_predicts_no_words(trained, worker):
    name = f"run:{trained.finished.run}"
    loaded, _ = worker.call(protocol.Load(name))
    assert (loaded.preset, loaded.head, loaded.task) == (name, "none", "classify")
    assert loaded.mixings == ("fourier",) * loaded.num_layers
    measured, blob = worker.call(protocol.Measure(name, TEXT, measurements.MixingMaps(8, 8)))
    assert measured.arrays[0].shape == (loaded.num_layers, 8, 8)
    assert len(blob) == 4 * loaded.num_layers * 64
    for command in (protocol.FillMask(name, "A [MASK]."), protocol.Surprise(name, TEXT)):
        with pytest.raises(UserError) as caught:
            worker.call(command)
        assert caught.value.kind == "fill-mask.no-head"
    with pytest.raises(UserError) as caught:
        worker.call(protocol.Load(f"{name}@999999"))
    assert caught.value.kind == "run.no-checkpoint"


def test_a_kept_runs_texts_are_put_on_a_map(trained, worker):
    found, blob = worker.call(protocol.MapTexts(trained.finished.run, "test", 30))
    assert len(found.rows) == min(30, found.texts)
    assert len(blob) == 8 * len(found.rows)
    assert list(found.rows) == sorted(set(found.rows))
    assert set(found.labels) | set(found.predicted) <= set(range(len(found.class_names)))
    assert len(found.labels) == len(found.predicted) == len(found.confidence) == len(found.rows)
    assert 0 <= sum(found.explained) <= 1.001


def test_the_texts_behind_a_runs_measures_are_read_again(trained, worker):
    texts, _ = worker.call(protocol.RunTexts(trained.finished.run, "test", (2, 0)))
    assert isinstance(texts, protocol.Texts)
    assert len(set(texts.texts)) == 2
    assert all(texts.texts)
    with pytest.raises(UserError) as caught:
        worker.call(protocol.RunTexts(trained.finished.run, "test", (10**9,)))
    assert caught.value.kind == "run.no-texts"


@pytest.mark.parametrize(
    "command",
    [
        protocol.Evaluate("no-such-run"),
        protocol.Resume("no-such-run"),
        protocol.Classify("../..", ("x",)),
        protocol.RunTexts("none", "test", (0,)),
        protocol.MapTexts("none"),
        protocol.Load("run:no-such-run"),
    ],
)
def test_a_run_that_is_not_there_is_named(worker, command):
    with pytest.raises(UserError) as caught:
        worker.call(command)
    assert caught.value.kind == "run.missing"


def test_a_recipe_out_of_bounds_is_refused_before_anything_is_written(worker):
    before = len(run_store.list_runs()[0])
    broken = tiny()
    broken["training"]["batch_size"] = 0
    with pytest.raises(UserError) as caught:
        worker.call(protocol.Train(broken))
    assert caught.value.kind == "recipe.invalid"
    assert "1 to 4096" in caught.value.advice
    assert len(run_store.list_runs()[0]) == before


@pytest.mark.parametrize("mode", ["keep", "pause", "discard"])
def test_a_stopped_run_is_kept_or_leaves_no_trace(worker, mode):
    before = {record.id for record in run_store.list_runs()[0]}
    asked = []

    def stop(envelope, blob):
        if isinstance(envelope.body, protocol.Metrics) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to, mode)))

    with pytest.raises(Stopped) as caught:
        train(worker, tiny(**{"training.epochs": "200"}), on_event=stop)
    new = {record.id: record for record in run_store.list_runs()[0] if record.id not in before}
    if mode != "discard":
        assert caught.value.kept
        assert caught.value.paused == (mode == "pause")
        status = {"keep": "stopped", "pause": "paused"}[mode]
        assert {id: record.status for id, record in new.items()} == {caught.value.run: status}
    else:
        assert not caught.value.kept
        assert not new


def test_a_kept_run_goes_on_where_it_stopped(worker):
    asked = []

    def stop(envelope, blob):
        if isinstance(envelope.body, protocol.Metrics) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to, "keep")))

    with pytest.raises(Stopped) as caught:
        train(worker, tiny(**{"training.epochs": "5"}), on_event=stop)
    stopped_at = run_store.read(caught.value.run).steps
    assert stopped_at > 0
    resumed = follow(worker, protocol.Resume(caught.value.run))
    (started,) = resumed.of(protocol.RunStarted)
    assert started.run == resumed.finished.run == caught.value.run
    assert started.resumed_at == stopped_at
    assert ("resumed", stopped_at) in [(note.kind, note.step) for note in resumed.of(protocol.Annotation)]
    assert list(resumed.state.step) == list(range(stopped_at + 1, started.total_steps + 1))
    rows = run_store.read_metrics(caught.value.run)
    assert [row["step"] for row in rows if "split" not in row] == list(range(1, started.total_steps + 1))
    assert [row["epoch"] for row in rows if row.get("split") == "validation"] == [1, 2, 3, 4, 5]
    assert run_store.read(caught.value.run).status == "finished"


def test_a_training_is_held_saved_measured_and_let_go_on(worker):
    """While it is held no step is made, and it still answers."""
    sent, replies = {}, {}

    def send(name, command):
        sent[worker.post(command)] = name

    def control(envelope, blob):
        body, train = envelope.body, envelope.reply_to
        if isinstance(body, protocol.Metrics) and not sent:
            send("pause", protocol.Pause(train))
        elif body == protocol.Phase("paused") and "checkpoint" not in sent.values():
            send("checkpoint", protocol.CheckpointNow(train))
            send("evaluation", protocol.EvaluateNow(train))
        elif isinstance(body, protocol.Evaluated) and body.asked:
            send("continue", protocol.Continue(train))

    heard = train(worker, tiny(**{"training.epochs": "6"}), on_event=control)
    for id, name in sent.items():
        replies[name] = worker.result(id)[0]
    assert list(replies) == ["pause", "checkpoint", "evaluation", "continue"]
    (asked,) = [it for it in heard.of(protocol.Evaluated) if it.asked]
    (paused, continued) = [it for it in heard.of(protocol.Annotation) if it.kind in ("paused", "continued")]
    assert paused.step == continued.step == asked.step == replies["checkpoint"].step
    assert continued.time_s - paused.time_s < 60
    assert (replies["evaluation"].loss, replies["evaluation"].examples) == (asked.loss, asked.examples)
    assert list(heard.state.step) == list(range(1, heard.state.started.total_steps + 1))


def test_a_training_can_be_held_from_its_first_moment(worker):
    id = worker.post(protocol.Train(tiny()))
    worker.post(protocol.Pause(id))
    phases, steps = [], []

    def listen(envelope, blob):
        if isinstance(envelope.body, protocol.Phase):
            phases.append(envelope.body.name)
            if phases[-1] == "paused":
                worker.post(protocol.Continue(id))
        elif isinstance(envelope.body, protocol.Metrics):
            steps.extend(envelope.body.step)

    finished, _ = worker.result(id, listen)
    assert phases.count("paused") == 1
    assert phases[phases.index("paused") + 1] == phases[phases.index("paused") - 1], "it goes on where it was"
    assert steps == list(range(1, run_store.read(finished.run).steps + 1))


def test_a_run_paused_while_it_reads_is_there_to_be_resumed(worker):
    asked = []

    def pause(envelope, blob):
        if isinstance(envelope.body, protocol.Phase) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to, "pause")))

    with pytest.raises(Stopped) as caught:
        train(worker, tiny(), on_event=pause)
    assert caught.value.paused
    assert run_store.read(caught.value.run).status == "paused"
    resumed = follow(worker, protocol.Resume(caught.value.run))
    assert resumed.state.step[0] == 1
    assert run_store.read(caught.value.run).status == "finished"


def test_a_finished_run_does_not_go_on(trained, worker):
    with pytest.raises(UserError) as caught:
        worker.call(protocol.Resume(trained.finished.run))
    assert caught.value.kind == "run.finished"


@pytest.mark.parametrize("phase", ["reading", "tokenising", "compiling", "validating"])
def test_a_stop_is_heeded_in_every_phase(worker, phase):
    asked = []

    def stop(envelope, blob):
        reached = isinstance(envelope.body, protocol.Phase) and envelope.body.name == phase
        # A phase that this engine leaves out, since its result is cached, is stopped in the next one.
        later = isinstance(envelope.body, protocol.Phase) and envelope.body.name == "saving"
        if (reached or later) and not asked:
            asked.append(worker.post(protocol.Stop(envelope.reply_to, "discard")))

    with pytest.raises(Stopped):
        train(worker, tiny(**{"training.epochs": "200"}), on_event=stop)
    assert msgspec.to_builtins(worker.call(protocol.Load(PRESET))[0])["preset"] == PRESET, "and the worker goes on"


# --------------------------------------------------------------------------------------------- data sets


def test_a_data_set_is_looked_at_before_any_training(worker):
    phases = []

    def listen(envelope, blob):
        if isinstance(envelope.body, protocol.Phase):
            phases.append(envelope.body.name)

    inspected, _ = worker.call(protocol.Inspect({"source": "sample", "sequence_length": 16}), listen)
    assert (inspected.data["train"], inspected.data["validation"], inspected.data["test"]) == (128, 32, 80)
    assert inspected.data["report"]["splits"][0]["cut_share"] > 0.5
    assert set(phases) <= set(PHASES)
    with pytest.raises(UserError, match="There is no file"):
        worker.call(protocol.Inspect({"source": "files", "path": "/no/such/table.csv"}))


def test_an_archive_is_downloaded_once_and_what_is_wrong_with_it_has_words(worker, tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    (served / "a.tar.gz").write_bytes(b"x" * 100_000)
    with Plain(served) as hub:
        downloaded, _ = worker.call(protocol.Download(f"{hub.address}/a.tar.gz"))
        assert downloaded.size_bytes == 100_000
        again, _ = worker.call(protocol.Download(f"{hub.address}/a.tar.gz"))
        assert again == downloaded
        assert len(hub.requests) == 1
        with pytest.raises(UserError) as caught:
            worker.call(protocol.Download(f"{hub.address}/a.tar.gz#md5={'0' * 32}"))
    assert caught.value.kind == "download.checksum"


@pytest.fixture
def table(tmp_path):
    """Five texts to train on, one of them twice and one empty, and a test text that is among them."""
    path = tmp_path / "mine"
    path.mkdir()
    train = [("A joy from start to end.", "good"), ("Dull.", "bad"), ("Dull.", "bad"), ("Again!", "good"), (" ", "bad")]
    lines = [f"{text}\t{label}" for text, label in train]
    (path / "train.tsv").write_text("\n".join(["text\tlabel", *lines, *(f"Text {i}\tgood" for i in range(20))]))
    (path / "test.tsv").write_text("text\tlabel\nAgain!\tgood\nNot seen before.\tbad\n")
    return {"source": "files", "path": str(path), "validation_split": 0.2, "sequence_length": 8}


def test_a_data_set_that_is_opened_tells_what_is_in_it(worker, table):
    opened, _ = worker.call(protocol.OpenData(table))
    assert opened.class_names == ("bad", "good")
    assert {split.name: split.texts for split in opened.splits} == {"train": 20, "validation": 5, "test": 2}
    assert sum(split.empty for split in opened.splits) == 1
    assert sum(split.class_counts[0] for split in opened.splits) == 4
    assert opened.test_overlap == 1
    assert sum(split.duplicates for split in opened.splits) + opened.validation_overlap == 1


def test_rows_come_in_pages_and_by_what_is_asked_of_them(worker, table):
    everything, _ = worker.call(protocol.DataRows(table, count=3))
    assert everything.total == 27
    assert len(everything.rows) == 3
    last, _ = worker.call(protocol.DataRows(table, first=25, count=10))
    assert [row.split for row in last.rows] == ["test", "test"]
    dull, _ = worker.call(protocol.DataRows(table, pattern="^dull.$", regex=True))
    assert {row.text for row in dull.rows} == {"Dull."}
    assert dull.total == 2
    assert worker.call(protocol.DataRows(table, pattern="^dull.$"))[0].total == 0
    assert worker.call(protocol.DataRows(table, split="test", label="bad"))[0].rows[0].text == "Not seen before."
    with pytest.raises(UserError, match="at letter 1"):
        worker.call(protocol.DataRows(table, pattern="[", regex=True))
    with pytest.raises(UserError, match="bad, good"):
        worker.call(protocol.DataRows(table, label="worse"))


def test_twins_come_as_pairs(worker, table):
    leaks, _ = worker.call(protocol.DataTwins(table, "leaks"))
    assert ("Again!", "Again!") in [(one.text, other.text) for one, other in leaks.pairs]
    assert leaks.pairs[-1][1].split == "test"
    within, _ = worker.call(protocol.DataTwins(table, "duplicates"))
    assert within.total + leaks.total == 2


def test_lengths_are_counted_by_a_preset_and_by_a_vocabulary_of_their_own(worker, table):
    for preset in (PRESET, ""):
        counted, blob = worker.call(protocol.DataLengths(table, preset))
        counts = np.frombuffer(blob, "<u4").reshape(len(counted.splits), counted.bins)
        assert counts.sum(axis=1).tolist() == [20, 5, 2]
        assert counts[:, -1].sum() > 0
        assert not counted.sampled
    drawn, blob = worker.call(protocol.DataLengths(table, PRESET, most=10))
    assert drawn.sampled
    assert np.frombuffer(blob, "<u4").sum() == sum(drawn.texts) <= 11


def test_a_text_is_packed_as_the_model_gets_it(worker, table):
    text = "A joy from start to end."
    packed, _ = worker.call(protocol.PackText(table, text, preset=PRESET, length=6))
    assert [packed.tokens[0].piece, packed.tokens[-1].piece] == ["[CLS]", "[SEP]"]
    assert len(packed.tokens) == packed.length == 6
    assert packed.cut_tokens == len(packed.cut) > 0
    whole, _ = worker.call(protocol.PackText(table, text, preset=PRESET, length=64))
    assert whole.padding == 64 - len(whole.tokens) > 0
    assert not whole.cut
    assert [token.id for token in packed.tokens[1:-1]] == [token.id for token in whole.tokens[1:5]]
    pair, _ = worker.call(protocol.PackText(table, text, "Again!", preset=PRESET, length=32))
    assert set(pair.segments) == {0, 1}
    scratch, _ = worker.call(protocol.PackText(table, text))
    assert scratch.length == 8
    assert all(text[token.begin : token.end].lower() in token.piece for token in scratch.tokens if token.id > 1)


class Plain(LocalHub):
    def answer(self, request, path, body):
        request.send_file(path.strip("/"))
