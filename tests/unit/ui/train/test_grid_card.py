"""Several runs of one recipe."""

import pytest
from PySide6.QtCore import Qt

from fnet_studio.ui.train.grid_card import GridCard
from fnet_studio.ui.train.recipe_form import RecipeForm


@pytest.fixture
def form(qtbot, colours):
    form = RecipeForm(colours)
    qtbot.addWidget(form)
    return form


@pytest.fixture
def card(qtbot, colours, form):
    card = GridCard(colours, form)
    qtbot.addWidget(card)
    card.open()
    return card


def offered(card, place=0):
    return [card.settings[place].itemData(at) for at in range(card.settings[place].count())]


def choose(card, place, key, values):
    card.settings[place].setCurrentIndex(card.settings[place].findData(key))
    card.values[place].setText(values)


def test_it_begins_with_seeds_and_says_what_would_be_added(card):
    assert card.chosen == {"training.seed": ["0", "1", "2"]}
    assert card.words.text() == "3 runs: sample-quick, seed 0 … sample-quick, seed 2"
    assert card.add.text() == "Add 3 to queue"


def test_a_second_setting_is_asked_for_its_values_without_a_scolding(qtbot, card):
    choose(card, 1, "training.epochs", "")
    assert not card.add.isEnabled()
    assert card.words.property("role") == "muted"
    card.values[1].setText("1, 2")
    with qtbot.waitSignal(card.add_wanted):
        qtbot.keyClick(card.values[1], Qt.Key.Key_Return)
    assert card.chosen == {"training.seed": ["0", "1", "2"], "training.epochs": ["1", "2"]}
    assert card.add.text() == "Add 6 to queue"


def test_a_wrong_value_is_said_and_nothing_can_be_added(qtbot, card):
    choose(card, 0, "training.epochs", "1, many")
    assert "'many'" in card.words.text()
    assert card.words.property("role") == "error"
    with qtbot.assertNotEmitted(card.add_wanted):
        qtbot.keyClick(card.values[0], Qt.Key.Key_Return)


def test_only_what_counts_in_the_form_is_offered_and_a_choice_that_still_counts_stays(card, form):
    assert offered(card)[:2] == ["training.seed", "training.learning_rate"]
    assert "model.mixer" in offered(card)
    assert not {"data.path", "saving.keep_last", "observe.probe", "model.backbone"} & set(offered(card))
    choose(card, 0, "training.learning_rate", "1e-4, 3e-4")
    form.choose("finetune")
    assert "model.mixer" not in offered(card)
    assert "model.backbone" in offered(card)
    assert card.chosen == {"training.learning_rate": ["1e-4", "3e-4"]}
    assert card.words.text().startswith("2 runs: finetune, learning rate 1e-4")


def test_the_same_setting_twice_is_refused_before_values_are_lost(card):
    choose(card, 1, "training.seed", "3, 4")
    assert card.words.text() == "Choose two different settings."
    assert not card.add.isEnabled()


def test_escape_closes_it(qtbot, card):
    qtbot.keyClick(card.values[0], Qt.Key.Key_Escape)
    assert card.isHidden()
