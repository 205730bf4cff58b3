"""The answers to alternatives, beside each other."""

from fnet_studio.core.alternatives import variants
from fnet_studio.ui.explore.alternatives_card import AlternativesCard


def test_one_long_alternative_does_not_widen_the_columns_of_all(qtbot, themes):
    card = AlternativesCard(None, themes)
    qtbot.addWidget(card)
    long = "a very long alternative that takes much more room than any other would"
    asked = variants(f"The {{doctor|nurse|{long}}} said that {{he|she|they}} was [MASK].")
    card._put(asked, ())
    card.resize(760, 500)
    card.show()
    header = card.table.horizontalHeader()
    qtbot.waitUntil(lambda: card.table.viewport().width() > 600)
    qtbot.waitUntil(lambda: all(90 <= header.sectionSize(column) <= 160 for column in range(header.count())))
    last = card.table.horizontalHeaderItem(header.count() - 1)
    assert long in last.toolTip()
    assert last.text() == f"{long}, they"


def test_a_few_alternatives_share_the_width(qtbot, themes):
    card = AlternativesCard(None, themes)
    qtbot.addWidget(card)
    card._put(variants("The {doctor|nurse} was [MASK]."), ())
    card.resize(760, 500)
    card.show()
    header = card.table.horizontalHeader()
    qtbot.waitUntil(lambda: header.length() == card.table.viewport().width() > 600)
    qtbot.waitUntil(lambda: header.sectionSize(1) > 2 * header.sectionSize(0))
