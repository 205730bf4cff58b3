"""What the options of a recipe do to a single step, against plain arithmetic."""

import jax
import keras
import numpy as np
import pytest

from fnet_studio.core import recipe as recipes
from fnet_studio.engine.feed import Rows, batches, weights_of_classes
from fnet_studio.engine.objectives import Binary, Softmax
from fnet_studio.engine.optimiser import WarmUpThenDecay, decayed, make_optimiser, rate_shares
from fnet_studio.engine.step import Training
from fnet_studio.models.imdb_classifier import build_imdb_classifier

ROWS, LENGTH = 8, 6
RANDOM = np.random.default_rng(0)
IDS = RANDOM.integers(1, 20, (ROWS, LENGTH)).astype(np.int32)
LABELS = RANDOM.integers(0, 2, ROWS).astype(np.int32)


def small_model() -> keras.Model:
    keras.utils.set_random_seed(1)
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(20, 4, name="embedding")(ids)
    x = keras.layers.LayerNormalization(name="norm")(x)
    x = keras.layers.Dense(4, activation="tanh", name="encoder_0")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(ids, keras.layers.Dense(1, activation="sigmoid", name="probability")(x))


def options(training=None, **optimisation) -> recipes.Recipe:
    values = {"batch_size": ROWS, "learning_rate": 0.01} | (training or {})
    return recipes.from_mapping({"training": values, "optimisation": optimisation})


def the_batch(size=ROWS, count=ROWS):
    return next(batches(Rows(IDS[:count], LABELS[:count]), size, shuffle=False))


def stepped(recipe, steps=1, batch=None):
    """(variables before, values after, what the last step measured, the state)"""
    model = small_model()
    before = {v.path: np.asarray(v.value) for v in model.trainable_variables}
    training = Training(model, Binary(), recipe, 10)
    state = training.first_state()
    for _ in range(steps):
        state, told = training.step(state, batch or the_batch())
    after = {v.path: np.asarray(x) for v, x in zip(model.trainable_variables, state.trainable, strict=True)}
    return before, after, told, state


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_a_batch_in_parts_makes_the_step_of_the_whole_batch(parts):
    half_filled = the_batch(count=6)  # two rows have weight 0
    _, whole, told, _ = stepped(options(), batch=half_filled)
    _, cut, told_cut, _ = stepped(options({"accumulation": parts}), batch=half_filled)
    for path, value in whole.items():
        np.testing.assert_allclose(cut[path], value, atol=2e-5, err_msg=path)
    assert float(told_cut.loss) == pytest.approx(float(told.loss), rel=1e-5)
    assert float(told_cut.weight) == 6
    assert float(told_cut.gradient_norm) == pytest.approx(float(told.gradient_norm), rel=1e-3)


def test_weight_decay_shrinks_kernels_and_embeddings_and_spares_norms_and_biases():
    before, plain, _, _ = stepped(options())
    _, decayed_too, _, _ = stepped(options(weight_decay=0.5))
    for path, value in plain.items():
        spared = path.endswith(("bias", "gamma", "beta"))
        expected = value if spared else value - 0.01 * 0.5 * before[path]
        np.testing.assert_allclose(decayed_too[path], expected, atol=1e-6, err_msg=path)


def test_the_biases_of_attention_are_spared_though_they_have_two_axes():
    layer = keras.layers.MultiHeadAttention(2, 4)
    layer.build((None, 3, 8), (None, 3, 8))
    assert {v.name for v in layer.trainable_variables if decayed(v)} == {"kernel"}
    assert any(v.name == "bias" and len(v.shape) == 2 for v in layer.trainable_variables)


def test_gradients_are_clipped_by_their_common_norm_and_the_norm_is_told_before():
    _, _, told, plain = stepped(options())
    norm = float(told.gradient_norm)
    assert norm > 0
    _, _, told, clipped = stepped(options(clip_norm=norm / 4))
    assert float(told.gradient_norm) == pytest.approx(norm, rel=1e-5)
    # Adam's first moment after one step is a tenth of the gradient
    moment = np.asarray(plain.optimizer[2])
    clipped_moment = np.asarray(clipped.optimizer[2])
    np.testing.assert_allclose(clipped_moment, moment / 4, rtol=1e-4, atol=1e-9)


def test_layer_wise_decay_slows_the_lower_layers_by_their_depth():
    before, plain, _, _ = stepped(options())
    _, slowed, _, _ = stepped(options(layer_decay=0.5))
    for path, share in {"embedding/embeddings": 0.25, "encoder_0/kernel": 0.5, "probability/kernel": 1.0}.items():
        np.testing.assert_allclose(slowed[path] - before[path], share * (plain[path] - before[path]), atol=1e-6)


@pytest.mark.parametrize("ema", [0.9, 0.05])
def test_the_average_follows_the_weights_and_is_what_is_evaluated(ema):
    _, after, _, state = stepped(options(ema=ema), steps=1)
    before = stepped(options(), steps=1)[0]
    model = small_model()
    training = Training(model, Binary(), options(ema=ema), 10)
    decay = min(ema, (1 + 0) / (10 + 0))
    for variable, average in zip(model.trainable_variables, state.average, strict=True):
        expected = decay * before[variable.path] + (1 - decay) * after[variable.path]
        np.testing.assert_allclose(np.asarray(average), expected, atol=1e-6)
    assert training.weights(state).trainable is state.average
    assert not stepped(options())[3].average


def test_label_smoothing_spreads_a_share_of_each_label():
    _, _, told, _ = stepped(options(label_smoothing=0.2))
    _, _, plain, _ = stepped(options())
    p = small_model().predict(IDS, verbose=0)[:, 0]
    target = LABELS * 0.8 + 0.1
    expected = -np.sum(target * np.log(p) + (1 - target) * np.log(1 - p))
    assert float(told.loss) == pytest.approx(expected, rel=1e-5)
    assert float(told.correct) == float(plain.correct)


@pytest.mark.parametrize("parts", [1, 2])
def test_a_text_counts_by_its_class_in_the_loss_and_once_among_the_right_ones(parts):
    def weighted(by_class):
        batch = next(batches(Rows(IDS[:7], LABELS[:7]), ROWS, shuffle=False, class_weights=np.float32(by_class)))
        return stepped(options({"accumulation": parts}), batch=batch)[2]

    told, plain, doubled = weighted([0.75, 3.5]), weighted([1, 1]), weighted([2, 2])
    p, labels = small_model().predict(IDS[:7], verbose=0)[:, 0], LABELS[:7]
    expected = np.sum(np.where(labels == 1, 3.5, 0.75) * -np.log(np.where(labels == 1, p, 1 - p)))
    assert float(told.loss) == pytest.approx(expected, rel=1e-5)
    assert (float(told.weight), float(told.correct)) == (7, np.sum((p > 0.5) == (labels == 1)))
    assert float(doubled.gradient_norm) == pytest.approx(2 * float(plain.gradient_norm), rel=1e-4)


def test_balanced_classes_weigh_the_same_together_and_one_mean_a_text():
    labels = np.array([0] * 6 + [1] * 2 + [3])
    balanced = weights_of_classes(options(class_weights="balanced"), labels, 4)
    assert balanced.tolist() == [9 / (3 * 6), 9 / (3 * 2), 1, 9 / 3]
    assert balanced[labels].mean() == 1
    assert weights_of_classes(options(), labels, 4).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("parts", [1, 2])
def test_each_step_drops_other_units_and_an_evaluation_drops_none(parts):
    keras.utils.set_random_seed(1)
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Dropout(0.5)(keras.layers.Embedding(20, 16)(ids))
    x = keras.layers.Dense(1, activation="sigmoid")(keras.layers.GlobalAveragePooling1D()(x))
    model = keras.Model(ids, x)
    training = Training(model, Binary(), options({"learning_rate": 1e-9, "accumulation": parts}), 10)
    state, losses = training.first_state(), []
    for _ in range(3):
        state, told = training.step(state, the_batch())
        losses.append(float(told.loss))
    assert np.abs(np.diff(losses)).min() > 1e-5
    p = model.predict(IDS, verbose=0)[:, 0]
    plain = -np.sum(LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p))
    measured, _ = training.forward(training.weights(state), the_batch())
    assert float(measured.loss) == pytest.approx(plain, rel=1e-5)


def test_softmax_agrees_with_binary_where_there_are_two_classes():
    logits = RANDOM.normal(size=(5, 2)).astype(np.float32)
    labels, weights = np.array([0, 1, 1, 0, 1]), np.array([1, 2.5, 0, 1, 0.5], np.float32)
    p = jax.nn.softmax(logits)[:, 1:]
    for smoothing in (0.0, 0.3):
        many = Softmax().sums(logits, labels, weights, smoothing)
        two = Binary().sums(p, labels, weights, smoothing)
        np.testing.assert_allclose(np.array(many), np.array(two), rtol=1e-5)
    np.testing.assert_allclose(Softmax().probabilities(logits), Binary().probabilities(p), rtol=1e-5)


def test_mixed_precision_keeps_the_weights_in_float32_and_computes_in_bfloat16():
    from fnet_studio.engine import classifier

    recipe = recipes.from_mapping(
        {"training": {"precision": "mixed_bfloat16"}, "model": {"hidden_dim": 8, "num_layers": 1}}
    )
    for classes, width in ((2, 1), (3, 3)):
        model = classifier.build(recipe, 50, classes)
        assert {str(v.dtype) for v in model.trainable_variables} == {"float32"}
        assert model.get_layer("encoder_0").compute_dtype == "bfloat16"
        outputs = model(IDS)
        assert outputs.shape == (ROWS, width)
        assert str(outputs.dtype) == "float32"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("shape", ["constant", "linear", "cosine"])
def test_a_schedule_rises_then_falls_to_nothing_at_the_last_step(shape):
    schedule = WarmUpThenDecay(shape, 0.1, total=100, warmup=10)
    rates = np.array([schedule(step) for step in range(101)])
    np.testing.assert_allclose(rates[:10], 0.1 * np.arange(1, 11) / 10, rtol=1e-6)
    assert rates[10] == pytest.approx(0.1)
    middle = {"constant": 0.1, "linear": 0.05, "cosine": 0.05}[shape]
    assert rates[55] == pytest.approx(middle)
    assert rates[100] == pytest.approx(0.1 if shape == "constant" else 0.0, abs=1e-8)
    assert (np.diff(rates[10:]) <= 1e-9).all()


def test_the_rate_of_each_step_is_told():
    recipe = options(schedule="linear", warmup=0.2)
    rates = [float(stepped(recipe, steps=steps)[2].learning_rate) for steps in (1, 2, 3, 7)]
    assert rates == pytest.approx([0.005, 0.01, 0.01, 0.005])


def test_rates_fall_from_the_head_to_the_embeddings():
    class Named:
        def __init__(self, path):
            self.path = path

    paths = ["token_embedding/embeddings", "f_net_layer_0/a/kernel", "f_net_layer_11/kernel", "pooled_dense/kernel"]
    assert rate_shares([Named(path) for path in paths], 0.5) == [0.5**13, 0.5**12, 0.5, 1.0]  # type: ignore[list-item]


def test_muon_turns_kernels_of_the_blocks_by_equal_steps_and_leaves_the_rest_to_adam():
    before, plain, _, _ = stepped(options())
    _, turned, _, _ = stepped(options(optimiser="muon"))
    moved = turned["encoder_0/kernel"] - before["encoder_0/kernel"]
    singular = np.linalg.svd(moved, compute_uv=False)
    # Newton-Schulz in five steps brings them near to 1, not to it (arXiv 2502.16982)
    assert singular.max() < 2.5 * singular[singular > singular.max() * 1e-3].min()
    for path in ("embedding/embeddings", "probability/kernel"):
        np.testing.assert_allclose(turned[path], plain[path], atol=1e-6, err_msg=path)


def test_muon_leaves_all_of_attention_to_adam_its_biases_of_two_axes_too():
    model = build_imdb_classifier(
        vocabulary_size=20, sequence_length=6, hidden_dim=4, intermediate_dim=6, num_layers=1, mixer="attention"
    )
    variables = model.trainable_variables
    before = [np.asarray(variable.value) for variable in variables]
    gradients = [np.asarray(np.random.default_rng(2).normal(size=v.shape), np.float32) for v in variables]
    make_optimiser(options(optimiser="muon"), variables, 10).apply(gradients, variables)
    turned = {
        variable.path.partition("/")[2]
        for variable, old, gradient in zip(variables, before, gradients, strict=True)
        # Adam's first step is as long as the rate in every weight
        if not np.allclose(variable.value - old, -0.01 * np.sign(gradient), atol=1e-5)
    }
    assert any("attention" in variable.path and variable.path.endswith("query/bias") for variable in variables)
    assert len(turned) == 2
    assert all(path.endswith("kernel") and "attention" not in path for path in turned)
