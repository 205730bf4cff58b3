"""What a run would need, in words."""

from fnet_studio.core import protocol
from fnet_studio.ui.parts import Fact
from fnet_studio.ui.train.plan_card import PlanCard


def test_the_steps_and_the_time_of_each_are_told_apart(qtbot, colours):
    card = PlanCard(colours, protocol.Planned(total_steps=3000, step_s=1.165))
    qtbot.addWidget(card)
    words = [fact.accessibleName() for fact in card.findChildren(Fact)]
    assert words == ["Steps: 3\N{NARROW NO-BREAK SPACE}000, 1\N{NARROW NO-BREAK SPACE}165 ms each"]
