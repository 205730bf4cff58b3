"""What the run card shows of a run."""

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QLabel

from fnet_studio.core import protocol, recipe, run_store
from fnet_studio.core.errors import UserError
from fnet_studio.core.run_state import RunState
from fnet_studio.ui.train.messages import TrainMessages
from fnet_studio.ui.train.results_card import ResultsCard
from fnet_studio.ui.train.run_figures import best_epoch, figures_of
from fnet_studio.ui.widgets.run_card import RunCard


def state_of(losses, accuracies, name="sample-quick", changes=None, macro_f1s=(), **optimisation):
    state = RunState()
    state.begin(1, 0.0)
    values = recipe.to_mapping(recipe.load(recipe.bundled(name), changes or {}, template=True))
    values["optimisation"] |= optimisation
    started = protocol.RunStarted("run", "/run", values, 1, protocol.Device("cpu", "cpu"), 10, 30)
    state.apply(protocol.Envelope(1, 0, started, reply_to=1))
    for epoch, (loss, accuracy) in enumerate(zip(losses, accuracies), 1):
        macro_f1 = macro_f1s[epoch - 1] if macro_f1s else None
        event = protocol.Evaluated("validation", 10 * epoch, epoch, loss, accuracy, 100, macro_f1=macro_f1)
        state.apply(protocol.Envelope(1, 0, event, reply_to=1))
    return state


def test_patience_counts_the_epochs_since_the_best_one():
    figures = figures_of(state_of([0.6, 0.5, 0.55], [0.7, 0.8, 0.79], patience=3), 1.0, 0.0)
    assert (figures.waited, figures.patience) == (1, 3)
    assert (figures.monitor, figures.best_figure, figures.best_step) == ("accuracy", 0.8, 20)


def test_a_run_judged_by_its_loss_shows_the_best_loss():
    figures = figures_of(state_of([0.5, 0.6, 0.7], [0.7, 0.8, 0.9], monitor="loss"), 1.0, 0.0)
    assert (figures.monitor, figures.best_figure, figures.waited) == ("loss", 0.5, 2)


def test_a_run_judged_by_macro_f1_shows_the_best_of_that_and_names_it(qtbot, colours):
    state = state_of([0.5, 0.6, 0.7], [0.7, 0.8, 0.9], macro_f1s=(0.4, 0.5, 0.45), monitor="macro-f1", patience=2)
    figures = figures_of(state, 1.0, 0.0)
    assert (figures.best_figure, figures.best_step, figures.waited) == (0.5, 20, 1)
    card = RunCard(colours)
    qtbot.addWidget(card)
    card.show_figures(figures)
    assert card.best.accessibleName() == "Best validation F1: 0.5000"
    assert "Best validation 80.00 % 0.6000 0.5000" in results(qtbot, colours, state)


def test_of_equals_that_of_the_lowest_loss_is_the_best_and_patience_counts_from_the_first():
    figures = figures_of(state_of([0.9, 0.6, 0.5, 0.5], [0.7, 0.8, 0.8, 0.8], patience=4), 1.0, 0.0)
    assert (figures.best_step, figures.waited) == (30, 2)


def test_of_what_is_equal_altogether_the_first_is_the_best_and_what_is_no_number_is_not():
    state = state_of([0.6, float("nan"), 0.6], [0.7, 0.7, 0.7])
    assert best_epoch(state, state.started.recipe).epoch == 1
    by_loss = state_of([float("nan"), 0.6], [0.7, 0.7], monitor="loss")
    assert best_epoch(by_loss, by_loss.started.recipe).epoch == 2


def test_a_measurement_on_demand_decides_nothing():
    state = state_of([0.6], [0.7], patience=2)
    asked = protocol.Evaluated("validation", 15, 1, 0.1, 0.99, 100, asked=True)
    state.apply(protocol.Envelope(1, 0, asked, reply_to=1))
    assert figures_of(state, 1.0, 0.0).best_figure == 0.7


def tell(state, *bodies):
    for body in bodies:
        state.apply(protocol.Envelope(1, 0, body, reply_to=1))


def steps(last):
    return protocol.Metrics((last,), (0.5,), (0.5,), (1.0,), (1.0,))


def test_a_held_run_says_where_it_is_and_its_bar_stays_also_once_its_worker_was_lost(qtbot, colours):
    card = RunCard(colours)
    qtbot.addWidget(card)
    state = state_of([], [])
    tell(state, protocol.Phase("paused"))
    card.show_figures(figures_of(state, 1.0, 0.0))
    assert card._phase.text() == "Its memory is kept"  # before its first step
    tell(state, protocol.Phase("training", 30, "steps"), steps(12), protocol.Phase("paused"))
    card.show_figures(figures_of(state, 1.0, 0.0))
    assert card.accessibleName() == "Run: Paused. At step 12 of 30"
    assert card._bar.value() == 400
    tell(state, protocol.Failed("worker.lost", "The worker ended."))
    card.show_figures(figures_of(state, 1.0, 0.0))
    assert card.accessibleName().startswith("Run: Interrupted.")
    assert card._bar.value() == 400


def test_the_bar_of_a_run_that_failed_while_it_was_measured_says_how_far_its_training_was(qtbot, colours):
    card = RunCard(colours)
    qtbot.addWidget(card)
    state = state_of([], [])
    validating = protocol.Phase("validating", 100, "texts"), protocol.Progress(90)
    tell(
        state, protocol.Phase("training", 30, "steps"), steps(12), *validating, protocol.Failed("device.gone", "Gone.")
    )
    card.show_figures(figures_of(state, 1.0, 0.0))
    assert card._bar.value() == 400


def results(qtbot, colours, state):
    card = ResultsCard(colours, state)
    qtbot.addWidget(card)
    return card.accessibleName()


def test_the_results_name_the_best_epoch_by_what_the_recipe_watches(qtbot, colours):
    losses, accuracies = [0.5, 0.6], [0.7, 0.8]
    assert "Best validation 70.00 % 0.5" in results(qtbot, colours, state_of(losses, accuracies, monitor="loss"))
    assert "Best validation 80.00 % 0.6" in results(qtbot, colours, state_of(losses, accuracies, monitor="accuracy"))


def test_the_results_have_the_training_figures_of_the_epoch_that_is_kept(qtbot, colours):
    def trained(**optimisation):
        state = state_of([0.5, 0.6], [0.8, 0.7], **optimisation)
        for epoch, accuracy in ((1, 0.81), (2, 0.92)):
            body = protocol.Evaluated("train", 10 * epoch, epoch, 0.4, accuracy, 100)
            state.apply(protocol.Envelope(1, 0, body, reply_to=1))
        return results(qtbot, colours, state)

    assert "Training, last epoch 92.00 %" in trained()
    assert "Training, best epoch 81.00 %" in trained(keep="best")
    assert "Training, best epoch 81.00 %" in trained(patience=1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sample-quick", "60.0 % of the test texts are classified right"),
        ("masked-lm", "60.0 % of the masked words of the test texts are found"),
    ],
)
def test_the_results_say_what_the_task_counts(qtbot, colours, name, words):
    state = state_of([], [], name=name)
    for body in (
        protocol.Evaluated("test", 10, 1, 0.5, 0.6, 100),
        protocol.Done(protocol.RunFinished("run", 0.5, 0.6, 1)),
    ):
        state.apply(protocol.Envelope(1, 0, body, reply_to=1))
    assert words in results(qtbot, colours, state)


def test_the_results_of_a_model_that_learned_nothing_say_so(qtbot, colours):
    trouble = UserError("train.no-better", "No better than always answering pos (93.0 %).", "Try more epochs.")
    state = state_of([0.5], [0.7])
    tell(state, protocol.Evaluated("train", 10, 1, 0.4, 0.9, 100))
    card = ResultsCard(colours, state, trouble)
    qtbot.addWidget(card)
    said = "No better than always answering pos (93.0 %). Try more epochs."
    assert f"{said} Best validation 70.00 % 0.5000. Training, last epoch 90.00 % " in card.accessibleName()
    assert said in [one.text() for one in card.findChildren(QLabel)]


class Beside(QObject):
    """What the messages of the page listen to."""

    changed, chosen = Signal(), Signal()
    recipe_refused, planned, refused = Signal(object), Signal(object), Signal(object)


def test_the_end_of_a_run_is_judged_by_its_record(qtbot, colours):
    state = state_of([0.5], [0.7])
    writer = run_store.RunWriter.create("one", state.started.recipe)
    writer.record.data, writer.record.test_accuracy = {"class_names": ["neg", "pos"]}, 0.93
    writer.record.confusion = [[0, 7], [0, 93]]
    writer.finish("finished")
    state.apply(protocol.Envelope(1, 0, protocol.Done(protocol.RunFinished("run", 0.5, 0.93, 1)), reply_to=1))
    messages = TrainMessages(colours, *[Beside() for _ in range(3)])
    qtbot.addWidget(messages)
    messages.show_end(state, writer.record.id)
    assert "no better than always answering pos" in messages.card.accessibleName()
    messages.show_end(state, "")  # nobody knows its record
    assert "no better" not in messages.card.accessibleName()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("imdb-fnet", "Published FNet, test 84.28 % not given"),
        ("imdb-transformer", "Published Transformer, test 84.23 % not given"),
    ],
)
def test_the_published_figure_stands_beside_the_published_recipe(qtbot, colours, name, words):
    assert words in results(qtbot, colours, state_of([0.5], [0.7], name, {"data.path": "aclImdb"}))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("imdb-fnet", {"model.mixer": "linear"}),
        ("imdb-transformer", {"training.epochs": "2"}),
        ("masked-lm", {"data.source": "imdb"}),
        ("finetune", {"data.source": "imdb"}),
    ],
)
def test_any_other_run_on_imdb_has_its_results_without_a_published_figure(qtbot, colours, name, changes):
    words = results(qtbot, colours, state_of([0.5], [0.7], name, changes))
    assert "Best validation 70.00 %" in words
    assert "Published" not in words


def test_a_run_whose_worker_was_lost_is_interrupted_rather_than_failed():
    state = state_of([0.6], [0.7])
    lost = protocol.Failed("worker.lost", "The worker ended.")
    state.apply(protocol.Envelope(1, 0, lost, reply_to=1))
    assert figures_of(state, 1.0, 0.0).status == "interrupted"
