"""What every engine owes to the one who asks it, through a real worker process."""

import contextlib
import math

import numpy as np
import pytest

from fnet_studio.core import measurements, protocol
from fnet_studio.core.errors import Stopped, UserError

PRESET = "fnet_mini_en"
TEXT = "The capital of France is [MASK]."


def test_it_says_what_it_is_and_what_it_runs_on(worker):
    ready = worker.session.ready
    assert worker.session.welcome.pid == worker.process.pid
    assert worker.session.welcome.engine in ("scripted", "jax")
    assert ready.devices
    assert {"fnet-studio", "python"} <= set(ready.versions)


def test_the_doctor_knows_the_memory_and_the_places(worker):
    health, _ = worker.call(protocol.Doctor())
    assert 0 < health.memory_free_bytes <= health.memory_bytes
    assert {"data", "config", "cache", "logs"} <= set(health.places)
    assert health.matmul_gflops > 0
    assert health.devices


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


def test_a_separator_parts_two_texts_and_their_words_are_counted_on(worker):
    text = "A slow start. [SEP]  But worth it."
    tokens = worker.call(protocol.Tokenize(PRESET, text))[0].tokens
    assert [index for index, token in enumerate(tokens) if token.piece == "[SEP]"][1:] == [len(tokens) - 1]
    inner = [token for token in tokens if not token.special]
    assert [text[token.begin : token.end].strip() for token in inner][-1] == "."
    assert "".join(text[token.begin : token.end] for token in inner).replace(" ", "") == "Aslowstart.Butworthit."
    words = [token.word for token in inner]
    assert words == sorted(words)
    assert set(words) == set(range(max(words) + 1))


def test_a_mask_in_the_second_text_is_answered_and_the_separator_is_no_word(worker):
    text = "It rained. [SEP] The [MASK] was wet."
    filled, _ = worker.call(protocol.FillMask(PRESET, text, top_k=3))
    (answer,) = filled.answers
    tokens = filled.tokenized.tokens
    between = next(index for index, token in enumerate(tokens) if token.piece == "[SEP]")
    assert between < answer.position
    with pytest.raises(UserError) as caught:
        worker.call(protocol.FillMask(PRESET, text, masked=(between,)))
    assert caught.value.kind == "fill-mask.position"


def test_a_third_text_is_refused_in_words_and_in_its_row_alone(worker):
    three = "One. [SEP] Two. [SEP] The [MASK]."
    with pytest.raises(UserError, match="two texts at most") as caught:
        worker.call(protocol.Tokenize(PRESET, three))
    assert caught.value.kind == "text.too-many"
    told, _ = worker.call(protocol.FillMany(PRESET, (three, TEXT)))
    assert "two texts at most" in told.rows[0].problem
    assert told.rows[1].answers


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
