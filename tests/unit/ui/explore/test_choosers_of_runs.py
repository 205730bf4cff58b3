"""The names of runs where one of them is chosen."""

import pytest

from fnet_studio.core import run_store
from fnet_studio.core.run_models import WEIGHTS, name_of
from fnet_studio.ui.explore.page import _explorable_runs
from fnet_studio.ui.explore.pictures.comparing import Comparing
from fnet_studio.ui.explore.sentence_card import SentenceCard


@pytest.fixture
def twins():
    """Two runs of one name that began within a second, as those of a queue that failed early."""
    found = []
    for _ in range(2):
        writer = run_store.RunWriter.create("pretrain", {})
        (writer.folder / WEIGHTS).touch()
        writer.finish("finished")
        found.append(writer.record.id)
    return found


def test_runs_of_one_name_are_told_apart_among_the_presets(qtbot, colours, twins):
    card = SentenceCard(colours)
    qtbot.addWidget(card)
    card.list_presets("")
    card.list_runs(_explorable_runs())
    words = {card.preset.itemText(card.preset.findData(name_of(run))) for run in twins}
    assert len(words) == 2
    assert all(it.startswith("pretrain, ") and it.endswith("(run)") for it in words)


def test_runs_of_one_name_are_told_apart_where_steps_are_compared(qtbot, twins):
    comparing = Comparing()
    for widget in comparing.widgets:
        qtbot.addWidget(widget)
    comparing.compare_with_step()
    qtbot.waitUntil(lambda: comparing.run.count() == 2)
    assert {comparing.run.itemData(at) for at in range(2)} == set(twins)
    assert comparing.run.itemText(0) != comparing.run.itemText(1)
